"""The servers that are measured: how each is started, on the server's core, and ended."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from shutil import copytree, which
from sysconfig import get_path

from benchmarks.load.cpu import SERVER_CORE, pin
from benchmarks.load.text import MARK
from hubbub.trial.ports import nothing_at

PEERS = Path(__file__).parent / "peers"
START_S = 30.0
PORTS = range(9400, 9500, 2)

# As it ships, rates counted; only their bounds are out of the way, for one address loads them all.
RATES = (
    "POSTS_PER_S POSTS_BURST ADDRESS_POSTS_PER_S ADDRESS_POSTS_BURST CONNECTS_PER_S CONNECTS_BURST "
    "COMMANDS_PER_S COMMANDS_BURST ADDRESS_COMMANDS_PER_S ADDRESS_COMMANDS_BURST "
    "FRAMES_PER_S FRAMES_BURST"
)
RAISED = {f"HUBBUB_{name}": "1000000000" for name in RATES.split()}


class NotThere(Exception):
    """A server is not installed."""


@dataclass(frozen=True)
class Server:
    """One kind of server, spoken to in one dialect."""

    name: str
    dialect: str
    command: Callable[[int, Path], list[str]]
    installed: Callable[[], str]
    hubbub: bool = False


@dataclass
class Running:
    """A server that answers; `folder` is its own."""

    server: Server
    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    ready_s: float
    restarts: int = field(default=0)

    @property
    def pid(self) -> int:
        """The process, perhaps with children."""
        return self.process.pid

    def stop(self) -> None:
        """Ends it as an operator would, and waits."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stored(self) -> int:
        """How many of the load's messages the log holds, each once, without a hole.

        To be called after `stop`. Raises AssertionError where a room's log has a hole.
        """
        with closing(sqlite3.connect(self.folder / "data" / "hubbub.db")) as log:
            holes = log.execute(
                "SELECT count(*) FROM (SELECT max(seq) - min(seq) + 1 - count(*) AS holes "
                "FROM events GROUP BY room_id) WHERE holes != 0"
            )
            assert holes.fetchone() == (0,), "a room's log has a hole"
            mark = MARK.decode()
            found = log.execute(
                "SELECT count(DISTINCT text) FROM events WHERE substr(text, 1, ?) = ?",
                (len(mark), mark),
            )
            return int(found.fetchone()[0])


@contextmanager
def running(server: Server, log: Path | None = None) -> Iterator[Running]:
    """A fresh server; hubbub begins with a copy of the data folder `log`, if one is named."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as name:
        folder = Path(name)
        if log is not None:
            copytree(log, folder / "data")
        started = start(server, folder)
        try:
            yield started
        finally:
            started.stop()


def start(server: Server, folder: Path, port: int | None = None, *, pinned: bool = True) -> Running:
    """Starts a server in a folder and waits until it accepts connections.

    It is kept on the server's core, unless it is not to be `pinned`.
    """
    server.installed()
    port = free_port() if port is None else port
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HUBBUB_")} | RAISED
    with (folder / "output.log").open("ab") as output:
        begun_s = time.perf_counter()
        process = subprocess.Popen(
            server.command(port, folder),
            cwd=PEERS.parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=(lambda: pin(SERVER_CORE)) if pinned else None,
        )
    while time.perf_counter() < begun_s + START_S:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return Running(server, port, folder, process, time.perf_counter() - begun_s)
    process.kill()
    process.wait()
    raise NotThere(f"{server.name} did not start: {(folder / 'output.log').read_text()[-2000:]}")


_ports: Iterator[int] = iter(PORTS)


def free_port() -> int:
    """The next of our ports on which nothing listens, nor on the one after it."""
    global _ports
    for _ in range(2 * len(PORTS)):
        port = next(_ports, 0)
        if not port:
            _ports = iter(PORTS)
            continue
        if all(nothing_at(each) for each in (port, port + 1)):
            return port
    raise NotThere(f"no free port from {PORTS.start} to {PORTS.stop}")


# --- the kinds


def _python(module: str) -> Callable[[int, Path], list[str]]:
    return lambda port, folder: [sys.executable, "-m", module, str(port)]


def _hubbub(port: int, folder: Path) -> list[str]:
    serve = [sys.executable, "-m", "hubbub", "serve", "--port", str(port)]
    return [*serve, "--data", str(folder / "data")]


def _node(port: int, folder: Path) -> list[str]:
    return ["node", str(PEERS / "ws.mjs"), str(port)]


def _nats(port: int, folder: Path) -> list[str]:
    config = folder / "nats.conf"
    config.write_text(
        f"""
        listen: "127.0.0.1:{port + 1}"
        max_connections: 70000
        ping_interval: "10m"
        websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
        """
    )
    return [_nats_program(), "-c", str(config)]


def _nats_program() -> str:
    return str(Path(get_path("scripts")) / "nats-server")


def _ws_installed() -> str:
    if which("node") is None or not (PEERS / "node_modules" / "ws").exists():
        raise NotThere("Node's ws is not installed: `npm ci` in benchmarks/peers")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    package = json.loads((PEERS / "node_modules" / "ws" / "package.json").read_text())
    return f"{package['version']} on Node {node.stdout.strip()}"


def _nats_installed() -> str:
    if not Path(_nats_program()).exists():
        raise NotThere("nats-server is not installed: pip install '.[bench]'")
    shown = subprocess.run([_nats_program(), "-v"], capture_output=True, text=True, check=True)
    return shown.stdout.strip().rpartition(" ")[2]


JSON = Server("hubbub JSON", "json", _hubbub, lambda: version("hubbub"), hubbub=True)
PLAIN = Server("hubbub plain", "plain", _hubbub, lambda: version("hubbub"), hubbub=True)
FLOOR = Server(
    "floor", "frames", _python("benchmarks.peers.floor"), lambda: f"uvloop {version('uvloop')}"
)
NATS = Server("nats-server", "nats", _nats, _nats_installed)
BROADCAST = Server(
    "websockets",
    "frames",
    _python("benchmarks.peers.websockets_broadcast"),
    lambda: f"{version('websockets')} on uvloop",
)
NODE = Server("Node ws", "frames", _node, _ws_installed)
ALL = (JSON, PLAIN, FLOOR, NATS, BROADCAST, NODE)
