"""Statements of SQLAlchemy's, compiled once and then handed to the database's driver itself.

What SQLAlchemy adds to each execution (its context, its result, its events) was measured at five
sixths of the CPU of a lone commit, and as much of a lookup.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Engine, Insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ClauseElement

Row = Sequence[Any]
Values = dict[str, Any]


class Driver:
    """One connection of an engine's pool; what fails in a transaction is raised as DBAPIError."""

    def __init__(self, engine: Engine, begin: str) -> None:
        self._engine = engine
        self._begin = begin
        self._open()

    def _open(self) -> None:
        self._connection = self._engine.raw_connection()
        self._cursor = self._connection.cursor()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at its end, or takes everything back."""
        errors = self._engine.dialect.loaded_dbapi.Error
        try:
            self._cursor.execute(self._begin)
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._roll_back(errors)
                raise
        except errors as error:
            raise DBAPIError.instance(
                None, None, error, errors, hide_parameters=True, dialect=self._engine.dialect
            ) from error

    def _roll_back(self, errors: type[Exception]) -> None:
        try:
            self._connection.rollback()
        except errors:
            # Whatever state that connection is in, it takes the transaction with it.
            self._connection.invalidate()
            self._open()

    def run(self, text: str) -> list[Row]:
        """Runs a statement of the database's own, outside of a transaction."""
        return list(self._cursor.execute(text).fetchall())

    def rows(self, query: ClauseElement, values: Values) -> Iterator[Row]:
        """The rows of a query as they are asked for, before the next statement."""
        text, fixed = _compiled(query, self._engine.dialect, tuple(values))
        self._cursor.execute(text, values | fixed)
        return iter(self._cursor.fetchone, None)

    def read(self, query: ClauseElement, values: Values) -> list[Row]:
        """All rows of a query."""
        return list(self.rows(query, values))

    def first(self, query: ClauseElement, values: Values) -> Row | None:
        """The first row of a query."""
        return next(self.rows(query, values), None)

    def write(self, statement: ClauseElement, rows: Sequence[Values]) -> None:
        """Runs a statement once for each row; all rows have the same keys."""
        text, fixed = _compiled(statement, self._engine.dialect, tuple(rows[0]))
        self._cursor.executemany(text, [row | fixed for row in rows] if fixed else rows)

    def insert(self, statement: Insert, rows: Sequence[Row]) -> None:
        """Inserts rows whose values stand in the order of the table's columns."""
        self._cursor.executemany(_insertion(statement, self._engine.dialect), rows)

    def close(self) -> None:
        """Gives the connection back to its engine."""
        # What a cursor still holds would keep the file open.
        self._cursor.close()
        self._connection.close()


@lru_cache(maxsize=64)
def _compiled(
    statement: ClauseElement, dialect: Dialect, keys: tuple[str, ...]
) -> tuple[str, Values]:
    """The text for parameters of these names, and the values that the statement itself has."""
    # The base class does not say that each dialect takes it.
    named = type(dialect)(paramstyle="named")  # type: ignore[call-arg]
    compiled = statement.compile(dialect=named, column_keys=list(keys))
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    return str(compiled), fixed


@lru_cache(maxsize=8)
def _insertion(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))
