"""What a Database asks of the place that it is in: connections, and how that place names faults."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.storage.interface import Budget
from hubbub.storage.sql.driver import Driver

POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class Backend(Protocol):
    """A database's file or its server, and the connections to it."""

    shared: bool
    """Whether other processes write it too."""
    clocked: bool
    """Whether what is written has the instant of its own clock."""

    @property
    def name(self) -> str:
        """What messages call it; without a password."""
        ...

    @property
    def writer(self) -> Engine:
        """The connections of the housekeeping."""
        ...

    @property
    def readers(self) -> Engine:
        """The connections that cannot write."""
        ...

    @property
    def committer(self) -> Driver:
        """The connection that commits. Raises SQLAlchemyError."""
        ...

    def reader(self) -> AbstractContextManager[Driver]:
        """A connection for lookups, to be given back soon. Raises SQLAlchemyError."""
        ...

    def searcher(self, budget: Budget) -> AbstractContextManager[Driver]:
        """A transaction that reads, apart from the lookups, and is ended where the budget is over.

        Raises SQLAlchemyError, which `explain` makes an OutOfTime where that was so.
        """
        ...

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:
        """A transaction of the writer's that makes or changes tables, one process at a time."""
        ...

    def alone(self, what: str) -> AbstractContextManager[None]:
        """See Nodes."""
        ...

    def quicker(self, connection: Connection, what: str) -> bool:
        """Whether no other process does that at the moment; none begins before the transaction of
        the connection ends.
        """
        ...

    def relax(self) -> bool:
        """Lets commits return before they are on the disk; False where that is not ours to say."""
        ...

    def fold(self) -> bool:
        """Sees to it that nothing deleted is on the disk; False where that has to wait."""
        ...

    def changes(self) -> int:
        """A number that is another one where another process has written since."""
        ...

    @property
    def mark(self) -> str:
        """Which server its connections are to, `LINEAGE@START`; empty where there is none."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """From now on calls that, from any thread, each time that the connections are shut."""
        ...

    def shut(self) -> None:
        """Lets no connection be used until `accept`: the log may be another one."""
        ...

    def comparing(self) -> AbstractContextManager[tuple[Connection, str]]:
        """A transaction on a connection of its own, which is never shut, and its server's mark.

        Raises SQLAlchemyError.
        """
        ...

    def accept(self, mark: str) -> None:
        """Lets connections to that server be used, and no others."""
        ...

    def is_synchronous(self) -> bool:
        """Whether a commit waits for a standby too, and one is there. Raises SQLAlchemyError."""
        ...

    def explain(self, error: SQLAlchemyError) -> StorageError:
        """What went wrong and what to do; never what a statement was to write."""
        ...

    def release(self) -> None:
        """Closes all connections."""
        ...


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
