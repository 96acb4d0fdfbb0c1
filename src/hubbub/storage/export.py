"""A log as JSON lines, written while the server goes on, in memory that does not grow with it."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hubbub import __version__
from hubbub.errors import StorageError
from hubbub.model import NotifyLevel, Role, RoomKind, UserKind, format_instant
from hubbub.protocol.events import Person
from hubbub.storage.beside import Progress, snapshot
from hubbub.storage.lines import (
    FORMAT,
    End,
    EntryLine,
    Head,
    Line,
    MemberLine,
    MessageLine,
    RoomLine,
    TopicLine,
    UserLine,
    encoder,
)
from hubbub.storage.schema import TOPIC

STEP_LINES = 1000

_USERS = "SELECT id, name, name_key, kind, saved_ms, role FROM users ORDER BY id"
_ROOMS = "SELECT name, kind, topic, first_seq, last_seq FROM rooms ORDER BY id"
_MEMBERS = """
SELECT name, user_id, read_seq, notify FROM members JOIN rooms ON rooms.id = room_id
ORDER BY room_id, user_id
"""
# In the order of the table itself: any other would read its pages over and over.
_EVENTS = """
SELECT rooms.name, seq, events.kind, at_ms, user_id, user_name, text, me, others, nonce
FROM events CROSS JOIN rooms ON rooms.id = room_id ORDER BY events.rowid
"""
_people = msgspec.json.Decoder(tuple[Person, ...])


def export(
    log: Path,
    write: Callable[[bytes], object],
    now_ms: int,
    progress: Progress = lambda done, total: None,
) -> End:
    """Writes the log as it is at this moment; how much it was. `progress` counts entries.

    Sessions stay behind: whoever has the file must not be able to be one of its users. Raises
    StorageError, NewerDatabase; what was written by then lacks its end.
    """
    try:
        with snapshot(log) as connection:
            return _export(connection, write, now_ms, progress)
    except sqlite3.Error as error:
        raise StorageError(
            f"The log {log} was not exported: {error}. `hubbub check` tells more."
        ) from error


def _export(
    connection: sqlite3.Connection,
    write: Callable[[bytes], object],
    now_ms: int,
    progress: Progress,
) -> End:
    def put(line: Line) -> None:
        write(encoder.encode(line) + b"\n")

    (epoch,) = connection.execute("SELECT max(value) FROM meta WHERE key = 'epoch'").fetchone()
    at = format_instant(now_ms)
    put(Head(format=FORMAT, version=__version__, epoch=epoch or "", at=at))
    counts = []
    for lines in (_users(connection), _rooms(connection), _members(connection)):
        count = 0
        for line in lines:
            put(line)
            count += 1
        counts.append(count)
    (total,) = connection.execute("SELECT count(*) FROM events").fetchone()
    events = 0
    for entry in _entries(connection):
        put(entry)
        events += 1
        if events % STEP_LINES == 0:
            progress(events, total)
    progress(total, total)
    end = End(users=counts[0], rooms=counts[1], members=counts[2], events=events)
    put(end)
    return end


def _users(connection: sqlite3.Connection) -> Iterator[UserLine]:
    for user_id, name, key, kind, saved_ms, role in connection.execute(_USERS):
        yield UserLine(
            id=user_id,
            name=name,
            key=key,
            kind=UserKind(kind),
            saved=format_instant(saved_ms),
            role=Role(role),
        )


def _rooms(connection: sqlite3.Connection) -> Iterator[RoomLine]:
    for name, kind, topic, first, last in connection.execute(_ROOMS):
        yield RoomLine(name=name, kind=RoomKind(kind), topic=topic, first=first, last=last)


def _members(connection: sqlite3.Connection) -> Iterator[MemberLine]:
    for room, user, read, notify in connection.execute(_MEMBERS):
        yield MemberLine(room=room, user=user, read=read, notify=NotifyLevel(notify))


def _entries(connection: sqlite3.Connection) -> Iterator[EntryLine]:
    rows = connection.execute(_EVENTS)
    for room, seq, kind, at_ms, user_id, user_name, text, me, others, nonce in rows:
        at, sender = format_instant(at_ms), Person(user_id, user_name)
        if kind == TOPIC:
            yield TopicLine(room=room, seq=seq, at=at, sender=sender, text=text)
            continue
        yield MessageLine(
            room=room,
            seq=seq,
            at=at,
            sender=sender,
            text=text,
            me=bool(me),
            to=None if others is None else _people.decode(others),
            nonce=nonce,
        )
