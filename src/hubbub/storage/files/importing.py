"""An exported log becomes a log again, all of it or nothing.

What is kept in memory meanwhile grows with users and rooms, not with what was said.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, assert_never

import msgspec
from sqlalchemy import Connection, Insert, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from hubbub.errors import BadName, StorageError
from hubbub.model import (
    DELETED_USER,
    PRIVATE,
    Role,
    RoomKind,
    UserKind,
    format_instant,
    parse_instant,
    room_name,
    user_name,
)
from hubbub.protocol.events import Entry, LogEvent, Message, Person, Settings
from hubbub.storage.files.lines import (
    FORMAT,
    LINE_BYTES,
    AuditLine,
    End,
    EntryLine,
    Head,
    IgnoredLine,
    Line,
    MemberLine,
    MessageLine,
    ModerationLine,
    RoomLine,
    SanctionLine,
    UserLine,
    decoder,
)
from hubbub.storage.sql import migrate
from hubbub.storage.sql.entries import event_row
from hubbub.storage.sql.log import insert_rows
from hubbub.storage.sql.schema import (
    audit,
    events,
    former_names,
    ignored,
    members,
    rooms,
    sanctions,
    users,
)
from hubbub.storage.sql.sqlite import SqliteFile

BATCH_ROWS = 1000

_USERS, _ROOMS, _MEMBERS = insert(users), insert(rooms), insert(members)
_FORMER_NAMES, _IGNORED = insert(former_names), insert(ignored)
_SANCTIONS, _AUDIT, _EVENTS = insert(sanctions), insert(audit), insert(events)
_ROOM_KINDS = frozenset(kind.value for kind in RoomKind)
_TWICE = {
    _FORMER_NAMES: "that former name is there twice",
    _IGNORED: "that is there twice",
    _SANCTIONS: "that ban or mute is there twice",
    _MEMBERS: "that user is in that room twice",
    _EVENTS: "that sender has used that nonce on an earlier line",
}


class _BadLine(Exception):
    """Why a line cannot be taken; `number` where that is not the last one that was read."""

    def __init__(self, reason: str, number: int | None = None) -> None:
        super().__init__(reason)
        self.number = number


def import_log(
    log: Path, source: BinaryIO, progress: Callable[[int], None] = lambda read_bytes: None
) -> End:
    """Makes the log at `log`, new or empty, what `source` says; how much that was.

    The log takes a new epoch at its next start. `progress` is told the bytes that were read.
    Raises StorageError with the line and what is wrong with it, where the log has something in it
    or is in use; then nothing was changed.
    """
    new = not log.exists()
    file = SqliteFile(log)
    done = False
    try:
        with file.writer.connect() as connection, file.migrating(connection):
            migrate.upgrade(connection, str(log))
            _check_empty(connection, log)
            end = _Import(connection).take_all(source, progress)
            connection.exec_driver_sql("DELETE FROM meta WHERE key = 'epoch'")
        done = True
        return end
    except SQLAlchemyError as error:
        raise file.explain(error) from error
    finally:
        if new and not done:
            for end_of_name in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    log.with_name(log.name + end_of_name).unlink()
        file.release()


def _check_format(data: bytes) -> None:
    """Raises _BadLine for a head of a newer format, which may have fields that are not known."""
    try:
        head = msgspec.json.decode(data, type=_AnyHead)
    except (msgspec.DecodeError, UnicodeError):
        return
    if head.format > FORMAT:
        raise _BadLine(
            f"hubbub {head.version} wrote this in format {head.format}, and this release reads up "
            f"to {FORMAT}; import it with that release or a later one"
        )


def _check_empty(connection: Connection, log: Path) -> None:
    for table in ("rooms", "users", "events"):
        if connection.exec_driver_sql(f"SELECT 1 FROM {table} LIMIT 1").first():  # noqa: S608
            raise StorageError(
                f"The log {log} has something in it, and an import begins a log; "
                "name a new folder with --data DIR."
            )


class _AnyHead(msgspec.Struct, tag="hubbub-log"):
    """What the heads of all formats have."""

    format: int
    version: str = "newer"


@dataclass(slots=True)
class _Room:
    """A room of the file: its row, and the seqs that it must have and has had."""

    id: int
    direct: bool
    next: int
    last: int


@dataclass(slots=True)
class _Import:
    """The lines of one file on their way into the tables, a batch of one kind at a time."""

    connection: Connection
    number: int = 0
    users: set[str] = field(default_factory=set)
    rooms: dict[str, _Room] = field(default_factory=dict)
    members: int = 0
    events: int = 0
    acts: int = 0
    end: End | None = None
    statement: Insert = _USERS
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def take_all(self, source: BinaryIO, progress: Callable[[int], None]) -> End:
        """Takes the file to its end. Raises StorageError."""
        read_bytes = 0
        try:
            while data := source.readline(LINE_BYTES + 1):
                self.number += 1
                read_bytes += len(data)
                self._take(data)
                if self.number % BATCH_ROWS == 0:
                    progress(read_bytes)
            self.number += 1
            if self.end is None:
                raise _BadLine("the file ends here without its `end`: it was cut off")
            return self.end
        except _BadLine as bad:
            raise StorageError(
                f"Line {bad.number or self.number}: {bad}. Nothing was imported."
            ) from None
        except OSError as error:
            raise StorageError(
                f"After line {self.number}: {error.strerror}. Nothing was imported."
            ) from error

    def _take(self, data: bytes) -> None:
        if len(data) > LINE_BYTES:
            raise _BadLine(f"it is longer than {LINE_BYTES} bytes")
        if self.number == 1:
            _check_format(data)
        try:
            line: Line = decoder.decode(data)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise _BadLine(f"it is no line of an exported log: {error}") from None
        if isinstance(line, Head) is not (self.number == 1):
            raise _BadLine("a `hubbub-log` line comes first, once")
        if self.end is not None:
            raise _BadLine("something follows the `end`")
        match line:
            case Head():
                pass
            case UserLine():
                self._user(line)
            case RoomLine():
                self._room(line)
            case MemberLine():
                self._member(line)
            case Entry():
                self._entry(line)
            case IgnoredLine() | SanctionLine() | AuditLine():
                self._moderation(line)
            case End():
                self._close(line)
            case _:
                assert_never(line)

    def _user(self, line: UserLine) -> None:
        if _key(line.name) != line.key:
            raise _BadLine(f"the key of the name {line.name!r} is not {line.key!r}")
        if line.id in self.users:
            raise _BadLine(f"the user {line.id!r} is there twice")
        self.users.add(line.id)
        if line.kind is UserKind.GUEST and line.role is not Role.GUEST:
            raise _BadLine(f"a guest cannot be {line.role.value}")
        # Exports from before there were roles have none.
        account = line.kind is not UserKind.GUEST and line.role is Role.GUEST
        role = Role.MEMBER if account else line.role
        row = (line.id, line.name, line.key, line.kind.value, _ms(line.saved), role.value)
        self._put(_USERS, row)

    def _room(self, line: RoomLine) -> None:
        direct, private = line.kind is RoomKind.DIRECT, line.kind is RoomKind.PRIVATE
        signs = line.name.startswith("@"), line.name.startswith(PRIVATE)
        if signs != (direct, private) or (not direct and not _is_room(line.name)):
            raise _BadLine(f"no {line.kind} room can have the name {line.name!r}")
        if line.name in self.rooms:
            raise _BadLine(f"the room {line.name} is there twice")
        if line.first > line.last + 1:
            raise _BadLine(f"the first seq, {line.first}, is past the last, {line.last}")
        room = _Room(len(self.rooms) + 1, direct, line.first, line.last)
        self.rooms[line.name] = room
        kind, flags = line.kind.value, (int(line.read_only), int(line.archived))
        self._put(_ROOMS, (room.id, line.name, kind, line.topic, line.first, line.last, *flags))
        for name in line.former:
            self._put(_FORMER_NAMES, (name, room.id))

    def _member(self, line: MemberLine) -> None:
        room = self._known(line.room)
        if line.user not in self.users:
            raise _BadLine(f"there is no user {line.user!r} on an earlier line")
        if line.read > room.last:
            raise _BadLine(f"nobody can have read {line.read} of {room.last}")
        self.members += 1
        self._put(_MEMBERS, (room.id, line.user, line.read, line.notify.value, line.role.value))

    def _entry(self, line: EntryLine) -> None:
        room = self._known(line.room)
        if line.seq != room.next:
            raise _BadLine(f"the next seq of {line.room} is {room.next} and not {line.seq}")
        if line.seq > room.last:
            raise _BadLine(f"the last seq of {line.room} was said to be {room.last}")
        to = line.to if isinstance(line, MessageLine) else None
        for person in (line.sender, *(to or ())):
            _check_person(person)
        if isinstance(line, MessageLine) and (to is not None) is not room.direct:
            raise _BadLine("`to` stands in messages of direct rooms, and only there")
        room.next += 1
        self.events += 1
        nonce = line.nonce or "" if isinstance(line, MessageLine) else ""
        self._put(_EVENTS, event_row(room.id, _event(line), _ms(line.at), nonce))

    def _moderation(self, line: ModerationLine) -> None:
        match line:
            case IgnoredLine(user=user, whom=whom):
                if not {user, whom} <= self.users:
                    raise _BadLine("one of these users is not on an earlier line")
                self._put(_IGNORED, (user, whom))
            case SanctionLine():
                until_ms = None if line.until is None else _ms(line.until)
                held = (line.kind.value, line.room, line.against.value, line.subject, line.whom)
                self._put(_SANCTIONS, (*held, line.by, _ms(line.at), until_ms, line.reason))
            case AuditLine():
                self.acts += 1
                act = (line.act, line.by, line.whom, line.room, line.reason)
                ids = (line.by_id, line.whom_id)
                self._put(_AUDIT, (self.acts, _ms(line.at), *act, *ids))
            case _:
                assert_never(line)

    def _known(self, name: str) -> _Room:
        room = self.rooms.get(name)
        if room is None:
            raise _BadLine(f"there is no room {name!r} on an earlier line")
        return room

    def _close(self, line: End) -> None:
        self._flush()
        came = End(
            users=len(self.users), rooms=len(self.rooms), members=self.members, events=self.events
        )
        if came != line:
            raise _BadLine(f"it counts {_counted(line)}, and {_counted(came)} came")
        for name, room in self.rooms.items():
            if room.next <= room.last:
                raise _BadLine(f"the room {name} lacks its seqs {room.next} to {room.last}")
        self.end = line

    def _put(self, statement: Insert, row: tuple[Any, ...]) -> None:
        if statement is not self.statement or len(self.rows) >= BATCH_ROWS:
            self._flush()
            self.statement = statement
        self.rows.append(row)
        self.numbers.append(self.number)

    def _flush(self) -> None:
        if not self.rows:
            return
        driver: Any = self.connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection), "an import goes into the embedded log"
        before = driver.total_changes
        try:
            insert_rows(self.connection, self.statement, self.rows)
        except IntegrityError:
            # As many as went in came before the one that did not.
            number = self.numbers[driver.total_changes - before]
            raise _BadLine(_TWICE[self.statement], number) from None
        self.rows.clear()
        self.numbers.clear()


def _key(name: str) -> str:
    try:
        found = user_name(name)
    except BadName as error:
        raise _BadLine(str(error).rstrip(".")) from None
    if found.shown != name:
        raise _BadLine(f"no user can have the name {name!r}")
    return found.key


def _check_person(person: Person) -> None:
    if not 1 <= len(person.id) <= 64:
        raise _BadLine("a user's id has 1 to 64 characters")
    if person.name != DELETED_USER:
        _key(person.name)


def _event(line: EntryLine) -> LogEvent:
    if isinstance(line, Settings) and line.kind not in _ROOM_KINDS:
        raise _BadLine(f"no room can be {line.kind!r}")
    if not isinstance(line, MessageLine):
        return line
    return Message(
        room=line.room,
        seq=line.seq,
        at=line.at,
        sender=line.sender,
        text=line.text,
        me=line.me,
        to=line.to,
        deleted=line.deleted,
    )


def _is_room(name: str) -> bool:
    try:
        return room_name(name) == name
    except BadName:
        return False


def _ms(at: str) -> int:
    try:
        at_ms = parse_instant(at)
        if format_instant(at_ms) == at:
            return at_ms
    except (ValueError, OverflowError):
        pass
    raise _BadLine(f"{at!r} is no instant such as 2026-01-31T12:00:00.000Z")


def _counted(end: End) -> str:
    return f"{end.users} users, {end.rooms} rooms, {end.members} members, {end.events} entries"
