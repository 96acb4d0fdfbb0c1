"""Rooms as they are entered, read and left; the only place where who is in which room changes."""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from hubbub.errors import (
    Forbidden,
    NameTaken,
    NoSuchRoom,
    NotAMember,
    Refusal,
    RoomFull,
    Unavailable,
)
from hubbub.hub.flow.committer import Committer, Submission
from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.flow.log import Log
from hubbub.hub.flow.presence import Announcer
from hubbub.hub.peers import Others
from hubbub.hub.rules.limits import Limits
from hubbub.hub.state.permissions import Permissions, Right, role_in
from hubbub.hub.state.room import Room
from hubbub.model import PRIVATE, Role, RoomKind, UserKind, room_name, room_title
from hubbub.protocol.events import Gap, Person, Presence, Settings, Standing
from hubbub.storage.changes import MakeRoom, Outcome, RemoveMember, RoleChanged, SaveMember
from hubbub.storage.interface import Storage
from hubbub.storage.records import LogPage, Membership, Present, RoomRecord
from hubbub.storage.shared import SharedStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hubbub.hub.state.session import Session, User

PAGE = 50
SHARED_IDLE = 64
"""How many rooms without people a node keeps in memory where others write them too."""


def direct_room_name(user_ids: Iterable[str]) -> str:
    """The name of the direct room of exactly these users, the same whoever asks."""
    digest = hashlib.sha256("\n".join(sorted(set(user_ids))).encode()).digest()
    return "@" + base64.b32encode(digest)[:24].decode().lower()


def in_room(user: "User", room: Room) -> "list[Session]":
    """The connections of a user that are in a room."""
    return [each for each in user.sessions if each.rooms.get(room.name) is room]


def _kept_room(storage: Storage, name: str) -> Room | None:
    """A room of the log, with who may enter it or is more than a member, in one go."""
    record = storage.room(name)
    if record is None:
        return None
    if record.kind is RoomKind.DIRECT:
        return Room(record, storage.direct_members(record.name))
    return Room(record, (), storage.room_members(record.name))


def _shared_room(storage: SharedStorage, name: str) -> tuple[Room | None, list[Present]]:
    """The same, with who is in it."""
    found = _kept_room(storage, name)
    called = name if found is None else found.name
    return found, [present for _, present in storage.present([called])]


