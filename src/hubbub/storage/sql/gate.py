"""Which database server a connection is to, and that none is used to a server nobody looked at.

A standby that took over, or a server that was started again, may lack the end of the log. So a new
connection is not used before this node has compared what it knows (`Nodes.compare`).
"""

import threading
from collections.abc import Callable
from typing import Any

from psycopg import Connection, Error, OperationalError, errors

ANOTHER = "this is another server than before, or it was started anew"

_MARK = """
SELECT pg_is_in_recovery(), extract(epoch FROM pg_postmaster_start_time())::text,
  (SELECT system_identifier FROM pg_control_system())::text || '.' ||
  CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
"""
# A service that has PostgreSQL's language and not its WAL tells no more.
_BARE_MARK = """
SELECT pg_is_in_recovery(), extract(epoch FROM pg_postmaster_start_time())::text, ''
"""
_TELLS_LESS = (
    errors.InsufficientPrivilege,
    errors.UndefinedFunction,
    errors.FeatureNotSupported,
    errors.ObjectNotInPrerequisiteState,
)


class AnotherServer(OperationalError):
    """The connection is to a server that was not compared yet."""


def mark_of(connection: "Connection[Any]") -> str:
    """`SYSTEM.TIMELINE@STARTED` of the server that a connection, outside of a transaction, is to.

    The part before the `@` changes with a failover, and what is after it with each start too.
    Raises ReadOnlySqlTransaction for a standby.
    """
    try:
        row = connection.execute(_MARK).fetchone()
    except _TELLS_LESS:
        row = connection.execute(_BARE_MARK).fetchone()
    assert row is not None, "a row of constants is there"
    in_recovery, started, lineage = row
    if in_recovery:
        raise errors.ReadOnlySqlTransaction("the server is in hot standby")
    return f"{lineage}@{started}"


class Gate:
    """What every connection passes. `changed` is called, from any thread, each time it is shut.

    Without it nobody would open it again, nor serves anybody: any server will do.
    """

    def __init__(self) -> None:
        self.mark = ""
        self.is_shut = False
        self.changed: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def enter(self, connection: "Connection[Any]") -> None:
        """Takes a new connection, or closes it. Raises psycopg's errors."""
        try:
            mark = mark_of(connection)
            with self._lock:
                if self.changed is None or not self.mark:
                    self.mark = mark
            if mark != self.mark:
                self.shut()
            self.check()
        except Error:
            connection.close()
            raise

    def check(self) -> None:
        """Raises AnotherServer while the gate is shut: old connections are not used either."""
        if self.is_shut:
            raise AnotherServer(ANOTHER)

    def shut(self) -> None:
        """Lets nothing through until `open`."""
        if self.changed is not None:
            self.is_shut = True
            self.changed()

    def open(self, mark: str) -> None:
        """Lets through what is to that server."""
        self.mark, self.is_shut = mark, False
