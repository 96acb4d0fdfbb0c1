"""A Storage in a database: parts on the same connections, and its beginning, commits, and end."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from hubbub.errors import LogChanged, StorageError
from hubbub.storage.changes import Change, Outcome
from hubbub.storage.sql import migrate
from hubbub.storage.sql.backend import Backend, open_backend
from hubbub.storage.sql.care import SqlCare
from hubbub.storage.sql.commit import Writer, commit
from hubbub.storage.sql.comparing import lineage, new_epoch, system
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.log import SqlLog
from hubbub.storage.sql.members import SqlMembers
from hubbub.storage.sql.meta import all_meta, save_meta
from hubbub.storage.sql.moderation import SqlOrder
from hubbub.storage.sql.nodes import LIVE_NODES, SqlNodes
from hubbub.storage.sql.people import SqlPeople
from hubbub.storage.sql.presence import SqlPresence
from hubbub.storage.sql.push import SqlPush
from hubbub.storage.sql.rooms import SqlRooms
from hubbub.storage.sql.standing import Standing

if TYPE_CHECKING:
    from hubbub.storage import Durability

log = get_logger(__name__)

ALIVE_MS = 60_000
"""A node that was not seen for so long is not there any more."""


class Database:
    """The log in a database. See `hubbub.storage.shared.SharedStorage` for what each part does."""

    def __init__(self, backend: Backend, durability: "Durability") -> None:
        self.backend = backend
        self.connections = Connections(backend)
        self.log = SqlLog(self.connections)
        self.rooms = SqlRooms(self.connections)
        self.members = SqlMembers(self.connections)
        self.people = SqlPeople(self.connections)
        self.order = SqlOrder(self.connections)
        self.push = SqlPush(self.connections)
        self.care = SqlCare(self.connections)
        self._standing = Standing()
        self.nodes = SqlNodes(self.connections, self._standing)
        self.presence = SqlPresence(self.connections, self._standing)
        self._durability = durability
        # Whether the end of the log is lost where this process is not closed.
        self._relaxed = False

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
        with self.connections.explaining():
            synchronous = self.backend.is_synchronous()
        if not synchronous:
            raise StorageError(
                f"require_synchronous is on, and the database {self.backend.name} has no "
                "synchronous standby: one that takes over would lack what was acknowledged. Set "
                "synchronous_standby_names, leave synchronous_commit on, and see that "
                "pg_stat_replication has a standby whose sync_state is sync or quorum; or set "
                "require_synchronous = off."
            )
        self._standing.synchronous = True

    def _begin(self) -> None:
        with self.connections.connected() as connection, self.backend.migrating(connection):
            migrate.upgrade(connection, self.backend.name)
            known = all_meta(connection)
            epoch = known.get("epoch")
            # A log that was written without a sync at each commit, and not closed, may lack its
            # end: what clients know of it may be other entries by now.
            if epoch is None or known.get("clean") != "yes":
                epoch = secrets.token_hex(8)
            now = lineage(self.backend.mark)
            if self.backend.shared:
                epoch = self._compared(connection, known.get("lineage", ""), now, epoch)
            self._standing.epoch = epoch
            relaxed = self._durability == "normal" and not self.backend.shared
            rows = {"epoch": epoch, "clean": "no" if relaxed else "yes"}
            if now:
                rows["lineage"] = now
            for key, value in rows.items():
                save_meta(connection, key, value)
        if relaxed:
            # Only now: that the log is open must be on the disk before what may be lost.
            self.backend.relax()
            self._relaxed = True

    def _compared(self, connection: Connection, former: str, now: str, epoch: str) -> str:
        """The epoch of the log that a server has which may have taken the place of another."""
        if not self._standing.may_lack(former, now):
            return epoch
        # Nodes that are there compare what they know; where there are none, clients know what
        # nobody can compare.
        if not connection.scalar(LIVE_NODES, {"lease_ms": ALIVE_MS}):
            epoch = new_epoch(connection)
            log.error("another database server: the log has a new epoch", epoch=epoch)
        if system(former) != system(now):
            # A copy: its nodes and those of the other one are strangers to each other.
            save_meta(connection, "bus", secrets.token_hex(8))
        return epoch

    @property
    def epoch(self) -> str:
        """See Storage."""
        return self._standing.epoch

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """See Storage."""
        if not changes:
            return []
        standing, backend = self._standing, self.backend
        with self.connections.committing():
            self.care.note(changes)
            by = Writer(standing.node, standing.epoch, backend.shared, backend.clocked)
            try:
                outcomes = commit(backend.committer, changes, now_ms, by)
            except LogChanged:
                backend.shut()
                raise
            if backend.shared:
                standing.note_ends(outcomes)
            return outcomes

    def close(self) -> None:
        """See Storage."""
        if not self.connections.close():
            return
        try:
            if self._relaxed:
                # It is synced, and with it all that was written before.
                with self.connections.explaining(), self.backend.writer.begin() as connection:
                    save_meta(connection, "clean", "yes")
        finally:
            self.backend.release()


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
