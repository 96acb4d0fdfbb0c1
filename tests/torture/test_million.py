"""A log with a million events: as quick to start, to enter and to page as an empty one."""

import asyncio
import hashlib
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import ClauseElement, create_engine

import hubbub
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.files.copying import copy
from hubbub.storage.sql.purge import PURGES
from hubbub.storage.sql.schema import events
from tests.conftest import Server, hello
from tests.postgres import postgres
from tests.storage.statements import STATEMENTS as NAMED
from tests.torture.conftest import Launch
from tests.torture.figures import latency, note
from tests.torture.sizes import at_most_s, sized
from tests.torture.survivor import Survivor, living
from tests.torture.waiting import until

pytestmark = [pytest.mark.real, at_most_s(300)]

EVENTS, ROOMS, DEEP, STARTS, JOINS = sized(
    (20_000, 200, 2_000, 1, 20), (1_000_000, 1_000, 10_000, 7, 500)
)
USERS = 100
BEGIN_MS = 1_700_000_000_000
# Far above what a start costs, on a machine that is busy too: only a hang is a failure.
SLOWER_START_S = 15.0

Row = tuple[object, ...]


def event_rows() -> Iterator[Row]:
    """All events, in the order in which they would have been said; room 1 is the deep one."""
    rooms = [1 + n % ROOMS for n in range(EVENTS - DEEP)] + [1] * DEEP
    seqs = [0] * (ROOMS + 1)
    for number, room_id in enumerate(rooms):
        seqs[room_id] += 1
        user = f"user-{number % USERS}"
        nonce, text = f"{number:08x}", f"message {number} of a long talk " + "x" * (number % 80)
        at_ms = BEGIN_MS + number
        yield room_id, seqs[room_id], 0, at_ms, user, f"name{user}", text, 0, None, nonce


def build(data: Path, *, full: bool) -> None:
    """Makes a log of this release's schema, with everything in it or with nothing."""
    data.mkdir(parents=True)
    open_storage(sqlite_url(data)).close()
    if not full:
        return
    with closing(sqlite3.connect(data / "hubbub.db")) as database:
        database.execute("PRAGMA synchronous = OFF")
        names = ((n, f"room{n}", "public", "", 1, 0) for n in range(1, ROOMS + 1))
        columns = "id, name, kind, topic, first_seq, last_seq"
        database.executemany(f"INSERT INTO rooms ({columns}) VALUES (?, ?, ?, ?, ?, ?)", names)
        places = ", ".join("?" * len(events.c))
        database.executemany(f"INSERT INTO events VALUES ({places})", event_rows())
        database.execute(
            "UPDATE rooms SET last_seq = (SELECT max(seq) FROM events WHERE room_id = rooms.id)"
        )
        database.commit()


@pytest.fixture
def logs(launch: Launch) -> dict[str, Server]:
    """Two servers, not started: one with an empty log, one with everything."""
    servers = {"empty": launch("--rate-limits", "off"), "full": launch("--rate-limits", "off")}
    for kind, server in servers.items():
        build(server.data, full=kind == "full")
    return servers


def start_s(server: Server) -> float:
    """How long it takes from nothing to ready."""
    began_s = time.monotonic()
    server.start()
    return time.monotonic() - began_s


async def write_some(server: Server) -> None:
    """Leaves something in the write-ahead log."""
    async with hello(server, rooms={"room2": None}) as client:
        for number in range(50):
            text = f"late {number}"
            await client.ask(type="post", room="room2", text=text, nonce=f"late-{number}")


async def test_a_long_log_is_as_quick_to_start_as_an_empty_one(logs: dict[str, Server]) -> None:
    took_s: dict[tuple[str, str], list[float]] = {}
    for _ in range(STARTS):
        for kind, server in logs.items():
            started_s = await asyncio.to_thread(start_s, server)
            took_s.setdefault((kind, "a clean stop"), []).append(started_s)
            await write_some(server)
            server.kill()
            started_s = await asyncio.to_thread(start_s, server)
            took_s.setdefault((kind, "kill -9"), []).append(started_s)
            server.terminate()
    for before in ("a clean stop", "kill -9"):
        empty, full = median(took_s["empty", before]), median(took_s["full", before])
        assert full - empty < SLOWER_START_S
        figure = f"{empty:.2f} s, {full:.2f} s"
        note("million", f"start after {before}, empty log and {EVENTS} events", figure)