class Rooms:
    """The rooms that are in memory: those with people, and the last `empty_rooms` without."""

    def __init__(
        self,
        log: Log,
        committer: Committer,
        fanout: Fanout,
        limits: Limits,
        permissions: Permissions,
        default_room: str,
        others: Others,
    ) -> None:
        self._others = others
        self._log = log
        self._committer = committer
        self._fanout = fanout
        self._limits = limits
        # What others share is followed while it is in memory.
        self._most_idle = min(limits.empty_rooms, SHARED_IDLE if others.shared else 10**9)
        self.rooms_per_connection = limits.rooms_per_connection
        self._permissions = permissions
        self._default = default_room
        self._live: dict[str, Room] = {}
        self._idle: OrderedDict[str, Room] = OrderedDict()
        self._reserved: set[str] = set()
        self._missed = 0
        """How many roles were changed in rooms that were not in memory, or only being read."""
        self.on_renamed: Callable[[str, str], None] = lambda was, name: None
        self.on_replaced: Callable[[Room], None] = lambda room: None
        self.presence = Announcer(fanout, limits)

    def live(self, name: str) -> Room | None:
        """The room, if it is in memory."""
        return self._live.get(name)

    def all_live(self) -> "list[Room]":
        """The rooms that are in memory."""
        return list(self._live.values())

    def occupied(self) -> list[Room]:
        """The public rooms with people in them that are not archived."""
        public = (room for room in self._live.values() if room.kind is RoomKind.PUBLIC)
        return [room for room in public if room.people and not room.archived]

    async def open(self, typed: str, user_id: str = "", *, former: bool = True) -> Room:
        """The room of that name, from the storage or new, as that user may see it.

        Raises BadName, and NoSuchRoom for a direct or private one of others, just as for none. A
        room that got another name is found by its former one, by those who may see it.
        """
        if typed.startswith("@"):
            return self._checked(user_id, typed, await self.open_kept(typed[:65]))
        name = room_name(typed)
        room = self._live.get(name)
        if room is not None:
            self._touch(room)
        if room is None or not room.visible_to(user_id):
            async with self._others.opening(name):
                room = room or await self.open_kept(name)
                if room is not None and not former and room.name != name:
                    room = None
                if room is None or not room.visible_to(user_id):
                    return self._checked(user_id, typed, await self._open_new(name, user_id))
        return room

    async def _open_new(self, name: str, user_id: str) -> Room | None:
        """What there is under that name for one who sees no room that is called so."""
        if name.startswith(PRIVATE):
            return await self._by_title(name, user_id)
        # What was called so and is private by now is none of this user's business.
        if name in self._reserved:
            raise Unavailable(f"{name} is being made; try again.", retry_after=1.0)
        return self._keep(Room(RoomRecord(name, RoomKind.PUBLIC, "", 1, 0), made=False))

    async def open_kept(self, name: str) -> Room | None:
        """The room of that name, if the log has it. Raises Unavailable, StorageError."""
        async with self._others.opening(name):
            missed = -1
            while missed != self._missed:
                missed = self._missed
                found, present = await self._read(name)
            if found is None:
                return None
            if found.name != name and self._others.shared:
                # It is followed by the name that it has.
                return await self.open_kept(found.name)
            if found.name not in self._live:
                if found.name in self._reserved:
                    # The room that is about to be called so is in memory under its other name.
                    raise Unavailable(f"{found.name} is being made; try again.", retry_after=1.0)
                self._others.opened(found, present)
            return self._keep(found)

    async def _read(self, name: str) -> tuple[Room | None, list[Present]]:
        storage = self._log.storage
        if self._others.shared:
            return await self._log.read(_shared_room, cast(SharedStorage, storage), name)
        return await self._log.read(_kept_room, storage, name), []

    async def _by_title(self, name: str, user_id: str) -> Room | None:
        """The one private room of a user's that people call so."""
        own = await self._log.read(self._log.storage.private_rooms, user_id) if user_id else []
        found = [each.name for each in own if room_title(each.name) == name.removeprefix(PRIVATE)]
        return await self.open_kept(found[0]) if len(found) == 1 else None

    async def open_direct(self, participants: tuple[Person, ...]) -> Room:
        """The direct room of exactly these users, from the storage or new."""
        name = direct_room_name(person.id for person in participants)
        room = self._live.get(name)
        if room is not None:
            self._touch(room)
            return room
        record = await self._log.read(self._log.storage.room, name)
        room = Room(record or RoomRecord(name, RoomKind.DIRECT, "", 1, 0), participants)
        self._others.opened(room, ())
        return self._keep(room)

    async def open_for(self, session: "Session", typed: str) -> Room:
        """The room, for a session that wants to read or write in it.

        Raises NotAMember, NoSuchRoom, BadName. Direct rooms know their users wherever they are.
        """
        room = session.rooms.get(typed)
        if room is not None:
            return room
        user_id = "" if session.user is None else session.user.id
        if typed.startswith("@"):
            return await self.open(typed, user_id)
        name = room_name(typed)
        room = session.rooms.get(name)
        if room is None:
            # By its former name, or by the title of a private one.
            found = await self.open(name, user_id)
            room = session.rooms.get(found.name)
        if room is None:
            raise NotAMember(f"You are not in {name}; join it first.")
        return room

    def _checked(self, user_id: str, typed: str, room: Room | None) -> Room:
        if room is None or not room.visible_to(user_id):
            raise NoSuchRoom(f"There is no room {typed[:64]!r} that you may enter.")
        return room

    # --- coming and going

    async def admit(
        self,
        session: "Session",
        typed: str,
        user: "User | None" = None,
        *,
        former: bool = True,
    ) -> Room:
        """A room that the session may enter. Raises BadName, NoSuchRoom, RoomFull, Forbidden.

        `user` is who comes in by `hello`, whom the session does not have yet.
        """
        user = user or session.user
        room = await self.open(typed, "" if user is None else user.id, former=former)
        if room.direct:
            return room
        if user is not None and not room.made and room.name != self._default:
            self._permissions.require(user, Right.CREATE_ROOM)
        if room.name in session.rooms or session.dialect.one_room:
            limit_rooms = self._limits.rooms_per_connection + 1
        else:
            limit_rooms = self._limits.rooms_per_connection
        if len(session.rooms) >= limit_rooms:
            raise Forbidden(
                f"You are in {len(session.rooms)} rooms, the most for one connection; "
                "leave one first."
            )
        if room.connections >= self._limits.connections_per_room and room.name not in session.rooms:
            raise RoomFull(f"{room.name} is full; try again later.", room=room.name)
        return room

    def enter(
        self, session: "Session", room: Room, *, tell_self: bool = False
    ) -> "asyncio.Future[Outcome] | None":
        """Makes the session one of the room's and tells the others.

        It is not served yet: `catch_up` or the room's `add_to_audience` begins that. Whoever makes
        the room by that is its owner once `made` has waited for what this returns.
        """
        if session.closed:
            raise Unavailable("The connection ended before it was in the room.")
        if room.direct or room.name in session.rooms:
            return None
        self._idle.pop(room.name, None)
        user = session.user
        assert user is not None, "a session enters rooms after it has a user"
        making = None if room.made else self.submit_making(room, user)
        known = room.has(user.id)
        if room.enter(session):
            self._others.entered(room, user)
        if not known:
            joined = Presence(room=room.name, user=user.person, state="joined")
            self.presence.tell(room, joined, session)
            if tell_self:
                self._fanout.tell((session,), joined)
        return making

    def submit_making(self, room: Room, user: "User") -> "asyncio.Future[Outcome]":
        """Makes a room for somebody; what `made` waits for."""

        def note(making: "asyncio.Future[Outcome]") -> None:
            if making.cancelled() or making.exception() is not None:
                # The next who enters makes it.
                room.made = bool(room.last)

        making: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        making.add_done_callback(note)
        self._committer.submit(Submission(self.make(room, user), future=making))
        return making

    async def made(self, making: "asyncio.Future[Outcome] | None") -> bool:
        """Returns once a room is made and its maker owns it; whether there was one to make.

        A log that cannot be written keeps nobody out of a room: they own it not.
        """
        if making is None:
            return False
        with suppress(Refusal):
            await making
        return True

    def make(self, room: Room, user: "User") -> MakeRoom:
        """What makes a room: a member owns it, a guest's belongs to nobody.

        It is to be committed before anything else of the room: its name may have been another's.
        """
        room.made = True
        owns = user.kind is not UserKind.GUEST and room.name != self._default
        return MakeRoom(room.name, user.id if owns else None)

    def latest(self, membership: Membership) -> Membership:
        """The same with where the log of a direct room ends by now, as far as this node knows."""
        kept, room = membership.room, self._live.get(membership.room.name)
        if room is None or not room.direct or room.last <= kept.last:
            return membership
        return replace(membership, room=replace(kept, last=room.last))

    def identify(self, name: str, room_id: int) -> None:
        """Notes the id by which the log knows a room that is called so now."""
        room = self._live.get(name)
        if room is not None and not room.meant:
            room.id = room_id

    def apply(self, name: str, outcome: RoleChanged) -> None:
        """Gives a role to a room that a change has called so."""
        room = self._live.get(name)
        if room is None or (room.meant and outcome.room_id not in {0, room.meant}):
            # It has another name here than that by which it was meant.
            with_id = (each for each in self._live.values() if each.meant == outcome.room_id)
            room = next(with_id, None) if outcome.room_id else None
        if room is None:
            self._missed += 1
        else:
            room.apply(outcome)

    async def reach(self, room: Room, after: int | None) -> None:
        """Serves a room at least up to what a client has seen of it, on another node maybe."""
        if after is not None and after > room.last:
            await self._others.catch_up(room)

    @asynccontextmanager
    async def catch_up(
        self, session: "Session", room: Room, after: int | None, limit: int
    ) -> "AsyncIterator[LogPage]":
        """What came before this moment: the last page, or what follows `after`.

        The session's own copy of what comes meanwhile is held until the block ends, so that the
        block can write the page first and nothing is missed, repeated or out of order.
        """
        await self.reach(room, after)
        if room.serves(session):
            yield await self._page_to(room, room.last, after, limit)
            return
        last = room.hold(session).last
        try:
            yield await self._page_to(room, last, after, limit)
        finally:
            self._flush(session, room)

    def give_and_release(self, session: "Session", room: Room, gap: Gap) -> None:
        """Tells a held session that it must page, and then what came meanwhile."""
        session.send(gap)
        self._flush(session, room)

    def _flush(self, session: "Session", room: Room) -> None:
        held = room.release(session)
        if held:
            view = session.private_view if room.direct else session.room_view
            self._fanout.give(session, view.encode(held))

    async def _page_to(self, room: Room, last: int, after: int | None, limit: int) -> LogPage:
        if after is not None and after >= last:
            return LogPage((), False, room.first, last)
        page = await self._log.read(
            self._log.storage.page,
            room.name,
            room_id=room.meant,
            after=after,
            before=last + 1 if after is None else None,
            limit=limit,
            limit_bytes=self._limits.page_bytes,
        )
        room.begin(page.first)
        events = tuple(event for event in page.events if event.seq <= last)
        more = page.more if after is None else bool(events) and events[-1].seq < last
        return LogPage(events, more, page.first, last)

    def leave(self, session: "Session", room: Room) -> None:
        """Takes the session out of the room and tells the others."""
        user = session.user
        assert user is not None, "a session in a room has a user"
        if room.depart(session):
            self._others.exited(room, user)
            if not room.has(user.id):
                left = Presence(room=room.name, user=user.person, state="left")
                self.presence.tell(room, left)
        if not room.connections:
            self._touch(room)
            self.presence.forget(room)

    def remember(self, user: "User", room: Room) -> None:
        """Keeps the membership of a user who has a session to come back with."""
        if user.kept and not room.direct:
            self._committer.submit(Submission(SaveMember(room.name, user.id)))

    async def forget(self, user: "User", room: Room) -> None:
        """Ends a membership, with the role that went with it. Raises Unavailable."""
        if user.kept or user.stored:
            await self._committer.outcome(RemoveMember(room.name, user.id))

    def begin(self, begins: Mapping[str, int]) -> None:
        """Notes where logs begin from now on."""
        for name, first in begins.items():
            room = self._live.get(name)
            if room is not None:
                room.begin(first)

    # --- telling

    def announce(
        self, user: "User", state: Literal["renamed", "away", "back"], was: str | None = None
    ) -> None:
        """Tells every room that the user is in of a change."""
        self._others.changed(user, state, was)
        self.tell_changed(user.person, state, was)

    def tell_changed(
        self, person: Person, state: Literal["renamed", "away", "back"], was: str | None
    ) -> None:
        """The same, to those on this node alone."""
        for room in [room for room in self._live.values() if room.has(person.id)]:
            change = Presence(room=room.name, user=person, state=state, was=was)
            self.presence.tell(room, change)

    def add(self, record: RoomRecord) -> Room:
        """A room that nobody had before."""
        return self._keep(Room(record))

    @contextmanager
    def reserved(self, room: Room, name: str) -> "Iterator[None]":
        """Keeps a name for a room that is about to get it. Raises NameTaken."""
        taken = self._live.get(name)
        if taken is not None and taken is not room:
            if taken.made or taken.size or taken.in_use:
                raise NameTaken("Another room has that name; take another.")
            # Somebody asked for it and there was none.
            self._idle.pop(name, None)
            del self._live[name]
            self._others.dropped(name)
        if name in self._reserved:
            raise NameTaken("Another room is about to get that name; take another.")
        self._reserved.add(name)
        try:
            yield
        finally:
            self._reserved.discard(name)

    def move(self, room: Room, settings: Settings) -> None:
        """Follows a room to the name that it got by a commit."""
        if settings.was is None or room.name != settings.was:
            return
        self._live.pop(settings.was, None)
        self._idle.pop(settings.was, None)
        self._committer.rename(settings.was, settings.room)
        self.on_renamed(settings.was, settings.room)
        room.name = settings.room
        replaced = self._live.get(room.name)
        # Somebody asked for it and there was none, or not yet by that name.
        self._idle.pop(room.name, None)
        self._live[room.name] = room
        if replaced is not None:
            self.on_replaced(replaced)
        self._others.moved(settings.was, room)
        sessions = {each for audience in room.audience.values() for each in audience}
        for session in sessions | set(room.joining):
            if session.rooms.pop(settings.was, None) is room:
                session.rooms[room.name] = room
        self._touch(room)

    def tell_settings(self, room: Room, settings: Settings) -> None:
        """Tells those in a room what they may do there now, and those who skip `settings` that
        they are in another room.
        """
        by_role: dict[Role, list[User]] = {}
        for user in room.users():
            if settings.was is not None:
                left = Presence(room=settings.was, user=user.person, state="left")
                joined = Presence(room=room.name, user=user.person, state="joined")
                for session in in_room(user, room):
                    session.send(left)
                    session.send(joined)
            by_role.setdefault(role_in(user, room), []).append(user)
        for users in by_role.values():
            self._tell_standing(users, room)

    def tell_standing(self, user: "User", room: Room) -> None:
        """Tells a user what they are and may do in a room."""
        self._tell_standing([user], room)

    def _tell_standing(self, users: "Sequence[User]", room: Room) -> None:
        role, may = role_in(users[0], room), self._permissions.in_room(users[0], room)
        sessions = [session for user in users for session in in_room(user, room)]
        self._fanout.tell(sessions, Standing(room=room.name, role=role, may=may))

    # --- what is in memory

    def _keep(self, opened: Room) -> Room:
        # Somebody else may have opened it during the read; theirs is the one that counts.
        room = self._live.setdefault(opened.name, opened)
        self._touch(room)
        return room

    def forget_all(self) -> None:
        """Lets go of all rooms, when nobody is in them: what they know may be of another log."""
        names = list(self._live)
        self._live.clear()
        self._idle.clear()
        for name in names:
            self._others.dropped(name)

    def _touch(self, room: Room) -> None:
        if room.connections or self._live.get(room.name) is not room:
            return
        self._idle[room.name] = room
        self._idle.move_to_end(room.name)
        while len(self._idle) > self._most_idle:
            # Those that are waited for stay, and the one that is being opened: two live sides of
            # one room would tear its audience.
            unused = (idle for idle in self._idle.values() if idle is not room and not idle.in_use)
            oldest = next(unused, None)
            if oldest is None:
                return
            del self._idle[oldest.name], self._live[oldest.name]
            self._others.dropped(oldest.name)
