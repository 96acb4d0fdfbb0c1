"""The log in PostgreSQL: several writers at once, and a database that is not there."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hubbub.errors import NewerDatabase, NodeLost, StorageError
from hubbub.model import Role, RoomKind, UserKind
from hubbub.protocol.events import Person
from hubbub.storage import migrate_log, open_storage
from hubbub.storage.changes import (
    Appended,
    AppendMessage,
    Arrive,
    Change,
    Duplicate,
    EnterRoom,
    HoldName,
    Made,
    MakeRoom,
    Outcome,
    RemoveMember,
    RenameUser,
    SaveMember,
    SaveSession,
    SaveUser,
)
from hubbub.storage.records import UserRecord
from hubbub.storage.sql import migrate
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.postgres import LOCK_TIMEOUT_MS, PostgresServer
from hubbub.storage.sql.schema import metadata
from tests.deadline import PROGRAM_S
from tests.postgres import Postgres, postgres
from tests.storage.acts import settled
from tests.storage.statements import STATEMENTS
from tests.storage.test_shared import positions

ANN, BOB = Person("a", "ann"), Person("b", "bob")
GUEST = UserRecord("a", "ann", "ann", UserKind.GUEST)
MANY = 60


def opened(url: str) -> Database:
    storage = open_storage(url)
    assert isinstance(storage, Database)
    return storage


def said(text: str, room: str = "lobby", nonce: str = "") -> AppendMessage:
    return AppendMessage(room, ANN, text, nonce=nonce)


@pytest.fixture
def pair(postgres_url: str) -> Iterator[tuple[Database, Database]]:
    """Two servers on one log."""
    one, two = opened(postgres_url), opened(postgres_url)
    yield one, two
    one.close()
    two.close()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Makes these calls from a thread each, as much at the same moment as can be."""
    start = threading.Barrier(len(calls))

    def call(wanted: Callable[[], Any]) -> Any:
        start.wait(10)
        return wanted()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(30) for future in [threads.submit(call, each) for each in calls]]


def committing(
    storage: Database, batches: Sequence[Sequence[Change]]
) -> Callable[[], list[Outcome]]:
    return lambda: [o for batch in batches for o in storage.commit(batch, 0)]


def log(storage: Database, room: str = "lobby") -> list[Any]:
    return list(storage.log.page(room, after=0, limit=9_999, limit_bytes=1 << 30).events)


# --- two writers


def test_two_writers_leave_no_hole_and_no_two_entries_with_one_seq(
    pair: tuple[Database, Database],
) -> None:
    batches = [
        [[said(f"{who} {n}", nonce=f"{who}{n}"), said("x", "dev")] for n in range(MANY)]
        for who in (1, 2)
    ]
    answers = at_once(*(committing(each, its) for each, its in zip(pair, batches, strict=True)))

    entries = log(pair[0])
    assert [entry.seq for entry in entries] == list(range(1, 2 * MANY + 1))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    told = [o.event for answer in answers for o in answer if isinstance(o, Appended)]
    assert sorted((e.room, e.seq) for e in told) == sorted(
        (e.room, e.seq) for room in ("lobby", "dev") for e in log(pair[0], room)
    )
    for who in (1, 2):
        own = [e.text for e in entries if e.text.startswith(f"{who} ")]
        assert own == [f"{who} {n}" for n in range(MANY)]


def test_a_nonce_that_comes_through_both_at_once_is_one_message(
    pair: tuple[Database, Database],
) -> None:
    batches = [[said("hi", nonce=f"n{n}")] for n in range(MANY)]
    answers = at_once(*(committing(each, batches) for each in pair))

    assert len(log(pair[0])) == MANY
    for first, second in zip(*answers, strict=True):
        assert {type(first), type(second)} == {Appended, Duplicate}
    texts = [e.seq for e in log(pair[1])]
    assert texts == list(range(1, MANY + 1))


def test_both_make_one_room_at_once(pair: tuple[Database, Database]) -> None:
    for number in range(20):
        name = f"room{number}"
        answers = at_once(*(committing(each, [[said("hi", name)]]) for each in pair))
        assert sorted(answer[0].event.seq for answer in answers) == [1, 2]
        made = [[MakeRoom(f"made{number}", "a")]]
        outcomes = [answer[0] for answer in at_once(*(committing(e, made) for e in pair))]
        assert Made(new=True) in outcomes
        assert Made(new=False) in outcomes


