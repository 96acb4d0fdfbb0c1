"""The embedded log: what is asked of the file, and what happens where it cannot be had."""

import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from hubbub.errors import NewerDatabase, StorageError
from hubbub.model import UserKind
from hubbub.protocol.events import Person
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage, SaveMember, SaveSession, SaveUser
from hubbub.storage.records import UserRecord
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.expiry import AGED
from hubbub.storage.sql.purge import GUEST_GRACE_MS
from tests.deadline import PROGRAM_S
from tests.storage.statements import STATEMENTS

ANN = Person("a", "ann")


def opened(folder: Path, durability: str = "full") -> Database:
    database = open_storage(sqlite_url(folder), durability)  # type: ignore[arg-type]
    assert isinstance(database, Database)
    return database


def pragma(database: Database, name: str) -> object:
    ((value,),) = database.backend.committer.run(f"PRAGMA {name}")
    return value


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

    assert [e.text for e in again.log.page("lobby", limit=5, limit_bytes=99).events] == ["hi"]
    assert again.epoch == epoch
    again.close()


def crash(folder: Path, durability: str) -> None:
    """A server that appends and is gone without closing."""
    code = (
        "import os, sys; from hubbub.storage import *; from hubbub.storage.changes import *\n"
        "from hubbub.protocol.events import Person; from pathlib import Path\n"
        "storage = open_storage(sqlite_url(Path(sys.argv[1])), sys.argv[2])\n"
        "storage.commit([AppendMessage('lobby', Person('a', 'ann'), 'hi')], 0)\n"
        "print(storage.epoch, flush=True); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, folder, durability], check=False, timeout=PROGRAM_S)


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
    assert again.log.page("lobby", limit=5, limit_bytes=99).last == 1
    again.close()


def test_a_second_server_is_refused_and_told_who_has_the_file(tmp_path: Path) -> None:
    first = opened(tmp_path)

    with pytest.raises(StorageError, match=r"in use by another hubbub \(process id \d+\)"):
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


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("CREATE TABLE alembic_version (version_num)",),
        ("CREATE TABLE alembic_version (v)", "INSERT INTO alembic_version VALUES ('0001')"),
    ],
)
def test_somebody_elses_database_is_refused_and_left_alone(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    path = tmp_path / "hubbub.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name)")
        for statement in more:
            other.execute(statement)
        other.commit()
    before = path.read_bytes()

    with pytest.raises(StorageError, match="not a log of hubbub"):
        opened(tmp_path)

    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["hubbub.db"]


def test_a_newer_log_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "hubbub.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
        newer.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()

    with pytest.raises(NewerDatabase, match=r"newer hubbub.*9999"):
        opened(tmp_path)

    assert path.read_bytes() == before
    assert not path.with_name("hubbub.db-wal").exists()


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
        assert database.log.page("lobby", limit=5, limit_bytes=99).last == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)

    database.commit([large], 0)
    assert database.log.page("lobby", limit=5, limit_bytes=99).last == 2
    database.close()


def test_a_locked_file_is_refused_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.storage.sql.sqlite.BUSY_TIMEOUT_S", 0.01)
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
    monkeypatch.setattr("hubbub.storage.sql.sqlite.BUSY_TIMEOUT_S", 0.01)
    database = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as failed:
            database.commit([AppendMessage("lobby", ANN, "a secret")], 0)
        other.rollback()
    database.close()

    assert "a secret" not in f"{failed.value} {failed.value.__cause__}"


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("PAGE_AFTER", "sqlite_autoindex_events_1 (room_id=? AND seq>?)"),
        ("PAGE_BEFORE", "sqlite_autoindex_events_1 (room_id=? AND seq<?)"),
        ("NONCES", "ix_events_nonce (nonce=? AND user_id=?)"),
        ("NAME_HOLDER", "ix_users_name_key (name_key=?)"),
        ("USER_NAMES", "ix_users_name_key (name_key>? AND name_key<?)"),
        ("SESSION_USER", "PRIMARY KEY (token_hash=?)"),
        ("MEMBERSHIPS", "ix_members_user_id (user_id=?)"),
        ("PUBLIC_ROOMS", "ix_rooms_kind_name (kind=? AND name>?)"),
        ("OLDEST", "sqlite_autoindex_events_1 (room_id=?)"),
        ("DELETE_BEFORE", "sqlite_autoindex_events_1 (room_id=? AND seq<?)"),
        ("RENEW_SESSIONS", "PRIMARY KEY (token_hash=?)"),
    ],
)
def test_the_usual_questions_are_answered_by_an_index(
    tmp_path: Path, query: str, index: str
) -> None:
    database = opened(tmp_path)
    with database.backend.writer.connect() as connection:
        statement = STATEMENTS[query]
        compiled = statement.compile(dialect=connection.dialect)
        nothing = ("[]",) * len(compiled.positiontup)
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", nothing).all()
    database.close()

    plan = [row[3] for row in rows]
    assert any(index in step for step in plan), plan
    assert not [s for s in plan if s.startswith("SCAN") and "VIRTUAL TABLE" not in s], plan


