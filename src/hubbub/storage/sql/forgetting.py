"""How a user is taken out of the log, step by step."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from hubbub.model import DELETED_USER
from hubbub.protocol.events import Person
from hubbub.storage.sql.meta import COUNT_CHANGES
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
    connection.execute(COUNT_CHANGES)
