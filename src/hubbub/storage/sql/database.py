"""A Storage in a database: the frame around its reads and its writes."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from hubbub.errors import LogChanged, StorageError
from hubbub.storage.changes import Append, Change, Outcome
from hubbub.storage.files.personal import forget_user
from hubbub.storage.interface import Budget
from hubbub.storage.sql import migrate, node_queries, people_queries, queries
from hubbub.storage.sql.backend import Backend
from hubbub.storage.sql.commit import Writer, commit
from hubbub.storage.sql.comparing import Ends, lineage, new_epoch, note_ends, system
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.expiry import expire
from hubbub.storage.sql.lookups import Lookups
from hubbub.storage.sql.purge import purge
from hubbub.storage.sql.sharing import Sharing

if TYPE_CHECKING:
    from hubbub.storage import Durability

log = get_logger(__name__)

ALIVE_MS = 60_000
"""A node that was not seen for so long is not there any more."""
POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class Database(Lookups, Sharing):
    """The log in a database. See `hubbub.storage.interface.Storage` for what each call does."""

    def __init__(self, backend: Backend, durability: "Durability") -> None:
        self._backend = backend
        self._durability = durability
        self._closed = False
        # The commits and the housekeeping may come from different threads.
        self._writer = threading.Lock()
        self._epoch = ""
        self._node = ""
        self._changes: int | None = None
        # From before the start too: another process may have deleted something.
        self._wiped = True
        # Whether the end of the log is lost where this process is not closed.
        self._relaxed = False
        self._shared = backend.shared
        # The server's standbys have all that was acknowledged: the operator says so.
        self._synchronous = False
        self._ends: Ends = OrderedDict()

    @classmethod
    def open(
        cls,
        url: str,
        durability: "Durability",
        *,
        beside: bool = False,
        require_synchronous: bool = False,
    ) -> "Database":
        """Opens the log at a URL, makes or upgrades it where needed. Raises StorageError, LogInUse.

        With `beside` it is a log that a server has open at the same time. See `open_storage`.
        """
        backend = open_backend(url, beside=beside)
        try:
            database = cls(backend, durability)
            if require_synchronous:
                database._require_synchronous()
            if not beside:
                database._begin()
        except BaseException:
            backend.release()
            raise
        return database

    def _require_synchronous(self) -> None:
        try:
            synchronous = self._backend.is_synchronous()
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error
        if not synchronous:
            raise StorageError(
                f"require_synchronous is on, and the database {self._backend.name} has no "
                "synchronous standby: one that takes over would lack what was acknowledged. Set "
                "synchronous_standby_names, leave synchronous_commit on, and see that "
                "pg_stat_replication has a standby whose sync_state is sync or quorum; or set "
                "require_synchronous = off."
            )
        self._synchronous = True

    def _may_lack(self, former: str) -> bool:
        """Whether the server may lack what was acknowledged by one of that lineage."""
        now = lineage(self._backend.mark)
        return bool(former and now) and former != now and not self._synchronous

    def _begin(self) -> None:
        with self._connected() as connection, self._backend.migrating(connection):
            migrate.upgrade(connection, self._backend.name)
            known = {key: value for key, value in connection.execute(queries.META)}  # noqa: C416
            epoch = known.get("epoch")
            # A log that was written without a sync at each commit, and not closed, may lack its
            # end: what clients know of it may be other entries by now.
            if epoch is None or known.get("clean") != "yes":
                epoch = secrets.token_hex(8)
            now, former = lineage(self._backend.mark), known.get("lineage", "")
            if self._shared and self._may_lack(former):
                # Nodes that are there compare what they know; where there are none, clients know
                # what nobody can compare.
                if not connection.scalar(node_queries.LIVE_NODES, {"lease_ms": ALIVE_MS}):
                    epoch = new_epoch(connection)
                    log.error("another database server: the log has a new epoch", epoch=epoch)
                if system(former) != system(now):
                    # A copy: its nodes and those of the other one are strangers to each other.
                    self._save_meta(connection, "bus", secrets.token_hex(8))
            self._epoch = epoch
            relaxed = self._durability == "normal" and not self._shared
            rows = {"epoch": epoch, "clean": "no" if relaxed else "yes"}
            if now:
                rows["lineage"] = now
            for key, value in rows.items():
                self._save_meta(connection, key, value)
        if relaxed:
            # Only now: that the log is open must be on the disk before what may be lost.
            self._backend.relax()
            self._relaxed = True

    def _save_meta(self, connection: Connection, key: str, value: str) -> None:
        saved = queries.SAVE_META.of(connection.dialect)
        connection.execute(saved, [{"key": key, "value": value}])

    @property
    def epoch(self) -> str:
        """See Storage."""
        return self._epoch

    # --- writing

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """See Storage."""
        if not changes:
            return []
        try:
            with self._writer:
                self._check_open()
                self._wiped |= any(isinstance(c, Append) and c.erases for c in changes)
                by = Writer(self._node, self._epoch, self._shared, self._backend.clocked)
                outcomes = commit(self._backend.committer, changes, now_ms, by)
                if self._shared:
                    note_ends(self._ends, outcomes)
                return outcomes
        except LogChanged:
            self._backend.shut()
            raise
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error

    def renew_sessions(self, ends_ms: Mapping[bytes, int], now_ms: int) -> None:
        """See Storage."""
        if not ends_ms:
            return
        rows = [{"of": of, "end_ms": end, "now_ms": now_ms} for of, end in sorted(ends_ms.items())]
        with self._writing() as connection:
            connection.execute(people_queries.RENEW_SESSIONS, rows)

    def purge(self, now_ms: int, addresses_before_ms: int) -> int:
        """See Storage."""
        with self._writing() as connection:
            # Two at once would wait for each other, and find nothing.
            first = self._backend.quicker(connection, "purge")
            gone = purge(connection, now_ms, addresses_before_ms) if first else 0
        if self._wiped:
            # What was said before stands in the file's journal until that is begun anew.
            self._wiped = not self._fold()
        return gone

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        """See Storage."""
        count = forget_user(self._writing, user_id, purge=purge)
        self._wiped = not self._fold()
        return count

    def _fold(self) -> bool:
        try:
            return self._backend.fold()
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        """See Storage."""
        with self._writing() as connection:
            return expire(connection, rooms, before_ms, limit)

    def secret(self, key: str, make: Callable[[], str]) -> str:
        """See Storage."""
        with self._connected() as connection, self._backend.migrating(connection):
            known = {key: value for key, value in connection.execute(queries.META)}  # noqa: C416
            if key not in known:
                known[key] = make()
                self._save_meta(connection, key, known[key])
            return str(known[key])

    def changed_elsewhere(self) -> bool:
        """See Storage."""
        try:
            with self._writer:
                self._check_open()
                changes = self._backend.changes()
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error
        former, self._changes = self._changes, changes
        changed = former not in (None, changes)
        # What it may have deleted is in the journal until that is emptied.
        self._wiped = self._wiped or changed
        return changed

    # --- the end

    def close(self) -> None:
        """See Storage."""
        with self._writer:
            if self._closed:
                return
            self._closed = True
        try:
            if self._relaxed:
                # It is synced, and with it all that was written before.
                with self._backend.writer.begin() as connection:
                    self._save_meta(connection, "clean", "yes")
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error
        finally:
            self._backend.release()

    # --- connections

    def _reading(self) -> AbstractContextManager[Driver]:
        """A connection to read with, all of it as it is at one moment."""
        return self._reader(Driver.transaction)

    def _asking(self) -> AbstractContextManager[Driver]:
        """The same for one query alone."""
        return self._reader(Driver.lookup)

    @contextmanager
    def _searching(self, budget: Budget) -> Iterator[Driver]:
        """A connection to search with, all as it is at one moment. Raises OutOfTime."""
        with budget.running():
            try:
                self._check_open()
                with self._backend.searcher(budget) as driver:
                    yield driver
            except SQLAlchemyError as error:
                raise self._backend.explain(error) from error

    @contextmanager
    def _reader(self, span: Callable[[Driver], AbstractContextManager[None]]) -> Iterator[Driver]:
        try:
            self._check_open()
            with self._backend.reader() as driver, span(driver):
                yield driver
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            # Where others write too, this process need not be one at a time either.
            with nullcontext() if self._shared else self._writer:
                self._check_open()
                with self._backend.writer.connect() as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.begin():
            yield connection

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The log was closed; the server is stopping.")


def open_backend(url: str, *, beside: bool = False) -> Backend:
    """The place that a URL names. Raises StorageError, LogInUse."""
    scheme, _, rest = url.partition("://")
    if scheme in POSTGRES:
        from hubbub.storage.sql.postgres import PostgresServer

        return PostgresServer(url)
    # Not by SQLAlchemy's parser: a path may have a `?` in it.
    name = rest.removeprefix("/")
    if scheme != "sqlite" or name == rest or name in {"", ":memory:"}:
        raise StorageError(
            f"There is no storage for {scheme}://…; a log is kept at sqlite:///path/to/file.db or "
            "postgresql://user@host/database."
        )
    from hubbub.storage.sql.sqlite import SqliteFile

    return SqliteFile(Path(name), beside=beside)


def migrate_log(url: str) -> tuple[str | None, str]:
    """See hubbub.storage.migrate_log."""
    backend = open_backend(url)
    try:
        with backend.writer.connect() as connection, backend.migrating(connection):
            former = migrate.revision(connection)
            migrate.upgrade(connection, backend.name)
        return former, migrate.REVISIONS[-1]
    except SQLAlchemyError as error:
        raise backend.explain(error) from error
    finally:
        backend.release()
