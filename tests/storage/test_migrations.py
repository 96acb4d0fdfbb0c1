"""The history of the schema."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event

from hubbub.errors import StorageError
from hubbub.model import Role, UserKind
from hubbub.protocol.events import Message
from hubbub.storage import log_file, migrations, open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage, Duplicate
from hubbub.storage.files.backup import backup
from hubbub.storage.files.check import check
from hubbub.storage.records import UserRecord
from hubbub.storage.sql import migrate
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.schema import metadata
from tests.deadline import PROGRAM_S
from tests.storage.freeze import ANN, BOB, FROZEN, MIA, NOW

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


@pytest.fixture
def migrated() -> Iterator[Connection]:
    """A database that all migrations have made, one after another."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate.run_scripts(connection)
        yield connection
    engine.dispose()


def test_the_migrated_schema_is_the_one_of_the_code(migrated: Connection) -> None:
    assert compare_metadata(MigrationContext.configure(migrated), metadata) == []


def test_a_start_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StorageError("no")

    event.listen(metadata, "after_create", fails)
    with pytest.raises(StorageError):
        open_storage(sqlite_url(tmp_path))
    event.remove(metadata, "after_create", fails)

    assert dump(tmp_path) == ["BEGIN TRANSACTION;", "COMMIT;"]
    open_storage(sqlite_url(tmp_path)).close()


def test_the_migrated_tables_are_made_by_the_very_words_of_the_code(
    tmp_path: Path, migrated: Connection
) -> None:
    """What compare_metadata does not see: partial indexes, WITHOUT ROWID, names of keys."""
    rows = migrated.exec_driver_sql(SCHEMA).all()
    open_storage(sqlite_url(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as made:
        found = {name: words(sql) for name, sql in made.execute(SCHEMA)}

    assert found == {name: words(sql) for name, sql in rows}


def test_a_new_log_has_the_columns_and_the_rows_of_a_migrated_one(
    tmp_path: Path, migrated: Connection
) -> None:
    open_storage(sqlite_url(tmp_path)).close()
    # In their order: what is copied from one to the other may go by it.
    columns = (
        "SELECT t.name, c.* FROM sqlite_master t, pragma_table_xinfo(t.name) c "
        "WHERE t.type = 'table' ORDER BY 1, 2"
    )
    rows = (
        "SELECT 'meta', key, value FROM meta "
        "UNION SELECT 'revision', version_num, '' FROM alembic_version"
    )
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as made:
        assert made.execute(columns).fetchall() == migrated.exec_driver_sql(columns).all()
        found = set(made.execute(rows))

    # What a log of its own has once it was opened.
    opened = {row for row in found if row[1] in {"epoch", "clean"}}
    assert found - opened == set(migrated.exec_driver_sql(rows))


@pytest.mark.real
def test_a_log_of_this_release_is_made_and_opened_without_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hubbub.storage import *\n"
        "open_storage(sqlite_url(Path(sys.argv[1]))).close(); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, tmp_path]

    answers = [
        subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_S).stdout
        for _ in ("made", "opened")
    ]

    assert answers == ["False\n", "False\n"]


# --- from one revision to the next


def thaw(revision: str, folder: Path) -> Path:
    """A data folder with the log that a release with that revision wrote."""
    with closing(sqlite3.connect(log_file(folder))) as database:
        database.executescript((FROZEN / f"{revision}.sql").read_text("utf-8"))
    return folder


def dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(log_file(folder))) as database:
        return list(database.iterdump())


def test_every_revision_is_frozen() -> None:
    """If this fails: python -m tests.storage.freeze"""
    assert {path.stem for path in FROZEN.iterdir()} == set(migrate.REVISIONS)


