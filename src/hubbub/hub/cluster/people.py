"""Who is on which node: this node's people as the log has them, and those of the others."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from hubbub.errors import Unavailable
from hubbub.hub import signs
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.cluster.roster import Roster
from hubbub.hub.flow.committer import Submission
from hubbub.hub.state.room import User
from hubbub.storage.changes import Arrive, Depart, EnterRoom, NodeChange, Outcome
from hubbub.storage.records import Present, UserRecord

LOOKED_S = 15.0
"""Longer than anybody is on the way in."""


class NodePeople:
    """See hubbub.hub.peers.PeerAttendance and PeerDirectory."""

    def __init__(self, context: NodeContext, cursors: DirectCursors, roster: Roster) -> None:
        self._context = context
        self._cursors = cursors
        self._roster = roster
        self._here: set[str] = set()
        """Of whom the log was told that they are on this node."""
        self._expected: dict[str, int] = {}
        self._whispered: set[str] = set()
        self._entering: dict[str, asyncio.Future[Outcome]] = {}

    # --- this node's own

    @asynccontextmanager
    async def expecting(self, user_id: str) -> AsyncIterator[None]:
        """See PeerAttendance."""
        context = self._context
        self._expected[user_id] = self._expected.get(user_id, 0) + 1
        try:
            if user_id not in context.parts.users:
                context.bus.subscribe(signs.user_subject(user_id))
                await context.bus.settle()
                known = await context.read(context.storage.nodes.direct_positions, [user_id])
                self._cursors.expect(user_id, known)
            yield
        finally:
            self._expected[user_id] -= 1
            if not self._expected[user_id]:
                del self._expected[user_id]
                if user_id not in context.parts.users:
                    self._no_longer_for(user_id)
                elif user_id in self._whispered:
                    context.look_soon.set()
                self._whispered.discard(user_id)

    def whispered(self, user_ids: Collection[str]) -> None:
        """Something is said to these in a direct room: those on the way in are looked for later."""
        self._whispered |= self._expected.keys() & user_ids

    def _no_longer_for(self, user_id: str) -> None:
        self._context.bus.unsubscribe(signs.user_subject(user_id))
        self._cursors.forget(user_id)

    def note(self, change: NodeChange) -> None:
        """See PeerAttendance."""
        if isinstance(change, EnterRoom):
            self._enter(change)
            return
        self._context.parts.committer.submit_unless_stopping(change)
        if isinstance(change, Arrive):
            self._arrive(change)
        elif isinstance(change, Depart):
            self._here.discard(change.user_id)
            if change.user_id not in self._expected:
                self._no_longer_for(change.user_id)

    def _arrive(self, change: Arrive) -> None:
        if change.user.id in self._here:
            # By another name, or away or back, wherever they are.
            self._roster.change(change.user, away=change.away is not None)
        else:
            self._here.add(change.user.id)
            self.look_again()

    def look_again(self) -> None:
        """What was read on the way in may be older than what was looked at meanwhile."""
        if self._context.outside_changes.looked_lately(LOOKED_S):
            self._context.outside_changes.look_soon()

    def _enter(self, change: EnterRoom) -> None:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: self._entered(change.user_id, done))
        self._entering[change.user_id] = future
        try:
            self._context.parts.committer.submit(Submission(change, future=future))
        except Unavailable as refusal:
            future.set_exception(refusal)

    def _entered(self, user_id: str, done: "asyncio.Future[Outcome]") -> None:
        if self._entering.get(user_id) is done:
            del self._entering[user_id]
        if not done.cancelled():
            # The sweep sees to it that the log has it.
            done.exception()

    async def noted(self, user: User) -> None:
        """See PeerAttendance."""
        future = self._entering.get(user.id)
        if future is not None:
            await asyncio.wait((future,))

    # --- those of the others

    async def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """See PeerDirectory."""
        if not user_ids:
            return []
        context = self._context
        found = await context.read(context.storage.presence.whereabouts, user_ids)
        return [present for present in found if present.node != context.node]

    async def present_by_name(self, key: str) -> UserRecord | None:
        """See PeerDirectory."""
        return await self._context.read(self._context.storage.presence.by_name, key)

    async def users_in(self, names: Sequence[str]) -> Mapping[str, int]:
        """See PeerDirectory."""
        if not names:
            return {}
        return await self._context.read(self._context.storage.presence.users_in, names)

    async def nodes(self) -> set[str]:
        """See PeerDirectory."""
        return await self._context.read(self._context.storage.nodes.ids)

    async def user_number(self) -> int | None:
        """See PeerDirectory."""
        return await self._context.read(self._context.storage.nodes.next_user_number)
