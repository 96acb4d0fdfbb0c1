"""How long the server waits for a peer: not while the peer waits for the server."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub.protocol import requests
from hubbub.protocol.json import encode
from hubbub.transports.patience import Patience
from tests.conftest import Serve
from tests.wire import TEXT, Wire, masked, upgrade_request


class Turned:
    """An event loop's timers, by a clock that a test turns."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.due: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        self.due.append(asyncio.TimerHandle(self.now_s + delay, callback, (), loop))
        return self.due[-1]

    def turn(self, seconds: float) -> None:
        self.now_s += seconds
        for each in [each for each in self.due if each.when() <= self.now_s]:
            self.due.remove(each)
            if not each.cancelled():
                each._run()


async def test_only_the_time_of_the_peer_counts() -> None:
    timers, over = Turned(), asyncio.Event()
    patience = Patience(10.0, over.set, timers)
    timers.turn(6.0)
    with patience.paused():
        timers.turn(100.0)
    timers.turn(3.0)
    assert not over.is_set()
    timers.turn(1.0)
    assert over.is_set()


async def test_nobody_waits_any_more_once_it_is_done() -> None:
    timers, over = Turned(), asyncio.Event()
    patience = Patience(10.0, over.set, timers)
    with patience.paused():
        patience.end()
    timers.turn(100.0)
    assert not over.is_set()


@pytest.mark.real
async def test_the_time_for_a_hello_stops_while_the_server_makes_one_wait(serve: Serve) -> None:
    server = serve("--rate-limits", "off", env={"HUBBUB_HELLO_TIMEOUT_S": "0.1"})
    hello = masked(TEXT, encode(requests.Hello(name="ann", password="wrong horse")))
    wires = [Wire(server) for _ in range(20)]
    for wire in wires:
        # In one piece, so that none is late by itself.
        wire.socket.sendall(upgrade_request("/chat", "hubbub.v1") + hello)
    for wire in wires:
        wire.head()
        assert '"bad_password"' in wire.text()
        wire.socket.close()
