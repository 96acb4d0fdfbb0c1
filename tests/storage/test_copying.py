"""A log is copied from one database into the other and back, and cared for there."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.errors import LogInUse, NewerDatabase, StorageError
from hubbub.model import UserKind
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import (
    AppendAudit,
    Appended,
    AppendMessage,
    SaveUser,
)
from hubbub.storage.files import copying
from hubbub.storage.files.check import check
from hubbub.storage.files.copying import copy
from hubbub.storage.records import UserRecord
from hubbub.storage.sql import migrate
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.schema import metadata
from tests.postgres import postgres
from tests.storage.acts import topic
from tests.storage.conftest import Run
from tests.storage.freeze import ANN, FROZEN, MIA, NOW, write
from tests.storage.test_postgres import name_of

TABLES = [table.name for table in metadata.sorted_tables if table.name != "meta"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A data folder with something of every kind."""
    folder = tmp_path / "written"
    folder.mkdir()
    write(folder, moderated=True)
    return folder


def dump(folder: Path) -> dict[str, list[object]]:
    with closing(sqlite3.connect(log_file(folder))) as database:
        rows = {name: sorted(database.execute(f"SELECT * FROM {name}"), key=str) for name in TABLES}
        rows["meta"] = sorted(database.execute("SELECT * FROM meta WHERE key <> 'changes'"))
        return rows


def test_a_log_is_the_same_there_and_back(
    written: Path, empty_postgres_url: str, tmp_path: Path
) -> None:
    there = copy(sqlite_url(written), empty_postgres_url)
    back = copy(empty_postgres_url, sqlite_url(tmp_path / "back"))

    assert there == back
    assert (there.rooms, there.users) == (4, 3)
    assert dump(tmp_path / "back") == dump(written)
    assert check(log_file(tmp_path / "back"))[1] == []


def test_a_log_that_may_have_lost_its_end_gets_a_new_epoch(
    written: Path, empty_postgres_url: str
) -> None:
    with closing(sqlite3.connect(log_file(written))) as database:
        database.execute("UPDATE meta SET value = 'no' WHERE key = 'clean'")
        (before,) = database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        database.commit()
    copy(sqlite_url(written), empty_postgres_url)
    after = open_storage(empty_postgres_url)
    try:
        assert after.epoch != before
    finally:
        after.close()


def test_what_was_copied_goes_on_where_it_was(
    written: Path, empty_postgres_url: str, tmp_path: Path
) -> None:
    before = open_storage(sqlite_url(written))
    assert isinstance(before, Database)
    assert [before.nodes.next_user_number() for _ in range(3)] == [0, 1, 2]
    epoch, acts = (
        before.epoch,
        before.order.audit(room=None, before=None, limit=9, own=["+board-abcdef"]),
    )
    last = before.log.page("lobby", limit=1, limit_bytes=99).last
    before.close()
    copy(sqlite_url(written), empty_postgres_url)

    for url in (empty_postgres_url, sqlite_url(tmp_path / "back")):
        if url.startswith("sqlite"):
            copy(empty_postgres_url, url)
        after = open_storage(url)
        assert isinstance(after, Database)
        assert after.epoch == epoch
        outcomes = after.commit(
            [
                AppendMessage("lobby", ANN, "on"),
                topic("new", MIA, "x"),
                AppendAudit("a", "b"),
            ],
            NOW,
        )
        last += 1
        assert isinstance(outcomes[0], Appended)
        assert outcomes[0].event.seq == last
        newest = after.order.audit(room=None, before=None, limit=1)[0]
        assert newest.id > acts[0].id
        assert after.nodes.next_user_number() == (3 if url.startswith("postgres") else 4)
        after.close()


def test_a_copy_begins_a_log(written: Path, empty_postgres_url: str, tmp_path: Path) -> None:
    storage = open_storage(empty_postgres_url)
    storage.commit([SaveUser(UserRecord("a", "ann", "ann", UserKind.GUEST))], NOW)
    storage.close()

    with pytest.raises(StorageError, match=r"has something in it \(users\)"):
        copy(sqlite_url(written), empty_postgres_url)
    with pytest.raises(StorageError, match="has something in it"):
        copy(empty_postgres_url, sqlite_url(written))
    with pytest.raises(StorageError, match="has something in it"):
        copy(empty_postgres_url, empty_postgres_url)
    with pytest.raises(StorageError, match="no log"):
        copy(sqlite_url(tmp_path / "nowhere"), empty_postgres_url)
    assert not (tmp_path / "nowhere").exists()


def test_a_log_that_is_in_use_is_not_copied(
    written: Path, postgres_url: str, tmp_path: Path
) -> None:
    server = open_storage(sqlite_url(written))
    with pytest.raises(LogInUse):
        copy(sqlite_url(written), postgres_url)
    server.close()

    node = open_storage(postgres_url)
    assert isinstance(node, Database)
    node.nodes.join("one")
    with pytest.raises(StorageError, match=r"in use by 1 server\(s\)"):
        copy(sqlite_url(written), postgres_url)
    node.commit([AppendMessage("lobby", ANN, "hi")], 0)
    with pytest.raises(StorageError, match=r"in use by 1 server\(s\)"):
        copy(postgres_url, sqlite_url(tmp_path / "target"))
    node.nodes.leave()
    node.close()
    copy(postgres_url, sqlite_url(tmp_path / "target"))


