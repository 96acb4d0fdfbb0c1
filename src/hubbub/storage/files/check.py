"""What is wrong with a log, found by SQLite's own checks and by counting."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hubbub.errors import StorageError
from hubbub.storage.files.snapshot import Snapshot, reading

MOST = 100
"""How many findings of one kind are told."""
CACHE_KIB = 64 * 1024

_ROOMS = """
SELECT name, first_seq, last_seq, stored, oldest, newest FROM (
  SELECT rooms.id, name, first_seq, last_seq, count(seq) AS stored,
         min(seq) AS oldest, max(seq) AS newest
  FROM rooms LEFT JOIN events ON room_id = rooms.id GROUP BY rooms.id
) AS found
WHERE stored <> last_seq - first_seq + 1
   OR stored > 0 AND (oldest <> first_seq OR newest <> last_seq)
ORDER BY name
"""
_HOLES = """
SELECT seq + 1, next - 1 FROM (
  SELECT seq, lead(seq) OVER (ORDER BY seq) AS next
  FROM events WHERE room_id = (SELECT id FROM rooms WHERE name = ?)
) AS found
WHERE next > seq + 1
"""
_NO_SUCH_ROW = """
SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY "table", parent
"""
_NO_SUCH_USER = """
SELECT '{table}', count(*) FROM {table}
WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = user_id) HAVING count(*) > 0
"""
_READ_PAST_END = """
SELECT name, count(*), last_seq FROM members JOIN rooms ON rooms.id = room_id
WHERE read_seq > last_seq GROUP BY name, last_seq ORDER BY name
"""
_SIZE = """
SELECT (SELECT count(*) FROM rooms), (SELECT count(*) FROM events), (SELECT count(*) FROM users)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What a log holds."""

    rooms: int
    events: int
    users: int


def check(log: Path | str) -> tuple[Size | None, list[str]]:
    """Reads the whole log at this moment: how much there is, and what is wrong, a line each.

    The log is a file, or the URL of a PostgreSQL database. At most `MOST` lines of a kind. Without
    a size the file could not be read to its end. Raises StorageError where there is no log or none
    of hubbub's, NewerDatabase.
    """
    found: list[str] = []
    size = None
    try:
        with reading(log) as connection:
            sections = [_rooms, _users, _markers]
            if isinstance(log, Path):
                # PostgreSQL sees to its pages and to what rows refer to by itself.
                connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
                sections = [_pages, _rooms, _parents, _users, _markers]
            for section in sections:
                found.extend(section(connection))
            size = Size(*connection.execute(_SIZE).fetchone())
    except sqlite3.OperationalError as error:
        raise StorageError(f"The log {log} cannot be checked: {error}.") from error
    except sqlite3.DatabaseError as error:
        found.append(f"the file cannot be read to its end: {error}")
    return size, found


def _pages(connection: Snapshot) -> Iterator[str]:
    """Whether the file and its indexes are what SQLite wrote."""
    for (verdict,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if verdict != "ok":
            yield from (f"file: {line}" for line in verdict.splitlines() if line)


def _rooms(connection: Snapshot) -> Iterator[str]:
    """Whether each room has every seq from its first to its last."""
    damaged = connection.execute(_ROOMS).fetchmany(MOST)
    for name, first, last, stored, oldest, newest in damaged:
        if not stored:
            yield f"room {name}: it should have the seqs {first} to {last} and has none"
            continue
        if oldest != first:
            yield f"room {name}: its first seq should be {first} and is {oldest}"
        if newest != last:
            yield f"room {name}: its last seq should be {last} and is {newest}"
        if stored != newest - oldest + 1:
            for start, end in connection.execute(_HOLES, (name,)).fetchmany(MOST):
                seqs = f"seq {start} is" if start == end else f"the seqs {start} to {end} are"
                yield f"room {name}: {seqs} missing"


def _parents(connection: Snapshot) -> Iterator[str]:
    """Whether what a row refers to is there."""
    for table, parent, count in connection.execute(_NO_SUCH_ROW).fetchmany(MOST):
        yield f"{table}: {count} of them name something in {parent} that is not there"


def _users(connection: Snapshot) -> Iterator[str]:
    """Whether the users are there whom a row names."""
    for table in ("members", "sessions"):
        for _, count in connection.execute(_NO_SUCH_USER.format(table=table)):
            yield f"{table}: {count} of them name a user that is not there"


def _markers(connection: Snapshot) -> Iterator[str]:
    """Whether nobody has read what was never said."""
    for name, count, last in connection.execute(_READ_PAST_END).fetchmany(MOST):
        yield f"room {name}: {count} read markers are past its last seq, {last}"
