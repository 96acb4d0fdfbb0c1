"""Runs loads on servers in turn (A B A B ...), each run on a server of its own."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from benchmarks.load.cpu import SERVER_CORE, cpu_s
from benchmarks.load.spec import Found, Spec
from benchmarks.loads import Load
from benchmarks.logs import full_log
from benchmarks.servers import NotThere, Running, Server, running, start

RUN_S = 180
QUIET_SHARE = 0.1
QUIET_PROBE_S = 0.5


@dataclass
class Row:
    """One load on one server, run a few times."""

    load: Load
    server: Server
    runs: list[Found] = field(default_factory=list)


@dataclass(frozen=True)
class Patience:
    """How long a run may wait for a machine on which nothing else runs, and how often it is
    repeated where others took more than `others_share` of the server's core."""

    quiet_s: float = 0.0
    others_share: float = 1.0
    repeats: int = 0


class Runner:
    """Carries out loads; `tell` hears of each run."""

    def __init__(self, tell: Callable[[str], None], patience: Patience) -> None:
        self._tell = tell
        self._patience = patience
        self._logs: dict[int, Path] = {}

    def run(self, loads: Iterable[Load], servers: Sequence[Server], repeats: int) -> Iterator[Row]:
        """One row for each load and server, in their order."""
        with tempfile.TemporaryDirectory(prefix="hubbub-bench-logs-") as folder:
            for load in loads:
                rows = [Row(load, server) for server in load.servers if server in servers]
                log = self._log(Path(folder), load.events)
                for _ in range(repeats):
                    for row in rows:
                        self._run_row(row, log)
                yield from rows

    def _log(self, folder: Path, events: int) -> Path | None:
        if not events:
            return None
        if events not in self._logs:
            self._tell(f"a log of {events:,} events")
            self._logs[events] = full_log(folder / str(events), events)
        return self._logs[events]

    def _run_row(self, row: Row, log: Path | None) -> None:
        best: Found | None = None
        for _ in range(1 + self._patience.repeats):
            self._await_quiet()
            try:
                found = self._run_once(row.load, row.server, log)
            except (NotThere, RunFailed) as error:
                self._tell(f"{row.load.key:10} {row.server.name:13} {error}")
                return
            self._tell(_line(row, found))
            if best is None or found.others_share < best.others_share:
                best = found
            if best.others_share <= self._patience.others_share:
                break
        if best is not None:
            row.runs.append(best)

    def _run_once(self, load: Load, server: Server, log: Path | None) -> Found:
        with running(server, log) as started:
            if load.key.startswith("start"):
                used_s = cpu_s(psutil.Process(started.pid))
                return Found(window_s=started.ready_s, messages=0, more={"cpu_s": used_s})
            spec = Spec(
                **load.spec,
                dialect=server.dialect,
                port=started.port,
                pid=started.pid,
                metrics=server.hubbub,
                folder=str(started.folder),
            )
            if spec.kind == "restart":
                return _run_restart(spec, started)
            found = run_load(spec, started.folder / "output.log")
            started.stop()
            if server.hubbub:
                stored = started.stored()
                if stored != found.messages or found.missing:
                    self._tell(f"{found.missing} deliveries are missing")
                    raise RunFailed(f"the log holds {stored} of {found.messages} messages")
            return found

    def _await_quiet(self) -> None:
        until_s = time.perf_counter() + self._patience.quiet_s
        while time.perf_counter() < until_s:
            percent = psutil.cpu_percent(QUIET_PROBE_S, percpu=True)
            if percent[SERVER_CORE] / 100 < QUIET_SHARE:
                return


class RunFailed(Exception):
    """A load could not be carried out, or a server lost something."""


def run_load(spec: Spec, output_log: Path) -> Found:
    """Runs a load in a process of its own. Raises RunFailed, with the end of the server's log."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = process.communicate(msgspec.json.encode(spec), timeout=RUN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise RunFailed(f"took more than {RUN_S} s") from None
    if process.returncode:
        said = output_log.read_text(errors="replace")
        raise RunFailed(f"{errors.decode()[-1500:]}\nthe server said: {said[-500:]}")
    return msgspec.json.decode(output, type=Found)


def _run_restart(spec: Spec, started: Running) -> Found:
    """Starts the server again when the load has ended it; adds what it used at the most."""
    again: list[Running] = []

    def restart() -> None:
        started.process.wait()
        again.append(start(started.server, started.folder, started.port))

    thread = threading.Thread(target=restart, daemon=True)
    thread.start()
    try:
        found = run_load(spec, started.folder / "output.log")
        thread.join(RUN_S)
        peak_mib = _peak_mib(again[0].pid)
    finally:
        for each in again:
            each.stop()
    stored = again[0].stored()
    if stored != found.messages:
        raise RunFailed(f"the log holds {stored} of {found.messages} messages")
    return msgspec.structs.replace(found, more={**found.more, "peak_mib": peak_mib})


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _line(row: Row, found: Found) -> str:
    parts = [f"{row.load.key:10} {row.server.name:13}"]
    if row.load.unit:
        count = found.deliveries if row.load.unit == "deliveries" else found.posts
        cost_us = found.server_cpu_s / max(1, count) * 1e6
        parts.append(f"{count / found.window_s:12,.0f} {row.load.unit}/s {cost_us:8.3f} us")
        parts.append(f"p50 {found.p50_ms:.2f} p99 {found.p99_ms:.2f} max {found.max_ms:.1f} ms")
        parts.append(f"rss {found.rss_mib:.0f} MiB, {found.connection_kib:.1f} KiB each")
        parts.append(f"batch {found.batch:.0f} missing {found.missing}")
        shares = (found.server_cpu_s, found.load_cpu_s)
        parts.append("cpu server {:.2f} load {:.2f}".format(*(s / found.window_s for s in shares)))
        parts.append(f"others {found.others_share:.2f}")
    else:
        parts.append(f"{found.window_s:.2f} s")
    parts += [f"{name} {value:.2f}" for name, value in found.more.items()]
    return "  ".join(parts)
