"""Who belongs to which room, as what, and what they have read there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    cast,
    delete,
    literal_column,
    or_,
    select,
    update,
)

from hubbub.model import NotifyLevel, Role, RoomKind
from hubbub.protocol.events import Act, Person, Settings
from hubbub.storage.changes import Append, Change, Done, RemoveMember, RoleChanged, SaveMember
from hubbub.storage.records import Membership, RoomRecord
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import JsonItem, json_list, listed, upsert
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.rooms import ROOM_COLUMNS, BatchRoom, BatchRooms, room_record
from hubbub.storage.sql.schema import members, rooms, users

DIRECT_MEMBERS = (
    select(users.c.id, users.c.name)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .join(users, users.c.id == members.c.user_id)
    .where(rooms.c.name == bindparam("name"))
    .order_by(users.c.id)
)
MEMBERSHIPS = (
    select(*ROOM_COLUMNS, members.c.read_seq, members.c.notify, members.c.role)
    .join_from(members, rooms, members.c.room_id == rooms.c.id)
    .where(members.c.user_id == bindparam("user_id"))
    .order_by(rooms.c.name)
)
PRIVATE_ROOMS = (
    select(*ROOM_COLUMNS)
    .join_from(members, rooms, members.c.room_id == rooms.c.id)
    .where(
        members.c.user_id == bindparam("user_id"),
        rooms.c.kind == RoomKind.PRIVATE.value,
    )
    .order_by(rooms.c.name)
)
MEMBERSHIP = (
    select(*ROOM_COLUMNS, members.c.read_seq, members.c.notify, members.c.role)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .where(rooms.c.name == bindparam("name"), members.c.user_id == bindparam("user_id"))
)
_member = and_(members.c.room_id == bindparam("of_room"), members.c.user_id == bindparam("of_user"))
DELETE_MEMBERS = delete(members).where(_member)
INSERT_MEMBERS = upsert(members)
MOVE_READ = (
    update(members)
    .where(_member, members.c.read_seq < bindparam("seq"))
    .values(read_seq=bindparam("seq"))
)

ROOM_MEMBERS = (
    select(members.c.user_id, members.c.role)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .where(
        rooms.c.name == bindparam("name"),
        or_(
            rooms.c.kind == RoomKind.PRIVATE.value,
            members.c.role != Role.MEMBER.value,
        ),
    )
)
_pairs = listed("pairs")
ROLES_OF = select(members.c.room_id, members.c.user_id, members.c.role).join_from(
    _pairs,
    members,
    and_(
        members.c.room_id == cast(JsonItem(_pairs.c.value, literal_column("0")), BigInteger),
        members.c.user_id == JsonItem(_pairs.c.value, literal_column("1")),
    ),
)
SET_ROLE = update(members).where(_member).values(role=bindparam("to_role"))
SET_NOTIFY = update(members).where(_member).values(notify=bindparam("level"))


class SqlMembers:
    """The members of rooms in a database; see `hubbub.storage.interface.MemberReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def of_room(self, room: str) -> dict[str, Role]:
        """See MemberReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(ROOM_MEMBERS, {"name": room})
            return {user_id: Role(role) for user_id, role in rows}

    def of_direct_room(self, room: str) -> tuple[Person, ...]:
        """See MemberReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(DIRECT_MEMBERS, {"name": room})
            return tuple(Person(user_id, name) for user_id, name in rows)

    def memberships(self, user_id: str) -> list[Membership]:
        """See MemberReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(MEMBERSHIPS, {"user_id": user_id})
            return [_membership(row) for row in rows]

    def private_rooms(self, user_id: str) -> list[RoomRecord]:
        """See MemberReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(PRIVATE_ROOMS, {"user_id": user_id})
            return [room_record(row) for row in rows]

    def membership(self, user_id: str, room: str) -> Membership | None:
        """See MemberReads."""
        values = {"user_id": user_id, "name": room}
        with self._connections.asking() as driver:
            row = driver.first(MEMBERSHIP, values)
        return None if row is None else _membership(row)


@dataclass(slots=True)
class _Membership:
    """What becomes of one membership: deleted, then made, then its marker moved."""

    delete: bool = False
    insert: int | None = None
    move: int = 0
    notify: NotifyLevel | None = None
    role: Role | None = None


@dataclass(slots=True)
class BatchMembers:
    """What one commit changes about members, by the name of the room and the user's id."""

    found: dict[tuple[str, str], _Membership] = field(default_factory=dict)
    roles: dict[tuple[str, str], Role] = field(default_factory=dict)
    """What those are, or were last, of whom an outcome has to tell it."""

    @classmethod
    def among(cls, driver: Driver, rooms: BatchRooms, changes: Sequence[Change]) -> "BatchMembers":
        """With what the changes do not say themselves of roles, and the log does."""
        asked = list(_asked(rooms, changes))
        if not asked:
            return cls()
        names = {room.id: room.name for room, _ in asked}
        pairs = json_list([(str(room.id), user_id) for room, user_id in asked])
        rows = driver.read(ROLES_OF, {"pairs": pairs})
        return cls(roles={(names[room_id], user_id): Role(role) for room_id, user_id, role in rows})

    def join(self, room: BatchRoom, user_id: str, role: Role | None = None) -> RoleChanged | Done:
        """A user is a member, for whom what is there counts as read."""
        membership = self._of(room, user_id)
        if membership.insert is None:
            membership.insert = room.last
        if role is not None:
            membership.role = role
        key = room.name, user_id
        there = self.roles[key] = role or self.roles.get(key, Role.MEMBER)
        if role is None and room.kind is not RoomKind.PRIVATE:
            return Done()
        return RoleChanged(user_id, there if _counts(there, room) else None, room.id)

    def leave(self, room: BatchRoom, user_id: str) -> RoleChanged | Done:
        """A user is no longer a member."""
        key = room.name, user_id
        self.found[key] = _Membership(delete=True)
        there = self.roles.pop(key, None)
        if there is None or not _counts(there, room):
            return Done()
        return RoleChanged(user_id, None, room.id)

    def notify(self, room: BatchRoom, user_id: str, level: NotifyLevel) -> None:
        """What of the room is pushed to the user."""
        self._of(room, user_id).notify = level

    def read(self, room: BatchRoom, user_id: str, seq: int) -> None:
        """The user has read up to there, or to the log's end."""
        membership = self._of(room, user_id)
        membership.move = max(membership.move, min(seq, room.last))

    def rename(self, was: str, name: str) -> None:
        """Takes note of a room's new name."""
        for key in [key for key in self.found if key[0] == was]:
            self.found[name, key[1]] = self.found.pop(key)
        for key in [key for key in self.roles if key[0] == was]:
            self.roles[name, key[1]] = self.roles.pop(key)

    def _of(self, room: BatchRoom, user_id: str) -> _Membership:
        return self.found.setdefault((room.name, user_id), _Membership())

    def write(self, driver: Driver, rooms: dict[str, BatchRoom]) -> None:
        """Executes what the changes came to."""
        deleted, inserted, moved, notified, promoted = [], [], [], [], []
        for (name, user_id), membership in sorted(self.found.items(), key=_key):
            room_id = rooms[name].id
            if membership.delete:
                deleted.append({"of_room": room_id, "of_user": user_id})
            if membership.insert is not None:
                read = membership.insert
                inserted.append({"room_id": room_id, "user_id": user_id, "read_seq": read})
            if membership.role is not None:
                role = membership.role.value
                promoted.append({"of_room": room_id, "of_user": user_id, "to_role": role})
            if membership.move:
                seq = membership.move
                moved.append({"of_room": room_id, "of_user": user_id, "seq": seq})
            if membership.notify is not None:
                level = membership.notify.value
                notified.append({"of_room": room_id, "of_user": user_id, "level": level})
        if deleted:
            driver.write(DELETE_MEMBERS, deleted)
        if inserted:
            driver.write(INSERT_MEMBERS, inserted)
        if promoted:
            driver.write(SET_ROLE, promoted)
        if moved:
            driver.write(MOVE_READ, moved)
        if notified:
            driver.write(SET_NOTIFY, notified)


def _key(item: tuple[tuple[str, str], _Membership]) -> tuple[str, str]:
    return item[0]


def _counts(role: Role, room: BatchRoom) -> bool:
    """Whether one of that role is among MemberReads.of_room."""
    return role is not Role.MEMBER or room.kind is RoomKind.PRIVATE


def _closes(entry: Act) -> bool:
    return isinstance(entry, Settings) and entry.kind == RoomKind.PRIVATE


def _asked(rooms: BatchRooms, changes: Iterable[Change]) -> Iterable[tuple[BatchRoom, str]]:
    """Whose memberships matter: of those who go, and of those in rooms for members alone."""
    members = [each for each in changes if isinstance(each, SaveMember | RemoveMember)]
    if not members:
        return
    closing = any(isinstance(c, Append) and _closes(c.entry) for c in changes)
    for change in members:
        room = rooms.known(change.room)
        if room is None:
            continue
        closed = closing or room.kind is RoomKind.PRIVATE
        if isinstance(change, RemoveMember) or closed:
            yield room, change.user_id


def _membership(row: Sequence[Any]) -> Membership:
    """The membership of a row of ROOM_COLUMNS, a read marker, a level and a role."""
    *room, read, notify, role = row
    return Membership(room_record(room), read, NotifyLevel(notify), Role(role))
