"""What processes and their children have used, and what others used of their cores meanwhile."""

import os
import time
from typing import NamedTuple, Self

import psutil

from benchmarks.load.spec import Spec

SERVER_CORE = 0
LOAD_CORE = 1


class Parts:
    """The processes that are measured, by the parts that they are of.

    A server is on a core of its own. The parts of a cluster, and its load, share all there are.
    """

    def __init__(self, spec: Spec) -> None:
        pids = spec.parts or {"server": (spec.pid,)}
        self._processes = {
            part: [psutil.Process(pid) for pid in some] for part, some in pids.items()
        }
        self.pinned = not spec.parts

    def cpu_s(self) -> dict[str, float]:
        """User and system seconds of each part, the children included."""
        return {part: sum(map(cpu_s, some)) for part, some in self._processes.items()}

    def rss_bytes(self) -> int:
        """Resident bytes of those that are hubbub's, or of a peer's server, the children included.

        What processes share is counted with each, so PostgreSQL's would say nothing.
        """
        ours = (some for part, some in self._processes.items() if part in {"server", "nodes"})
        return sum(rss_bytes(process) for some in ours for process in some)


class Usage(NamedTuple):
    """Seconds: of the clock, of user and system time, and of the server's cores in all."""

    clock_s: float
    parts_s: dict[str, float]
    load_s: float
    core_s: float
    pinned: bool

    @classmethod
    def now(cls, parts: Parts) -> Self:
        """As it stands."""
        cores = psutil.cpu_times(percpu=True)
        measured = [cores[SERVER_CORE]] if parts.pinned else cores
        busy_s = sum(sum(c) - c.idle - c.iowait - c.guest - c.guest_nice for c in measured)
        load_s = sum(os.times()[:2])
        return cls(time.perf_counter(), parts.cpu_s(), load_s, busy_s, parts.pinned)

    @property
    def server_s(self) -> float:
        """Of all parts together."""
        return sum(self.parts_s.values())

    def others_share(self, since: Self) -> float:
        """How much of the server's cores went to neither us nor the idle, in cores."""
        clock_s = self.clock_s - since.clock_s
        others_s = (self.core_s - since.core_s) - (self.server_s - since.server_s)
        if not self.pinned:
            others_s -= self.load_s - since.load_s
        return max(0.0, others_s / clock_s)


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds of a process, its children included."""
    family = [process, *process.children(recursive=True)]
    times = [each.cpu_times() for each in family]
    return float(sum(each.user + each.system for each in times))


def rss_bytes(process: psutil.Process) -> int:
    """Resident bytes of a process, its children included."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family)


def pin(core: int) -> None:
    """Keeps this process on one core, where the machine has that many."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[min(core, len(cores) - 1)]})
