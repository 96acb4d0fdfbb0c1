"""Asks the log, again and again, what it has that no sign has told.

Where the logs end is asked every second, and twice a second while the bus is away; who is where,
and who holds which name, every five seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from structlog import get_logger

from hubbub.errors import Refusal, StorageError
from hubbub.hub.cluster.backfill import Backfill
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.cluster.lease import Lease
from hubbub.hub.cluster.roster import Roster
from hubbub.hub.faults import contained
from hubbub.protocol.close_codes import COME_AGAIN
from hubbub.storage.changes import HoldName, NameUsed, ReleaseName

log = get_logger(__name__)

ENDS_S, BLIND_ENDS_S = 1.0, 0.5
PEOPLE_S = 5.0
NAME_GONE = "others have that name by now: come in again"


class Sweep:
    """Runs until it is cancelled."""

    def __init__(
        self,
        context: NodeContext,
        lease: Lease,
        backfill: Backfill,
        roster: Roster,
        cursors: DirectCursors,
    ) -> None:
        self._context = context
        self._lease = lease
        self._backfill = backfill
        self._roster = roster
        self._cursors = cursors

    async def run(self) -> None:
        """Looks until it is cancelled."""
        loop = asyncio.get_running_loop()
        people_at_s = loop.time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ENDS_S if self._context.bus.connected else BLIND_ENDS_S):
                    await self._context.look_soon.wait()
            every = self._context.look_soon.is_set() or loop.time() >= people_at_s
            if every:
                self._context.look_soon.clear()
                people_at_s = loop.time() + PEOPLE_S
            if self._lease.held:
                await self._try(every=every)
            if every:
                # Whatever may set it: nothing asks for all of this without a pause.
                await asyncio.sleep(BLIND_ENDS_S)

    async def _try(self, *, every: bool) -> None:
        notifier = self._context.parts.notifier
        looks: list[Callable[[], Awaitable[None]]] = [self._look_at_ends]
        if every or not self._context.bus.connected:
            looks.append(self._look_at_direct_ends)
        if every:
            looks += [self._look_at_people, self._look_at_names]
            if notifier is not None:
                looks.append(notifier.consider_again)
        for each in looks:
            try:
                await each()
            except (StorageError, Refusal) as error:
                # It would be the same for the rest.
                log.error("the sweep failed", error=str(error))
                return
            except Exception as error:
                log.exception("the sweep failed", fault=type(error).__name__)

    async def _look_at_ends(self) -> None:
        unknown = [room.name for room in self._context.parts.rooms.all_live() if not room.id]
        if unknown:
            found = await self._context.read(self._context.storage.nodes.room_ids, unknown)
            for name, room_id in found.items():
                with contained("a room was not identified", room=name):
                    self._context.parts.rooms.identify(name, room_id)
            if found:
                # Another node made them, and gave roles there before anybody here could know.
                self._context.outside_changes.look_soon()
        rooms = {room.id: room for room in self._context.parts.rooms.all_live() if room.id}
        places = await self._context.read(self._context.storage.nodes.places, list(rooms))
        for room_id in rooms.keys() - places.keys():
            # It was empty and is gone; another one may be made of its name.
            rooms[room_id].id = 0
        for room_id, (name, last) in places.items():
            room = rooms[room_id]
            if last > room.last or name != room.name:
                self._backfill.read_on(room)

    async def _look_at_direct_ends(self) -> None:
        users = list(self._context.parts.users)
        known = await self._context.read(self._context.storage.nodes.direct_positions, users)
        for name, last in known.items():
            if self._context.parts.rooms.live(name) is None and last > (
                self._cursors.last(name) or 0
            ):
                # Opened, it is found to be behind, and read on.
                with contained("a direct room was not read"):
                    await self._context.parts.rooms.open_kept(name)

    async def _look_at_people(self) -> None:
        names = self._roster.begin_sweep()
        present = await self._context.read(self._context.storage.presence.in_rooms, names)
        self._roster.finish_sweep(self._context.node, names, present)
        own = await self._context.read(self._context.storage.presence.own_users)
        placed = [(name, p.user.id) for name, p in present if p.node == self._context.node]
        for change in self._roster.repairs(self._context.parts.users, own, placed):
            self._context.parts.committer.submit_unless_stopping(change)

    async def _look_at_names(self) -> None:
        held = await self._context.read(self._context.storage.presence.own_names)
        mine = self._context.parts.names.held()
        for key, user_id in held.items():
            if mine.get(key) != user_id:
                self._context.parts.committer.submit_unless_stopping(ReleaseName(key, user_id))
        asked = []
        for key, user_id in mine.items():
            user = self._context.parts.users.get(user_id)
            if key not in held and user is not None and not user.name.reserved:
                asked.append(
                    (user, key, self._context.parts.committer.outcome(HoldName(key, user_id)))
                )
        outcomes = await asyncio.gather(*(outcome for _, _, outcome in asked))
        for (user, key, _), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, NameUsed) and user.name.key == key:
                for session in list(user.sessions):
                    self._context.parts.attendance.end(session, COME_AGAIN, NAME_GONE)
