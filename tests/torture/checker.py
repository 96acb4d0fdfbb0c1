"""What clients saw, what they were promised, and what the log says: all of it has to agree."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One message of a room; its seq is its place, from 1."""

    sender: str
    text: str


Log = dict[str, list[Entry]]
"""Each room's messages, in order."""


class Witness:
    """What one client was shown, which must be each room's 1, 2, 3, ... from the first moment."""

    def __init__(self, rooms: Iterable[str]) -> None:
        self.rooms: Log = {room: [] for room in rooms}

    def saw(self, room: str, seq: int, entry: Entry) -> None:
        """Notes an event. Fails where it repeats one or leaves one out."""
        entries = self.rooms[room]
        assert seq == len(entries) + 1, f"{room}: {seq} came after {len(entries)}"
        entries.append(entry)

    def last(self, room: str) -> int:
        """The seq of the last event that was seen."""
        return len(self.rooms[room])


@dataclass
class Promises:
    """What one client said, by nonce: the text, and where the server said that it stands."""

    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    kept: dict[str, tuple[str, int]] = field(default_factory=dict)

    def say(self, nonce: str, room: str, text: str) -> None:
        """Notes a message that is sent for the first time."""
        self.said[nonce] = (room, text)

    def acknowledge(self, nonce: str, room: str, seq: int) -> None:
        """Notes an answer. Fails where a second one, to a retry, names another place."""
        assert self.kept.setdefault(nonce, (room, seq)) == (room, seq), nonce


def read_log(data: Path) -> Log:
    """Every room's messages as SQLite itself reads them. Fails where the file is not sound."""
    with closing(sqlite3.connect(data / "hubbub.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        return _read(database.execute)


def read_database(url: str) -> Log:
    """The same as PostgreSQL itself reads them."""
    import psycopg

    with psycopg.connect(url) as database:
        # What is read stands as it was at one moment.
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _read(database.execute)


def _read(execute: Callable[[str], Iterable[Any]]) -> Log:
    rooms = {
        id_: (name, first, last)
        for id_, name, first, last in execute("SELECT id, name, first_seq, last_seq FROM rooms")
    }
    log: Log = {name: [] for name, _, _ in rooms.values()}
    rows = execute("SELECT room_id, seq, user_id, text FROM events ORDER BY room_id, seq")
    for room_id, seq, sender, text in rows:
        name, first, _ = rooms[room_id]
        assert seq == first + len(log[name]), f"a hole or a double in {name} before {seq}"
        log[name].append(Entry(sender, text))
    for name, first, last in rooms.values():
        assert len(log[name]) == last - first + 1, f"{name} says that it ends at {last}"
    return log


def check_finds_nothing(data: Path) -> None:
    """Claims that `hubbub check` finds the log sound."""
    command = [sys.executable, "-m", "hubbub", "check", "--data", str(data)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def difference(seen: list[Entry], logged: list[Entry]) -> str:
    """Where two histories of a room part."""
    for number, (one, other) in enumerate(zip(seen, logged, strict=False), 1):
        if one != other:
            return f"{number} was seen as {one} and is {other}"
    return f"{len(seen)} of {len(logged)} were seen"


def verify(log: Log, witnesses: Iterable[Witness], promises: Mapping[str, Promises]) -> None:
    """Compares the log with what clients saw and were promised, by user id.

    Fails if a witness saw another order, or not all; if an acknowledged message is not where it
    was said to be; if a message that was said is there twice, or not at all although its client
    repeated it until it was answered; or if the log has a message that nobody said.
    """
    for witness in witnesses:
        for room, entries in witness.rooms.items():
            logged = log.get(room, [])
            assert entries == logged, (
                f"{room} was seen in another way: {difference(entries, logged)}"
            )
    for sender, promised in promises.items():
        for nonce, (room, seq) in promised.kept.items():
            said_room, text = promised.said[nonce]
            assert said_room == room
            assert log[room][seq - 1] == Entry(sender, text), f"{nonce} is not at {room}/{seq}"
    stored = sorted((r, e) for r, entries in log.items() for e in entries)
    said = sorted(
        (room, Entry(sender, text))
        for sender, promised in promises.items()
        for room, text in promised.said.values()
    )
    assert stored == said, f"{len(said)} messages were said, {len(stored)} are stored"
