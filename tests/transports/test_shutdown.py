"""SIGTERM: whoever is there is told, requests are answered, and the process ends in time."""

import asyncio
import socket
import sqlite3
import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

from tests.conftest import Serve, closed, hello, line, nobody, plain
from tests.wire import Wire, upgrade_request

pytestmark = pytest.mark.real


async def test_sigterm_closes_everyone_with_1001_and_ends_with_0(serve: Serve) -> None:
    server = serve()
    echo = urlsplit(server.ws_url)._replace(path="/echo").geturl()
    async with (
        plain(server) as ann,
        hello(server) as bob,
        nobody(server) as cara,
        connect(echo) as tutorial,
    ):
        await line(ann)
        await bob.until("replay")
        ended = asyncio.create_task(asyncio.to_thread(server.terminate))
        everyone = (ann, bob.socket, cara.socket, tutorial)
        codes = [await closed(each) for each in everyone]

        assert codes == [(1001, "the server is going away")] * 4
        assert await ended == 0
    assert "Traceback" not in server.log_text()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port))


async def test_what_is_in_flight_is_answered_and_the_answer_holds(serve: Serve) -> None:
    server = serve("--rate-limits", "off")
    posted = [str(number) for number in range(200)]
    async with hello(server, name="ann") as ann:
        await ann.until("replay")
        for nonce in posted:
            await ann.send(type="post", id=nonce, room="lobby", text=nonce, nonce=nonce)
        first = await ann.until("ok")
        ended = asyncio.create_task(asyncio.to_thread(server.terminate))
        assert (await closed(ann.socket))[0] == 1001
        assert await ended == 0

    server.start()
    async with hello(server, name="bob") as bob:
        page = await bob.ask(type="history", room="lobby", limit=200)
    stored = [event["text"] for event in page["events"] if event["type"] == "message"]
    assert first["id"] in stored
    assert stored == posted[: len(stored)]


async def test_who_does_not_answer_the_close_frame_does_not_hold_the_server(serve: Serve) -> None:
    server = serve(env={"HUBBUB_DRAIN_S": "0.3", "HUBBUB_CLOSE_TIMEOUT_S": "0.2"})
    with Wire(server) as deaf:
        deaf.upgrade()
        deaf.text()

        assert await asyncio.to_thread(server.terminate) == 0
        assert deaf.close_code() == 1001


@pytest.mark.one_node("its file is locked")
async def test_a_log_that_cannot_be_written_does_not_hold_the_server(serve: Serve) -> None:
    server = serve()
    async with hello(server, name="ann") as ann:
        await ann.until("replay")
        with closing(sqlite3.connect(server.data / "hubbub.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            await ann.send(type="post", id="1", room="lobby", text="x", nonce="1")
            begun_s = time.monotonic()

            assert await asyncio.to_thread(server.terminate) == 0
            assert time.monotonic() - begun_s < 15  # it would wait for ever
            refusal = await ann.until("error")
    assert refusal["code"] == "unavailable"


async def test_who_had_only_connected_is_not_let_in_any_more(serve: Serve) -> None:
    server = serve(env={"HUBBUB_DRAIN_S": "2"})
    with Wire(server) as late, Wire(server) as deaf:
        deaf.upgrade()
        deaf.text()
        begun_s = time.monotonic()
        ended = asyncio.create_task(asyncio.to_thread(server.terminate))
        assert await asyncio.to_thread(deaf.close_code) == 1001
        late.socket.sendall(upgrade_request("/chat"))
        assert not (await asyncio.to_thread(late.rest)).startswith(b"HTTP/1.1 101")
        assert await ended == 0
        assert time.monotonic() - begun_s < 10
