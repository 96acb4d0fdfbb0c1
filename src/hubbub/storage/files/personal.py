"""What the log holds of one person: written out for them."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hubbub.errors import StorageError
from hubbub.model import format_instant
from hubbub.protocol.events import KINDS
from hubbub.storage.files.snapshot import Rows, Snapshot, reading
from hubbub.storage.sql.entries import log_event

_encoder = msgspec.json.Encoder()
_ENTRY_TYPES = {str(kind.__struct_config__.tag) for kind in KINDS.values()}

_ACCOUNT = "SELECT name, kind, role, saved_ms FROM users WHERE id = ?"
_SESSIONS = "SELECT device, created_ms, used_ms FROM sessions WHERE user_id = ? ORDER BY created_ms"
_ROOMS = """
SELECT name, rooms.kind, role, read_seq, notify FROM members JOIN rooms ON rooms.id = room_id
WHERE user_id = ? ORDER BY name
"""
_IGNORED = """
SELECT name FROM ignored JOIN users ON users.id = ignored_id WHERE user_id = ? ORDER BY name
"""
_BROWSERS = "SELECT endpoint FROM subscriptions WHERE user_id = ? ORDER BY endpoint"
_ACTS = """
SELECT at_ms, act, made_by, whom, room, reason FROM audit WHERE ? IN (by_id, whom_id) ORDER BY id
"""
_HELD = """
SELECT kind, room, made_by, at_ms, ends_ms, reason FROM sanctions
WHERE against = 'user' AND subject = ? ORDER BY at_ms
"""
_ENTRIES = """
SELECT rooms.name, seq, events.kind, at_ms, user_id, user_name, text, me, others
FROM events JOIN rooms ON rooms.id = room_id WHERE user_id = ? ORDER BY at_ms, rooms.name, seq
"""


def export_user(log: Path | str, user_id: str, write: Callable[[bytes], object]) -> int:
    """Writes what the log, a file or at a URL, holds of a user as lines of JSON; how many entries.

    No secret is among it. Raises StorageError, NewerDatabase.
    """
    try:
        with reading(log) as connection:
            count = 0
            for line in _lines(connection, user_id):
                write(_encoder.encode(line) + b"\n")
                count += line["type"] in _ENTRY_TYPES
            return count
    except sqlite3.Error as error:
        raise StorageError(f"The log {log} was not read: {error}.") from error


def _lines(connection: Snapshot, user_id: str) -> Iterator[dict[str, Any]]:
    def read(query: str, *values: str) -> Rows:
        return connection.execute(query, values or (user_id,))

    (name, kind, role, saved_ms) = read(_ACCOUNT).fetchone()
    at = format_instant(saved_ms)
    yield {"type": "account", "id": user_id, "name": name, "kind": kind, "role": role, "at": at}
    for device, created_ms, used_ms in read(_SESSIONS):
        created, used = format_instant(created_ms), format_instant(used_ms)
        yield {"type": "session", "device": device, "created": created, "used": used}
    for room, kind, role, seq, notify in read(_ROOMS):
        room_line = {"type": "room", "room": room, "kind": kind, "role": role}
        yield {**room_line, "read": seq, "notify": notify}
    for (other,) in read(_IGNORED):
        yield {"type": "ignored", "name": other}
    for (endpoint,) in read(_BROWSERS):
        yield {"type": "browser", "endpoint": endpoint}
    for kind, room, by, at_ms, ends_ms, reason in read(_HELD):
        held = {"type": kind, "room": room, "by": by, "at": format_instant(at_ms)}
        until = None if ends_ms is None else format_instant(ends_ms)
        yield {**held, "until": until, "reason": reason}
    for at_ms, act, by, whom, room, reason in read(_ACTS):
        entry = {"act": act, "by": by, "whom": whom, "room": room, "reason": reason}
        yield {"type": "audit", "at": format_instant(at_ms), **entry}
    for room, *row in read(_ENTRIES):
        yield msgspec.to_builtins(log_event(room, row))
