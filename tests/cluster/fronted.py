"""Several nodes that behave as one `Server`: each connection to their one port gets the next node.

With NODES=3 in the environment, tests of what one server does are tests of three on one log.
"""

import asyncio
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from threading import Thread
from typing import Any

from hubbub.trial.front import Front, Node
from tests.conftest import Server
from tests.nats import NatsServer
from tests.postgres import postgres

REST_S = 2.0
"""How long clients may take to read the rest once the nodes have ended."""


class Fronted(Server):
    """Nodes on one PostgreSQL and one NATS, and the front before them; they end together."""

    def __init__(
        self, folder: Path, flags: tuple[str, ...], env: dict[str, str], count: int
    ) -> None:
        self._nats = NatsServer(folder / "nats")
        self._database = postgres().make()
        super().__init__(folder, flags, env)
        shared = ("--database", self._database, "--bus", self._nats.url, *flags)
        self.nodes = [self._node(folder / f"node{n}", shared, env) for n in range(count)]
        self._front: _RunningFront | None = None

    @property
    def pid(self) -> int:
        """There is none: each node has one."""
        raise AssertionError("this is no process; ask its nodes")

    @property
    def log_flags(self) -> tuple[str, ...]:
        """See Server."""
        return "--database", self._database

    def spawn(self) -> None:
        """See Server."""
        self._nats.start()
        for node in self.nodes:
            node.program = self.program
            node.spawn()
        self._front = _RunningFront(self.port, [node.port for node in self.nodes])

    def await_ready(self) -> None:
        """See Server."""
        for node in self.nodes:
            node.await_ready()

    def signal(self, number: int) -> None:
        """To each node."""
        for node in self.nodes:
            node.signal(number)

    def await_end(self) -> int:
        """See Server; the worst code."""
        code = max(node.await_end() for node in self.nodes)
        self._close(rest_s=REST_S)
        return code

    def _end(self, number: int) -> int:
        if self._front is None:
            return 0
        self.signal(number)
        code = max((node.await_end() for node in self.nodes), key=abs)
        self._close(rest_s=0 if number == signal.SIGKILL else REST_S)
        return code

    def _close(self, rest_s: float) -> None:
        front, self._front = self._front, None
        if front is not None:
            front.close(rest_s)
            self._nats.kill()

    def _node(self, folder: Path, flags: tuple[str, ...], env: dict[str, str]) -> Server:
        folder.mkdir()
        node = Server(folder, flags, env)
        node.log_file = self.log_file
        return node


class _Tried(Node):
    """A node that is tried again each time; nobody looks whether it is well by now."""

    @property
    def well(self) -> bool:
        return True

    @well.setter
    def well(self, found: bool) -> None:
        pass


class _RunningFront:
    """A front in a thread, for some tests have no event loop and some are busy in theirs."""

    def __init__(self, port: int, ports: list[int]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._front = Front([_Tried(each) for each in ports])
        self._do(self._front.open(port))

    def close(self, rest_s: float) -> None:
        """Passes on what clients have not read yet, for a while, and lets them go."""
        self._loop.call_soon_threadsafe(self._front.stop)
        end = time.monotonic() + rest_s
        while self._front.clients and time.monotonic() < end:
            time.sleep(0.01)
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cut(self) -> None:
        await self._front.close()
        # Transports close in the loop's next turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _do(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(REST_S)
