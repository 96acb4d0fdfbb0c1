"""The embedded log: how its SQLite file is recognised, locked, opened and tuned."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from hubbub.errors import DatabaseRefused, OutOfTime, StorageError
from hubbub.storage.interface import Budget
from hubbub.storage.sql import migrate
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.lock import FileLock

HEADER = b"SQLite format 3\x00"
OWN_TABLES = {migrate.VERSION_TABLE, "meta", "rooms", "events"}

WRITE, READ = "BEGIN IMMEDIATE", "BEGIN"
BUSY_TIMEOUT_S = 2.0
READERS = 4
SEARCHERS = 2
# So many steps of SQLite take 20 ms where each text has 16 KiB; each look takes Python's lock.
STEPS_PER_LOOK = 2_000
WRITER_CACHE_KIB = 16 * 1024
READER_CACHE_KIB = 4 * 1024
# 64 MiB of 4 KiB pages. A checkpoint writes a page once however often it changed: at the default
# of 1,000 pages a busy log of a million entries spent half its time in checkpoints.
CHECKPOINT_PAGES = 16_000
WAL_KEPT_BYTES = 64 * 1024 * 1024

_CAUSES = {
    sqlite3.SQLITE_FULL: "The disk that holds the log is full; free some space on it.",
    sqlite3.SQLITE_BUSY: "The log is locked by another program; end what has its file open.",
    sqlite3.SQLITE_LOCKED: "The log is locked by another program; end what has its file open.",
    sqlite3.SQLITE_IOERR: "The disk failed under the log (or a quota or limit on file sizes was "
    "reached); look at the system's messages.",
    sqlite3.SQLITE_CORRUPT: "The log is damaged; stop the server and restore a backup.",
    sqlite3.SQLITE_NOTADB: "The log is damaged; stop the server and restore a backup.",
    sqlite3.SQLITE_READONLY: "The log cannot be written; let the server write its file and folder.",
    sqlite3.SQLITE_CANTOPEN: "The log's file cannot be opened; look at its folder and permissions.",
}


class SqliteFile:
    """A database file that this process alone writes, and the connections to it.

    `writer` begins its transactions by BEGIN IMMEDIATE, those of `readers` cannot write.
    """

    shared = False
    clocked = False

    def __init__(self, path: Path, *, beside: bool = False) -> None:
        """Claims the file, unless it is written `beside` a server that has it.

        Raises StorageError, LogInUse, and then has changed nothing.
        """
        self.path = path
        recognise(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The folder {path.parent} cannot be made: {error.strerror}. "
                "Choose another with --data DIR."
            ) from error
        self._lock = None if beside else FileLock(path)
        if not beside:
            _keep_private(path)
        writing = (f"cache_size = -{WRITER_CACHE_KIB}", f"wal_autocheckpoint = {CHECKPOINT_PAGES}")
        # One connection is the committer's for good, the other does the housekeeping.
        self.writer = _engine(path, 2, WRITE, ("journal_mode = WAL", *writing))
        self._committer: Driver | None = None
        reading = (f"cache_size = -{READER_CACHE_KIB}", "query_only = ON")
        self.readers = _engine(path, READERS, READ, reading)
        self._searchers = _engine(path, SEARCHERS, READ, reading)

    @property
    def name(self) -> str:
        """Where the file is."""
        return str(self.path)

    @property
    def committer(self) -> Driver:
        """The connection that commits. Raises SQLAlchemyError."""
        if self._committer is None:
            self._committer = Driver(self.writer, WRITE)
        return self._committer

    def reader(self) -> "closing[Driver]":
        """A connection for lookups, to be given back soon. Raises SQLAlchemyError."""
        return closing(Driver(self.readers, READ))

    @contextmanager
    def searcher(self, budget: Budget) -> Iterator[Driver]:
        """See Backend."""
        with (
            closing(Driver(self._searchers, READ)) as driver,
            driver.watched(lambda: budget.over, STEPS_PER_LOOK),
            driver.transaction(),
        ):
            yield driver

    def alone(self, _what: str) -> "nullcontext[None]":
        """Nothing: no other process writes here."""
        return nullcontext()

    def quicker(self, _connection: Connection, _what: str) -> bool:
        """True: no other process writes here."""
        return True

    @property
    def mark(self) -> str:
        """Empty: a file has no server that another one could take the place of."""
        return ""

    def watch(self, _changed: Callable[[], None]) -> None:
        """Nothing: it is never shut."""

    def shut(self) -> None:
        """Nothing."""

    @contextmanager
    def comparing(self) -> Iterator[tuple[Connection, str]]:
        """See Backend."""
        with self.writer.begin() as connection:
            yield connection, ""

    def accept(self, _mark: str) -> None:
        """Nothing."""

    def is_synchronous(self) -> bool:
        """False: it is on one disk."""
        return False

    def changes(self) -> int:
        """What SQLite counts of what others write. Raises SQLAlchemyError."""
        ((version,),) = self.committer.run("PRAGMA data_version")
        return int(version)

    def relax(self) -> bool:
        """Lets commits return before they are on the disk; what the housekeeping writes is."""
        self.committer.run("PRAGMA synchronous = NORMAL")
        return True

    def fold(self) -> bool:
        """Writes the journal into the file and empties it; False where a reader is in the way."""
        # At once or the next time: nobody's post waits for a reader.
        self.committer.run("PRAGMA busy_timeout = 0")
        try:
            busy, *_ = self.committer.run("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        finally:
            self.committer.run(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        return not busy

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """A transaction of the writer's in which tables that others refer to may be rebuilt."""
        driver: Any = connection.connection.driver_connection
        # Within a transaction this pragma does nothing.
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield
        finally:
            driver.execute("PRAGMA foreign_keys = ON")

    def explain(self, error: SQLAlchemyError) -> StorageError:
        """What went wrong and what to do; never what a statement was to write."""
        if not isinstance(error, DBAPIError):
            return StorageError(f"The log cannot be used at the moment: {type(error).__name__}.")
        code = getattr(error.orig, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_INTERRUPT:
            return OutOfTime("What was asked of the log was ended: its time was over.")
        name = getattr(error.orig, "sqlite_errorname", "")
        said = f"({error.orig}{name and ', ' + name})"
        cause = _CAUSES.get(code & 0xFF)
        if cause is None:
            return DatabaseRefused(
                f"The log's database refused; this is a fault of hubbub's. {said}"
            )
        return StorageError(f"{cause} {said}")

    def release(self) -> None:
        """Closes all connections, the writer's last, and lets another process have the file."""
        self.readers.dispose()
        self._searchers.dispose()
        if self._committer is not None:
            self._committer.close()
        self.writer.dispose()
        if self._lock is not None:
            self._lock.release()


def recognise(path: Path) -> None:
    """Raises StorageError where the file is there and is no log that this release can open.

    Only reads, so that a file that is somebody else's stays as it is.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(HEADER))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StorageError(f"The log {path} cannot be read: {error.strerror}.") from error
    if not start:
        return
    stranger = StorageError(
        f"{path} is not a log of hubbub's and was left alone. "
        "Move it away, or choose another folder with --data DIR."
    )
    if start != HEADER:
        raise stranger
    # What has not been folded into the file is read too; where there is nothing, `immutable` keeps
    # SQLite from making files beside the database.
    wal = path.with_name(path.name + "-wal")
    query = "mode=ro" if wal.exists() and wal.stat().st_size else "mode=ro&immutable=1"
    tables, revision = set(), None
    try:
        url = f"{path.absolute().as_uri()}?{query}"
        with closing(sqlite3.connect(url, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {name for (name,) in names}
            if tables >= OWN_TABLES:
                version = f"SELECT version_num FROM {migrate.VERSION_TABLE}"  # noqa: S608
                (revision,) = connection.execute(version).fetchone() or (None,)
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"The log {path} cannot be read: {error}. It was left alone; restore a backup, or "
            "choose another folder with --data DIR."
        ) from error
    if not tables:
        return
    if revision is None:
        raise stranger
    migrate.check_known(revision, str(path))


def _keep_private(path: Path) -> None:
    """Makes the file for its owner alone, whatever the umask; SQLite gives its WAL the same."""
    with suppress(OSError):
        # What is in the way, SQLite meets as well, and says.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _engine(path: Path, connections: int, begin: str, pragmas: Iterable[str]) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S},
    )

    @event.listens_for(engine, "connect")
    def _tune(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transactions begin too late and leave out DDL.
        connection.isolation_level = None
        # What is deleted is overwritten, not only given free.
        always = ("foreign_keys = ON", "temp_store = MEMORY", "secure_delete = ON")
        for pragma in (*always, "synchronous = FULL", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
