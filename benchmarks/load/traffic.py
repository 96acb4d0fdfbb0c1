"""Members in rooms: closed loop, open loop, or nobody says anything."""

import time
from collections.abc import Iterator
from urllib.request import urlopen

from benchmarks.load.cpu import Parts, Usage
from benchmarks.load.dialects import DIALECTS
from benchmarks.load.fleet import Fleet, Member
from benchmarks.load.spec import Found, Spec

DRAIN_S = 15.0
# epoll waits in whole milliseconds; what is due sooner is waited for without sleep.
SPIN_S = 0.0015
COMMITS, COMMIT_S = "hubbub_commit_seconds_count", "hubbub_commit_seconds_sum"
REQUESTS, READ_ON = "hubbub_commit_requests_total", "hubbub_rooms_read_on_total"
COUNTED = (COMMITS, COMMIT_S, REQUESTS, READ_ON)


def run(spec: Spec) -> Found:
    """Carries out one load and measures its window."""
    parts = Parts(spec)
    empty_bytes = parts.rss_bytes()
    fleet = Fleet(spec.port_of, DIALECTS[spec.dialect])
    try:
        before = Usage.now(parts)
        joined_per_s = fleet.enter(spec.rooms, spec.members)
        entered = Usage.now(parts)
        publishers = fleet.appoint(spec.rooms, spec.publishers)
        fleet.sample(spec.sampled)
        batches = _Batches(spec)
        if spec.posting == "idle":
            start, end, counts = _idle(fleet, parts, spec)
        elif spec.posting == "closed":
            start, end, counts = _closed(fleet, parts, spec, publishers)
        else:
            start, end, counts = _open(fleet, parts, spec, publishers)
        rss = parts.rss_bytes()
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
        more={
            "messages_per_read": counts[0] / max(1, counts[2]),
            **(_split(before, entered, start, end) if spec.parts else {}),
            **(batches.times() if spec.metrics else {}),
        },
    )


def _split(before: Usage, entered: Usage, start: Usage, end: Usage) -> dict[str, float]:
    """Seconds of each part's CPU: to let everybody in, and in the window."""
    shares = {"load_enter_s": entered.load_s - before.load_s}
    for part, used_s in before.parts_s.items():
        shares[f"{part}_enter_s"] = entered.parts_s[part] - used_s
        shares[f"{part}_s"] = end.parts_s[part] - start.parts_s[part]
    return shares


Counts = tuple[int, int, int]


class _Window:
    """What was counted and used between two instants of a load."""

    def __init__(self, fleet: Fleet, parts: Parts) -> None:
        self._fleet = fleet
        self._parts = parts
        self._before = (fleet.seen, fleet.settled, fleet.reads)
        fleet.timing = True
        self._start = Usage.now(parts)

    def end(self) -> tuple[Usage, Usage, Counts]:
        """Closes it."""
        end = Usage.now(self._parts)
        fleet = self._fleet
        fleet.timing = False
        seen, settled, reads = self._before
        return self._start, end, (fleet.seen - seen, fleet.settled - settled, fleet.reads - reads)


def _idle(fleet: Fleet, parts: Parts, spec: Spec) -> tuple[Usage, Usage, Counts]:
    window = _Window(fleet, parts)
    until_s = time.perf_counter() + spec.window_s
    while (left_s := until_s - time.perf_counter()) > 0:
        fleet.listen(left_s)
    return window.end()


def _closed(
    fleet: Fleet, parts: Parts, spec: Spec, publishers: list[Member]
) -> tuple[Usage, Usage, Counts]:
    for publisher in publishers:
        fleet.post(publisher, spec.in_flight)
    _keep_posting(fleet, spec.warm_s)
    window = _Window(fleet, parts)
    _keep_posting(fleet, spec.window_s)
    return window.end()


def _keep_posting(fleet: Fleet, duration_s: float) -> None:
    until_s = time.perf_counter() + duration_s
    while time.perf_counter() < until_s:
        for member, done in fleet.receive(0.1):
            fleet.post(member, done)


def _open(
    fleet: Fleet, parts: Parts, spec: Spec, publishers: list[Member]
) -> tuple[Usage, Usage, Counts]:
    first_s = time.perf_counter() + 0.05
    posted = _keep_rate(fleet, spec, publishers, first_s, 0, spec.warm_s)
    window = _Window(fleet, parts)
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
    """How many requests each commit took, of hubbub's servers."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._before = self._counted()

    def _counted(self) -> dict[str, float]:
        """Of all nodes together."""
        counts: dict[str, float] = {}
        ports = self._spec.ports or (self._spec.port,)
        for port in ports if self._spec.metrics else ():
            for name, value in _metrics(port):
                counts[name] = counts.get(name, 0.0) + value
        return counts

    def _since(self) -> dict[str, float]:
        found = self._counted()
        return {name: found.get(name, 0.0) - self._before.get(name, 0.0) for name in COUNTED}

    def mean(self) -> float:
        """The mean since the beginning; 0 where nothing was committed."""
        found = self._since()
        commits = found[COMMITS]
        return found[REQUESTS] / commits if commits else 0.0

    def times(self) -> dict[str, float]:
        """How many commits there were, what one took, and how often a node had to read on."""
        found = self._since()
        return {
            "commits": found[COMMITS],
            "commit_ms": found[COMMIT_S] / max(1.0, found[COMMITS]) * 1e3,
            "read_on": found[READ_ON],
        }


def _metrics(port: int) -> Iterator[tuple[str, float]]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    for name, value in (line.rpartition(" ")[::2] for line in lines):
        if name in COUNTED:
            yield name, float(value)
