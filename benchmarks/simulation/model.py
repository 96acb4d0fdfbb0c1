"""A cluster that works as hubbub's nodes do, a batch at a time, and takes the measured time for it.

A node reads posts, commits what waits, serves its own people, tells the others, and takes the next
batch; see docs/architecture.md. What is left out: sweeps, people who come and go, and everything
that a client does but post and read.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.simulation.cores import Clock, Cores, Disk, Locks, Program
from benchmarks.simulation.costs import US, Costs
from benchmarks.simulation.node import Counts, Entries, Node, Piece, Post
from benchmarks.simulation.workload import HERE, Machines, Workload

SAMPLED_ROOMS = 40
KEPT_COMMITS = 200
"""Of each room, for those who read on in its log."""


@dataclass(frozen=True)
class Result:
    """What a simulation came to, in its window."""

    deliveries_per_s: float
    posts_per_s: float
    commits_per_s: float
    batch: float
    node_us: float
    postgres_us: float
    nats_us: float
    load_us: float
    p50_ms: float
    p99_ms: float
    node_share: float
    postgres_share: float
    nats_share: float
    """Of a core: of the busiest node, of all of PostgreSQL, of all of NATS."""
    answer_s: float
    """The mean from a post to its acknowledgement."""
    each_per_s: dict[str, float]
    """`Counts`, and how often nodes were woken."""


class Simulation:
    """One run."""

    def __init__(self, costs: Costs, workload: Workload, machines: Machines = HERE) -> None:
        self.costs = costs
        self.workload = workload
        self.machines = machines
        self.clock = Clock()
        self.locks = Locks()
        self.disk = Disk(self.clock, costs.flush_us * US)
        self.log = [deque[Entries](maxlen=KEPT_COMMITS) for _ in range(workload.rooms)]
        shared = Cores(self.clock, machines.shared) if machines.shared else None
        self.postgres_cores = shared or Cores(self.clock, machines.postgres)
        self.nats_cores = shared or Cores(self.clock, machines.nats)
        self.nodes = [
            Node(self, number, shared or Cores(self.clock, 1.0)) for number in range(workload.nodes)
        ]
        self.load = Program(shared or Cores(self.clock, 1e9))
        self._load_costs = shared is not None
        self._step = max(1, workload.rooms // SAMPLED_ROOMS)
        self._reset()

    def _reset(self) -> None:
        self.counts = Counts()
        self._answers_s = 0.0
        self._latencies: list[tuple[float, int]] = []
        self._used_before = self._used_s()
        self._wakes_before = self._wakes()

    def run(self, warm_s: float, window_s: float) -> Result:
        """Lets it work, and counts what happens in the window."""
        if self.workload.posting == "open":
            self._keep_rate(0)
        else:
            for sender in range(self.workload.senders):
                self._send([Post(sender, self.workload.in_flight, 0.0)])
        self.clock.run(warm_s)
        self._reset()
        self.clock.run(warm_s + window_s)
        return self._result(window_s)

    # --- the load

    def _keep_rate(self, number: int) -> None:
        post = Post(number % self.workload.senders, 1, self.clock.now_s)
        self.load.work(self._post_s(1), lambda: self._send([post]))
        self.clock.after(1 / self.workload.rate, lambda: self._keep_rate(number + 1))

    def _post_s(self, posts: int) -> float:
        return posts * self.costs.load_post_us * US if self._load_costs else 0.0

    def _send(self, posts: Sequence[Post]) -> None:
        by_node: dict[int, list[Post]] = {}
        for post in posts:
            by_node.setdefault(self.workload.node_of_sender(post.sender), []).append(post)
        for node, some in by_node.items():
            self.nodes[node].read(some)

    def deliver(self, piece: Piece) -> None:
        """Lets the load read what was written to it."""
        read_us = piece.writes * self.costs.load_read_us + piece.events * self.costs.load_event_us
        seconds = read_us * US if self._load_costs else 0.0
        if self.workload.posting == "closed":
            seconds += self._post_s(sum(post.count for post in piece.done))
        self.load.work(seconds, lambda: self._have_read(piece))

    def _have_read(self, piece: Piece) -> None:
        now_s = self.clock.now_s
        self.counts.writes += piece.writes
        self.counts.deliveries += piece.events
        self._latencies += [(now_s - at_s, weight) for at_s, weight in piece.sampled]
        for post in piece.done:
            self.counts.posts += post.count
            self._answers_s += (now_s - post.at_s) * post.count
        if self.workload.posting == "closed" and piece.done:
            self._send([Post(post.sender, post.count, now_s) for post in piece.done])

    def sampled(self, room: int) -> bool:
        """Whether the latencies of a room are kept."""
        return room % self._step == 0

    # --- what nodes share

    def append(self, node: int, room: int, posts: Sequence[Post]) -> Entries:
        """Gives posts the next seqs of their room, which is locked."""
        log = self.log[room]
        last = log[-1].last if log else 0
        count = sum(post.count for post in posts)
        log.append(Entries(node, room, last + 1, last + count, posts))
        return log[-1]

    def publish(self, by: Node, committed: Sequence[Entries]) -> None:
        """Brings what one node has committed to the others that have people in those rooms."""
        heard: dict[int, list[Entries]] = {}
        for entries in committed:
            for node in self.workload.local[entries.room]:
                if node != by.number:
                    heard.setdefault(node, []).append(entries)
        copies = sum(map(len, heard.values()))
        nats_us = len(committed) * self.costs.nats_in_us + copies * self.costs.nats_out_us
        trip_s = self.machines.round_trip_s / 2

        def arrive() -> None:
            for node, some in heard.items():
                self._hear_after(trip_s, self.nodes[node], some)

        self.clock.after(trip_s, lambda: by.nats.work(nats_us * US, arrive))

    def _hear_after(self, trip_s: float, node: Node, committed: Sequence[Entries]) -> None:
        self.clock.after(trip_s, lambda: node.hear(committed))

    # --- the result

    def _used_s(self) -> list[float]:
        nodes = self.nodes
        return [
            sum(node.backend.used_s + node.reader.used_s for node in nodes),
            sum(node.nats.used_s for node in nodes),
            self.load.used_s,
            *(node.cpu.used_s for node in nodes),
        ]

    def _wakes(self) -> int:
        return sum(node.cpu.wakes for node in self.nodes)

    def _result(self, window_s: float) -> Result:
        counts = self.counts
        used_s = [a - b for a, b in zip(self._used_s(), self._used_before, strict=True)]
        postgres_s, nats_s, load_s, *nodes_s = used_s
        each_us = 1e6 / max(1, counts.deliveries)
        latencies = sorted(self._latencies)
        each = {**asdict(counts), "wakes": self._wakes() - self._wakes_before}
        return Result(
            deliveries_per_s=counts.deliveries / window_s,
            posts_per_s=counts.posts / window_s,
            commits_per_s=counts.commits / window_s,
            batch=counts.commit_events / max(1, counts.commits),
            node_us=sum(nodes_s) * each_us,
            postgres_us=postgres_s * each_us,
            nats_us=nats_s * each_us,
            load_us=load_s * each_us,
            p50_ms=_quantile(latencies, 0.5) * 1e3,
            p99_ms=_quantile(latencies, 0.99) * 1e3,
            node_share=max(nodes_s) / window_s,
            postgres_share=postgres_s / window_s,
            nats_share=nats_s / window_s,
            answer_s=self._answers_s / max(1, counts.posts),
            each_per_s={name: value / window_s for name, value in each.items()},
        )


def _quantile(values: Sequence[tuple[float, int]], part: float) -> float:
    """Of sorted values with weights."""
    rest = part * sum(weight for _, weight in values)
    for value, weight in values:
        rest -= weight
        if rest <= 0:
            return value
    return 0.0
