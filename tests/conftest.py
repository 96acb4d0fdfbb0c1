"""Fixtures that every test may use: a real server on a real port, and clients that are not ours."""

import itertools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Data

from hubbub.trial.ports import nothing_at
from tests.deadline import PROGRAM_S, Deadline, within
from tests.torture.sizes import sized

START_S = 20.0
WAIT_S = 10.0
NODES = int(os.environ.get("NODES", "1"))
"""How many nodes behave as the one server of a test: `make test-cluster`."""


# A thousand for each worker, below those that the system gives to outgoing connections: of those
# one may be taken before it is listened on.
_FIRST_PORT = 12_000 + 1_000 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12)
_next_port = itertools.count(os.getpid())


# No time for an example: a machine that stands still is no fault of what is tested.
settings.register_profile(
    "hubbub",
    max_examples=sized(40, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("hubbub")
# Hundreds of programs are started: each would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


_ALL_REAL = re.compile(r"^pytestmark = .*\bpytest\.mark\.real\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Does not load, where no real test is wanted, the files and folders that have no other."""
    if not config.option.markexpr.startswith("not real"):
        return None
    tests = [collection_path] if collection_path.is_file() else collection_path.rglob("test_*.py")
    return all(_ALL_REAL.search(each.read_text("utf-8")) for each in tests) or None


_pure_test: str | None = None
_REAL = {
    "socket.bind",
    "socket.connect",
    "subprocess.Popen",
    "os.fork",
    "os.posix_spawn",
    "os.exec",
}


def _refuse_what_is_real(event: str, _arguments: object) -> None:
    if event in _REAL and _pure_test is not None:
        raise AssertionError(f"{event} in {_pure_test}: such a test is marked `real`")


sys.addaudithook(_refuse_what_is_real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Holds a test that is not marked `real` to opening no port and starting no process."""
    global _pure_test
    _pure_test = None if item.get_closest_marker("real") else item.nodeid
    try:
        return (yield)
    finally:
        _pure_test = None


def free_port() -> int:
    """A port that nothing listens on, and that is given to nobody else for a while."""
    while True:
        port = _FIRST_PORT + next(_next_port) % 1_000
        if nothing_at(port):
            return port


class Server:
    """A `hubbub serve` of its own, on one port and one data folder through all restarts."""

    def __init__(self, folder: Path, flags: tuple[str, ...], env: dict[str, str]) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self.program = [sys.executable, "-m", "hubbub"]
        self._flags = flags
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("HUBBUB_")} | env
        self.nodes = [self]
        self.log_file = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_flags(self) -> tuple[str, ...]:
        """How a command beside it finds the log."""
        return "--data", str(self.data)

    @property
    def url(self) -> str:
        """Where it serves, as a browser has it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """The chat's endpoint."""
        return f"ws://127.0.0.1:{self.port}/chat"

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it, again if it was stopped, and waits until it is ready."""
        self.spawn()
        try:
            self.await_ready()
        except BaseException:
            # Its fixture has not come to where it would end it.
            self.kill()
            raise

    def spawn(self) -> None:
        """Starts it and does not wait."""
        command = [*self.program, "serve", "--port", str(self.port)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self.data), *self._flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.log_file.parent,
            )

    def await_ready(self) -> None:
        """Waits until it is ready."""
        deadline = Deadline(START_S)
        while not deadline.over:
            assert self._process is not None
            assert self._process.poll() is None, self.log_text()
            try:
                if self.ready():
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"not ready after {START_S} s: {self.log_text()}")

    def ready(self) -> bool:
        """What `/readyz` says. Raises OSError where nobody answers, or with a 503."""
        with urlopen(self.url + "/readyz", timeout=2) as answer:
            return bool(answer.status == 200)

    def metric(self, name: str) -> float:
        """A value of `/metrics`, of all nodes together."""
        lines = [line for page in self.metrics_pages() for line in page.splitlines()]
        return sum(float(line.split()[1]) for line in lines if line.startswith(name + " "))

    def metrics_pages(self) -> Iterator[str]:
        """`/metrics` of each node."""
        for node in self.nodes:
            with urlopen(node.url + "/metrics", timeout=WAIT_S) as answer:
                yield answer.read().decode()

    def await_metric(self, name: str, value: float) -> None:
        """Returns when a value of `/metrics` is that."""
        deadline = Deadline(WAIT_S)
        while (found := self.metric(name)) != value:
            assert not deadline.over, f"{name} is {found}, not {value}"
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Sends a signal, and does not wait."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._end(signal.SIGKILL)

    def await_end(self) -> int:
        """Waits for a process that ends by itself; its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=PROGRAM_S)
        self._process = None
        return code

    def terminate(self) -> int:
        """SIGTERM, and wait; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(timeout=PROGRAM_S)

    def log_text(self) -> str:
        """What it has printed and logged since its first start."""
        return self.log_file.read_text()


def new_server(folder: Path, *flags: str, env: dict[str, str] | None = None) -> Server:
    """A server, or as many as `NODES` says that behave as one; not started."""
    if NODES == 1:
        return Server(folder, flags, env or {})
    from tests.cluster.fronted import Fronted

    return Fronted(folder, flags, env or {}, NODES)


POSTGRES = {"postgres_url", "empty_postgres_url"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out, where several nodes are the server, what is about one; a database is `real`."""
    for item in items:
        if POSTGRES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
        marker = item.get_closest_marker("one_node")
        if marker is not None and NODES > 1:
            item.add_marker(pytest.mark.skip(reason=f"about one server: {marker.args[0]}"))


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers: `serve("--rate-limits", "off", env={...})`."""
    servers: list[Server] = []

    def start(*flags: str, env: dict[str, str] | None = None) -> Server:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        server = new_server(folder, *flags, env=env)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def server(serve: Serve) -> Server:
    """One server with default settings, but for the rates, which would slow the tests."""
    return serve("--rate-limits", "off")


class JsonClient:
    """A `hubbub.v1` client on a library that is not ours."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.backlog: list[dict[str, Any]] = []

    async def send(self, **request: Any) -> None:
        """Sends one request."""
        await self.socket.send(json.dumps(request))

    async def receive(self) -> dict[str, Any]:
        """The next frame that no `until` has passed over."""
        if self.backlog:
            return self.backlog.pop(0)
        return await self._next()

    async def _next(self) -> dict[str, Any]:
        async with within(WAIT_S):
            frame = await self.socket.recv()
        assert isinstance(frame, str)
        decoded: dict[str, Any] = json.loads(frame)
        return decoded

    async def until(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next frame of that type with these fields; others stay for later."""

        def fits(frame: dict[str, Any]) -> bool:
            wanted = {"type": type, **fields}
            return all(frame.get(key) == value for key, value in wanted.items())

        for index, frame in enumerate(self.backlog):
            if fits(frame):
                return self.backlog.pop(index)
        while True:
            frame = await self._next()
            if fits(frame):
                return frame
            self.backlog.append(frame)

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Sends a request with an id and gives its one reply, `ok`, `welcome` or `error`."""
        request.setdefault("id", f"r{id(request)}")
        await self.send(**request)
        while True:
            for index, frame in enumerate(self.backlog):
                if frame.get("id") == request["id"]:
                    return self.backlog.pop(index)
            self.backlog.append(await self._next())


class Greeted(ClientConnection):
    """A connection of which the first frame may have been waited for, and is still to be read."""

    first: Data | None = None

    async def recv(self, decode: bool | None = None) -> Data:  # type: ignore[override]
        """See ClientConnection."""
        first, self.first = self.first, None
        return await super().recv(decode) if first is None else first


@asynccontextmanager
async def plain(server: Server, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    """A plain connection, as `wscat` makes it."""
    url = server.ws_url + query
    async with connect(url, compression=None, create_connection=Greeted, **options) as socket:
        assert isinstance(socket, Greeted)
        if len(server.nodes) > 1 and "subprotocols" not in options:
            # One server takes connections as they come; nodes know what was answered before.
            with suppress(ConnectionClosed):
                socket.first = await socket.recv()
        yield socket


@asynccontextmanager
async def nobody(server: Server, **options: Any) -> AsyncIterator[JsonClient]:
    """A JSON connection that has not said hello."""
    async with connect(
        server.ws_url,
        subprotocols=["hubbub.v1"],  # type: ignore[list-item]
        compression=None,
        **options,
    ) as socket:
        yield JsonClient(socket)


@asynccontextmanager
async def hello(server: Server, **fields: Any) -> AsyncIterator[JsonClient]:
    """A JSON connection that has said hello; `client.welcome` is in its backlog."""
    async with nobody(server) as client:
        await client.send(type="hello", **fields)
        if len(server.nodes) > 1:
            # As in `plain`.
            with suppress(ConnectionClosed):
                client.backlog.append(await client.receive())
        yield client


async def known_to_all(server: Server) -> None:
    """Returns when each node has heard what all have committed by now; of one, at once.

    What a node says comes in its order, and so what was said before a message is known with it.
    """
    if len(server.nodes) == 1:
        return
    room = f"known.{secrets.token_hex(6)}"
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        speakers = [
            await enter(hello(node, name=f"{room}.{number}", rooms={room: None}))
            for number, node in enumerate(server.nodes)
        ]
        for speaker in speakers:
            await speaker.until("replay")
        for number, speaker in enumerate(speakers):
            await speaker.send(type="post", room=room, text="so far", nonce=str(number))
        for speaker in speakers:
            for _ in speakers:
                await speaker.until("message")


async def line(socket: ClientConnection) -> str:
    """The next frame of a plain connection."""
    async with within(WAIT_S):
        frame = await socket.recv()
    assert isinstance(frame, str)
    return frame


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    """Reads on to the end; the close code and its reason."""
    try:
        async with within(WAIT_S):
            while True:
                await socket.recv()
    except ConnectionClosed:
        return socket.close_code, socket.close_reason
