"""A trial cluster: PostgreSQL, NATS, the nodes and the front, from start to end."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import ClientError, ClientSession, ClientTimeout

from hubbub.trial.folder import Folder, write_private
from hubbub.trial.front import HOST, Front, Node
from hubbub.trial.nats import nats, nats_url
from hubbub.trial.part import Part, Program, Tell, Watchdog
from hubbub.trial.ports import free_ports
from hubbub.trial.postgres import Postgres
from hubbub.trial.wheels import find_servers

LOOK_EVERY_S = 1.0
LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: so many nodes, each with these flags of `hubbub serve`."""

    folder: Path
    port: int
    nodes: int
    flags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A cluster that runs."""

    port: int
    nodes: Sequence[Part]
    postgres: Part
    nats: Part
    settings_file: Path
    pass_file: Path


def run(plan: Plan, announce: Callable[[Trial], None], tell: Tell) -> None:
    """Runs a cluster until SIGINT, SIGTERM or SIGHUP. Raises StartError.

    `announce` is called once, when every part is ready, and `tell` with a line for what happens.
    """
    find_servers()
    os.umask(0o077)
    folder = Folder(plan.folder.absolute())
    try:
        with contextlib.closing(Watchdog(folder.lock)) as watchdog:
            uvloop.run(Cluster(plan, folder, watchdog, tell).run(announce))
    finally:
        folder.release()


class Cluster:
    """The parts, in the order in which they start; they end the other way round."""

    def __init__(self, plan: Plan, folder: Folder, watchdog: Watchdog, tell: Tell) -> None:
        self._plan = plan
        self._folder = folder
        self._watchdog = watchdog
        self._tell = tell
        ports = free_ports(plan.nodes + 2)
        self._postgres = Postgres(folder, ports[0])
        self._nats_port = ports[1]
        self._nodes = [Node(port) for port in ports[2:]]
        self._front = Front(self._nodes)
        self._parts: list[Part] = []
        self._settings_file = folder.path / "hubbub.toml"

    async def run(self, announce: Callable[[Trial], None]) -> None:
        """Starts all, keeps them, and ends them in order."""
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        _raise_file_limit()
        # First of all, so that a port in use costs nobody a start.
        port = await self._front.open(self._plan.port)
        try:
            async with ClientSession(timeout=ClientTimeout(LOOK_S)) as http:
                starting = asyncio.create_task(self._start(http, port))
                waiting = asyncio.create_task(stopping.wait())
                await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
                if not starting.done():
                    starting.cancel()
                    await asyncio.wait((starting,))
                    return
                announce(await starting)
                await self._keep(http, waiting)
        finally:
            self._front.stop()
            await self._stop()
            await self._front.close()

    async def _start(self, http: ClientSession, port: int) -> Trial:
        self._postgres.prepare()
        database = await self._start_one(self._postgres.program(self._plan.nodes))
        password = self._postgres.password
        bus = await self._start_one(nats(self._folder, self._nats_port, password))
        self._write_settings(port, nats_url(self._nats_port, password))
        # The first alone: it brings an older log to its schema.
        first, *others = [
            self._node(number, node, http) for number, node in enumerate(self._nodes, 1)
        ]
        nodes = [await self._start_one(first)]
        nodes += await asyncio.gather(*map(self._start_one, others))
        return Trial(port, nodes, database, bus, self._settings_file, self._postgres.pass_file)

    async def _start_one(self, program: Program) -> Part:
        part = Part(program, self._watchdog, self._tell)
        self._parts.append(part)
        await part.start()
        return part

    def _node(self, number: int, node: Node, http: ClientSession) -> Program:
        async def ready() -> bool:
            node.well = await _is_ready(http, node.port)
            return node.well

        # Settings come from our file alone, not from those of a server of one's own.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HUBBUB_")}
        name = f"node-{number}"
        return Program(
            name=f"node {number}",
            port=node.port,
            command=[
                *(sys.executable, "-m", "hubbub", "serve", "--config", str(self._settings_file)),
                *("--host", HOST, "--port", str(node.port)),
                *("--data", str(self._folder.path / name), *self._plan.flags),
            ],
            log=self._folder.log(name),
            ready=ready,
            environment=environment,
        )

    def _write_settings(self, port: int, bus: str) -> None:
        settings = {
            "database": self._postgres.url,
            "bus": bus,
            "public_url": f"http://{HOST}:{port}",
            # As on one server that only this machine reaches.
            "registration": "open",
            "guests": "on",
            "log_format": "text",
        }

        lines = [
            "# Written by `hubbub cluster up` at each start: how its nodes reach the cluster, and",
            "# every command that is given this file with --config.",
            *(f"{name} = {json.dumps(value)}" for name, value in settings.items()),
        ]
        write_private(self._settings_file, "\n".join(lines) + "\n")

    async def _keep(self, http: ClientSession, waiting: asyncio.Task[bool]) -> None:
        async with asyncio.TaskGroup() as keepers:
            tasks = [keepers.create_task(part.keep()) for part in self._parts]
            tasks += [keepers.create_task(_look_after(http, node)) for node in self._nodes]
            await asyncio.shield(waiting)
            self._tell("stopping")
            for task in tasks:
                task.cancel()

    async def _stop(self) -> None:
        """The nodes together, while NATS and PostgreSQL are still there; then those."""
        first, others = self._parts[:2], self._parts[2:]
        await asyncio.gather(*(part.stop() for part in others))
        for part in reversed(first):
            await part.stop()


async def _look_after(http: ClientSession, node: Node) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        node.well = await _is_ready(http, node.port)


async def _is_ready(http: ClientSession, port: int) -> bool:
    try:
        async with http.get(f"http://{HOST}:{port}/readyz") as answer:
            return answer.ok
    except (ClientError, TimeoutError):
        return False


def _raise_file_limit() -> None:
    """Each connection through the front is two open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
