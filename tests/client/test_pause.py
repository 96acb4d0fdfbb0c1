"""Clients that stood still until the server cut them, and lines that break in any way."""

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.utils import accept_key

import hubbub
from hubbub.client.backoff import Backoff
from hubbub.client.calls import Bounds
from tests.client.fake import FakeServer, fake_server
from tests.client.line.screen import JOIN, Terminal
from tests.client.test_sdk import QUICK, gather, until
from tests.client.tui.stage import staged
from tests.conftest import Serve, Server
from tests.parts import need

pytestmark = pytest.mark.real

BOUNDS = Bounds(backoff=Backoff(first_s=0.02, most_s=0.05), give_up_s=60.0)
PING = b"\x89\x00"


@pytest.fixture
def strict(serve: Serve) -> Server:
    """A server that cuts whoever is silent for about a second."""
    return serve("--rate-limits", "off", env={"HUBBUB_PING_S": "0.3"})


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def stand_still(server: Server) -> None:
    """Returns when the server has cut everybody, and somebody has said something after that."""
    server.await_metric("hubbub_connections", 0)
    say = [*JOIN, server.url, "--name", "bob"]
    subprocess.run(say, input=b"meanwhile\n", check=True, capture_output=True, timeout=50)
    server.await_metric("hubbub_connections", 0)


async def said_in(server: Server) -> list[str]:
    """The texts of the lobby."""
    async with hubbub.connect(server.url, bounds=BOUNDS) as chat:
        page = await chat.history("lobby")
    return [event.text for event in page.events if isinstance(event, hubbub.Message)]


# --- standing still


async def test_a_handler_that_blocks_loses_and_repeats_nothing(strict: Server) -> None:
    async with hubbub.connect(strict.url, name="bot", bounds=BOUNDS) as chat:
        await chat.post("before")
        # On the wire, and not acknowledged: its answer comes to nobody.
        on_its_way = await chat.post_soon("sent")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stand_still(strict)
        after = await chat.post_soon("after")

        events = await gather(chat, 4)
        await on_its_way
        await after

    texts = [event.text for event in events]
    assert sorted(texts) == ["after", "before", "meanwhile", "sent"]
    assert await said_in(strict) == texts


def test_a_filter_that_is_stopped_and_continued_goes_on(strict: Server) -> None:
    process = subprocess.Popen(
        [*JOIN, strict.url, "--name", "bot"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"before\n")
    lines = process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    stand_still(strict)
    process.stdin.write(b"after\n")
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=50)

    assert sorted((lines + out).splitlines()) == [
        b"[bob]: meanwhile",
        b"[bot]: after",
        b"[bot]: before",
    ]
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    assert sorted(asyncio.run(said_in(strict))) == ["after", "before", "meanwhile"]


def test_a_line_client_that_is_stopped_and_continued_goes_on(
    terminal: Terminal, strict: Server
) -> None:
    window = terminal.run(*JOIN, "--plain", strict.url, "--name", "ann")
    window.shows("lobby> ?")
    os.kill(window.program, signal.SIGSTOP)
    stand_still(strict)
    os.kill(window.program, signal.SIGCONT)
    window.shows(r".*\[bob\]: meanwhile")
    window.enter("after")
    window.shows(r".*\[ann\]: after")
    window.enter("/quit")

    assert window.shows("code 0")[-1] == "code 0"


async def test_a_plain_connection_that_stood_still_has_failed(strict: Server) -> None:
    async with hubbub.connect_plain(strict.url, name="ann") as line:
        assert "You are connected" in await anext(line)
        stand_still(strict)
        with pytest.raises(hubbub.ConnectionFailed):
            async for _ in line:
                pass
        with pytest.raises(hubbub.ConnectionFailed):
            await line.send("lost")


async def test_a_full_screen_client_that_stood_still_goes_on(strict: Server) -> None:
    async with staged(strict) as stage:
        await stage.say("before")
        await stage.shows("before")
        stand_still(strict)
        await stage.shows("meanwhile")
        await stage.say("after")
        await stage.until(lambda: not stage.conversation.view.timeline.unsent)
        await stage.lacks("goodbye")

    assert sorted(await said_in(strict)) == ["after", "before", "meanwhile"]


