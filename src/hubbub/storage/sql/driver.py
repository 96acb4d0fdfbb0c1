"""Statements of SQLAlchemy's, compiled once and then handed to the database's driver itself.

What SQLAlchemy adds to each execution (its context, its result, its events) was measured at five
sixths of the CPU of a lone commit, and as much of a lookup.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql.elements import ClauseElement

from hubbub.storage.sql.dialects import ForEach, Upsert, json_list

Row = Sequence[Any]
Values = dict[str, Any]
Statement = ClauseElement | Upsert

# How the driver takes parameters by name, and by place.
_STYLES = {"sqlite": ("named", "qmark"), "postgresql": ("pyformat", "format")}
# PostgreSQL found that two transactions wait for each other, or cannot be put in an order.
_LOST_RACES = {"40P01", "40001"}


def lost_race(error: DBAPIError) -> bool:
    """Whether a transaction failed only for what another one did, and may be tried again."""
    return isinstance(error, IntegrityError) or sqlstate(error) in _LOST_RACES


def sqlstate(error: DBAPIError) -> str:
    """The code of PostgreSQL's for what went wrong, where the server itself said so."""
    return getattr(error.orig, "sqlstate", None) or ""


class Driver:
    """One connection of an engine's pool; what fails is raised as DBAPIError."""

    def __init__(
        self, engine: Engine, begin: str, check: Callable[[], None] = lambda: None
    ) -> None:
        """`check` raises an error of the driver's where the connection is not to be used now."""
        self._check = check
        self._engine = engine
        self._begin = begin
        self._lookup = self._fresh = False
        with self._named():
            self._open()

    def _open(self) -> None:
        self._connection = self._engine.raw_connection()
        self._raw: Any = self._connection.dbapi_connection
        self._cursor: Any = self._connection.cursor()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at its end, or takes everything back."""
        with self._named():
            self._start()
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def _named(self) -> Iterator[None]:
        errors = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except errors as error:
            raise DBAPIError.instance(
                None, None, error, errors, hide_parameters=True, dialect=self._engine.dialect
            ) from error

    @contextmanager
    def lookup(self) -> Iterator[None]:
        """Spans one query, which is of one moment by itself: to a server it goes without BEGIN and
        COMMIT, each of which goes there and back.
        """
        if self._engine.dialect.name == "sqlite":
            # What a cursor has not read to its end would keep the journal from being emptied.
            with self.transaction():
                yield
            return
        with self._named():
            self._lookup = self._fresh = True
            try:
                yield
            finally:
                self._lookup = self._fresh = False

    @contextmanager
    def watched(self, over: Callable[[], bool], steps: int) -> Iterator[None]:
        """Ends what runs once that is so; asked each so many steps, of SQLite alone."""
        self._raw.set_progress_handler(over, steps)
        try:
            yield
        finally:
            self._raw.set_progress_handler(None, 0)

    def _start(self) -> None:
        self._execute_first(self._begin)

    def _execute_first(self, text: str, values: Values | None = None) -> None:
        """Runs the first statement, by which is known whether the connection is still alive."""
        dialect = self._engine.dialect
        said = (text,) if values is None else (text, values)
        self._check()
        try:
            self._cursor.execute(*said)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, self._raw, self._cursor):
                raise
            # Nothing was changed by it yet. Where the database was away, all that idle are as dead.
            self._drop()
            self._engine.dispose()
            self._open()
            self._cursor.execute(*said)

    def _roll_back(self) -> None:
        try:
            self._connection.rollback()
        except self._engine.dialect.loaded_dbapi.Error:
            # Whatever state that connection is in, it takes the transaction with it; the next one
            # opens another.
            self._drop()

    def discard(self) -> None:
        """Ends the connection, whatever state it is in."""
        self._drop()

    def _drop(self) -> None:
        if self._connection.is_valid:
            self._connection.invalidate()

    def run(self, text: str) -> list[Row]:
        """Runs a statement of the database's own, outside of a transaction."""
        return list(self._cursor.execute(text).fetchall())

    def rows(self, query: Statement, values: Values) -> Iterator[Row]:
        """The rows of a query as they are asked for, before the next statement."""
        text, fixed = _compiled(query, self._engine.dialect, tuple(values))
        if self._lookup:
            assert self._fresh, "two queries are of one moment in a transaction alone"
            self._fresh = False
            self._execute_first(text, values | fixed)
        else:
            self._cursor.execute(text, values | fixed)
        return iter(self._cursor.fetchone, None)

    def read(self, query: Statement, values: Values) -> list[Row]:
        """All rows of a query."""
        return list(self.rows(query, values))

    def first(self, query: Statement, values: Values) -> Row | None:
        """The first row of a query."""
        return next(self.rows(query, values), None)

    def write(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Runs a statement once for each row; all rows have the same keys."""
        text, fixed = _compiled(statement, self._engine.dialect, tuple(rows[0]))
        self._cursor.executemany(text, [row | fixed for row in rows] if fixed else rows)

    def write_each(self, statement: ForEach, rows: Sequence[Row]) -> None:
        """The same for rows whose values stand in the order of the statement's columns."""
        dialect = self._engine.dialect
        if dialect.name == "postgresql" and len(rows) > 1:
            objects = [dict(zip(statement.columns, row, strict=True)) for row in rows]
            text, _ = _compiled(statement.all, dialect, ("rows",))
            self._cursor.execute(text, {"rows": json_list(objects)})
        else:
            self._cursor.executemany(_by_place(statement.each, dialect), rows)

    def close(self) -> None:
        """Gives the connection back to its engine."""
        # What a cursor still holds would keep the file open.
        self._cursor.close()
        self._connection.close()


def _styled(dialect: Dialect, place: int) -> Dialect:
    # The base class does not say that each dialect takes it.
    return type(dialect)(paramstyle=_STYLES[dialect.name][place])  # type: ignore[call-arg]


@lru_cache(maxsize=256)
def _compiled(statement: Statement, dialect: Dialect, keys: tuple[str, ...]) -> tuple[str, Values]:
    """The text for parameters of these names, and the values that the statement itself has."""
    said = statement.of(dialect) if isinstance(statement, Upsert) else statement
    compiled = said.compile(dialect=_styled(dialect, 0), column_keys=list(keys))
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    return str(compiled), fixed


@lru_cache(maxsize=8)
def _by_place(statement: ClauseElement, dialect: Dialect) -> str:
    return str(statement.compile(dialect=_styled(dialect, 1)))
