"""The embedded log: what is asked of the file, and what happens where it cannot be had."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.errors import NewerDatabase, StorageError
from hubbub.protocol.events import Person
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.database import Database
from hubbub.storage.interface import AppendMessage, SaveSession
from hubbub.storage.interface import SaveUser as SaveUser

ANN = Person("a", "ann")


def opened(folder: Path, durability: str = "full") -> Database:
    database = open_storage(sqlite_url(folder), durability)  # type: ignore[arg-type]
    assert isinstance(database, Database)
    return database


def pragma(database: Database, name: str) -> object:
    with database._engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("normal", 1)])
def test_durability_is_the_sync_of_each_commit(
    tmp_path: Path, durability: str, synchronous: int
) -> None:
    database = opened(tmp_path, durability)

    assert pragma(database, "synchronous") == synchronous
    assert pragma(database, "journal_mode") == "wal"
    database.close()


def test_the_log_is_there_after_it_was_closed(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.commit([AppendMessage("lobby", ANN, "hi")], 0)
    epoch = database.epoch
    database.close()

    again = opened(tmp_path)

    assert [e.text for e in again.page("lobby", limit=5, limit_bytes=99).events] == ["hi"]
    assert again.epoch == epoch
    again.close()


def crash(folder: Path, durability: str) -> None:
    """A server that appends and is gone without closing."""
    code = (
        "import os, sys; from hubbub.storage import *; from hubbub.storage.interface import *\n"
        "from hubbub.protocol.events import Person; from pathlib import Path\n"
        "storage = open_storage(sqlite_url(Path(sys.argv[1])), sys.argv[2])\n"
        "storage.commit([AppendMessage('lobby', Person('a', 'ann'), 'hi')], 0)\n"
        "print(storage.epoch, flush=True); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, folder, durability], check=False, timeout=30)


@pytest.mark.real
@pytest.mark.parametrize(("durability", "same"), [("full", True), ("normal", False)])
def test_a_log_that_may_lack_its_end_takes_a_new_epoch(
    tmp_path: Path, durability: str, same: bool
) -> None:
    first = opened(tmp_path, durability)
    epoch = first.epoch
    first.close()

    crash(tmp_path, durability)

    again = opened(tmp_path, "full")
    assert (again.epoch == epoch) is same
    assert again.page("lobby", limit=5, limit_bytes=99).last == 1
    again.close()


def test_a_second_server_is_refused_and_told_who_has_the_file(tmp_path: Path) -> None:
    first = opened(tmp_path)

    with pytest.raises(StorageError, match=r"in use by another hubbub \(process \d+\)"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


@pytest.mark.parametrize("content", [b"hello, I am a text", b"SQLite format 3\x00 and then not"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "hubbub.db"
    path.write_bytes(content)

    with pytest.raises(StorageError, match="left alone"):
        opened(tmp_path)

    assert path.read_bytes() == content


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hubbub.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name)")
        other.commit()
    before = path.read_bytes()

    with pytest.raises(StorageError, match="not a log of hubbub"):
        opened(tmp_path)

    assert path.read_bytes() == before


def test_a_newer_log_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "hubbub.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    with pytest.raises(NewerDatabase, match=r"9999.*newer hubbub"):
        opened(tmp_path)

    with closing(sqlite3.connect(path)) as newer:
        assert newer.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="--data DIR"):
        opened(tmp_path / "file" / "data")


@pytest.mark.parametrize("url", ["mysql://x", "sqlite:///", "sqlite:///:memory:", "x"])
def test_a_url_of_no_backend_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match="There is no storage for"):
        open_storage(url)


def test_a_full_disk_refuses_commits_keeps_reads_and_mends_itself(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.commit([AppendMessage("lobby", ANN, "before")], 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = tmp_path / "hubbub.db-wal"
    large = AppendMessage("lobby", ANN, "x" * 200_000)

    import signal

    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 4096, hard))
    try:
        with pytest.raises(StorageError):
            database.commit([large], 0)
        assert database.page("lobby", limit=5, limit_bytes=99).last == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)

    database.commit([large], 0)
    assert database.page("lobby", limit=5, limit_bytes=99).last == 2
    database.close()


def test_a_locked_file_is_refused_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.storage.sqlite.BUSY_TIMEOUT_MS", 10)
    database = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            database.commit([AppendMessage("lobby", ANN, "hi")], 0)
        other.rollback()

    database.commit([AppendMessage("lobby", ANN, "hi")], 0)
    database.close()


def test_no_text_is_in_the_error_of_a_failed_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.storage.sqlite.BUSY_TIMEOUT_MS", 10)
    database = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as failed:
            database.commit([AppendMessage("lobby", ANN, "a secret")], 0)
        other.rollback()
    database.close()

    assert "a secret" not in f"{failed.value} {failed.value.__cause__}"


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT * FROM events WHERE room_id = 1 AND seq > 5 ORDER BY seq LIMIT 50", "sqlite_auto"),
        ("SELECT * FROM events WHERE room_id = 1 AND seq < 5 ORDER BY seq DESC LIMIT 5", "sqlite_"),
        ("SELECT * FROM events WHERE nonce IN ('a:1', 'b:2')", "events_by_nonce"),
        ("SELECT * FROM users WHERE name_key = 'ann'", "users_by_name"),
        ("SELECT * FROM sessions WHERE expires_ms <= 5", "sessions_by_end"),
        ("SELECT * FROM members WHERE user_id = 'a'", "members_by_user"),
    ],
)
def test_the_usual_questions_are_answered_by_an_index(tmp_path: Path, sql: str, index: str) -> None:
    database = opened(tmp_path)
    with database._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
    database.close()

    assert index in str(plan)
    assert "SCAN" not in str(plan)


def test_guests_who_are_gone_are_purged_and_those_in_direct_rooms_stay_nameable(
    tmp_path: Path,
) -> None:
    from hubbub.model import UserKind
    from hubbub.storage.interface import SaveMember, UserRecord

    database = opened(tmp_path)
    people = [Person(i, i) for i in ("ann", "bob", "eve")]
    for person in people:
        record = UserRecord(person.id, person.name, person.name, UserKind.GUEST)
        session = SaveSession(person.id.encode(), person.id, 100)
        database.commit([SaveUser(record), session, SaveMember("empty", person.id)], 0)
    ann, bob, _eve = people
    database.commit([AppendMessage("@d", ann, "psst", to=(bob,)), SaveMember("kept", "ann")], 0)
    database.commit([SaveSession(b"ann", "ann", 500)], 0)

    database.purge(200)

    assert database.direct_members("@d") == (ann, bob)
    assert [m.room.name for m in database.memberships("ann")] == ["@d", "empty", "kept"]
    assert [m.room.name for m in database.memberships("bob")] == ["@d"]
    assert database.memberships("eve") == []
    with database._engine.connect() as connection:
        users = connection.exec_driver_sql("SELECT id FROM users ORDER BY id").scalars().all()
    assert users == ["ann", "bob"]
    database.close()