def test_a_copy_that_is_not_the_same_is_not_kept(
    written: Path, empty_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copying._writer

    def forgetful(connection: object, table: object) -> object:
        found = real(connection, table)  # type: ignore[arg-type]
        write = found.__enter__()
        forgets = table is metadata.tables["events"]
        return _Entered(found, lambda rows: write(rows[1:] if forgets else rows))

    monkeypatch.setattr(copying, "_writer", forgetful)
    for url in (empty_postgres_url, sqlite_url(tmp_path / "target")):
        with pytest.raises(StorageError, match="not what was copied: the room"):
            copy(sqlite_url(written), url)
    monkeypatch.undo()

    assert not log_file(tmp_path / "target").exists()
    copy(sqlite_url(written), empty_postgres_url)


class _Entered:
    def __init__(self, inner: object, write: object) -> None:
        self._inner, self._write = inner, write

    def __enter__(self) -> object:
        return self._write

    def __exit__(self, *failed: object) -> object:
        return self._inner.__exit__(*failed)  # type: ignore[attr-defined]


def test_an_older_or_a_newer_log_is_not_copied(
    written: Path, empty_postgres_url: str, tmp_path: Path
) -> None:
    for revision, said in (("0003", "hubbub migrate"), ("9999", "newer hubbub")):
        with closing(sqlite3.connect(log_file(written))) as database:
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            database.commit()
        with pytest.raises(StorageError, match=said) as refused:
            copy(sqlite_url(written), empty_postgres_url)
        assert isinstance(refused.value, NewerDatabase) is (revision == "9999")
    assert postgres().run(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name_of(empty_postgres_url)
    ) == [(0,)]


# --- the commands


def test_the_command_says_what_was_copied(
    written: Path, empty_postgres_url: str, tmp_path: Path, run: Run
) -> None:
    url = empty_postgres_url.replace("postgres:@", "postgres:hush@")
    there = run("copy", "--from", str(written), "--to", url)
    back = run("copy", "--from", url, "--to", str(tmp_path / "back"))

    assert (there.code, back.code) == (0, 0)
    assert "4 rooms, 3 users; room by room the same on both sides" in there.out
    assert "hush" not in there.out + there.err
    again = run("copy", "--from", str(written), "--to", url)
    assert again.code != 0
    assert "has something in it" in again.err


def test_a_log_is_migrated_without_serving(
    tmp_path: Path, empty_postgres_url: str, run: Run
) -> None:
    with closing(sqlite3.connect(log_file(tmp_path))) as database:
        database.executescript((FROZEN / "0003.sql").read_text("utf-8"))
    newest = migrate.REVISIONS[-1]

    first = run("migrate", "--data", str(tmp_path))
    second = run("migrate", "--data", str(tmp_path))
    third = run("migrate", "--database", empty_postgres_url)
    fourth = run("migrate", "--database", empty_postgres_url)

    assert f"from schema 0003 to {newest}" in first.out
    assert f"nothing to do, its schema is {newest}" in second.out
    assert f"a new log with the schema {newest}" in third.out
    assert f"nothing to do, its schema is {newest}" in fourth.out


def test_a_log_in_postgresql_is_cared_for_by_the_same_commands(
    written: Path, empty_postgres_url: str, run: Run, tmp_path: Path
) -> None:
    copy(sqlite_url(written), empty_postgres_url)
    at = ("--database", empty_postgres_url)

    checked = run("check", *at)
    assert "no fault in 8 events, 4 rooms" in checked.out, checked
    ours, theirs = run("export", "-", *at), run("export", "-", "--data", str(written))
    assert (ours.code, ours.err) == (0, ""), ours
    lines = [
        [line for line in map(json.loads, each.out.splitlines()) if line["type"] != "hubbub-log"]
        for each in (ours, theirs)
    ]
    assert sorted(map(str, lines[0])) == sorted(map(str, lines[1]))
    for words in (("user", "list"), ("user", "export", "Mia")):
        here, there = run(*words, *at), run(*words, "--data", str(written))
        assert (here.code, here.out) == (0, there.out)

    backup = run("backup", str(tmp_path / "copy"), *at)
    assert "pg_dump" in backup.err
    (tmp_path / "lines").write_text("")
    assert "hubbub copy" in run("import", str(tmp_path / "lines"), *at).err


def test_damage_in_postgresql_is_found(written: Path, empty_postgres_url: str, run: Run) -> None:
    copy(sqlite_url(written), empty_postgres_url)
    name = name_of(empty_postgres_url)
    room = "(SELECT id FROM rooms WHERE name = 'lobby')"
    postgres().run(f"DELETE FROM events WHERE seq = 4 AND room_id = {room}", name)
    postgres().run(f"UPDATE members SET read_seq = 99 WHERE room_id = {room}", name)
    postgres().run("DELETE FROM users WHERE name_key = 'ann'", name)

    found = run("check", "--database", empty_postgres_url)

    assert found.code == 1
    assert found.out.splitlines() == [
        "room lobby: seq 4 is missing",
        "members: 2 of them name a user that is not there",
        "sessions: 1 of them name a user that is not there",
        "room lobby: 1 read markers are past its last seq, 6",
    ]


def test_an_account_is_made_while_servers_run(postgres_url: str, run: Run) -> None:
    node = open_storage(postgres_url)
    assert isinstance(node, Database)
    node.nodes.join("one")
    node.care.changed_elsewhere()

    made = run("user", "add", "rss", "--bot", "--database", postgres_url)
    moved = run("user", "role", "rss", "admin", "--database", postgres_url)

    assert (made.code, moved.code) == (0, 0)
    assert node.care.changed_elsewhere() is True
    assert [each.name for each in node.people.accounts()] == ["rss"]
    node.close()
