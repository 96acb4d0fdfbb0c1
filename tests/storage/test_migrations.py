"""The history of the schema."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from hubbub.errors import StorageError
from hubbub.storage import migrate, open_storage, sqlite_url
from hubbub.storage.database import Database
from hubbub.storage.schema import metadata

SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"


def words(sql: str) -> list[str]:
    """The definition without its layout; the order of a table's constraints says nothing."""
    return sorted(re.findall(r"\w+|[^\s\w(),]", sql))


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "hubbub.storage:migrations")
    return ScriptDirectory.from_config(config)


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    directory = scripts()

    assert directory.get_current_head() == migrate.REVISIONS[-1]
    assert {s.revision for s in directory.walk_revisions()} == set(migrate.REVISIONS)


def test_the_migrated_schema_is_the_one_of_the_code(tmp_path: Path) -> None:
    database = open_storage(sqlite_url(tmp_path))
    assert isinstance(database, Database)
    with database._file.writer.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()

    assert difference == []


def test_a_migration_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    real = op.create_index

    def fails_at_the_last(name: str, *args: object, **kwargs: object) -> None:
        if name == "ix_events_nonce":
            raise StorageError("no")
        real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_index", fails_at_the_last)
    with pytest.raises(StorageError):
        open_storage(sqlite_url(tmp_path))
    monkeypatch.undo()

    open_storage(sqlite_url(tmp_path)).close()


def test_the_migrated_tables_are_made_by_the_very_words_of_the_code(tmp_path: Path) -> None:
    """What compare_metadata does not see: partial indexes, WITHOUT ROWID, names of keys."""
    open_storage(sqlite_url(tmp_path)).close()
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        made = connection.exec_driver_sql(SCHEMA).all()
    engine.dispose()

    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as migrated:
        rows = migrated.execute(SCHEMA).fetchall()

    found = {name: words(sql) for name, sql in rows if name != "alembic_version"}
    assert found == {name: words(sql) for name, sql in made}


def test_a_log_of_this_release_is_opened_without_alembic(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path)).close()
    code = (
        "import sys; from pathlib import Path; from hubbub.storage import *\n"
        "open_storage(sqlite_url(Path(sys.argv[1]))).close(); print('alembic' in sys.modules)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=30
    )

    assert answer.stdout == "False\n"