async def test_a_long_log_is_quick_to_enter_to_page_and_to_resume(logs: dict[str, Server]) -> None:
    server = logs["full"]
    await asyncio.to_thread(server.start)
    last = DEEP + (EVENTS - DEEP) // ROOMS
    joins_s: list[float] = []
    pages_s: list[float] = []
    async with hello(server, rooms={"room1": None}) as client:
        for number in range(JOINS):
            room = f"room{1 + (number * 7) % ROOMS}"
            began_s = time.monotonic()
            joined = await client.ask(type="join", room=room)
            joins_s.append(time.monotonic() - began_s)
            assert [e["seq"] for e in joined["events"]][-1] == joined["last"]
            assert len(joined["events"]) == 50
            if room != "room1":
                await client.ask(type="leave", room=room)
            began_s = time.monotonic()
            before = last - number * 11
            page = await client.ask(type="history", room="room1", before=before, limit=50)
            pages_s.append(time.monotonic() - began_s)
            assert [e["seq"] for e in page["events"]] == list(range(before - 50, before))
    raw = Survivor(server.port, "raw", ["room1"])
    began_s = time.monotonic()
    async with living([raw]):
        await until(
            lambda: raw.witness.last("room1") == last, lambda: raw.witness.last("room1"), 60
        )
    raw_s = time.monotonic() - began_s
    sdk_s = await resume_by_sdk(server, last)
    note("million", "join, with the last page", latency(joins_s))
    note("million", "a page of history", latency(pages_s))
    note("million", f"resume of {last} missed, raw and SDK", f"{raw_s:.2f} s, {sdk_s:.2f} s")


async def resume_by_sdk(server: Server, last: int) -> float:
    """Reads a whole room that was missed. Fails at a hole."""
    began_s = time.monotonic()
    async with hubbub.connect(f"127.0.0.1:{server.port}", rooms={"room1": 0}) as chat:
        for seq in range(1, last + 1):
            event = await anext(chat)
            while not isinstance(event, hubbub.Message):
                event = await anext(chat)
            assert event.seq == seq
    return time.monotonic() - began_s


def test_a_long_log_is_the_same_in_postgresql_and_back(tmp_path: Path) -> None:
    build(tmp_path / "data", full=True)
    between = postgres().make(empty=True)
    began_s = time.monotonic()
    there = copy(sqlite_url(tmp_path / "data"), between)
    there_s = time.monotonic() - began_s
    back = copy(between, sqlite_url(tmp_path / "back"))
    back_s = time.monotonic() - began_s - there_s
    assert there == back
    assert there.events == EVENTS
    assert entries(tmp_path / "back") == entries(tmp_path / "data")
    note("million", f"{EVENTS} events to PostgreSQL, and back", f"{there_s:.1f} s, {back_s:.1f} s")


def entries(data: Path) -> str:
    """What tells one log's entries from another's."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(data / "hubbub.db")) as database:
        for row in database.execute("SELECT * FROM events ORDER BY room_id, seq"):
            digest.update(repr(row).encode())
    return digest.hexdigest()


POSTGRESQL = {"END_LOST_COMMIT", "NEXT_NUMBER"}
STATEMENTS = {name: named for name, named in NAMED.items() if name not in POSTGRESQL} | {
    f"PURGES[{n}]": purge for n, purge in enumerate(PURGES)
}


def plan(data: Path, statement: ClauseElement) -> list[str]:
    """How SQLite goes about a statement."""
    engine = create_engine(f"sqlite:///{data / 'hubbub.db'}")
    with engine.connect() as connection:
        compiled = statement.compile(dialect=connection.dialect)
        nothing = ("[]",) * len(getattr(compiled, "positiontup", None) or ())
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", nothing).all()
    engine.dispose()
    return [row[3] for row in rows]


def test_no_query_of_the_server_walks_through_the_log(tmp_path: Path) -> None:
    build(tmp_path / "data", full=True)
    assert len(STATEMENTS) > 20
    for name, statement in STATEMENTS.items():
        steps = plan(tmp_path / "data", statement)
        walks = [step for step in steps if re.match(r"SCAN events\b", step)]
        assert walks == [], (name, steps)
        used = [step for step in steps if re.match(r"SEARCH events\b", step)]
        if used:
            note("million", f"plan of {name}", "; ".join(used))
    note("million", "statements, of which scan the log", f"{len(STATEMENTS)}, 0")