def test_batches_with_rooms_in_opposite_orders_all_end(pair: tuple[Database, Database]) -> None:
    rooms = [f"room{number}" for number in range(8)]
    people = [UserRecord(f"u{n}", f"u{n}", f"u{n}", UserKind.GUEST) for n in range(8)]
    pair[0].commit([said("first", room) for room in rooms], 0)

    def batch(names: list[str], users: list[UserRecord]) -> list[Change]:
        saved = [SaveUser(user) for user in users]
        sessions = [SaveSession(user.id.encode(), user.id, 9) for user in users]
        members = [SaveMember(room, user.id) for room in names for user in users]
        return [*(said("x", name) for name in names), *saved, *sessions, *members]

    ways = [[batch(rooms, people)] * 20, [batch(rooms[::-1], people[::-1])] * 20]
    at_once(*(committing(each, way) for each, way in zip(pair, ways, strict=True)))

    assert positions(pair[0], rooms) == dict.fromkeys(rooms, 41)


def test_batches_that_wait_for_each_other_are_tried_again(
    pair: tuple[Database, Database],
) -> None:
    """Nonces are no rooms: their index is waited for in whatever order they come."""
    ways = [
        [[said("x", room, nonce=f"{n}a"), said("x", room, nonce=f"{n}b")] for n in range(5)]
        for room in ("lobby", "dev")
    ]
    crossed = [list(reversed(batch)) for batch in ways[1]]
    answers = at_once(
        *(committing(each, way) for each, way in zip(pair, [ways[0], crossed], strict=True))
    )

    assert sum(isinstance(o, Appended) for answer in answers for o in answer) == 10


def test_what_is_said_while_a_room_gets_another_name_arrives(
    pair: tuple[Database, Database],
) -> None:
    one, two = pair
    one.commit([said("first")], 0)
    names = ["lobby", *(f"lobby{n}" for n in range(1, 12))]
    renamed = [[settled(was, ANN, RoomKind.PUBLIC, name=name)] for was, name in pairwise(names)]
    posted = threading.Event()

    def rename() -> None:
        for batch in renamed:
            one.commit(batch, 0)
            # A room leaves one name behind: what is on its way has the last or the one before.
            posted.clear()
            posted.wait(0.5)

    def talk() -> list[Outcome]:
        outcomes: list[Outcome] = []
        for _ in range(100):
            # As a node has it that has not heard of the last renaming yet.
            place = two.rooms.find("lobby11") or next(
                filter(None, map(two.rooms.find, reversed(names)))
            )
            outcomes += two.commit([said("x", place.name)], 0)
            posted.set()
        return outcomes

    _, outcomes = at_once(rename, talk)

    rooms = {o.event.room for o in outcomes if isinstance(o, Appended)}
    assert rooms <= set(names)
    assert [room.name for room in one.rooms.public(after=None, limit=99)] == ["lobby11"]
    entries = log(one, "lobby11")
    assert [e.seq for e in entries] == list(range(1, 1 + 11 + 100 + 1))


def test_a_name_that_many_claim_at_once_is_one_users(postgres_url: str) -> None:
    nodes = [opened(postgres_url) for _ in range(4)]
    for number, node in enumerate(nodes):
        node.nodes.join(f"node{number}")
    keys = [f"name{n}" for n in range(20)]
    claims = [[[HoldName(key, f"user{n}") for key in keys]] for n in range(len(nodes))]

    answers = at_once(*(committing(n, c) for n, c in zip(nodes, claims, strict=True)))

    for outcomes in zip(*answers, strict=True):
        assert sorted(type(o).__name__ for o in outcomes) == ["Done", *(["NameUsed"] * 3)]
    assert sum(len(node.presence.own_names()) for node in nodes) == len(keys)
    for node in nodes:
        node.close()


# --- nodes


