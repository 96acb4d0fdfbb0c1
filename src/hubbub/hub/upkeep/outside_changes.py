"""What another process wrote into the log, `hubbub user` above all, taken note of within a second.

Sessions that were ended there end here, names and roles change, and a token that runs out while
its connection is open closes it (4001). In a cluster the other process is a node, which also says
so at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from structlog import get_logger

from hubbub.errors import HubbubError
from hubbub.hub.faults import contained
from hubbub.hub.parts import Parts
from hubbub.hub.people.accounts import MEMBER_NOW
from hubbub.hub.rooms.roles import take_roles
from hubbub.hub.state.room import Room, User
from hubbub.model import Name, UserKind
from hubbub.protocol.close_codes import COME_AGAIN, SIGNED_OUT
from hubbub.storage.records import UserRecord

log = get_logger(__name__)

INTERVAL_S = 1.0
PAUSE_S = 0.25
"""The shortest time between two looks: whoever makes many changes keeps nobody busy."""


class OutsideChanges:
    """Looks whether anything has changed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # Other nodes may have changed something between what was read at the start and now.
        self._again = parts.peers.shared
        self._looked_at_s = float("-inf")
        self._news = asyncio.Event()
        self._looked = asyncio.Event()
        self._looked.set()
        self._strangers: set[tuple[Room, str]] = set()
        self._new_members: set[str] = set()

    async def run(self) -> None:
        """Looks every second, and soon after `look_soon`, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.0, self._looked_at_s + PAUSE_S - loop.time()))
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._news.wait()
            if self._news.is_set():
                self._news.clear()
                self._again = True
            with contained("the log was not looked at"):
                await self.look()
            if not self._news.is_set():
                self._looked.set()

    def look_soon(self) -> None:
        """Somebody says that there is something to be seen."""
        self._looked.clear()
        self._news.set()

    def looked_lately(self, within_s: float) -> bool:
        """Whether something was taken from the log within that time."""
        return asyncio.get_running_loop().time() - self._looked_at_s < within_s

    async def looked(self) -> None:
        """Returns when what `look_soon` was told of has been looked at."""
        await self._looked.wait()

    async def look(self) -> None:
        """Looks once. Raises StorageError."""
        parts = self._parts
        changed = await parts.log.write(parts.log.storage.care.changed_elsewhere)
        if self._again or changed:
            self._looked_at_s = asyncio.get_running_loop().time()
            # Until all of it was seen: the log may be away in the middle.
            self._again, again = True, False
            await parts.sanction_log.load()
            looks: list[Callable[[], Awaitable[bool]]] = [
                self._shut_out,
                self._look_at_users,
                lambda: self._end_dead(list(parts.users.values())),
            ]
            if parts.peers.shared:
                looks.append(self._look_at_roles)
            for each in looks:
                again = not await _seen(each) or again
            self._new_members.clear()
            if parts.notifier is not None:
                await parts.notifier.learn_loud()
            self._again = again
        else:
            # A bot's token is the only one that is not renewed while it is in use.
            await self._end_dead([u for u in parts.users.values() if u.kind is UserKind.BOT])

    async def _shut_out(self) -> bool:
        """True: all of it is seen."""
        self._parts.moderation.shut_out()
        return True

    async def _look_at_users(self) -> bool:
        """False where it has to be done again."""
        parts = self._parts
        shared = parts.peers.shared
        kept = [u.id for u in parts.users.values() if u.kind is not UserKind.GUEST or shared]
        versions = {i: parts.users[i].account_version for i in kept}
        names = {i: parts.users[i].name for i in kept}
        records = await parts.log.read(parts.log.storage.people.known, kept)
        seen = True
        for user_id in kept:
            user, record = parts.users.get(user_id), records.get(user_id)
            if user is None:
                continue
            if record is not None:
                if user.name is names[user_id]:
                    self._take_name(user, record)
                if user.account_version == versions[user_id]:
                    self._take_role(user, record)
                else:
                    # A role was given meanwhile, which what was read may lack.
                    seen = False
            elif user.kind is not UserKind.GUEST:
                for session in list(user.sessions):
                    parts.attendance.end(session, SIGNED_OUT, "the account was deleted")
        return seen

    def _take_name(self, user: User, record: UserRecord) -> None:
        """Follows a user to a name that another node gave them."""
        name = Name(record.name, record.key)
        if not self._parts.peers.shared or name == user.name or not user.stored:
            return
        was, user.name = user.name, name
        self._parts.names.follow(was, name, user.id)
        self._parts.membership.tell_changed(user.person, "renamed", was.shown)

    def _take_role(self, user: User, record: UserRecord) -> None:
        if (record.role, record.kind) != (user.role, user.kind):
            if user.kind is UserKind.GUEST:
                # On another node; the sessions of the guest ended with that.
                self._new_members.add(user.id)
            user.take_account(record.kind, record.role)
            self._parts.role_grants.tell_role(user)

    async def _end_dead(self, users: list[User]) -> bool:
        """False where it has to be done again."""
        parts, again = self._parts, False
        sessions = {
            session: (user.id, session.token_hash)
            for user in users
            for session in user.sessions
            if session.token_hash is not None
        }
        if not sessions:
            return True
        live = await parts.log.read(
            parts.log.storage.people.live_sessions,
            [user.id for user in users],
            parts.clock.now_ms(),
        )
        for session, (user_id, token_hash) in sessions.items():
            if token_hash in live or session.token_hash != token_hash:
                continue
            if user_id == parts.accounts.registering:
                again = True
                continue
            session.token_hash = None
            if user_id in self._new_members:
                parts.attendance.end(session, COME_AGAIN, MEMBER_NOW)
            else:
                parts.attendance.end(session, SIGNED_OUT, "signed out")
        return not again

    async def _look_at_roles(self) -> bool:
        """Takes the roles in rooms from other nodes, and shows out who has no place there now.

        False where it has to be done again.
        """
        parts = self._parts
        rooms = [room for room in parts.rooms.all_live() if room.id and not room.direct]
        found, again = await take_roles(parts.log, rooms)
        strangers: set[tuple[Room, str]] = set()
        for room, changed in found.items():
            for user in [parts.users[i] for i in changed if i in room.people]:
                parts.membership.tell_standing(user, room)
                parts.welcome.tell(user)
            if room.private:
                strangers |= {(room, i) for i in room.people if i not in room.roles}
        # Whoever comes in, or a room that closes, is in the log a moment later: one look is no
        # proof that somebody has no place there.
        for room, user_id in strangers & self._strangers:
            self._show_out(room, user_id)
        self._strangers = strangers
        return not again and not strangers

    def _show_out(self, room: Room, user_id: str) -> None:
        user = self._parts.users.get(user_id)
        if user is not None:
            self._parts.moderation.show_out(user, room, f"You are no longer in {room.title}.")


async def _seen(look: Callable[[], Awaitable[bool]]) -> bool:
    """Whether all of it was seen; a fault in one look keeps none of the others from theirs."""
    try:
        return await look()
    except HubbubError:
        raise
    except Exception as error:
        log.exception("something was not looked at", fault=type(error).__name__)
        return False
