"""The statements, built once, so that SQLAlchemy finds each compiled form in its cache.

Lists are passed as one JSON array and not as so many parameters: the text of a statement stays
the same whatever the length of the list.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Insert,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from hubbub.model import Role, RoomKind
from hubbub.storage.sql.dialects import (
    Contains,
    ForEach,
    JsonItem,
    insert_each,
    json_rows,
    listed,
    upsert,
)
from hubbub.storage.sql.schema import (
    DELETED_MESSAGE,
    MESSAGE,
    events,
    former_names,
    members,
    meta,
    rooms,
    users,
)


@lru_cache(maxsize=8)
def _text(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def insert_rows(connection: Connection, statement: Insert, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows whose values stand in the order of the table's columns.

    The driver gets them as they are: building its parameters from dicts was measured at a third
    of the whole cost of an appended message.
    """
    connection.exec_driver_sql(_text(statement, connection.dialect), list(rows))


# --- meta

META = select(meta.c.key, meta.c.value)
SAVE_META = upsert(meta, ["value"])
CHANGES = select(meta.c.value).where(meta.c.key == "changes")
COUNT_CHANGES = (
    update(meta)
    .where(meta.c.key == "changes")
    .values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
)

# --- rooms and their logs

_room = (
    rooms.c.name,
    rooms.c.kind,
    rooms.c.topic,
    rooms.c.first_seq,
    rooms.c.last_seq,
    rooms.c.read_only,
    rooms.c.archived,
)
_entry = (
    events.c.seq,
    events.c.kind,
    events.c.at_ms,
    events.c.user_id,
    events.c.user_name,
    events.c.text,
    events.c.me,
    events.c.others,
)

ROOM = select(rooms.c.id, *_room).where(rooms.c.name == bindparam("name"))
ROOM_BY_ID = select(rooms.c.id, *_room).where(rooms.c.id == bindparam("id"))
_names = listed("names")
# In one order, so that two batches with the same rooms do not wait for each other; SQLite, where
# one process writes, has no locks on rows.
ROOMS = (
    select(rooms.c.id, *_room)
    .where(rooms.c.name.in_(select(_names.c.value)))
    .order_by(rooms.c.id)
    .with_for_update()
)
FORMER_ROOMS = (
    select(former_names.c.name, rooms.c.id, *_room)
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
    select(*_room)
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
    select(rooms.c.id, *_room)
    .join_from(former_names, rooms, rooms.c.id == former_names.c.room_id)
    .where(former_names.c.name == bindparam("name"))
)
SAVE_FORMER_NAMES = upsert(former_names, ["room_id"])
DELETE_FORMER_NAMES_OF = delete(former_names).where(former_names.c.room_id == bindparam("of_room"))
DELETE_FORMER_NAMES = delete(former_names).where(former_names.c.name == bindparam("of"))

PAGE_AFTER = (
    select(*_entry)
    .where(events.c.room_id == bindparam("room_id"), events.c.seq > bindparam("seq"))
    .order_by(events.c.seq)
    .limit(bindparam("limit"))
)
PAGE_BEFORE = (
    select(*_entry)
    .where(events.c.room_id == bindparam("room_id"), events.c.seq < bindparam("seq"))
    .order_by(events.c.seq.desc())
    .limit(bindparam("limit"))
)
_pairs = listed("pairs")
NONCES = (
    select(events.c.nonce, rooms.c.name, *_entry)
    .join_from(
        _pairs,
        events,
        and_(
            events.c.user_id == JsonItem(_pairs.c.value, literal_column("0")),
            events.c.nonce == JsonItem(_pairs.c.value, literal_column("1")),
        ),
    )
    .join(rooms, rooms.c.id == events.c.room_id)
)
INSERT_EVENTS = insert_each(events)
WIPE_MESSAGES = (
    update(events)
    .where(
        events.c.room_id == bindparam("of_room"),
        events.c.seq == bindparam("target"),
        events.c.kind == MESSAGE,
    )
    .values(kind=DELETED_MESSAGE, text="", me=0)
)
_forms = ("typed", "lower", "upper", "title")
SEARCH = (
    select(*_entry)
    .where(
        events.c.room_id == bindparam("room_id"),
        events.c.seq < bindparam("before"),
        events.c.seq >= bindparam("floor"),
        events.c.kind == MESSAGE,
        or_(*(Contains(events.c.text, bindparam(each, type_=Text())) for each in _forms)),
    )
    .order_by(events.c.seq.desc())
    .limit(bindparam("limit"))
)
"""The two cases of an ASCII letter are one for Contains; of the others the forms do."""

# --- the beginnings of logs, which retention takes

# As a join it would begin with the events, of which there are many more.
_begun_ms = (
    select(events.c.at_ms)
    .where(events.c.room_id == rooms.c.id, events.c.seq == rooms.c.first_seq)
    .scalar_subquery()
)
AGED = select(rooms.c.name).where(_begun_ms < bindparam("before_ms")).limit(bindparam("limit"))
OLDEST = (
    select(events.c.seq, events.c.at_ms)
    .where(events.c.room_id == bindparam("room_id"))
    .order_by(events.c.seq)
    .limit(bindparam("limit"))
)
DELETE_BEFORE = delete(events).where(
    events.c.room_id == bindparam("of"), events.c.seq < bindparam("first_seq")
)
MOVE_FIRST = (
    update(rooms).where(rooms.c.id == bindparam("of")).values(first_seq=bindparam("first_seq"))
)

# --- members

DIRECT_MEMBERS = (
    select(users.c.id, users.c.name)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .join(users, users.c.id == members.c.user_id)
    .where(rooms.c.name == bindparam("name"))
    .order_by(users.c.id)
)
MEMBERSHIPS = (
    select(*_room, members.c.read_seq, members.c.notify, members.c.role)
    .join_from(members, rooms, members.c.room_id == rooms.c.id)
    .where(members.c.user_id == bindparam("user_id"))
    .order_by(rooms.c.name)
)
PRIVATE_ROOMS = (
    select(*_room)
    .join_from(members, rooms, members.c.room_id == rooms.c.id)
    .where(
        members.c.user_id == bindparam("user_id"),
        rooms.c.kind == RoomKind.PRIVATE.value,
    )
    .order_by(rooms.c.name)
)
MEMBERSHIP = (
    select(*_room, members.c.read_seq, members.c.notify, members.c.role)
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
