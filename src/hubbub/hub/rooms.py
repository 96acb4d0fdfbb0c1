"""Rooms as they are entered, read and left; the only place where who is in which room changes."""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from hubbub.errors import Forbidden, NoSuchRoom, NotAMember, RoomFull, Unavailable
from hubbub.hub.committer import Committer, Submission
from hubbub.hub.fanout import Fanout
from hubbub.hub.limits import Limits
from hubbub.hub.log import Log
from hubbub.hub.presence import Announcer
from hubbub.hub.room import Room
from hubbub.model import RoomKind, room_name
from hubbub.protocol.events import Gap, Person, Presence
from hubbub.storage.interface import LogPage, RemoveMember, RoomRecord, SaveMember

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hubbub.hub.session import Session, User

PAGE = 50


def direct_room_name(user_ids: Iterable[str]) -> str:
    """The name of the direct room of exactly these users, the same whoever asks."""
    digest = hashlib.sha256("\n".join(sorted(set(user_ids))).encode()).digest()
    return "@" + base64.b32encode(digest)[:24].decode().lower()


class Rooms:
    """The rooms that are in memory: those with people, and the last `empty_rooms` without."""

    def __init__(self, log: Log, committer: Committer, fanout: Fanout, limits: Limits) -> None:
        self._log = log
        self._committer = committer
        self._fanout = fanout
        self._limits = limits
        self._live: dict[str, Room] = {}
        self._idle: OrderedDict[str, Room] = OrderedDict()
        self.presence = Announcer(fanout, limits)

    def live(self, name: str) -> Room | None:
        """The room, if it is in memory."""
        return self._live.get(name)

    def occupied(self) -> list[Room]:
        """The public rooms with people in them."""
        return [r for r in self._live.values() if r.people and r.kind is RoomKind.PUBLIC]

    async def open(self, typed: str) -> Room:
        """The room of that name, from the storage or new. Raises BadName, NoSuchRoom."""
        direct = typed.startswith("@")
        name = typed if direct else room_name(typed)
        room = self._live.get(name)
        if room is not None:
            self._touch(room)
            return room
        record = await self._log.read(self._log.storage.room, name) if len(name) <= 64 else None
        participants: tuple[Person, ...] = ()
        if direct:
            if record is None:
                raise NoSuchRoom(f"There is no room {name[:64]!r} that you may enter.")
            participants = await self._log.read(self._log.storage.direct_members, name)
        return self._keep(record or RoomRecord(name, RoomKind.PUBLIC, "", 1, 0), participants)

    async def open_direct(self, participants: tuple[Person, ...]) -> Room:
        """The direct room of exactly these users, from the storage or new."""
        name = direct_room_name(person.id for person in participants)
        room = self._live.get(name)
        if room is not None:
            self._touch(room)
            return room
        record = await self._log.read(self._log.storage.room, name)
        return self._keep(record or RoomRecord(name, RoomKind.DIRECT, "", 1, 0), participants)

    async def open_for(self, session: "Session", typed: str) -> Room:
        """The room, for a session that wants to read or write in it.

        Raises NotAMember, NoSuchRoom, BadName. Direct rooms know their users wherever they are.
        """
        room = session.rooms.get(typed)
        if room is not None:
            return room
        if typed.startswith("@"):
            return self._checked(session.user, await self.open(typed))
        name = room_name(typed)
        room = session.rooms.get(name)
        if room is None:
            raise NotAMember(f"You are not in {name}; join it first.")
        return room

    def _checked(self, user: "User | None", room: Room) -> Room:
        if user is None or all(person.id != user.id for person in room.participants):
            raise NoSuchRoom(f"There is no room {room.name[:64]!r} that you may enter.")
        return room

    # --- coming and going

    async def admit(self, session: "Session", typed: str, user: "User | None" = None) -> Room:
        """A room that the session may enter. Raises BadName, NoSuchRoom, RoomFull, Forbidden.

        `user` is who comes in by `hello`, whom the session does not have yet.
        """
        room = await self.open(typed)
        if room.direct:
            return self._checked(user or session.user, room)
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

    def enter(self, session: "Session", room: Room, *, tell_self: bool = False) -> None:
        """Makes the session one of the room's and tells the others.

        It is not served yet: `catch_up` or the room's `add_to_audience` begins that.
        """
        if session.closed:
            raise Unavailable("The connection ended before it was in the room.")
        if room.direct or room.name in session.rooms:
            return
        self._idle.pop(room.name, None)
        if room.enter(session):
            assert session.user is not None, "a session enters rooms after it has a user"
            joined = Presence(room=room.name, user=session.user.person, state="joined")
            self.presence.tell(room, joined, session)
            if tell_self:
                self._fanout.tell((session,), joined)

    @asynccontextmanager
    async def catch_up(
        self, session: "Session", room: Room, after: int | None, limit: int
    ) -> "AsyncIterator[LogPage]":
        """What came before this moment: the last page, or what follows `after`.

        The session's own copy of what comes meanwhile is held until the block ends, so that the
        block can write the page first and nothing is missed, repeated or out of order.
        """
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
            left = Presence(room=room.name, user=user.person, state="left")
            self.presence.tell(room, left)
        if not room.connections:
            self._touch(room)
            self.presence.forget(room)

    def remember(self, user: "User", room: Room) -> None:
        """Keeps the membership of a user who has a session to come back with."""
        if user.kept and not room.direct:
            self._committer.submit(Submission(SaveMember(room.name, user.id)))

    def forget(self, user: "User", room: Room) -> None:
        """Ends a kept membership."""
        if user.kept:
            self._committer.submit(Submission(RemoveMember(room.name, user.id)))

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
        for room in {room for session in user.sessions for room in session.rooms.values()}:
            change = Presence(room=room.name, user=user.person, state=state, was=was)
            self.presence.tell(room, change)

    # --- what is in memory

    def _keep(self, record: RoomRecord, participants: tuple[Person, ...]) -> Room:
        # Somebody else may have opened it during the read; theirs is the one that counts.
        room = self._live.get(record.name)
        if room is None:
            room = self._live[record.name] = Room(record, participants)
        self._touch(room)
        return room

    def _touch(self, room: Room) -> None:
        if room.connections:
            return
        self._idle[room.name] = room
        self._idle.move_to_end(room.name)
        while len(self._idle) > self._limits.empty_rooms:
            # Those that are waited for stay, and the one that is being opened: two live sides of
            # one room would tear its audience.
            unused = (idle for idle in self._idle.values() if idle is not room and not idle.in_use)
            oldest = next(unused, None)
            if oldest is None:
                return
            del self._idle[oldest.name], self._live[oldest.name]
