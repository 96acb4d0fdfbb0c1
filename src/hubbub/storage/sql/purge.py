"""What nothing names any more is deleted, also where several servers do so at once."""

from typing import Any

from sqlalchemy import Connection

from hubbub.storage.sql import people_queries

# A guest is kept this long after its SaveUser even while nothing names it yet: its session or its
# direct room may come with a later commit.
GUEST_GRACE_MS = 24 * 60 * 60 * 1000


def purge(connection: Connection, now_ms: int, addresses_before_ms: int) -> int:
    """Deletes within the transaction of the connection; see Storage.purge."""
    values: dict[str, Any] = {
        "now_ms": now_ms,
        "saved_before_ms": now_ms - GUEST_GRACE_MS,
        "addresses_before_ms": addresses_before_ms,
    }
    gone = 0
    for statement in people_queries.PURGES:
        gone += connection.execute(statement, values).rowcount
    # Locked first and looked at again: somebody may be coming in.
    empty = connection.scalars(people_queries.EMPTY_ROOMS).all()
    if empty:
        ids = [{"of_room": room_id} for room_id in empty]
        gone += connection.execute(people_queries.DELETE_EMPTY_ROOMS, ids).rowcount
    return gone
