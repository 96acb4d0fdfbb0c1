"""The write path: any number of changes as one transaction's statements.

Changes are first applied to what was read of the rooms, in order and in memory, and then written
table by table, each with one statement for all its rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.sql import bindparam

from hubbub.model import RoomKind, format_instant
from hubbub.protocol.events import LogEvent, Message, Person, Topic
from hubbub.storage.interface import (
    Appended,
    AppendMessage,
    AppendTopic,
    Change,
    Done,
    Duplicate,
    EndSession,
    MoveRead,
    NonceUsed,
    Outcome,
    RemoveMember,
    SaveMember,
    SaveSession,
    SaveUser,
)
from hubbub.storage.schema import events, members, rooms, sessions, users
from hubbub.storage.upsert import insert_or_ignore, insert_or_replace

CHUNK = 500

_INSERT_EVENTS = insert(events)
_INSERT_ROOMS = insert(rooms)
_UPDATE_ROOMS = (
    update(rooms)
    .where(rooms.c.id == bindparam("room"))
    .values(last_seq=bindparam("last"), topic=bindparam("subject"))
)
_END_SESSIONS = delete(sessions).where(sessions.c.token_hash == bindparam("token"))
_REMOVE_MEMBERS = delete(members).where(
    members.c.room_id == bindparam("room"), members.c.user_id == bindparam("user")
)
_MOVE_READS = (
    update(members)
    .where(
        members.c.room_id == bindparam("room"),
        members.c.user_id == bindparam("user"),
        members.c.read_seq < bindparam("read"),
    )
    .values(read_seq=bindparam("read"))
)
_PEOPLE = msgspec.json.Decoder(tuple[Person, ...])


@dataclass(slots=True)
class _Room:
    id: int | None
    name: str
    kind: str
    topic: str
    last: int
    changed: bool = False


@dataclass(slots=True)
class _Membership:
    removed: bool = False
    inserted: int | None = None
    moved: int | None = None


class Batch:
    """One commit's changes, applied in order to what the database holds."""

    def __init__(self, connection: Connection, changes: Sequence[Change], now_ms: int) -> None:
        self._connection = connection
        self._changes = changes
        self._now_ms = now_ms
        self._at = format_instant(now_ms)
        self._rooms: dict[str, _Room] = {}
        self._nonces: dict[str, Message] = {}
        self._entries: list[tuple[_Room, dict[str, Any]]] = []
        self._users: dict[str, dict[str, Any]] = {}
        self._sessions: dict[bytes, dict[str, Any] | None] = {}
        self._members: dict[tuple[str, str], _Membership] = {}

    def run(self, *, find_nonces: bool) -> list[Outcome]:
        """Writes everything. Without `find_nonces` a nonce used earlier is an IntegrityError."""
        self._read_rooms()
        if find_nonces:
            self._read_nonces()
        outcomes = [self._apply(change) for change in self._changes]
        self._write()
        return outcomes

    # --- what is there

    def _read_rooms(self) -> None:
        names = {
            change.room
            for change in self._changes
            if not isinstance(change, SaveUser | SaveSession | EndSession)
        }
        for chunk in _chunks(sorted(names)):
            for row in self._connection.execute(select(rooms).where(rooms.c.name.in_(chunk))):
                self._rooms[row.name] = _Room(row.id, row.name, row.kind, row.topic, row.last_seq)

    def _read_nonces(self) -> None:
        keys = [
            _nonce_key(change)
            for change in self._changes
            if isinstance(change, AppendMessage) and change.nonce
        ]
        query = select(events, rooms.c.name.label("room")).join(
            rooms, rooms.c.id == events.c.room_id
        )
        for chunk in _chunks(keys):
            for row in self._connection.execute(query.where(events.c.nonce.in_(chunk))):
                event = read_event(row, row.room)
                if isinstance(event, Message):
                    self._nonces[row.nonce] = event

    # --- one change after another

    def _apply(self, change: Change) -> Outcome:
        match change:
            case AppendMessage():
                return self._append_message(change)
            case AppendTopic(room, sender, text):
                return self._append_topic(room, sender, text)
            case SaveUser(user):
                self._users[user.id] = {
                    "id": user.id,
                    "name": user.name,
                    "name_key": user.key,
                    "kind": user.kind.value,
                }
            case SaveSession(token_hash, user_id, expires_ms):
                self._sessions[token_hash] = {
                    "token_hash": token_hash,
                    "user_id": user_id,
                    "expires_ms": expires_ms,
                }
            case EndSession(token_hash):
                self._sessions[token_hash] = None
            case SaveMember(room, user_id):
                membership = self._membership(room, user_id)
                if membership.inserted is None:
                    membership.inserted = self._room(room, RoomKind.PUBLIC).last
            case RemoveMember(room, user_id):
                self._members[room, user_id] = _Membership(removed=True)
            case MoveRead(room, user_id, seq):
                there = self._rooms.get(room)
                if there is not None:
                    membership = self._membership(room, user_id)
                    membership.moved = max(membership.moved or 0, min(seq, there.last))
        return Done()

    def _append_message(self, change: AppendMessage) -> Outcome:
        key = _nonce_key(change) if change.nonce else None
        if key is not None and (earlier := self._nonces.get(key)) is not None:
            if _same(earlier, change):
                return Duplicate(earlier.room, earlier.seq, earlier.at)
            return NonceUsed()
        room = self._rooms.get(change.room)
        if room is None:
            room = self._room(
                change.room, RoomKind.PUBLIC if change.to is None else RoomKind.DIRECT
            )
            for person in (*(change.to or ()), change.sender) if change.to is not None else ():
                self._membership(change.room, person.id).inserted = 0
        message = Message(
            room=change.room,
            seq=self._next_seq(room),
            at=self._at,
            sender=change.sender,
            text=change.text,
            me=change.me,
            to=change.to,
        )
        if key is not None:
            self._nonces[key] = message
        others = None if change.to is None else msgspec.json.encode(change.to).decode()
        self._enter(room, message, change.sender, change.text, me=change.me, others=others, key=key)
        return Appended(message)

    def _append_topic(self, name: str, sender: Person, text: str) -> Outcome:
        room = self._room(name, RoomKind.PUBLIC)
        topic = Topic(room=name, seq=self._next_seq(room), at=self._at, sender=sender, text=text)
        room.topic = text
        self._enter(room, topic, sender, text)
        return Appended(topic)

    def _enter(
        self,
        room: _Room,
        event: LogEvent,
        sender: Person,
        text: str,
        *,
        me: bool = False,
        others: str | None = None,
        key: str | None = None,
    ) -> None:
        row = {
            "seq": event.seq,
            "kind": "message" if isinstance(event, Message) else "topic",
            "at_ms": self._now_ms,
            "user_id": sender.id,
            "user_name": sender.name,
            "text": text,
            "me": me,
            "others": others,
            "nonce": key,
        }
        self._entries.append((room, row))

    def _room(self, name: str, kind: RoomKind) -> _Room:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room(None, name, kind.value, "", 0)
        return room

    def _next_seq(self, room: _Room) -> int:
        room.last += 1
        room.changed = True
        return room.last

    def _membership(self, room: str, user_id: str) -> _Membership:
        return self._members.setdefault((room, user_id), _Membership())

    # --- writing

    def _write(self) -> None:
        execute = self._connection.execute
        self._write_rooms()
        if self._users:
            execute(insert_or_replace(self._connection, users), list(self._users.values()))
        kept = [row for row in self._sessions.values() if row is not None]
        if kept:
            execute(insert_or_replace(self._connection, sessions), kept)
        ended = [{"token": token} for token, row in self._sessions.items() if row is None]
        if ended:
            execute(_END_SESSIONS, ended)
        if self._entries:
            for room, row in self._entries:
                row["room_id"] = room.id
            execute(_INSERT_EVENTS, [row for _, row in self._entries])
        self._write_members()

    def _write_rooms(self) -> None:
        for room in self._rooms.values():
            if room.id is None:
                result = self._connection.execute(
                    _INSERT_ROOMS,
                    {
                        "name": room.name,
                        "kind": room.kind,
                        "topic": room.topic,
                        "first_seq": 1,
                        "last_seq": room.last,
                    },
                )
                assert result.inserted_primary_key is not None
                room.id = result.inserted_primary_key[0]
                room.changed = False
        changed = [
            {"room": room.id, "last": room.last, "subject": room.topic}
            for room in self._rooms.values()
            if room.changed
        ]
        if changed:
            self._connection.execute(_UPDATE_ROOMS, changed)

    def _write_members(self) -> None:
        removed, inserted, moved = [], [], []
        for (name, user_id), membership in self._members.items():
            room = self._rooms.get(name)
            if room is None:
                continue
            place = {"room": room.id, "user": user_id}
            if membership.removed:
                removed.append(place)
            if membership.inserted is not None:
                inserted.append(
                    {"room_id": room.id, "user_id": user_id, "read_seq": membership.inserted}
                )
            if membership.moved is not None:
                moved.append({**place, "read": membership.moved})
        if removed:
            self._connection.execute(_REMOVE_MEMBERS, removed)
        if inserted:
            self._connection.execute(insert_or_ignore(self._connection, members), inserted)
        if moved:
            self._connection.execute(_MOVE_READS, moved)


def read_event(row: Row[Any], room: str) -> LogEvent:
    """A row of `events` as the event that was delivered when it was appended."""
    sender = Person(row.user_id, row.user_name)
    at = format_instant(row.at_ms)
    if row.kind == "topic":
        return Topic(room=room, seq=row.seq, at=at, sender=sender, text=row.text)
    to = None if row.others is None else _PEOPLE.decode(row.others)
    return Message(room=room, seq=row.seq, at=at, sender=sender, text=row.text, me=row.me, to=to)


def _nonce_key(change: AppendMessage) -> str:
    return f"{change.sender.id}:{change.nonce}"


def _same(earlier: Message, change: AppendMessage) -> bool:
    said = (earlier.room, earlier.text, earlier.me) == (change.room, change.text, change.me)
    return said and _ids(earlier.to) == _ids(change.to)


def _ids(people: tuple[Person, ...] | None) -> set[str] | None:
    return None if people is None else {person.id for person in people}


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