def test_a_node_is_taken_out_after_the_commit_that_is_under_way(postgres_url: str) -> None:
    one, two = opened(postgres_url), opened(postgres_url)
    one.nodes.join("one")
    two.nodes.join("two")
    postgres().run("UPDATE nodes SET seen_ms = 0 WHERE id = 'two'", name_of(postgres_url))
    within, go = threading.Event(), threading.Event()

    def slowly() -> None:
        driver = two.backend.committer
        with driver.transaction():
            driver.run("SELECT 1 FROM nodes WHERE id = 'two' FOR KEY SHARE")
            within.set()
            go.wait(10)

    def take_out() -> list[str]:
        within.wait(10)
        timer = threading.Timer(0.2, go.set)
        timer.start()
        ended = one.nodes.end_lost(60_000)
        assert go.is_set()
        return ended

    _, ended = at_once(slowly, take_out)

    assert ended == ["two"]
    with pytest.raises(NodeLost):
        two.commit([said("late")], 0)
    one.close()
    two.close()


def test_what_is_to_be_done_alone_is_done_one_after_another(
    pair: tuple[Database, Database],
) -> None:
    busy: list[int] = []

    def block(storage: Database) -> None:
        for _ in range(10):
            with storage.nodes.alone("accounts"):
                busy.append(1)
                assert len(busy) == 1
                storage.commit([said("x")], 0)
                busy.pop()

    at_once(*(lambda each=each: block(each) for each in pair))
    with pair[0].nodes.alone("accounts"), pair[1].nodes.alone("something else"):
        pass


def test_others_are_told_that_people_or_what_they_may_has_changed(
    pair: tuple[Database, Database],
) -> None:
    one, two = pair
    two.commit([SaveUser(GUEST), said("hi")], 0)
    assert one.care.changed_elsewhere() is False
    two.commit([said("ho"), SaveMember("lobby", "a")], 0)
    assert one.care.changed_elsewhere() is False
    for change in (RenameUser("a", "Anna", "anna"), SaveMember("lobby", "a", Role.OWNER)):
        two.commit([change], 0)
        assert one.care.changed_elsewhere() is True
        assert one.care.changed_elsewhere() is False
    two.commit([RemoveMember("lobby", "a")], 0)
    assert one.care.changed_elsewhere() is True
    two.commit([SaveMember("lobby", "a"), RemoveMember("lobby", "a")], 0)
    assert one.care.changed_elsewhere() is False
    two.care.forget_user("a", purge=False)
    assert one.care.changed_elsewhere() is True


def test_two_servers_purge_at_once_while_people_come(pair: tuple[Database, Database]) -> None:
    one, two = pair
    now = 10**13

    def come() -> None:
        for number in range(50):
            name = f"room{number % 5}"
            one.commit([SaveMember(name, f"u{number}"), EnterRoom(name, f"u{number}")], 0)

    at_once(come, *([lambda: [two.care.purge(now, 0) for _ in range(20)]] * 2))


# --- opening


