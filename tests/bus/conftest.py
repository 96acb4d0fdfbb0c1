"""Buses of both kinds, and servers for one."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from hubbub.bus import open_bus
from hubbub.bus.interface import Bus
from hubbub.bus.local import LocalHub
from tests.bus.node import Node
from tests.nats import NatsServer

StartNats = Callable[..., NatsServer]
MakeNode = Callable[..., Node]
NUMBERS = itertools.count()


@pytest.fixture
def start_nats(tmp_path: Path) -> Iterator[StartNats]:
    """Starts servers: `start_nats("authorization { token: t }")`."""
    servers: list[NatsServer] = []

    def start(config: str = "", *, spawn: bool = True) -> NatsServer:
        server = NatsServer(tmp_path / f"nats{len(servers)}", config)
        servers.append(server)
        if spawn:
            server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for the tests that do it no harm."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def on() -> AsyncIterator[MakeNode]:
    """Makes nodes: `on(url)`, or `on(bus)`; their buses are closed in the end."""
    nodes: list[Node] = []

    def make(where: str | Bus, prefix: str = "hubbub.test") -> Node:
        bus = open_bus(where, prefix) if isinstance(where, str) else where
        nodes.append(Node(bus))
        return nodes[-1]

    yield make
    for node in nodes:
        await node.bus.close()


@pytest.fixture(params=["local", pytest.param("nats", marks=pytest.mark.real)])
def node(request: pytest.FixtureRequest, on: MakeNode) -> Callable[[], Node]:
    """Makes nodes on one bus, of either kind."""
    if request.param == "local":
        hub = LocalHub()
        return lambda: on(hub.bus())
    server: NatsServer = request.getfixturevalue("shared_nats")
    prefix = f"hubbub.test{next(NUMBERS)}"
    return lambda: on(server.url, prefix)
