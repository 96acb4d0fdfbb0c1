"""The embedded log: how an SQLite file is opened, locked and tuned."""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from hubbub.errors import StorageError

HEADER = b"SQLite format 3\x00"
BUSY_TIMEOUT_MS = 5_000
# 16 MiB of log before it is folded into the file: a checkpoint is what makes a commit slow now and
# then, and at the default of 1,000 pages a busy server meets it many times a second.
CHECKPOINT_PAGES = 4_000
CACHE_KIB = 32 * 1024
READERS = 4


class SqliteFile:
    """A database file that this process alone writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def claim(self) -> None:
        """Makes the folder and takes the lock, which ends with the process.

        Raises StorageError where the folder cannot be written, or another hubbub has the file.
        """
        lock_path = self.path.with_name(self.path.name + ".lock")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = lock_path.open("a+")
        except OSError as error:
            raise StorageError(
                f"The log {self.path} cannot be opened: {error.strerror}. "
                "Choose a folder that can be written, with --data DIR."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read(20).strip() or "unknown"
            lock.close()
            raise StorageError(
                f"The log {self.path} is in use by another hubbub (process {owner}). "
                "Stop that one, or choose another folder with --data DIR."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def look(self) -> None:
        """Raises StorageError where the file is there and is no database of hubbub's.

        Only reads: a file that is somebody else's is left as it was.
        """
        try:
            with self.path.open("rb") as file:
                start = file.read(len(HEADER))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"The log {self.path} cannot be read: {error.strerror}.") from error
        if not start:
            return
        if start != HEADER or not self._is_ours():
            raise StorageError(
                f"{self.path} is not a log of hubbub's and was left alone. "
                "Move it away, or choose another folder with --data DIR."
            )

    def _is_ours(self) -> bool:
        # Not `immutable`: after a crash the newest tables may stand in the write-ahead log.
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
                query = "SELECT name FROM sqlite_master WHERE type = 'table'"
                tables = {name for (name,) in connection.execute(query)}
        except sqlite3.DatabaseError:
            return False
        return not tables or "alembic_version" in tables

    def engine(self, *, synchronous: str) -> Engine:
        """Connections to the file; each transaction begins by an explicit BEGIN."""
        engine = create_engine(
            f"sqlite:///{self.path}",
            poolclass=QueuePool,
            pool_size=READERS + 1,
            max_overflow=0,
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def _tune(connection: sqlite3.Connection, _record: Any) -> None:
            # The driver's own transactions begin too late and do not cover DDL.
            connection.isolation_level = None
            for pragma in (
                f"busy_timeout = {BUSY_TIMEOUT_MS}",
                "journal_mode = WAL",
                f"synchronous = {synchronous}",
                f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
                f"cache_size = -{CACHE_KIB}",
                "temp_store = MEMORY",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            writes = connection.get_execution_options().get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def release(self) -> None:
        """Lets another process have the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
