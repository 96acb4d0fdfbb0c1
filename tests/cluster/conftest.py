"""Real servers that share one PostgreSQL and one NATS, each on a port of its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.cluster.pair import Node, two_nodes
from tests.conftest import Server
from tests.nats import NatsServer
from tests.postgres import postgres
from tests.torture.figures import print_table
from tests.torture.launcher import program


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Node, Node]]:
    """Two hubs in this process, whose bus a test may cut."""
    async with two_nodes() as nodes:
        yield nodes


class Nodes:
    """A cluster: `self[0]` is its first server."""

    def __init__(
        self,
        folder: Path,
        size: int,
        flags: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
    ) -> None:
        self.nats = NatsServer(folder / "nats")
        self.nats.start()
        self.database = postgres().make()
        self._folder = folder
        self._flags = ("--rate-limits", "off", *flags)
        self._env = env or {}
        self._numbers = count()
        self.servers: list[Server] = []
        for _ in range(size):
            self.make()
        try:
            with ThreadPoolExecutor(max(1, size)) as threads:
                list(threads.map(Server.start, self.servers))
        except BaseException:
            self.stop()
            raise

    def make(self, *, bus: str | None = None, env: dict[str, str] | None = None) -> Server:
        """One more, on another bus's address where one is given; not started.

        It has the hooks of tests/torture/launcher.py.
        """
        folder = self._folder / f"node{next(self._numbers)}"
        folder.mkdir()
        where = ("--database", self.database, "--bus", bus or self.nats.url)
        server = Server(folder, (*where, *self._flags), self._env | (env or {}))
        server.program = program()
        self.servers.append(server)
        return server

    def add(self, *, bus: str | None = None, env: dict[str, str] | None = None) -> Server:
        """The same, started."""
        server = self.make(bus=bus, env=env)
        server.start()
        return server

    def __getitem__(self, index: int) -> Server:
        return self.servers[index]

    @property
    def ports(self) -> list[int]:
        """Where each serves."""
        return [server.port for server in self.servers]

    def log_text(self) -> str:
        """What all of them have logged."""
        return "".join(server.log_text() for server in self.servers)

    def stop(self) -> None:
        """Ends all of it."""
        for server in self.servers:
            server.kill()
        self.nats.stop()


MakeNodes = Callable[..., Nodes]


@pytest.fixture
def make_nodes(tmp_path: Path) -> Iterator[MakeNodes]:
    """Starts clusters: `make_nodes(3, "--registration", "open", env={...})`."""
    made: list[Nodes] = []

    def make(size: int, *flags: str, env: dict[str, str] | None = None) -> Nodes:
        nodes = Nodes(tmp_path / f"cluster{len(made)}", size, flags, env)
        made.append(nodes)
        return nodes

    yield make
    for nodes in made:
        nodes.stop()


@pytest.fixture
def nodes(make_nodes: MakeNodes) -> Nodes:
    """A cluster of two."""
    return make_nodes(2)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures of the faults, where there are some."""
    print_table(terminalreporter)