@pytest.mark.parametrize("revision", migrate.REVISIONS)
def test_an_old_log_is_upgraded_and_has_what_it_had(tmp_path: Path, revision: str) -> None:
    storage = open_storage(sqlite_url(thaw(revision, tmp_path)))
    page = storage.log.page("lobby", after=2, limit=9, limit_bytes=1 << 20)
    (whisper,) = storage.log.page("@direct", limit=9, limit_bytes=1 << 20).events
    retry = AppendMessage("@direct", BOB, "psst", to=(ANN, MIA), nonce="n1")
    member = storage.people.session_user(b"token of Mia", NOW)

    assert [(e.seq, e.text, e.sender) for e in page.events] == [
        (3, "old 2", ANN),
        (4, "häłło 👋\n'quoted'", ANN),
        (5, "waves", BOB),
        (6, "cake", MIA),
    ]
    assert (page.first, page.last) == (3, 6)
    assert [isinstance(e, Message) and e.me for e in page.events] == [False, False, True, False]
    assert (whisper.at, whisper.sender) == ("2026-01-01T00:00:00.010Z", BOB)
    assert isinstance(whisper, Message)
    assert whisper.to == (ANN, MIA)
    assert storage.members.of_direct_room("@direct") == (ANN, BOB, MIA)
    assert storage.commit([retry], NOW + 99) == [Duplicate("@direct", 1, whisper.at)]
    mine = {m.room.name: m.read for m in storage.members.memberships(ANN.id)}
    assert mine == {"lobby": 4, "@direct": 0}
    hers = [m.room.name for m in storage.members.memberships(MIA.id)]
    assert [name for name in hers if not name.startswith("+")] == ["@direct", "empty"]
    if revision >= "0005":
        board = storage.rooms.find("board")
        assert board is not None
        assert (board.name, board.kind, board.read_only) == ("+board-abcdef", "private", True)
        assert storage.members.of_room("+board-abcdef") == {MIA.id: Role.OWNER}
        assert [held.room for held in storage.order.sanctions(NOW)] == ["+board-abcdef"]
        assert [
            act.act
            for act in storage.order.audit(room=None, before=None, limit=9, own=[board.name])
        ] == ["mute"]
        assert storage.order.ignored(MIA.id) == [BOB]
    assert member == UserRecord(MIA.id, "Mia", "mia", UserKind.MEMBER, Role.MEMBER)
    assert [account.id for account in storage.people.accounts()] == [MIA.id]
    lobby = storage.rooms.find("lobby")
    assert lobby is not None
    assert lobby.topic == "cake"
    storage.close()
    assert check(log_file(tmp_path))[1] == []


NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "next", {last!r}

def upgrade() -> None:
    # Rebuilds a table that two others refer to.
    with op.batch_alter_table("rooms") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="red"))
        batch.alter_column("topic", nullable=True)
    op.create_table("more", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE rooms SET topic = 'tea'")
    {end}
"""


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes this the release after the newest one, with a migration that ends with a statement."""

    def release(end: str) -> None:
        home = tmp_path / "migrations"
        copytree(Path(migrations.__file__).parent, home)
        text = NEXT.format(last=migrate.REVISIONS[-1], end=end)
        (home / "versions" / "next.py").write_text(text)
        monkeypatch.setattr(migrate, "SCRIPTS", str(home))
        monkeypatch.setattr(migrate, "REVISIONS", (*migrate.REVISIONS, "next"))

    return release


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data folder with a log of this release."""
    folder = tmp_path / "old"
    folder.mkdir()
    return thaw(migrate.REVISIONS[-1], folder)


def test_a_table_that_others_refer_to_can_be_rebuilt(
    old: Path, release: Callable[[str], None]
) -> None:
    release("pass")

    storage = open_storage(sqlite_url(old))

    assert storage.log.page("lobby", limit=9, limit_bytes=1 << 20).last == 6
    room = storage.rooms.find("lobby")
    assert room is not None
    assert room.topic == "tea"
    assert isinstance(storage, Database)
    with storage.backend.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    storage.close()
    assert any("'next'" in line for line in dump(old))


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ("raise ValueError('half-way')", ValueError, "half-way"),
        ("op.execute('SELECT no FROM more')", StorageError, "no such column"),
        ("op.execute('DELETE FROM rooms')", StorageError, "would have lost its row of rooms"),
    ],
)
def test_a_migration_that_fails_half_way_leaves_an_old_log_as_it_was(
    old: Path,
    release: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    error: type[Exception],
    said: str,
) -> None:
    before = dump(old)
    release(end)

    with pytest.raises(error, match=said):
        open_storage(sqlite_url(old))

    assert dump(old) == before
    monkeypatch.undo()
    open_storage(sqlite_url(old)).close()
    assert check(log_file(old))[1] == []


def test_a_log_that_waits_for_its_upgrade_can_be_backed_up_but_not_checked(
    old: Path, release: Callable[[str], None]
) -> None:
    release("pass")

    backup(log_file(old), old / "copy")
    with pytest.raises(StorageError, match="start the server once"):
        check(log_file(old))
