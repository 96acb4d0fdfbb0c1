"""The history of the schema."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hubbub.errors import StorageError
from hubbub.storage import migrate, open_storage, sqlite_url
from hubbub.storage.database import Database
from hubbub.storage.schema import metadata


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "hubbub.storage:migrations")
    return ScriptDirectory.from_config(config)


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    directory = scripts()

    assert directory.get_current_head() == migrate.HEAD
    assert {s.revision for s in directory.walk_revisions()} == set(migrate.KNOWN)


def test_the_migrated_schema_is_the_one_of_the_code(tmp_path: Path) -> None:
    database = open_storage(sqlite_url(tmp_path))
    assert isinstance(database, Database)
    with database._engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()

    assert difference == []


def test_a_migration_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    real = op.create_index

    def fails_at_the_last(name: str, *args: object, **kwargs: object) -> None:
        if name == "events_by_nonce":
            raise StorageError("no")
        real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_index", fails_at_the_last)
    with pytest.raises(StorageError):
        open_storage(sqlite_url(tmp_path))
    monkeypatch.undo()

    open_storage(sqlite_url(tmp_path)).close()
