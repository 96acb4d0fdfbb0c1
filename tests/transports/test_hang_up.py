"""Whoever hangs up in the middle of a request costs nothing any more."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from hubbub.hub.rules.limits import Limits
from hubbub.transports.admission import Admission
from hubbub.transports.guard import Guard
from hubbub.transports.listener import Listener
from hubbub.transports.websocket import JSON_PROTOCOL, WebSockets
from tests.hub.conftest import House, running


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with running(House(Limits(search_timeout_s=60))) as house:
        yield house


@pytest.fixture
async def url(house: House) -> AsyncIterator[str]:
    """Where the house's hub is served, in this process."""
    hub = house.hub
    guard = Guard(hosts=(), origins=(), proxies=(), rates=hub.parts.rates)
    app = web.Application()
    app.add_routes([web.get("/chat", WebSockets(hub, Admission(hub, guard)).chat)])
    listener = Listener(app, hub.parts.limits, hub.parts.stats)
    host, port = await listener.open("127.0.0.1", 0, None)
    yield f"ws://{host}:{port}/chat"
    listener.stop()
    await listener.close()


@pytest.mark.real
async def test_a_search_ends_when_the_line_of_its_asker_breaks(house: House, url: str) -> None:
    house.storage.search_go.clear()
    async with ClientSession() as session:
        socket = await session.ws_connect(url, protocols=[JSON_PROTOCOL])
        await socket.send_json({"type": "hello", "name": "ann"})
        await socket.send_json({"type": "search", "room": "lobby", "text": "needle"})
        await asyncio.to_thread(house.storage.search_begun.wait)
        assert house.hub.parts.searches.running == 1
        # The line is cut, without a word.
        connection = socket._response.connection
        assert connection is not None
        connection.close()
        async with asyncio.timeout(30):
            while house.hub.parts.stats.connections:  # noqa: ASYNC110 - nothing tells when it has left
                await asyncio.sleep(0.001)
    assert house.hub.parts.searches.running == 0
    assert not house.storage.search_go.is_set(), "nothing else ended the search"