def leave_pings_and_go(fake: FakeServer) -> None:
    """What is in a client's socket after a pause: pings, of a server that is gone."""
    transport = fake.lines[0].transport
    transport.write(20 * PING)
    transport.abort()


async def test_a_full_screen_client_survives_pings_that_it_cannot_answer(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        leave_pings_and_go(fake)
        await stage.until(lambda: len(fake.hellos) == 2)
        await stage.say("after")
        await stage.until(lambda: fake.texts == ["after"])
        assert "goodbye" not in stage.text


async def test_a_filter_survives_pings_that_it_cannot_answer(fake: FakeServer) -> None:
    process = await asyncio.create_subprocess_exec(
        *[*JOIN, fake.url, "--name", "ann"],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(_until_greeted(fake, 1), 20)
    leave_pings_and_go(fake)
    await asyncio.wait_for(_until_greeted(fake, 2), 20)
    out, err = await asyncio.wait_for(process.communicate(b"after\n"), 20)

    assert (out, process.returncode) == (b"[ann]: after\n", 0)
    lost, again = err.decode().splitlines()
    assert lost.startswith("hubbub: connection lost: ")
    assert again == "hubbub: connected again"


async def _until_greeted(fake: FakeServer, times: int) -> None:
    while len(fake.hellos) < times:  # noqa: ASYNC110 - the claim is about another program
        await asyncio.sleep(0.01)


# --- whatever the library raises


class Breaking:
    """A socket of the library's on which everything fails from now on."""

    def __init__(self, socket: Any, fault: Exception) -> None:
        self._socket = socket
        self._fault = fault

    async def receive(self) -> None:
        raise self._fault

    async def send_frame(self, frame: bytes, kind: object) -> None:
        raise self._fault

    async def close(self) -> None:
        await self._socket.close()
        raise self._fault


FAULTS = [
    aiohttp.ClientError(),
    aiohttp.ClientConnectionError("Connection closed"),
    aiohttp.ClientConnectionResetError("Cannot write to closing transport"),
    aiohttp.ClientOSError(104, "Connection reset by peer"),
    aiohttp.ClientPayloadError(),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ServerTimeoutError(),
    aiohttp.WSMessageTypeError(),
    aiohttp.WebSocketError(1002, "Received frame with non-zero reserved bits"),
    TimeoutError(),
    ConnectionResetError(104, "Connection reset by peer"),
    BrokenPipeError(),
    OSError(113, "No route to host"),
    ssl.SSLError(1, "application data after close notify"),
    RuntimeError(
        "unable to perform operation on <TCPTransport closed=True>; the handler is closed"
    ),
    AssertionError(),
    AttributeError("'NoneType' object has no attribute 'write'"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_whatever_the_library_raises_is_a_broken_line(fault: Exception) -> None:
    async with (
        fake_server() as fake,
        hubbub.connect(fake.url, name="ann", bounds=QUICK) as chat,
    ):
        await until(lambda: bool(fake.lines))
        link = chat._connection._link
        assert link is not None
        link._socket = Breaking(link._socket, fault)  # type: ignore[assignment]
        said = await chat.post_soon("mine")
        await asyncio.sleep(0)
        # What waits in `receive` is still the real one.
        await fake.say("theirs")

        events = await gather(chat, 2)
        await said

        assert [event.text for event in events] == ["theirs", "mine"]
        assert fake.texts == ["theirs", "mine"]
        assert len(fake.hellos) == 2


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_whatever_the_library_raises_on_the_way_back_is_tried_again(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = aiohttp.ClientSession.ws_connect, [fault]

    def ws_connect(*args: Any, **how: Any) -> Any:
        if faults:
            raise faults.pop()
        return real(*args, **how)

    async with (
        fake_server() as fake,
        hubbub.connect(fake.url, name="ann", bounds=QUICK) as chat,
    ):
        await until(lambda: bool(fake.lines))
        monkeypatch.setattr(aiohttp.ClientSession, "ws_connect", ws_connect)
        fake.cut_all()
        await chat.post("hi")
        assert (faults, fake.texts) == ([], ["hi"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_whatever_the_library_raises_at_first_is_a_failure_with_a_sentence(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ws_connect(*args: Any, **how: Any) -> Any:
        raise fault

    monkeypatch.setattr(aiohttp.ClientSession, "ws_connect", ws_connect)
    with pytest.raises(hubbub.ConnectionFailed, match=r"127\.0\.0\.1:9\b"):
        async with hubbub.connect("127.0.0.1:9", bounds=QUICK):
            pass


# --- whatever is said on the line


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1000, ""),
        (1000, "idle timeout"),
        (1001, ""),
        (1011, "x"),
        (1012, ""),
        (1013, "try again later"),
        (3000, ""),
        (4008, "too slow"),
        (4999, ""),
    ],
)
async def test_a_close_that_nobody_asked_for_is_a_reason_to_come_back(
    code: int, reason: str
) -> None:
    async with fake_server() as fake, hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.lines[0].close(code, reason)
        await chat.post("hi")
        assert (fake.texts, len(fake.hellos)) == (["hi"], 2)


@pytest.mark.parametrize(
    "bytes_",
    [b"", PING, b"\x88\x00", b"\xff\xff\xff\xff", b"\x81", b"HTTP/1.1 502 Bad Gateway\r\n\r\n"],
    ids=[
        "nothing",
        "a ping",
        "a close without a code",
        "garbage",
        "half a frame",
        "a proxy's word",
    ],
)
async def test_a_line_that_ends_without_a_code_is_a_reason_to_come_back(bytes_: bytes) -> None:
    async with fake_server() as fake, hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        transport = fake.lines[0].transport
        transport.write(bytes_)
        transport.abort()
        await chat.post("hi")
        assert (fake.texts, len(fake.hellos)) == (["hi"], 2)


@pytest.mark.parametrize(
    ("code", "reason"), [(4000, ""), (4001, ""), (4003, ""), (1002, ""), (1009, "")]
)
async def test_after_a_close_that_would_end_in_the_same_way_nobody_comes_back(
    code: int, reason: str
) -> None:
    async with fake_server() as fake, hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.lines[0].close(code, reason)
        with pytest.raises(hubbub.ConnectionFailed) as caught:
            async for _ in chat:
                pass
        assert (caught.value.code, len(fake.hellos)) == (code, 1)


async def test_after_a_bye_nobody_comes_back(strict: Server) -> None:
    async with hubbub.connect(strict.url, name="ann", bounds=BOUNDS) as chat:
        await chat.command("/quit")
        async for _ in chat:
            pass
        assert (chat.is_up, chat.failure) == (False, None)
    assert strict.metric("hubbub_connected_total") == 1


async def test_what_stands_behind_a_ping_that_cannot_be_answered_is_read(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        transport = fake.lines[0].transport
        transport.write(20 * PING + b"\x88\x0a\x0f\xa3for spam")
        transport.abort()
        with pytest.raises(hubbub.ConnectionFailed, match="for spam") as caught:
            async for _ in chat:
                pass
        assert caught.value.code == 4003


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: hubbub.v1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    ],
    ids=["404", "403", "302", "503", "101", "another protocol", "nothing"],
)
async def test_whatever_answers_on_the_way_back_is_tried_again(
    fake: FakeServer, answer: str
) -> None:
    asked = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        writer.write(answer.replace("KEY", accept_key(key.partition(": ")[2])).encode())
        writer.close()
        asked.set()

    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        fake.cut_all()
        await fake.stop()
        portal = await asyncio.start_server(talk, *fake.url.split(":"))
        await asyncio.wait_for(asked.wait(), 10)
        portal.close()
        await portal.wait_closed()
        await fake.start()
        await chat.post("hi")
        assert fake.texts == ["hi"]


# --- a fault of our own


async def test_a_fault_of_the_clients_own_is_a_failure_and_no_goodbye(fake: FakeServer) -> None:
    def take(frame: object) -> None:
        raise KeyError("room")

    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        chat._connection._take = take  # type: ignore[method-assign]
        await fake.say("hi")
        with pytest.raises(hubbub.ConnectionFailed, match="KeyError") as caught:
            async for _ in chat:
                pass
        assert isinstance(caught.value.__cause__, KeyError)
