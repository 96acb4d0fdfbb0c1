"""What PostgreSQL costs: commits by their rooms and events, looks at people by their number."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import cast

import psutil

from benchmarks.cluster.least import explain
from benchmarks.cluster.parts import Database
from benchmarks.load.cpu import cpu_s
from hubbub.hub.cluster.backfill import PAGE_EVENTS
from hubbub.model import UserKind
from hubbub.protocol.events import Person
from hubbub.storage import open_storage
from hubbub.storage.changes import AppendMessage, Change, SaveSession, SaveUser
from hubbub.storage.records import UserRecord
from hubbub.storage.shared import SharedStorage

SHAPES = ((1, 1), (1, 10), (1, 100), (10, 1), (10, 10), (100, 1), (200, 5), (500, 2), (1000, 1))
"""How many rooms a commit has, and how many messages each of them gets."""
RUN_S = 1.0
TEXT = "a message of a hundred bytes ".ljust(100, ".")
FLUSHED_BYTES, FLUSHES = 8192, 500
"""A page of PostgreSQL's journal, which is what a small commit writes."""
LOOKED_AT = (100, 2_000)
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class _Used:
    """Microseconds each: of the clock, of this thread's CPU, of PostgreSQL's."""

    clock: float
    own: float
    postgres: float


class _Meter:
    """Does one thing for a while, and tells what that took."""

    def __init__(self, database: Database) -> None:
        self._postgres = psutil.Process(database.pid)

    def used(self, work: Callable[[int], object], prepare: Callable[[], int] = int) -> _Used:
        """Of `work`, which is given what `prepare` returns; that is not counted."""
        work(prepare())
        clock_s = own_s = 0.0
        rounds = 0
        before_s = cpu_s(self._postgres)
        while clock_s < RUN_S:
            prepared = prepare()
            begun_s, begun_own_s = time.perf_counter(), time.thread_time()
            work(prepared)
            own_s += time.thread_time() - begun_own_s
            clock_s += time.perf_counter() - begun_s
            rounds += 1
        postgres_s = cpu_s(self._postgres) - before_s
        return _Used(*(each_s / rounds * 1e6 for each_s in (clock_s, own_s, postgres_s)))


def measure(database: Database) -> dict[str, float]:
    """Costs of `benchmarks.simulation.costs.Costs`."""
    url = database.make()
    try:
        meter = _Meter(database)
        found = _commits(meter, url) | _reads(meter, url) | _looks(meter, url)
        return found | {"flush_us": _flush_us(database.folder)}
    finally:
        database.drop(url)


def _commits(meter: _Meter, url: str) -> dict[str, float]:
    storage = _joined(url)
    try:
        found = [_commit(meter, storage, *shape) for shape in SHAPES]
    finally:
        storage.close()
    counts = [{"commit": 1.0, "room": rooms, "event": rooms * each} for rooms, each in SHAPES]
    own = explain(counts, [used.own for used in found])
    theirs = explain(counts, [used.postgres for used in found])
    return {
        "commit_us": own["commit"],
        "commit_room_us": own["room"],
        "commit_event_us": own["event"],
        "pg_commit_us": theirs["commit"],
        "pg_room_us": theirs["room"],
        "pg_event_us": theirs["event"],
    }


def _flush_us(folder: Path) -> float:
    """Of the disk itself: commits with and without a sync differ by less than one from another."""
    path = folder / "flushed"
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    taken_s = []
    try:
        for _ in range(FLUSHES):
            begun_s = time.perf_counter()
            os.pwrite(file, bytes(FLUSHED_BYTES), 0)
            os.fdatasync(file)
            taken_s.append(time.perf_counter() - begun_s)
    finally:
        os.close(file)
        path.unlink()
    return median(taken_s) * 1e6


def _joined(url: str) -> SharedStorage:
    storage = cast(SharedStorage, open_storage(url))
    storage.nodes.join(secrets.token_urlsafe(6))
    return storage


def _commit(meter: _Meter, storage: SharedStorage, rooms: int, each: int) -> _Used:
    numbers = count()
    sender = Person(secrets.token_urlsafe(9), "ada")
    batch: list[Change] = []

    def prepare() -> int:
        began = next(numbers) * rooms * each
        batch[:] = (
            AppendMessage(
                room=f"room{number % rooms}",
                sender=sender,
                text=TEXT,
                nonce=f"{began + number:012x}-{sender.id}",
            )
            for number in range(rooms * each)
        )
        return 0

    return meter.used(lambda _: storage.commit(batch, 0), prepare)


def _reads(meter: _Meter, url: str) -> dict[str, float]:
    """A room of which an entry is missing."""
    storage = _joined(url)
    try:
        record = storage.rooms.find("room0")
        assert record is not None, "commits were made to it"

        def read_on(_: int) -> None:
            storage.nodes.places([record.id])
            storage.log.page("room0", after=record.last - 2, limit=PAGE_EVENTS, limit_bytes=2**18)

        used = meter.used(read_on)
    finally:
        storage.close()
    return {"read_us": used.own, "pg_read_us": used.postgres}


def _looks(meter: _Meter, url: str) -> dict[str, float]:
    """What a node does where another says `Look`, but for what no user of its own is part of."""
    storage = _joined(url)
    now_ms = time.time_ns() // 1_000_000
    try:
        ids = _make_users(storage, max(LOOKED_AT), now_ms)

        def look(users: int) -> None:
            storage.people.known(ids[:users])
            storage.people.live_sessions(ids[:users], now_ms)

        few, many = (meter.used(look, lambda users=users: users) for users in LOOKED_AT)  # type: ignore[misc]
    finally:
        storage.close()
    more = LOOKED_AT[1] - LOOKED_AT[0]
    return {
        "look_user_us": (many.own - few.own) / more,
        "pg_look_user_us": (many.postgres - few.postgres) / more,
    }


def _make_users(storage: SharedStorage, users: int, now_ms: int) -> Sequence[str]:
    ids = [secrets.token_urlsafe(9) for _ in range(users)]
    changes: list[Change] = []
    for number, user_id in enumerate(ids):
        name = f"guest{number}"
        changes.append(SaveUser(UserRecord(user_id, name, name, UserKind.GUEST)))
        changes.append(SaveSession(secrets.token_bytes(32), user_id, now_ms + HOUR_MS))
    storage.commit(changes, now_ms)
    return ids
