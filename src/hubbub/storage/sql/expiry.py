"""How the beginnings of logs are deleted, so that what stays has no hole."""

from collections.abc import Iterable
from itertools import takewhile

from sqlalchemy import Connection, bindparam, delete, select, update

from hubbub.storage.sql.dialects import json_list
from hubbub.storage.sql.rooms import ROOMS
from hubbub.storage.sql.schema import events, rooms

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


def expire(
    connection: Connection, names: Iterable[str], before_ms: int, limit: int
) -> dict[str, int]:
    """Deletes within the transaction of the connection; see Care.expire."""
    begins: dict[str, int] = {}
    moved = []
    for room_id, name, *_ in connection.execute(ROOMS, {"names": json_list(list(names))}).all():
        if limit <= 0:
            break
        values = {"room_id": room_id, "limit": limit}
        # The clock may have gone back between two runs of the server: what follows an entry that
        # stays, stays too.
        with connection.execute(OLDEST, values) as rows:
            old = [seq for seq, _ in takewhile(lambda row: row[1] < before_ms, rows)]
        if old:
            limit -= len(old)
            begins[name] = old[-1] + 1
            moved.append({"of": room_id, "first_seq": old[-1] + 1})
    if moved:
        connection.execute(DELETE_BEFORE, moved)
        connection.execute(MOVE_FIRST, moved)
    return begins
