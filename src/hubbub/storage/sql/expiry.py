"""How the beginnings of logs are deleted, so that what stays has no hole."""

from collections.abc import Iterable
from itertools import takewhile

from sqlalchemy import Connection

from hubbub.storage.sql import queries
from hubbub.storage.sql.rows import json_list


def expire(
    connection: Connection, rooms: Iterable[str], before_ms: int, limit: int
) -> dict[str, int]:
    """Deletes within the transaction of the connection; see Storage.expire."""
    names = json_list(list(rooms))
    begins: dict[str, int] = {}
    moved = []
    for room_id, name, *_ in connection.execute(queries.ROOMS, {"names": names}).all():
        if limit <= 0:
            break
        values = {"room_id": room_id, "limit": limit}
        # The clock may have gone back between two runs of the server: what follows an entry that
        # stays, stays too.
        with connection.execute(queries.OLDEST, values) as rows:
            old = [seq for seq, _ in takewhile(lambda row: row[1] < before_ms, rows)]
        if old:
            limit -= len(old)
            begins[name] = old[-1] + 1
            moved.append({"of": room_id, "first_seq": old[-1] + 1})
    if moved:
        connection.execute(queries.DELETE_BEFORE, moved)
        connection.execute(queries.MOVE_FIRST, moved)
    return begins
