"""Damage to a real file is found and named."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.errors import NewerDatabase, StorageError
from hubbub.model import UserKind
from hubbub.protocol.events import Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage, SaveMember, SaveSession, SaveUser
from hubbub.storage.files.check import Size, check
from hubbub.storage.records import UserRecord
from tests.storage.acts import topic
from tests.storage.conftest import Ended, Run

ANN, BOB = Person("a", "ann"), Person("b", "bob")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with a bit of everything."""
    storage = open_storage(sqlite_url(tmp_path))
    for person in (ANN, BOB):
        record = UserRecord(person.id, person.name, person.name, UserKind.GUEST)
        storage.commit([SaveUser(record), SaveSession(person.id.encode(), person.id, 10)], 0)
    storage.commit([SaveMember("empty", "a"), SaveMember("lobby", "a")], 0)
    storage.commit([AppendMessage("lobby", ANN, f"{n} {'x' * 500}") for n in range(100)], 0)
    storage.commit([topic("dev", BOB, "cake"), AppendMessage("@d", ANN, "x", to=(BOB,))], 0)
    storage.close()
    return log_file(tmp_path)


def damage(log: Path, *statements: str) -> None:
    with closing(sqlite3.connect(log, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def found(log: Path) -> list[str]:
    return check(log)[1]


def test_a_sound_log_has_no_findings(log: Path) -> None:
    before = log.read_bytes()

    assert check(log) == (Size(rooms=4, events=102, users=2), [])

    assert log.read_bytes() == before
    assert sorted(path.name for path in log.parent.iterdir()) == ["hubbub.db", "hubbub.db.lock"]


LOBBY = "(SELECT id FROM rooms WHERE name = 'lobby')"


@pytest.mark.parametrize(
    ("statement", "findings"),
    [
        (
            f"DELETE FROM events WHERE room_id = {LOBBY} AND seq IN (7, 20, 21, 22)",
            ["room lobby: seq 7 is missing", "room lobby: the seqs 20 to 22 are missing"],
        ),
        (
            f"DELETE FROM events WHERE room_id = {LOBBY} AND seq < 5",
            ["room lobby: its first seq should be 1 and is 5"],
        ),
        (
            f"DELETE FROM events WHERE room_id = {LOBBY} AND seq > 98",
            ["room lobby: its last seq should be 100 and is 98"],
        ),
        (
            "UPDATE rooms SET last_seq = 3 WHERE name = 'dev'",
            ["room dev: its last seq should be 3 and is 1"],
        ),
        (
            "UPDATE rooms SET first_seq = 0 WHERE name = 'lobby'",
            ["room lobby: its first seq should be 0 and is 1"],
        ),
        (
            "UPDATE rooms SET last_seq = 4 WHERE name = 'empty'",
            ["room empty: it should have the seqs 1 to 4 and has none"],
        ),
        (
            "DELETE FROM rooms WHERE name = 'dev'",
            ["events: 1 of them name something in rooms that is not there"],
        ),
        (
            "DELETE FROM rooms WHERE name = 'empty'",
            ["members: 1 of them name something in rooms that is not there"],
        ),
        (
            "DELETE FROM users WHERE id = 'b'",
            [
                "members: 1 of them name a user that is not there",
                "sessions: 1 of them name a user that is not there",
            ],
        ),
        (
            f"UPDATE members SET read_seq = 101 WHERE room_id = {LOBBY}",
            ["room lobby: 1 read markers are past its last seq, 100"],
        ),
    ],
)
def test_each_kind_of_damage_is_named(log: Path, statement: str, findings: list[str]) -> None:
    damage(log, statement)

    assert found(log) == findings


def test_many_findings_are_cut_off(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.storage.files.check.MOST", 10)
    damage(log, "DELETE FROM events WHERE seq % 2 = 0")

    assert len(found(log)) == 11, "the last seq, and ten of the holes"


@pytest.mark.parametrize("page", [3, 8, 20, 30])
def test_a_page_that_was_overwritten_is_found(log: Path, page: int) -> None:
    with log.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\x00\xff" * 2048)

    assert found(log)


def test_an_index_that_lacks_a_row_is_found(log: Path) -> None:
    damage(
        log,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'nonce IS NOT NULL', 'nonce IS NULL') "
        "WHERE name = 'ix_events_nonce'",
    )

    assert any("ix_events_nonce" in line for line in found(log))


def test_a_log_in_use_is_checked_as_it_is_at_this_moment(log: Path) -> None:
    storage = open_storage(sqlite_url(log.parent))
    storage.commit([AppendMessage("lobby", ANN, "new")], 0)

    assert check(log) == (Size(rooms=4, events=103, users=2), [])

    storage.commit([AppendMessage("lobby", ANN, "newer")], 0)
    storage.close()


def test_what_is_no_log_is_refused(tmp_path: Path, log: Path) -> None:
    empty = tmp_path / "empty.db"
    damage(empty)
    with pytest.raises(StorageError, match="There is no log"):
        check(empty)
    with pytest.raises(StorageError, match="There is no log"):
        check(tmp_path / "gone.db")
    damage(empty, "CREATE TABLE recipes (name)")
    with pytest.raises(StorageError, match="not a log of hubbub's"):
        check(empty)
    damage(log, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase):
        check(log)


def test_the_command_says_what_it_found_and_what_to_do(log: Path, tmp_path: Path, run: Run) -> None:
    sound = run("check", "--data", str(log.parent))
    damage(log, "DELETE FROM events WHERE seq = 7")
    damaged = run("check", "--data", str(log.parent))
    nothing = run("check", "--data", str(tmp_path / "gone"))

    assert sound == Ended(0, f"{log}: no fault in 102 events, 4 rooms\n", "")
    assert (damaged.code, damaged.out) == (1, "room lobby: seq 7 is missing\n")
    assert damaged.err.startswith("hubbub: ")
    assert "restore a backup" in damaged.err
    assert (nothing.code, nothing.out) == (2, "")
    assert nothing.err.startswith("hubbub: There is no log")
