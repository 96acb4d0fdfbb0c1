"""The two inserts that each database spells in its own way."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """Inserts rows whose primary key is not there yet."""
    return _ignore(connection.dialect.name, table)


def insert_or_replace(connection: Connection, table: Table) -> Insert:
    """Inserts rows, or gives those with that primary key all the new values."""
    return _replace(connection.dialect.name, table)


@cache
def _ignore(dialect: str, table: Table) -> Insert:
    statement: Insert = _INSERTS[dialect](table).on_conflict_do_nothing()
    return statement


@cache
def _replace(dialect: str, table: Table) -> Insert:
    statement = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    new = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    replacing: Insert = statement.on_conflict_do_update(index_elements=keys, set_=new)
    return replacing
