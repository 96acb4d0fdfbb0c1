"""What SQLite and PostgreSQL write differently, so that every statement is said once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Dialect,
    Insert,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import GenericFunction

_json = msgspec.json.Encoder()


class JsonStrings(GenericFunction[str]):
    """The strings of a JSON array, a row each, in the column `value`."""

    type = Text()
    name = "json_each"
    inherit_cache = True


@compiles(JsonStrings, "postgresql")
def _json_strings(element: JsonStrings, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kwargs)} AS JSON))"


class JsonItem(GenericFunction[str]):
    """The string at a place, from 0, of an array that is itself an element of such an array."""

    type = Text()
    name = "json_extract"
    inherit_cache = True


@compiles(JsonItem)
def _json_item(element: JsonItem, compiler: SQLCompiler, **kwargs: Any) -> str:
    array, place = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"json_extract({array}, '$[{place}]')"


@compiles(JsonItem, "postgresql")
def _json_item_postgresql(element: JsonItem, compiler: SQLCompiler, **kwargs: Any) -> str:
    array, place = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"(CAST({array} AS JSON) ->> {place})"


def json_list(items: Sequence[str] | Sequence[tuple[str, ...]] | Sequence[dict[str, Any]]) -> str:
    """The form in which `listed` takes a list."""
    return _json.encode(items).decode()


def listed(parameter: str) -> Any:
    """A JSON array that is a parameter, as a table."""
    return JsonStrings(bindparam(parameter, type_=Text())).table_valued("value")


class Contains(GenericFunction[bool]):
    """Whether a text has another one in it, whose ASCII letters are small; case is one for these.

    Neither LIKE nor PostgreSQL's search in texts, whose time is that of the text's length times
    the pattern's where the two nearly match: bytes are compared as a whole at each place, a
    hundred times as fast. In UTF-8 what is equal in bytes is equal in characters.
    """

    type = Boolean()
    name = "hubbub_contains"
    inherit_cache = True


@compiles(Contains)
def _contains(element: Contains, compiler: SQLCompiler, **kwargs: Any) -> str:
    text, part = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"instr(lower({text}), {part}) > 0"


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: SQLCompiler, **kwargs: Any) -> str:
    text, part = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # In this collation ASCII letters alone have two cases, whatever the database's own is.
    small = f"convert_to(lower({text} COLLATE \"C\"), 'UTF8')"
    return f"position(convert_to({part}, 'UTF8') IN {small}) > 0"


class ClockMs(ColumnElement[int]):
    """The database's clock at this moment, not at the beginning of the transaction."""

    type = BigInteger()
    inherit_cache = True


@compiles(ClockMs)
def _clock(_element: ClockMs, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(ClockMs, "postgresql")
def _clock_postgresql(_element: ClockMs, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


@dataclass(frozen=True, slots=True, eq=False)
class Upsert:
    """An INSERT that takes a row that is there into account."""

    sqlite: Insert
    postgresql: Insert

    def of(self, dialect: Dialect) -> Insert:
        """The statement for a database."""
        return self.postgresql if dialect.name == "postgresql" else self.sqlite


def upsert(table: Table, columns: Sequence[str] = ()) -> Upsert:
    """Inserts; of a row with that key it updates these columns, or without any does nothing."""
    return Upsert(
        _upsert(sqlite.insert(table), table, columns),
        _upsert(postgresql.insert(table), table, columns),
    )


def _upsert(
    statement: sqlite.Insert | postgresql.Insert, table: Table, columns: Sequence[str]
) -> Insert:
    if not columns:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={column: statement.excluded[column] for column in columns},
    )


@dataclass(frozen=True, slots=True, eq=False)
class ForEach:
    """A statement that is run for many rows; PostgreSQL takes them in one, from a JSON array."""

    each: Insert | Update
    all: Insert | Update
    columns: tuple[str, ...]
    """Of the rows' values, in the order in which `each` takes them."""


def json_rows(columns: Iterable[ColumnElement[Any]]) -> Any:
    """The objects of the JSON array `rows`, a parameter, as a table. PostgreSQL alone has that."""
    typed = [column(each.name, each.type) for each in columns]
    found = func.json_to_recordset(cast(bindparam("rows", type_=Text()), postgresql.JSON))
    return found.table_valued(*typed).render_derived(with_types=True)


def insert_each(table: Table) -> ForEach:
    """Inserts rows whose values stand in the order of the table's columns, none of them bytes."""
    names = tuple(table.c.keys())
    rows = json_rows(table.c)
    return ForEach(insert(table), insert(table).from_select(names, select(rows)), names)


def claim(table: Table, rows: Select[*tuple[Any, ...]], column: str, same: str) -> Upsert:
    """Inserts what a query gives; of a row with that key it updates `column` where `same` is the
    same. Returns the keys of the rows that are now as was asked.
    """

    def of(statement: sqlite.Insert | postgresql.Insert) -> Insert:
        excluded = statement.excluded
        inserted = statement.from_select(list(table.c.keys()), rows)
        # The base class of the two does not have this.
        updated: Any = inserted.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={column: excluded[column]},
            where=table.c[same] == excluded[same],
        )
        found: Insert = updated.returning(*table.primary_key.columns)
        return found

    return Upsert(of(sqlite.insert(table)), of(postgresql.insert(table)))


def others(table: Table) -> list[str]:
    """The columns of a table that are not in its key."""
    return [column.name for column in table.c if not column.primary_key]
