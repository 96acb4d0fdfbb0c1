"""The rooms in memory: found in the log or begun, kept while somebody needs them, let go."""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from hubbub.errors import NameTaken, NoSuchRoom, NotAMember, Unavailable
from hubbub.hub.core import Core
from hubbub.hub.state.room import Room, Session
from hubbub.model import PRIVATE, RoomKind, room_name, room_title
from hubbub.protocol.events import Person, Settings
from hubbub.storage.changes import RoleChanged
from hubbub.storage.interface import Storage
from hubbub.storage.records import Membership, Present, RoomRecord
from hubbub.storage.shared import SharedStorage

SHARED_IDLE = 64
"""How many rooms without people a node keeps in memory where others write them too."""


def direct_room_name(user_ids: Iterable[str]) -> str:
    """The name of the direct room of exactly these users, the same whoever asks."""
    digest = hashlib.sha256("\n".join(sorted(set(user_ids))).encode()).digest()
    return "@" + base64.b32encode(digest)[:24].decode().lower()


def _kept_room(storage: Storage, name: str) -> Room | None:
    """A room of the log, with who may enter it or is more than a member, in one go."""
    record = storage.rooms.find(name)
    if record is None:
        return None
    if record.kind is RoomKind.DIRECT:
        return Room(record, storage.members.of_direct_room(record.name))
    return Room(record, (), storage.members.of_room(record.name))


def _shared_room(storage: SharedStorage, name: str) -> tuple[Room | None, list[Present]]:
    """The same, with who is in it."""
    found = _kept_room(storage, name)
    called = name if found is None else found.name
    return found, [present for _, present in storage.presence.in_rooms([called])]


class Rooms:
    """The rooms that are in memory: those with people, and the last `empty_rooms` without."""

    def __init__(self, core: Core) -> None:
        self._peers = core.peers
        self._log = core.log
        self._committer = core.committer
        # What others share is followed while it is in memory.
        shared = core.peers.shared
        self._most_idle = min(core.limits.empty_rooms, SHARED_IDLE if shared else 10**9)
        self._live: dict[str, Room] = {}
        self._idle: OrderedDict[str, Room] = OrderedDict()
        self._reserved: set[str] = set()
        self._missed = 0
        """How many roles were changed in rooms that were not in memory, or only being read."""

    def live(self, name: str) -> Room | None:
        """The room, if it is in memory."""
        return self._live.get(name)

    def all_live(self) -> list[Room]:
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
            self.touch(room)
        if room is None or not room.visible_to(user_id):
            async with self._peers.rooms.opening(name):
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
        async with self._peers.rooms.opening(name):
            missed = -1
            while missed != self._missed:
                missed = self._missed
                found, present = await self._read(name)
            if found is None:
                return None
            if found.name != name and self._peers.shared:
                # It is followed by the name that it has.
                return await self.open_kept(found.name)
            if found.name not in self._live:
                if found.name in self._reserved:
                    # The room that is about to be called so is in memory under its other name.
                    raise Unavailable(f"{found.name} is being made; try again.", retry_after=1.0)
                self._peers.rooms.opened(found, present)
            return self._keep(found)

    async def _read(self, name: str) -> tuple[Room | None, list[Present]]:
        storage = self._log.storage
        if self._peers.shared:
            return await self._log.read(_shared_room, cast(SharedStorage, storage), name)
        return await self._log.read(_kept_room, storage, name), []

    async def _by_title(self, name: str, user_id: str) -> Room | None:
        """The one private room of a user's that people call so."""
        own = (
            await self._log.read(self._log.storage.members.private_rooms, user_id)
            if user_id
            else []
        )
        found = [each.name for each in own if room_title(each.name) == name.removeprefix(PRIVATE)]
        return await self.open_kept(found[0]) if len(found) == 1 else None

    async def open_direct(self, participants: tuple[Person, ...]) -> Room:
        """The direct room of exactly these users, from the storage or new."""
        name = direct_room_name(person.id for person in participants)
        room = self._live.get(name)
        if room is not None:
            self.touch(room)
            return room
        record = await self._log.read(self._log.storage.rooms.find, name)
        room = Room(record or RoomRecord(name, RoomKind.DIRECT, "", 1, 0), participants)
        self._peers.rooms.opened(room, ())
        return self._keep(room)

    async def open_for(self, session: Session, typed: str) -> Room:
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

    # --- what is known of them

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
            room.roles.apply(outcome)

    def begin(self, begins: Mapping[str, int]) -> None:
        """Notes where logs begin from now on."""
        for name, first in begins.items():
            room = self._live.get(name)
            if room is not None:
                room.begin(first)

    # --- their names

    def add(self, record: RoomRecord) -> Room:
        """A room that nobody had before."""
        return self._keep(Room(record))

    @contextmanager
    def reserved(self, room: Room, name: str) -> Iterator[None]:
        """Keeps a name for a room that is about to get it. Raises NameTaken."""
        taken = self._live.get(name)
        if taken is not None and taken is not room:
            if taken.made or taken.size or taken.in_use:
                raise NameTaken("Another room has that name; take another.")
            # Somebody asked for it and there was none.
            self._idle.pop(name, None)
            del self._live[name]
            self._peers.rooms.dropped(name)
        if name in self._reserved:
            raise NameTaken("Another room is about to get that name; take another.")
        self._reserved.add(name)
        try:
            yield
        finally:
            self._reserved.discard(name)

    def move(self, room: Room, settings: Settings) -> tuple[bool, Room | None]:
        """Follows a room to the name that it got by a commit.

        Whether it moved, and the room that nobody else knows and that had the name until now.
        """
        if settings.was is None or room.name != settings.was:
            return False, None
        self._live.pop(settings.was, None)
        self._idle.pop(settings.was, None)
        self._committer.rename(settings.was, settings.room)
        room.name = settings.room
        replaced = self._live.get(room.name)
        # Somebody asked for it and there was none, or not yet by that name.
        self._idle.pop(room.name, None)
        self._live[room.name] = room
        self._peers.rooms.moved(settings.was, room)
        sessions = room.audience.everyone()
        for session in sessions | set(room.audience.held):
            if session.rooms.pop(settings.was, None) is room:
                session.rooms[room.name] = room
        self.touch(room)
        return True, replaced

    # --- what is in memory

    def _keep(self, opened: Room) -> Room:
        # Somebody else may have opened it during the read; theirs is the one that counts.
        room = self._live.setdefault(opened.name, opened)
        self.touch(room)
        return room

    async def hold(self, name: str) -> None:
        """Keeps a room in memory from now on. Raises BadName, NoSuchRoom, StorageError."""
        (await self.open(name)).waiting += 1

    def forget_all(self) -> None:
        """Lets go of all rooms, when nobody is in them: what they know may be of another log."""
        names = list(self._live)
        self._live.clear()
        self._idle.clear()
        for name in names:
            self._peers.rooms.dropped(name)

    def touch(self, room: Room) -> None:
        """Keeps a room without people in memory for a while; the oldest of those give way."""
        if room.connections:
            self._idle.pop(room.name, None)
            return
        if self._live.get(room.name) is not room:
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
            self._peers.rooms.dropped(oldest.name)
