"""A look at the log from outside the server, which may be running and goes on."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from hubbub.errors import StorageError
from hubbub.storage.sql import migrate
from hubbub.storage.sql.sqlite import BUSY_TIMEOUT_S, READER_CACHE_KIB, recognise

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class Rows(Protocol):
    """What a query has found, row by row."""

    def __iter__(self) -> Iterator[Any]: ...
    def fetchone(self) -> Any: ...
    def fetchmany(self, size: int) -> list[Any]: ...


class Snapshot(Protocol):
    """A database as it is at one moment; `?` stands for a parameter."""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Rows:
        """What a query finds."""
        ...


@contextmanager
def reading(place: Path | str) -> Iterator[Snapshot]:
    """The log in a file, or at the URL of a PostgreSQL database, as it is at this moment.

    Raises StorageError, NewerDatabase. Errors of SQLite stay what they are.
    """
    if isinstance(place, Path):
        with snapshot(place) as connection:
            yield connection
        return
    from hubbub.storage.sql.postgres_snapshot import shown

    with shown(place) as found:
        yield found


@contextmanager
def snapshot(log: Path, *, outdated: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that sees the log as it is at this moment, to the end, and cannot write.

    Raises StorageError where there is no log of hubbub's, NewerDatabase, and for one that waits
    for its upgrade, unless `outdated` ones are welcome too. Errors of SQLite stay what they are.
    """
    missing = StorageError(f"There is no log {log}; name the folder that has it with --data DIR.")
    if not log.exists():
        raise missing
    recognise(log)
    connection = _connect(log)
    try:
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN")
        # The first read is what the snapshot begins with.
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            raise missing
        version = f"SELECT version_num FROM {migrate.VERSION_TABLE}"  # noqa: S608
        (revision,) = connection.execute(version).fetchone()
        if revision != migrate.REVISIONS[-1] and not outdated:
            raise StorageError(
                f"The log {log} was written by an older hubbub; start the server once, which "
                "upgrades it."
            )
        yield connection
    finally:
        connection.close()


def _connect(log: Path) -> sqlite3.Connection:
    # Where entries wait beside the file, SQLite reads both; where none do, it makes files there
    # that only one who may write takes away again.
    if log.with_name(log.name + "-wal").exists():
        return _opened(log, "mode=ro")
    try:
        return _opened(log, "mode=rw")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise
        # A folder that cannot be written has no server that writes.
        return _opened(log, "mode=ro&immutable=1")


def _opened(log: Path, how: str) -> sqlite3.Connection:
    url = f"{log.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(url, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
