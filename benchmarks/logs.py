"""Logs that are not empty, made by hubbub's own storage."""

import secrets
import time
from pathlib import Path

from hubbub.protocol.events import Person
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage

EVENTS = 1_000_000
ROOMS = 500
SENDERS = 5_000
BATCH = 2_000
# Like the load's own, but without its mark: they are not what a load has stored.
TEXT = "an older message of a hundred bytes ".ljust(100, ".")


def full_log(folder: Path, events: int) -> Path:
    """A data folder whose log holds so many events in the rooms that loads use, all with nonces."""
    storage = open_storage(sqlite_url(folder), "normal")
    try:
        people = [Person(secrets.token_urlsafe(9), f"old{number}") for number in range(SENDERS)]
        for start in range(0, events, BATCH):
            batch = [
                AppendMessage(
                    room=f"room{number % ROOMS}",
                    sender=people[number % SENDERS],
                    text=TEXT,
                    nonce=f"{number:x}-{people[number % SENDERS].id}",
                )
                for number in range(start, min(start + BATCH, events))
            ]
            storage.commit(batch, time.time_ns() // 1_000_000)
    finally:
        storage.close()
    return folder
