"""Runs loads on clusters in turn (A B A B ...), each run on nodes and a database of its own."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.cluster.loads import Load, Shape
from benchmarks.cluster.parts import Cluster, Database, cluster, lone_node
from benchmarks.figures import cost_us, per_s
from benchmarks.load.spec import Found, Spec
from benchmarks.runner import QUIET_PROBE_S, QUIET_SHARE, Patience, RunFailed, run_load
from benchmarks.servers import NotThere

QUIET_PROBES = 4
COMPLAINTS = 20


@dataclass
class Row:
    """One load on so many nodes, run a few times."""

    load: Load
    shape: Shape
    runs: list[Found] = field(default_factory=list)


class Runner:
    """Carries out loads on a database's server; `tell` hears of each run."""

    def __init__(
        self, database: Database, folder: Path, tell: Callable[[str], None], patience: Patience
    ) -> None:
        self._database = database
        self._folder = folder
        self._tell = tell
        self._patience = patience

    def run(self, loads: Iterable[Load], repeats: int) -> Iterator[Row]:
        """One row for each load and number of nodes, in their order."""
        for load in loads:
            rows = [Row(load, shape) for shape in load.shapes]
            for _ in range(repeats):
                for row in rows:
                    self._run_row(row)
            yield from rows

    def _run_row(self, row: Row) -> None:
        best: Found | None = None
        for _ in range(1 + self._patience.repeats):
            await_quiet(self._patience)
            try:
                found = self._run_once(row)
            except (NotThere, RunFailed) as error:
                self._tell(f"{row.load.key:12} {row.shape.name:26} {error}")
                continue
            self._tell(_line(row, found))
            if best is None or found.others_share < best.others_share:
                best = found
            if best.others_share <= self._patience.others_share:
                break
        if best is not None:
            row.runs.append(best)

    def _run_once(self, row: Row) -> Found:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            with self._started(row.shape, folder) as started:
                spec = Spec(
                    **row.load.spec,
                    dialect="json",
                    port=started.ports[0],
                    pid=started.nodes[0].pid,
                    ports=started.ports,
                    parts=started.parts,
                    publishing_nodes=row.shape.publishing,
                    metrics=True,
                    folder=name,
                )
                try:
                    found = run_load(spec, started.nodes[0].folder / "output.log")
                except RunFailed as error:
                    raise RunFailed(f"{error}\n{_complaints(started)}") from error
                started.stop()
                log = started.log
                stored = self._database.stored(log) if log else started.nodes[0].stored()
            if stored != found.messages or found.missing:
                raise RunFailed(
                    f"the log holds {stored} of {found.messages} messages, "
                    f"{found.missing} deliveries are missing"
                )
            return found

    def _started(self, shape: Shape, folder: Path) -> AbstractContextManager[Cluster]:
        if shape.nodes:
            return cluster(folder, self._database, shape.nodes)
        return lone_node(folder)


def await_quiet(patience: Patience) -> None:
    """Returns when nothing else has run for a moment, or patience is at its end."""
    until_s = time.perf_counter() + patience.quiet_s
    quiet = 0
    while quiet < QUIET_PROBES and time.perf_counter() < until_s:
        busy = psutil.cpu_percent(QUIET_PROBE_S) / 100 >= QUIET_SHARE
        quiet = 0 if busy else quiet + 1


def _complaints(started: Cluster) -> str:
    """The last lines of the nodes' logs that are more than information."""
    lines = [
        line
        for node in started.nodes
        for line in (node.folder / "output.log").read_text(errors="replace").splitlines()
        if '"level": "info"' not in line
    ]
    return "\n".join(lines[-COMPLAINTS:])


def split_us(row: Row, found: Found) -> dict[str, float]:
    """Microseconds of each part's CPU for each of what the load counts."""
    parts = ("nodes", "postgres", "nats")
    each = per_s(row)(found) * found.window_s
    return {part: found.more.get(f"{part}_s", 0.0) / max(1.0, each) * 1e6 for part in parts}


def _line(row: Row, found: Found) -> str:
    parts = [f"{row.load.key:12} {row.shape.name:26}"]
    parts.append(f"{per_s(row)(found):10,.0f} {row.load.unit}/s {cost_us(row)(found):8.2f} us")
    split = " ".join(f"{part} {us:.2f}" for part, us in split_us(row, found).items())
    parts.append(f"({split})")
    parts.append(f"p50 {found.p50_ms:.2f} p99 {found.p99_ms:.2f} max {found.max_ms:.1f} ms")
    parts.append(f"batch {found.batch:.1f} in {found.more['commit_ms']:.2f} ms")
    shares = (found.server_cpu_s, found.load_cpu_s)
    parts.append("cores {:.2f} load {:.2f}".format(*(s / found.window_s for s in shares)))
    parts.append(f"others {found.others_share:.2f} joined/s {found.joined_per_s:.0f}")
    return "  ".join(parts)
