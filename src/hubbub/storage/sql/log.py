"""The entries of the rooms' logs: the statements that write them, pages, and searches."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Insert,
    Select,
    Text,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    update,
)

from hubbub.protocol.events import LogEvent, Message
from hubbub.storage.interface import SEARCHED, Budget
from hubbub.storage.records import LogPage, RoomRecord, SearchPage
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import Contains, JsonItem, insert_each, listed
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.entries import log_event, text_bytes
from hubbub.storage.sql.rooms import ROOM, ROOM_BY_ID, room_record
from hubbub.storage.sql.schema import DELETED_MESSAGE, MESSAGE, events, rooms

SEQ_MAX = 2**63 - 1
SEARCH_S = 60.0
"""How long a search may take for which nobody said so."""

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


class SqlLog:
    """The logs in a database; see `hubbub.storage.interface.LogReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def page(
        self,
        room: str,
        *,
        room_id: int = 0,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        """See LogReads."""
        backward = after is None
        mark = SEQ_MAX if before is None else before
        query = PAGE_BEFORE if backward else PAGE_AFTER
        with self._connections.reading() as driver:
            found = _room(driver, room, room_id)
            if found is None:
                return LogPage((), False, 1, 0)
            room_id, record = found
            first, last = record.first, record.last
            seq = min(mark if after is None else after, SEQ_MAX)
            values = {"room_id": room_id, "seq": seq, "limit": limit}
            events = _read(driver, query, values, room, limit_bytes)
        if backward:
            events.reverse()
            more = bool(events) and events[0].seq > first
        else:
            more = bool(events) and events[-1].seq < last
        return LogPage(tuple(events), more, first, last)

    def search(
        self,
        room: str,
        text: str,
        *,
        room_id: int = 0,
        before: int | None,
        limit: int,
        entries: int = SEARCHED,
        budget: Budget | None = None,
    ) -> SearchPage:
        """See LogReads."""
        with self._connections.searching(budget or Budget(SEARCH_S)) as driver:
            found = _room(driver, room, room_id)
            if found is None:
                return SearchPage((), None)
            room_id, record = found
            end = min(record.last + 1, SEQ_MAX if before is None else before)
            floor = max(record.first, end - entries)
            values = {"room_id": room_id, "before": end, "floor": floor, "limit": limit}
            rows = driver.read(SEARCH, values | search_forms(text))
        events = [event for row in rows if isinstance(event := log_event(room, row), Message)]
        if len(events) == limit:
            floor = events[-1].seq
        return SearchPage(tuple(events), floor if floor > record.first else None)


def _room(driver: Driver, name: str, room_id: int) -> tuple[int, RoomRecord] | None:
    """A room and its id, by that id or, where it is 0, by the name."""
    if room_id:
        row = driver.first(ROOM_BY_ID, {"id": room_id})
    else:
        row = driver.first(ROOM, {"name": name})
    return None if row is None else (row[0], room_record(row[1:]))


def _read(
    driver: Driver, query: Select[Any], values: dict[str, Any], room: str, limit_bytes: int
) -> list[LogEvent]:
    """As many entries as fit into `limit_bytes` of text, the first whatever its length."""
    events: list[LogEvent] = []
    size = 0
    for row in driver.rows(query, values):
        event = log_event(room, row)
        size += text_bytes(event)
        if size > limit_bytes and events:
            break
        events.append(event)
    return events


@lru_cache(maxsize=8)
def _text(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def insert_rows(connection: Connection, statement: Insert, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows whose values stand in the order of the table's columns.

    The driver gets them as they are: building its parameters from dicts was measured at a third
    of the whole cost of an appended message.
    """
    connection.exec_driver_sql(_text(statement, connection.dialect), list(rows))


def search_forms(text: str) -> dict[str, str | None]:
    """What a search is for, as Contains takes it, in the cases in which people write.

    A form that is the same as one before it is None, which nothing contains.
    """
    forms = {"typed": text, "lower": text.lower(), "upper": text.upper(), "title": text.title()}
    found: dict[str, str | None] = {}
    for name, form in forms.items():
        # Of bytes, `lower` knows ASCII alone.
        small = form.encode().lower().decode()
        found[name] = None if small in found.values() else small
    return found
