"""A log as JSON lines, written while the server goes on, in memory that does not grow with it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from hubbub.errors import StorageError
from hubbub.model import NotifyLevel, Role, RoomKind, UserKind, format_instant
from hubbub.protocol.events import Message
from hubbub.storage.files.lines import (
    FORMAT,
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
    encoder,
)
from hubbub.storage.files.snapshot import Progress, Rows, Snapshot, reading
from hubbub.storage.records import ADDRESS
from hubbub.storage.sql.entries import log_event
from hubbub.storage.sql.moderation import sanction
from hubbub.version import __version__

STEP_LINES = 1000

_USERS = "SELECT id, name, name_key, kind, saved_ms, role FROM users ORDER BY id"
_ROOMS = """
SELECT name, kind, topic, first_seq, last_seq, read_only, archived,
       (SELECT json_group_array(former_names.name) FROM former_names WHERE room_id = rooms.id)
FROM rooms ORDER BY id
"""
_SANCTIONS = """
SELECT kind, room, against, subject, whom, made_by, at_ms, ends_ms, reason FROM sanctions
WHERE against <> 'address' ORDER BY at_ms, kind, room, against, subject
"""
_AUDIT = """
SELECT at_ms, act, made_by, whom, room, reason, by_id, whom_id FROM audit ORDER BY id
"""
_IGNORED = "SELECT user_id, ignored_id FROM ignored ORDER BY user_id, ignored_id"
_MEMBERS = """
SELECT rooms.name, user_id, read_seq, notify, role FROM members JOIN rooms ON rooms.id = room_id
ORDER BY room_id, user_id
"""
# In the order of the table itself: any other would read its pages over and over.
_EVENTS = """
SELECT rooms.name, seq, events.kind, at_ms, user_id, user_name, text, me, others, nonce
FROM events CROSS JOIN rooms ON rooms.id = room_id ORDER BY events.rowid
"""
# The same in PostgreSQL's words.
_ROOMS_SHARED = _ROOMS.replace("json_group_array(former_names.name)",
                               "coalesce(json_agg(former_names.name), '[]')::text")  # fmt: skip
_EVENTS_SHARED = _EVENTS.replace("CROSS JOIN", "JOIN").replace("events.rowid", "room_id, seq")
_names = msgspec.json.Decoder(tuple[str, ...])


def export(
    log: Path | str,
    write: Callable[[bytes], object],
    now_ms: int,
    progress: Progress = lambda done, total: None,
) -> End:
    """Writes the log, a file or the URL of a PostgreSQL database, as it is at this moment; how much
    it was. `progress` counts entries.

    Sessions stay behind: whoever has the file must not be able to be one of its users. Raises
    StorageError, NewerDatabase; what was written by then lacks its end.
    """
    try:
        with reading(log) as connection:
            rooms, entries = _ROOMS, _EVENTS
            if not isinstance(log, Path):
                rooms, entries = _ROOMS_SHARED, _EVENTS_SHARED
            parts = (
                _users(connection),
                _rooms(connection.execute(rooms)),
                _members(connection),
                _moderation(connection),
            )
            return _export(
                connection, parts, _entries(connection.execute(entries)), write, now_ms, progress
            )
    except sqlite3.Error as error:
        raise StorageError(
            f"The log {log} was not exported: {error}. `hubbub check` tells more."
        ) from error


def _export(
    connection: Snapshot,
    parts: Sequence[Iterator[Line]],
    entries: Iterator[EntryLine],
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
    for lines in parts:
        count = 0
        for line in lines:
            put(line)
            count += 1
        counts.append(count)
    (total,) = connection.execute("SELECT count(*) FROM events").fetchone()
    events = 0
    for entry in entries:
        put(entry)
        events += 1
        if events % STEP_LINES == 0:
            progress(events, total)
    progress(total, total)
    end = End(users=counts[0], rooms=counts[1], members=counts[2], events=events)
    put(end)
    return end


def _users(connection: Snapshot) -> Iterator[UserLine]:
    for user_id, name, key, kind, saved_ms, role in connection.execute(_USERS):
        yield UserLine(
            id=user_id,
            name=name,
            key=key,
            kind=UserKind(kind),
            saved=format_instant(saved_ms),
            role=Role(role),
        )


def _rooms(rows: Rows) -> Iterator[RoomLine]:
    for name, kind, topic, first, last, read_only, archived, former in rows:
        yield RoomLine(
            name=name,
            kind=RoomKind(kind),
            topic=topic,
            first=first,
            last=last,
            read_only=bool(read_only),
            archived=bool(archived),
            former=_names.decode(former),
        )


def _members(connection: Snapshot) -> Iterator[MemberLine]:
    for room, user, read, level, role in connection.execute(_MEMBERS):
        notify = NotifyLevel(level)
        yield MemberLine(room=room, user=user, read=read, notify=notify, role=Role(role))


def _moderation(connection: Snapshot) -> Iterator[ModerationLine]:
    for user, whom in connection.execute(_IGNORED):
        yield IgnoredLine(user=user, whom=whom)
    for row in connection.execute(_SANCTIONS):
        held = sanction(row)
        yield SanctionLine(
            kind=held.kind,
            room=held.room,
            against=held.against,
            subject=held.subject,
            whom=held.whom,
            by=held.by,
            at=format_instant(held.at_ms),
            until=None if held.ends_ms is None else format_instant(held.ends_ms),
            reason=held.reason,
        )
    for at_ms, act, by, whom, room, reason, *ids in connection.execute(_AUDIT):
        at = format_instant(at_ms)
        if whom.startswith(f"{ADDRESS} "):
            whom = ADDRESS
        yield AuditLine(
            at=at,
            act=act,
            by=by,
            whom=whom,
            room=room,
            reason=reason,
            by_id=ids[0],
            whom_id=ids[1],
        )


def _entries(rows: Rows) -> Iterator[EntryLine]:
    for name, *row, nonce in rows:
        event = log_event(name, row)
        yield _said(event, nonce) if isinstance(event, Message) else event


def _said(message: Message, nonce: str | None) -> MessageLine:
    return MessageLine(
        room=message.room,
        seq=message.seq,
        at=message.at,
        sender=message.sender,
        text=message.text,
        me=message.me,
        to=message.to,
        nonce=nonce,
        deleted=message.deleted,
    )