def test_a_migration_that_fails_half_way_leaves_nothing(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    real = op.create_index

    def fails_at_the_last(name: str, *args: object, **kwargs: object) -> None:
        if name == "ix_events_nonce":
            raise StorageError("no")
        real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_index", fails_at_the_last)
    with pytest.raises(StorageError, match="no"):
        opened(empty_postgres_url)
    monkeypatch.undo()

    opened(empty_postgres_url).close()


def test_an_old_subscription_is_of_the_only_session_of_its_user_or_goes(
    empty_postgres_url: str,
) -> None:
    opened(empty_postgres_url).close()
    for statement in (
        "ALTER TABLE subscriptions DROP COLUMN token_hash",
        "UPDATE alembic_version SET version_num = '0007'",
        "INSERT INTO sessions (token_hash, user_id, expires_ms) "
        "VALUES ('1', 'one', 9), ('2', 'two', 9), ('3', 'two', 9)",
        "INSERT INTO subscriptions (endpoint, user_id, p256dh, auth, saved_ms) "
        "VALUES ('n', 'none', 'p', 'a', 1), ('o', 'one', 'p', 'a', 1), ('t', 'two', 'p', 'a', 1)",
    ):
        postgres().run(statement, name_of(empty_postgres_url))

    storage = opened(empty_postgres_url)
    found = {user: storage.push.subscriptions(user) for user in ("none", "one", "two")}
    storage.close()
    assert {user: [each.token_hash for each in of] for user, of in found.items()} == {
        "none": [],
        "one": [b"1"],
        "two": [],
    }


def test_two_servers_that_start_at_once_make_one_log(empty_postgres_url: str) -> None:
    storages = at_once(*([lambda: opened(empty_postgres_url)] * 4))

    assert len({storage.epoch for storage in storages}) == 1
    for storage in storages:
        storage.commit([said("hi")], 0)
    assert len(log(storages[0])) == 4
    for storage in storages:
        storage.close()


def test_the_migrated_schema_is_the_one_of_the_code(postgres_url: str) -> None:
    database = opened(postgres_url)
    with database.backend.writer.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()

    assert difference == []


@pytest.mark.parametrize("revision", migrate.REVISIONS[:-1])
def test_a_log_of_each_revision_is_upgraded(
    empty_postgres_url: str, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        old.setattr(migrate, "REVISIONS", (revision,))
        assert migrate_log(empty_postgres_url) == (None, revision)

    assert migrate_log(empty_postgres_url) == (revision, migrate.REVISIONS[-1])
    storage = opened(empty_postgres_url)
    assert storage.commit([said("hi")], 0)
    storage.close()


def test_no_lock_and_no_statement_is_waited_for_without_end(postgres_url: str) -> None:
    asked = "application_name", "lock_timeout", "statement_timeout"
    names = (*asked, "idle_in_transaction_session_timeout", "work_mem")
    database = opened(postgres_url + "&options=-c%20work_mem%3D5MB")

    found = [database.backend.committer.run(f"SHOW {name}")[0][0] for name in names]
    database.close()

    assert found == ["hubbub", "3s", "15s", "5s", "5MB"]


def test_a_newer_log_is_refused(postgres_url: str) -> None:
    postgres().run("UPDATE alembic_version SET version_num = '9999'", name_of(postgres_url))

    with pytest.raises(NewerDatabase, match=r"newer hubbub.*9999"):
        opened(postgres_url)


def test_another_programs_database_is_refused(empty_postgres_url: str) -> None:
    postgres().run("CREATE TABLE users (id int)", name_of(empty_postgres_url))

    with pytest.raises(StorageError, match="another program's"):
        opened(empty_postgres_url)
    assert postgres().run("SELECT count(*) FROM users", name_of(empty_postgres_url)) == [(0,)]


def test_a_database_of_few_letters_is_refused(empty_postgres_url: str) -> None:
    server = postgres()
    server.run(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    )

    with pytest.raises(StorageError, match=r"LATIN1.*encoding=UTF8"):
        opened(server.url("latin"))


def name_of(url: str) -> str:
    return url.split("/")[3].split("?")[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("/hubbub_", "/nowhere_"), "no such database; make it"),
        (("?host=", "?host=/nowhere"), "cannot be reached; see that PostgreSQL runs"),
        (("postgres:@", "nobody:hush@"), "refused the user or the password"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_the_password(
    postgres_url: str, change: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(StorageError, match=sentence) as refused:
        opened(postgres_url.replace(*change, 1))

    assert "hush" not in str(refused.value)


@pytest.mark.real
@pytest.mark.parametrize("rest", ["ann:hu/sh@host/db", "ann:hush@host:x/db", "ann:hush@[host/db"])
def test_a_url_that_cannot_be_read_is_not_repeated(rest: str) -> None:
    postgres()
    with pytest.raises(StorageError, match="cannot be read; it is postgresql://") as refused:
        PostgresServer(f"postgresql://{rest}")

    assert "hu" not in str(refused.value).replace("hubbub", "").replace("user:", "")


def test_without_the_driver_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StorageError, match=r"pip install 'hubbub\[cluster\]'"):
        open_storage("postgresql://localhost/hubbub")


@pytest.mark.real
def test_the_driver_is_not_loaded_for_a_file(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hubbub.storage import *\n"
        "open_storage(sqlite_url(Path(sys.argv[1]))).close(); print('psycopg' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=PROGRAM_S
    )
    assert answer.stdout == "False\n"


# --- faults


def test_no_text_is_in_the_error_of_a_failed_commit(pair: tuple[Database, Database]) -> None:
    one, _ = pair
    bad = AppendMessage("lobby", Person("a", None), "a secret")  # type: ignore[arg-type]

    with pytest.raises(StorageError) as failed:
        one.commit([bad], 0)

    cause = failed.value.__cause__
    assert cause is not None
    assert "a secret" not in f"{failed.value} {cause} {cause.__cause__}"
    assert one.commit([said("after")], 0)


def test_a_room_that_is_locked_for_too_long_is_said_to_be_busy(
    pair: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    one.commit([said("hi")], 0)
    driver = two.backend.committer
    with driver.transaction():
        driver.run("SELECT 1 FROM rooms FOR UPDATE")
        begin = time.monotonic()
        with pytest.raises(StorageError, match="busy"):
            one.commit([said("ho")], 0)
        assert time.monotonic() - begin < LOCK_TIMEOUT_MS / 1000 + 2
    assert one.commit([said("ho")], 0)


def test_a_standby_is_named(postgres_url: str) -> None:
    name = name_of(postgres_url)
    database = opened(postgres_url)
    database.close()
    postgres().run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    with pytest.raises(StorageError, match=r"standby|cannot be reached|read"):
        opened(postgres_url + "&target_session_attrs=read-write")


@pytest.mark.real
def test_a_database_that_was_killed_is_used_again_when_it_is_back() -> None:
    server = Postgres()
    try:
        database = opened(server.make())
        database.nodes.join("one")
        database.commit([said("before"), Arrive(GUEST)], 0)
        for _ in range(3):
            assert database.rooms.find("lobby")
        server.kill()

        calls: list[Callable[[], object]] = [
            lambda: database.commit([said("away")], 0),
            lambda: database.rooms.find("lobby"),
            lambda: database.people.account("ann"),
            lambda: database.care.purge(0, 0),
            lambda: database.nodes.renew_lease(),
            lambda: database.care.changed_elsewhere(),
            lambda: database.care.check_ready(),
        ]
        for call in calls * 2:
            with pytest.raises(StorageError, match="cannot be reached; see that PostgreSQL runs"):
                call()
        server.start()

        assert database.rooms.find("lobby")
        assert isinstance(database.commit([said("after")], 0)[0], Appended)
        assert database.nodes.renew_lease() is True
        assert [entry.text for entry in log(database)] == ["before", "after"]
        server.kill()
        server.start()
        # Nobody noticed that it was away.
        assert isinstance(database.commit([said("again")], 0)[0], Appended)
        assert database.people.account("ann") is None
        assert database.rooms.find("lobby")
        assert database.nodes.renew_lease() is True
        database.close()
    finally:
        server.stop()


def test_a_connection_that_ends_within_a_commit_takes_it_back(
    pair: tuple[Database, Database],
) -> None:
    one, two = pair
    two.commit([said("first")], 0)
    driver = one.backend.committer
    with suppress(Exception), driver.transaction():
        driver.run("UPDATE rooms SET topic = 'half'")
        ((pid,),) = driver.run("SELECT pg_backend_pid()")
        reader = two.backend.committer
        reader.run(f"SELECT pg_terminate_backend({pid})")
        driver.run("SELECT 1")

    assert isinstance(one.commit([said("second")], 0)[0], Appended)
    room = two.rooms.find("lobby")
    assert room is not None
    assert room.topic == ""


# --- what is asked


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("PAGE_AFTER", "pk_events"),
        ("PAGE_BEFORE", "pk_events"),
        ("NAME_HOLDER", "ix_users_name_key"),
        ("SESSION_USER", "pk_sessions"),
        ("MEMBERSHIPS", "ix_members_user_id"),
        ("ROOM", "uq_rooms_name"),
        ("NONCES", "ix_events_nonce"),
    ],
)
def test_the_usual_questions_are_answered_by_an_index(
    pair: tuple[Database, Database], query: str, index: str
) -> None:
    statement = STATEMENTS[query]
    with pair[0].backend.writer.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        connection.exec_driver_sql("SET enable_bitmapscan = off")
        compiled = statement.compile(dialect=connection.dialect)
        values = dict.fromkeys(compiled.params, 1) | {
            name: value for name, value in compiled.params.items() if value is not None
        }
        texts = {"name", "name_key", "user_id"}
        values |= {name: "x" for name in values if name in texts}
        values |= {name: '[["a","b"]]' for name in values if name in {"pairs", "names"}}
        values |= {name: b"x" for name in values if name == "token_hash"}
        rows = connection.exec_driver_sql(f"EXPLAIN {compiled}", values).all()

    assert any(index in row[0] for row in rows), rows


def test_where_ci_is_set_a_missing_postgresql_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.postgres._running", [])
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception):
        postgres()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        postgres()
    assert "CI" not in os.environ
