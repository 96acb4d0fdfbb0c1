"""A server that lets old messages go."""

import time
from pathlib import Path

import pytest

import hubbub
from hubbub.protocol.events import Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage
from hubbub.storage.files.check import check
from tests.conftest import JsonClient, Server, hello
from tests.storage.acts import topic
from tests.wire import said_nothing_wrong

pytestmark = [pytest.mark.real, pytest.mark.one_node("its file has old messages")]

ANN = Person("a", "ann")
DAY_MS = 24 * 60 * 60 * 1000


def write(folder: Path) -> None:
    """A log with 1,200 messages from 31 days ago and 10 from 29 days ago in each of two rooms."""
    storage = open_storage(sqlite_url(folder))
    now_ms = time.time_ns() // 1_000_000
    for days, count in ((31, 1_200), (29, 10)):
        storage.commit([topic("lobby", ANN, f"{days} days ago")], now_ms - days * DAY_MS)
        for room in ("lobby", "dev"):
            said = [AppendMessage(room, ANN, f"{days}") for _ in range(count)]
            storage.commit(said, now_ms - days * DAY_MS)
    storage.close()


async def begins(client: JsonClient, room: str, first: int) -> None:
    """Waits until a room's log begins there; it grows from its beginning alone."""
    while (page := await client.ask(type="history", room=room, after=0))["first"] != first:
        assert [event["seq"] for event in page["events"]] == list(
            range(page["first"], page["first"] + len(page["events"]))
        )
        posted = await client.ask(type="post", room="busy", text="x", nonce=str(page["first"]))
        assert posted["type"] == "ok"


async def test_a_server_deletes_what_is_too_old_and_says_where_its_logs_begin(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, ("--rate-limits", "off"), {"HUBBUB_RETENTION_DAYS": "30"})
    write(server.data)
    server.start()
    try:
        async with hello(server, name="bob", rooms={"lobby": None, "dev": None, "busy": None}) as b:
            await begins(b, "lobby", 1202)
            await begins(b, "dev", 1201)
        async with hello(server, name="cara", rooms={"lobby": 700, "dev": 1203}) as cara:
            gap = await cara.until("gap")
            replay = await cara.until("replay")
            topic = await cara.ask(type="command", room="lobby", line="/topic")
        async with hubbub.connect(server.url, rooms={"lobby": 700}) as chat:
            seqs = [(await anext(aiter(chat))).seq for _ in range(11)]  # type: ignore[union-attr]
        said_nothing_wrong(server)
    finally:
        server.kill()

    assert (gap["room"], gap["have"], gap["next"], gap["last"]) == ("lobby", 700, 1202, 1212)
    assert [event["seq"] for event in replay["events"]] == list(range(1204, 1211))
    assert topic["text"].endswith("29 days ago")
    assert seqs == list(range(1202, 1213))
    assert check(log_file(server.data))[1] == []
