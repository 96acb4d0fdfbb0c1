"""Members in rooms: closed loop, open loop, or nobody says anything."""

import time
from urllib.request import urlopen

import psutil

from benchmarks.load.cpu import Usage, rss_bytes
from benchmarks.load.dialects import DIALECTS
from benchmarks.load.fleet import Fleet, Member
from benchmarks.load.spec import Found, Spec

DRAIN_S = 15.0
# epoll waits in whole milliseconds; what is due sooner is waited for without sleep.
SPIN_S = 0.0015


def run(spec: Spec) -> Found:
    """Carries out one load and measures its window."""
    server = psutil.Process(spec.pid)
    empty_bytes = rss_bytes(server)
    fleet = Fleet(spec.port, DIALECTS[spec.dialect])
    try:
        joined_per_s = fleet.enter(spec.rooms, spec.members)
        publishers = fleet.appoint(spec.rooms, spec.publishers)
        fleet.sample(spec.sampled)
        batches = _Batches(spec)
        if spec.posting == "idle":
            start, end, counts = _idle(fleet, server, spec)
        elif spec.posting == "closed":
            start, end, counts = _closed(fleet, server, spec, publishers)
        else:
            start, end, counts = _open(fleet, server, spec, publishers)
        rss = rss_bytes(server)
        missing = _drain(fleet, spec)
    finally:
        fleet.close()
    latencies = sorted(fleet.latencies_ms) or [0.0]
    return Found(
        window_s=end.clock_s - start.clock_s,
        messages=fleet.sent,
        missing=missing,
        deliveries=counts[0],
        posts=counts[1],
        server_cpu_s=end.server_s - start.server_s,
        load_cpu_s=end.load_s - start.load_s,
        others_share=end.others_share(start),
        p50_ms=latencies[len(latencies) // 2],
        p99_ms=latencies[len(latencies) * 99 // 100],
        max_ms=latencies[-1],
        rss_mib=rss / 2**20,
        connection_kib=(rss - empty_bytes) / 1024 / len(fleet.members),
        joined_per_s=joined_per_s,
        batch=batches.mean(),
        more={"messages_per_read": counts[0] / max(1, counts[2])},
    )


Counts = tuple[int, int, int]


class _Window:
    """What was counted and used between two instants of a load."""

    def __init__(self, fleet: Fleet, server: psutil.Process) -> None:
        self._fleet = fleet
        self._server = server
        self._before = (fleet.seen, fleet.settled, fleet.reads)
        fleet.timing = True
        self._start = Usage.now(server)

    def end(self) -> tuple[Usage, Usage, Counts]:
        """Closes it."""
        end = Usage.now(self._server)
        fleet = self._fleet
        fleet.timing = False
        seen, settled, reads = self._before
        return self._start, end, (fleet.seen - seen, fleet.settled - settled, fleet.reads - reads)


def _idle(fleet: Fleet, server: psutil.Process, spec: Spec) -> tuple[Usage, Usage, Counts]:
    window = _Window(fleet, server)
    until_s = time.perf_counter() + spec.window_s
    while (left_s := until_s - time.perf_counter()) > 0:
        fleet.listen(left_s)
    return window.end()


def _closed(
    fleet: Fleet, server: psutil.Process, spec: Spec, publishers: list[Member]
) -> tuple[Usage, Usage, Counts]:
    for publisher in publishers:
        fleet.post(publisher, spec.in_flight)
    _keep_posting(fleet, spec.warm_s)
    window = _Window(fleet, server)
    _keep_posting(fleet, spec.window_s)
    return window.end()


def _keep_posting(fleet: Fleet, duration_s: float) -> None:
    until_s = time.perf_counter() + duration_s
    while time.perf_counter() < until_s:
        for member, done in fleet.receive(0.1):
            fleet.post(member, done)


def _open(
    fleet: Fleet, server: psutil.Process, spec: Spec, publishers: list[Member]
) -> tuple[Usage, Usage, Counts]:
    first_s = time.perf_counter() + 0.05
    posted = _keep_rate(fleet, spec, publishers, first_s, 0, spec.warm_s)
    window = _Window(fleet, server)
    _keep_rate(fleet, spec, publishers, first_s, posted, spec.warm_s + spec.window_s)
    return window.end()


def _keep_rate(
    fleet: Fleet,
    spec: Spec,
    publishers: list[Member],
    first_s: float,
    posted: int,
    until_s: float,
) -> int:
    """Posts message n at `first_s + n / rate`, or as soon after as it can, and dates it so."""
    end_s = first_s + until_s
    while (now_s := time.perf_counter()) < end_s:
        due_s = first_s + posted / spec.rate
        while due_s <= now_s:
            publisher = publishers[posted % len(publishers)]
            fleet.post(publisher, 1, int(due_s * 1e9))
            posted += 1
            due_s = first_s + posted / spec.rate
        wait_s = min(due_s, end_s) - time.perf_counter()
        fleet.listen(wait_s - SPIN_S if wait_s > SPIN_S else 0)
    return posted


def _drain(fleet: Fleet, spec: Spec) -> int:
    """Waits until everyone has everything; how many deliveries are missing or too many."""
    expected = fleet.sent * spec.members
    until_s = time.perf_counter() + DRAIN_S
    while time.perf_counter() < until_s:
        if fleet.seen >= expected and fleet.settled >= fleet.sent:
            break
        fleet.listen(0.1)
    return expected - fleet.seen


class _Batches:
    """How many requests each commit took, of a hubbub server."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._before = self._counted()

    def _counted(self) -> tuple[float, float]:
        if not self._spec.metrics:
            return 0.0, 0.0
        with urlopen(f"http://127.0.0.1:{self._spec.port}/metrics", timeout=30) as answer:
            pairs = (line.rpartition(" ")[::2] for line in answer.read().decode().splitlines())
            values = {name: value for name, value in pairs if name.startswith("hubbub_commit_")}
        requests = float(values["hubbub_commit_requests_total"])
        return requests, float(values["hubbub_commit_seconds_count"])

    def mean(self) -> float:
        """The mean since the beginning; 0 where nothing was committed."""
        requests, commits = self._counted()
        if commits == self._before[1]:
            return 0.0
        return (requests - self._before[0]) / (commits - self._before[1])