def test_what_is_too_old_is_looked_for_room_by_room(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.backend.writer.connect() as connection:
        compiled = AGED.compile(dialect=connection.dialect)
        values = (1,) * len(compiled.positiontup)
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
    database.close()

    plan = [row[3] for row in rows]
    assert plan[0] == "SCAN rooms", plan
    assert "sqlite_autoindex_events_1 (room_id=? AND seq=?)" in plan[-1], plan


def test_guests_who_are_gone_are_purged_and_those_in_direct_rooms_stay_nameable(
    tmp_path: Path,
) -> None:
    database = opened(tmp_path)
    people = [Person(i, i) for i in ("ann", "bob", "eve")]
    for person in people:
        record = UserRecord(person.id, person.name, person.name, UserKind.GUEST)
        session = SaveSession(person.id.encode(), person.id, 100)
        database.commit([SaveUser(record), session, SaveMember("empty", person.id)], 0)
    ann, bob, _eve = people
    database.commit([AppendMessage("@d", ann, "psst", to=(bob,)), SaveMember("kept", "ann")], 0)
    database.commit([SaveSession(b"ann", "ann", 500 + GUEST_GRACE_MS)], 0)

    database.care.purge(200 + GUEST_GRACE_MS, 0)

    assert database.members.of_direct_room("@d") == (ann, bob)
    assert [m.room.name for m in database.members.memberships("ann")] == ["@d", "empty", "kept"]
    assert [m.room.name for m in database.members.memberships("bob")] == ["@d"]
    assert database.members.memberships("eve") == []
    with database.backend.writer.connect() as connection:
        users = connection.exec_driver_sql("SELECT id FROM users ORDER BY id").scalars().all()
    assert users == ["ann", "bob"]
    database.close()


def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    folder = tmp_path / "what? #1 100% ü"
    database = opened(folder)
    database.commit([AppendMessage("lobby", ANN, "hi")], 0)
    database.close()

    again = opened(folder)

    assert again.log.page("lobby", limit=5, limit_bytes=99).last == 1
    assert (folder / "hubbub.db").exists()
    assert [found.name for found in tmp_path.iterdir()] == [folder.name]
    again.close()


def test_a_log_that_was_closed_refuses_and_does_not_open_again(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.close()
    database.close()

    with pytest.raises(StorageError, match="closed"):
        database.rooms.find("lobby")
    with pytest.raises(StorageError, match="closed"):
        database.commit([AppendMessage("lobby", ANN, "hi")], 0)


def test_readers_cannot_write(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with pytest.raises(DBAPIError, match="readonly"), database.backend.readers.begin() as reader:
        reader.exec_driver_sql("DELETE FROM meta")
    database.close()


def test_a_log_that_runs_without_syncs_says_so_durably_before_the_first_commit(
    tmp_path: Path,
) -> None:
    database = opened(tmp_path, "normal")
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as other:
        query = "SELECT value FROM meta WHERE key = 'clean'"
        assert other.execute(query).fetchone() == ("no",)
        database.close()
        assert other.execute(query).fetchone() == ("yes",)


def test_a_full_disk_is_named_as_the_cause(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.commit([AppendMessage("lobby", ANN, "before")], 0)
    pragma(database, f"max_page_count = {pragma(database, 'page_count')}")

    with pytest.raises(StorageError, match="full; free some space"):
        database.commit([AppendMessage("dev", ANN, "x" * 200_000), SaveMember("dev", "a")], 0)

    assert database.rooms.find("dev") is None
    assert database.commit([AppendMessage("lobby", ANN, "after")], 0)
    database.close()
    assert opened_texts(tmp_path) == ["before", "after"]


def opened_texts(folder: Path) -> list[str]:
    database = opened(folder)
    found = [event.text for event in database.log.page("lobby", limit=9, limit_bytes=99).events]
    database.close()
    return found


def test_a_guest_is_not_purged_between_its_making_and_its_session(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.commit([SaveUser(UserRecord("g", "g", "g", UserKind.GUEST))], 1_000)

    database.care.purge(2_000, 0)
    database.commit([SaveSession(b"1", "g", 9_000)], 3_000)

    assert database.people.session_user(b"1", 4_000) is not None
    database.close()


def test_a_direct_room_that_nobody_can_come_back_to_loses_its_members(tmp_path: Path) -> None:
    database = opened(tmp_path)
    for name in ("ann", "bob"):
        database.commit([SaveUser(UserRecord(name, name, name, UserKind.GUEST))], 0)
    ann, bob = Person("ann", "ann"), Person("bob", "bob")
    database.commit([AppendMessage("@d", ann, "psst", to=(bob,))], 0)

    # Two memberships and two users; the log itself stays.
    assert database.care.purge(GUEST_GRACE_MS + 1, 0) == 4
    assert database.members.of_direct_room("@d") == ()
    assert database.log.page("@d", limit=5, limit_bytes=99).last == 1
    database.close()


def test_commits_and_reads_at_once_see_whole_commits(tmp_path: Path) -> None:
    database = opened(tmp_path)

    def look() -> None:
        for _ in range(50):
            page = database.log.page("lobby", limit=500, limit_bytes=1 << 20)
            assert len(page.events) == page.last
            assert page.last % 5 == 0

    with ThreadPoolExecutor(5) as threads:
        looking = [threads.submit(look) for _ in range(4)]
        for number in range(50):
            five = [AppendMessage("lobby", ANN, f"{number}") for _ in range(5)]
            threads.submit(database.commit, five, 0).result()
        for future in looking:
            future.result()
    database.close()
