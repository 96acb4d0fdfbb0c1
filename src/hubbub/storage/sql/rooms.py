"""The rooms, and those that a commit names: found, held, and written as it has left them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from hubbub.model import RoomKind
from hubbub.storage.changes import (
    Append,
    AppendMessage,
    Arrive,
    Change,
    Depart,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    HoldName,
    MakeRoom,
    ReleaseName,
    RenameUser,
    RenewSession,
    SaveAccount,
    SaveIgnored,
    SaveInvitation,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveSubscription,
    SaveUser,
)
from hubbub.storage.records import RoomRecord
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import ForEach, json_list, json_rows, listed, upsert
from hubbub.storage.sql.driver import Driver, Row
from hubbub.storage.sql.schema import former_names, rooms

ROOM_COLUMNS = (
    rooms.c.name,
    rooms.c.kind,
    rooms.c.topic,
    rooms.c.first_seq,
    rooms.c.last_seq,
    rooms.c.read_only,
    rooms.c.archived,
)

ROOM = select(rooms.c.id, *ROOM_COLUMNS).where(rooms.c.name == bindparam("name"))
ROOM_BY_ID = select(rooms.c.id, *ROOM_COLUMNS).where(rooms.c.id == bindparam("id"))
_names = listed("names")
# In one order, so that two batches with the same rooms do not wait for each other; SQLite, where
# one process writes, has no locks on rows.
ROOMS = (
    select(rooms.c.id, *ROOM_COLUMNS)
    .where(rooms.c.name.in_(select(_names.c.value)))
    .order_by(rooms.c.id)
    .with_for_update()
)
FORMER_ROOMS = (
    select(former_names.c.name, rooms.c.id, *ROOM_COLUMNS)
    .join_from(former_names, rooms, rooms.c.id == former_names.c.room_id)
    .where(
        former_names.c.name.in_(select(_names.c.value)),
        # The name of a room that was closed is free for others, and leads nobody in.
        rooms.c.kind != RoomKind.PRIVATE.value,
    )
    .order_by(rooms.c.id)
    .with_for_update(of=rooms)
)
PUBLIC_ROOMS = (
    select(*ROOM_COLUMNS)
    .where(
        rooms.c.kind == RoomKind.PUBLIC.value,
        rooms.c.archived == 0,
        rooms.c.name > bindparam("after"),
    )
    .order_by(rooms.c.name)
    .limit(bindparam("limit"))
)
INSERT_ROOMS = insert(rooms).inline()
_moved = json_rows((rooms.c.last_seq, rooms.c.id))
MOVE_LAST = ForEach(
    update(rooms).where(rooms.c.id == bindparam("of")).values(last_seq=bindparam("to")),
    update(rooms).where(rooms.c.id == _moved.c.id).values(last_seq=_moved.c.last_seq),
    ("last_seq", "id"),
)
SET_TOPIC = update(rooms).where(rooms.c.id == bindparam("of")).values(topic=bindparam("topic"))
SET_ROOM = (
    update(rooms)
    .where(rooms.c.id == bindparam("of"))
    .values(
        name=bindparam("to_name"),
        kind=bindparam("to_kind"),
        read_only=bindparam("to_read_only"),
        archived=bindparam("to_archived"),
    )
)
ROOM_BY_FORMER_NAME = (
    select(rooms.c.id, *ROOM_COLUMNS)
    .join_from(former_names, rooms, rooms.c.id == former_names.c.room_id)
    .where(former_names.c.name == bindparam("name"))
)
SAVE_FORMER_NAMES = upsert(former_names, ["room_id"])
DELETE_FORMER_NAMES_OF = delete(former_names).where(former_names.c.room_id == bindparam("of_room"))
DELETE_FORMER_NAMES = delete(former_names).where(former_names.c.name == bindparam("of"))


class SqlRooms:
    """The rooms in a database; see `hubbub.storage.interface.RoomReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def find(self, name: str) -> RoomRecord | None:
        """See RoomReads."""
        with self._connections.reading() as driver:
            row = driver.first(ROOM, {"name": name})
            if row is None:
                row = driver.first(ROOM_BY_FORMER_NAME, {"name": name})
        return None if row is None else replace(room_record(row[1:]), id=row[0])

    def public(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """See RoomReads."""
        values = {"after": after or "", "limit": limit}
        with self._connections.asking() as driver:
            return [room_record(row) for row in driver.rows(PUBLIC_ROOMS, values)]


_PLACELESS = (
    SaveUser,
    RenameUser,
    SaveAccount,
    SaveSession,
    RenewSession,
    EndSession,
    EndSessions,
    SavePassword,
    SaveInvitation,
    SaveSubscription,
    EndSubscription,
    SaveIgnored,
    HoldName,
    ReleaseName,
    Arrive,
    Depart,
)


@dataclass(slots=True)
class BatchRoom:
    """A room as the batch has left it so far; `id` is 0 until it is made."""

    name: str
    kind: RoomKind
    id: int = 0
    topic: str = ""
    last: int = 0
    read_only: bool = False
    archived: bool = False
    name_written: str = ""
    last_written: int = 0
    topic_written: str = ""
    changed: bool = False


@dataclass(slots=True)
class BatchRooms:
    """The rooms of one commit. No other commit changes them before this one ends."""

    found: dict[str, BatchRoom] = field(default_factory=dict)
    renamed: dict[str, BatchRoom] = field(default_factory=dict)
    """By the former name, which the changes that come after a renaming may still have, also where
    another process renamed the room a moment ago.
    """
    left: list[BatchRoom] = field(default_factory=list)
    """Those that this batch gave another name."""
    leaving: dict[str, BatchRoom] = field(default_factory=dict)
    """By the last name that each of them left, unless another one has that by now."""
    made: bool = False
    """Whether any was made, and has its id only since it was written."""

    @classmethod
    def read(cls, driver: Driver, changes: Iterable[Change]) -> "BatchRooms":
        """Those that are there of all that the changes name."""
        rooms = cls()
        meant, wanted = _named(changes)
        if not meant and not wanted:
            return rooms
        for row in driver.read(ROOMS, {"names": json_list(list(meant | wanted))}):
            room = _room(row)
            rooms.found[room.name] = room
        missing = meant - rooms.found.keys()
        if missing:
            names = json_list(list(missing))
            for name, *row in driver.read(FORMER_ROOMS, {"names": names}):
                room = _room(row)
                rooms.renamed[name] = rooms.found.setdefault(room.name, room)
        return rooms

    def known(self, name: str) -> BatchRoom | None:
        """The room that a change means by a name."""
        return self.found.get(name) or self.renamed.get(name)

    def named(self, name: str, kind: RoomKind = RoomKind.PUBLIC) -> BatchRoom:
        """The same, made where there is none."""
        room = self.known(name)
        if room is None:
            room = self.found[name] = BatchRoom(name, kind)
        return room

    def make(self, name: str) -> BatchRoom:
        """A new room, of which there is none by that name."""
        self.renamed.pop(name, None)
        self.leaving.pop(name, None)
        room = self.found[name] = BatchRoom(name, RoomKind.PUBLIC)
        return room

    def rename(self, room: BatchRoom, name: str) -> None:
        """Gives a room a name that no other one has."""
        was = room.name
        del self.found[was]
        self.found[name], room.name = room, name
        # The last name that it left comes last.
        self.renamed.pop(was, None)
        self.renamed.pop(name, None)
        self.renamed[was] = room
        self.left.append(room)
        self.leaving = {n: other for n, other in self.leaving.items() if other is not room}
        self.leaving.pop(name, None)
        self.leaving[was] = room

    def write(self, driver: Driver) -> None:
        """Executes what the changes came to."""
        rooms = self.found.values()
        # A name that is free at the end may be another room's until then.
        moving = [room for room in rooms if room.id and room.name != room.name_written]
        if moving:
            driver.write(SET_ROOM, [_row(room, f"*{room.id}") for room in moving])
        made = [room for room in rooms if not room.id]
        if made:
            self.made = True
            self._make(driver, made)
        moved = [(room.last, room.id) for room in rooms if room.last != room.last_written]
        if moved:
            driver.write_each(MOVE_LAST, moved)
        retitled = [
            {"of": room.id, "topic": room.topic}
            for room in rooms
            if room.topic != room.topic_written
        ]
        if retitled:
            driver.write(SET_TOPIC, retitled)
        changed = [room for room in rooms if room.changed]
        if changed:
            driver.write(SET_ROOM, [_row(room, room.name) for room in changed])
        if self.left:
            self._leave_names(driver)

    def _leave_names(self, driver: Driver) -> None:
        # A room leaves one name behind: more would be a way to keep names from others.
        left = {room.id for room in self.left}
        former = [{"name": name, "room_id": room.id} for name, room in self.leaving.items()]
        driver.write(DELETE_FORMER_NAMES_OF, [{"of_room": room_id} for room_id in left])
        if former:
            driver.write(SAVE_FORMER_NAMES, former)
        driver.write(DELETE_FORMER_NAMES, [{"of": name} for name in self.found])

    def _make(self, driver: Driver, made: Sequence[BatchRoom]) -> None:
        driver.write(
            INSERT_ROOMS,
            [
                {
                    "name": room.name,
                    "kind": room.kind.value,
                    "topic": room.topic,
                    "first_seq": 1,
                    "last_seq": room.last,
                    "read_only": int(room.read_only),
                    "archived": int(room.archived),
                }
                for room in made
            ],
        )
        driver.write(DELETE_FORMER_NAMES, [{"of": room.name} for room in made])
        names = json_list([room.name for room in made])
        for id_, name, *_ in driver.read(ROOMS, {"names": names}):
            room = self.found[name]
            room.id, room.last_written, room.topic_written = id_, room.last, room.topic


def _named(changes: Iterable[Change]) -> tuple[set[str], set[str]]:
    """The rooms that changes are meant for, and those whose names they want for others."""
    meant, wanted = set(), set()
    for change in changes:
        # Most of all: asked whether it is one of those without a place it would be asked 16 times.
        if isinstance(change, AppendMessage):
            meant.add(change.room)
            continue
        if isinstance(change, _PLACELESS):
            continue
        match change:
            case SaveSanction(sanction):
                meant.add(sanction.room)
            case EndSanction((_, room, _, _)):
                meant.add(room)
            case MakeRoom(room):
                wanted.add(room)
            case Append(entry):
                meant.add(change.room)
                wanted.add(entry.room)
            case _:
                meant.add(change.room)
    # No room: a sanction of the whole server.
    meant.discard("")
    return meant, wanted


def _room(row: Row) -> BatchRoom:
    id_, *columns = row
    room = room_record(columns)
    last, topic = room.last, room.topic
    now = topic, last, room.read_only, room.archived
    return BatchRoom(room.name, room.kind, id_, *now, room.name, last, topic)


def _row(room: BatchRoom, name: str) -> dict[str, Any]:
    return {
        "of": room.id,
        "to_name": name,
        "to_kind": room.kind.value,
        "to_read_only": int(room.read_only),
        "to_archived": int(room.archived),
    }


def room_record(row: Sequence[Any]) -> RoomRecord:
    """The room of a row of ROOM_COLUMNS."""
    name, kind, topic, first, last, read_only, archived = row
    return RoomRecord(name, RoomKind(kind), topic, first, last, bool(read_only), bool(archived))
