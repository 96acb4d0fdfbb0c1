"""What the log holds of one person: written out for them, or taken away."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from hubbub.errors import StorageError
from hubbub.model import DELETED_USER, format_instant
from hubbub.protocol.events import Person
from hubbub.storage.files.snapshot import Rows, Snapshot, reading
from hubbub.storage.sql import queries
from hubbub.storage.sql.entries import log_event
from hubbub.storage.sql.schema import (
    DELETED_MESSAGE,
    MESSAGE,
    audit,
    events,
    ignored,
    members,
    passwords,
    rooms,
    sanctions,
    sessions,
    subscriptions,
    users,
)

STEP_SEQS = 5_000
"""How much of a room one transaction goes through, so that whoever posts is not kept waiting."""

_people = msgspec.json.Decoder(list[Person])
_encoder = msgspec.json.Encoder()

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
                count += line["type"] in {"message", "topic", "deleted", "settings"}
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


# --- taking it away

_mine = (
    events.c.room_id == bindparam("of_room"),
    events.c.seq.between(bindparam("first"), bindparam("last")),
    events.c.user_id == bindparam("of_user"),
)
_WIPE = (
    update(events)
    .where(*_mine, events.c.kind == MESSAGE)
    .values(kind=DELETED_MESSAGE, text="", me=0)
)
_RENAME = update(events).where(*_mine).values(user_name=DELETED_USER, nonce=None)
_LAST = select(rooms.c.last_seq).where(rooms.c.id == bindparam("of_room"))
_DIRECT = select(events.c.seq, events.c.others).where(
    events.c.room_id == bindparam("of_room"),
    events.c.seq.between(bindparam("first"), bindparam("last")),
    events.c.others.is_not(None),
)
_SET_OTHERS = (
    update(events)
    .where(events.c.room_id == bindparam("of_room"), events.c.seq == bindparam("of_seq"))
    .values(others=bindparam("to_others"))
)


def forget_user(
    writing: Callable[[], AbstractContextManager[Connection]], user_id: str, *, purge: bool
) -> int:
    """Takes a user out of the log, step by step; how many entries were theirs.

    What they said stays under another name, or with `purge` loses its text. Every transaction is
    one of `writing`. The account goes first, so that nobody says anything by it meanwhile; one that
    is cut off can be done again by the user's id.
    """
    with writing() as connection:
        _forget_account(connection, user_id)
        found = connection.execute(select(rooms.c.id, rooms.c.first_seq)).all()
    count = 0
    for room_id, first in found:
        while True:
            with writing() as connection:
                # Others go on talking; what there is by now is looked at anew.
                last_seq = connection.scalar(_LAST, {"of_room": room_id}) or 0
                last = min(first + STEP_SEQS - 1, last_seq)
                place = {"of_room": room_id, "first": first, "last": last}
                if purge:
                    connection.execute(_WIPE, {**place, "of_user": user_id})
                count += connection.execute(_RENAME, {**place, "of_user": user_id}).rowcount
                _rename_recipient(connection, place, user_id)
            if last >= last_seq:
                break
            first = last + 1
    return count


def _rename_recipient(connection: Connection, place: dict[str, int], user_id: str) -> None:
    changed = []
    for seq, others in connection.execute(_DIRECT, place).all():
        if user_id not in others:
            continue
        people = [
            Person(user_id, DELETED_USER) if person.id == user_id else person
            for person in _people.decode(others)
        ]
        to_others = _encoder.encode(people).decode()
        changed.append({"of_room": place["of_room"], "of_seq": seq, "to_others": to_others})
    if changed:
        connection.execute(_SET_OTHERS, changed)


def _forget_account(connection: Connection, user_id: str) -> None:
    for table in (sessions, passwords, subscriptions, members):
        connection.execute(delete(table).where(table.c.user_id == user_id))
    either = or_(ignored.c.user_id == user_id, ignored.c.ignored_id == user_id)
    connection.execute(delete(ignored).where(either))
    name = connection.scalar(select(users.c.name).where(users.c.id == user_id))
    own = or_(sanctions.c.subject == user_id, sanctions.c.whom == (name or ""))
    connection.execute(delete(sanctions).where(own))
    for person, column in ((audit.c.by_id, audit.c.made_by), (audit.c.whom_id, audit.c.whom)):
        renamed = update(audit).where(person == user_id).values({column.name: DELETED_USER})
        connection.execute(renamed)
    if name is not None:
        by = update(sanctions).where(sanctions.c.made_by == name).values(made_by=DELETED_USER)
        connection.execute(by)
    connection.execute(delete(users).where(users.c.id == user_id))
    connection.execute(queries.COUNT_CHANGES)
