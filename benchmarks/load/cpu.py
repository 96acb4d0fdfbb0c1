"""What a process and its children have used, and what others used of its core meanwhile."""

import os
import time
from typing import NamedTuple, Self

import psutil

SERVER_CORE = 0
LOAD_CORE = 1


class Usage(NamedTuple):
    """Seconds: of the clock, of user and system time, and of the server's core in all."""

    clock_s: float
    server_s: float
    load_s: float
    core_s: float

    @classmethod
    def now(cls, server: psutil.Process) -> Self:
        """As it stands."""
        core = psutil.cpu_times(percpu=True)[SERVER_CORE]
        busy_s = sum(core) - core.idle - core.iowait - core.guest - core.guest_nice
        return cls(time.perf_counter(), cpu_s(server), sum(os.times()[:2]), busy_s)

    def others_share(self, since: Self) -> float:
        """How much of the server's core went to neither it nor the idle."""
        clock_s = self.clock_s - since.clock_s
        others_s = (self.core_s - since.core_s) - (self.server_s - since.server_s)
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
