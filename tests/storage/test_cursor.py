"""A process that is paused within a transaction keeps others waiting for a while, not for ever."""

# ruff: noqa: PT012 — what fails is the end of the paused transaction

import time
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import DBAPIError

from hubbub.errors import NodeLost
from hubbub.protocol.events import Person
from hubbub.storage import open_storage
from hubbub.storage.changes import Appended, AppendMessage, MakeRoom
from hubbub.storage.sql import postgres
from hubbub.storage.sql.commit import FENCE
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.meta import SAVE_META
from hubbub.storage.sql.rooms import ROOMS
from tests.postgres import postgres as server

IDLE_S = 0.3
ANN = Person("a", "ann")

pytestmark = pytest.mark.real


def opened(url: str) -> Database:
    storage = open_storage(url)
    assert isinstance(storage, Database)
    return storage


@pytest.mark.parametrize("rows", [["one"], ["one", "two", "three"]])
def test_a_pause_in_a_transaction_gives_its_rooms_free(
    monkeypatch: pytest.MonkeyPatch, rows: Sequence[str]
) -> None:
    """Also right behind statements of many rows, where psycopg stops PostgreSQL's counting."""
    monkeypatch.setattr(postgres, "IDLE_TIMEOUT_MS", int(IDLE_S * 1000))
    url = server().make()
    paused, other = opened(url), opened(url)
    try:
        other.commit([MakeRoom("lobby")], 1)
        driver = paused.backend.committer
        with pytest.raises(DBAPIError), driver.transaction():
            driver.read(ROOMS, {"names": '["lobby"]'})
            driver.write(SAVE_META, [{"key": key, "value": "x"} for key in rows])
            begin_s = time.monotonic()
            outcomes = other.commit([AppendMessage("lobby", ANN, "hello", nonce="1")], 1)
            waited_s = time.monotonic() - begin_s
        assert isinstance(outcomes[0], Appended)
        assert waited_s > IDLE_S / 2
        assert paused.commit([AppendMessage("lobby", ANN, "again", nonce="2")], 1)
    finally:
        paused.close()
        other.close()


def test_who_takes_out_a_paused_node_ends_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what PostgreSQL's own timeouts miss is over with the lease."""
    monkeypatch.setattr(postgres, "IDLE_TIMEOUT_MS", 0)
    url = server().make()
    paused, other = opened(url), opened(url)
    try:
        paused.nodes.join("paused")
        other.nodes.join("other")
        other.commit([MakeRoom("lobby")], 1)
        driver = paused.backend.committer
        with pytest.raises(DBAPIError), driver.transaction():
            driver.read(ROOMS, {"names": '["lobby"]'})
            driver.first(FENCE, {"node": "paused"})
            assert other.nodes.end_lost(60_000) == []
            while (ended := other.nodes.end_lost(1)) == []:
                pass
            other.commit([AppendMessage("lobby", ANN, "hello", nonce="1")], 1)
        assert ended == ["paused"]
        with pytest.raises(NodeLost):
            paused.commit([AppendMessage("lobby", ANN, "again", nonce="2")], 1)
    finally:
        paused.close()
        other.close()
