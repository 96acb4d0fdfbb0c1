"""One simulated node: it reads, commits, serves its people, and hears of the others."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from benchmarks.simulation.cores import Clock, Cores, Disk, Locks, Program
from benchmarks.simulation.costs import US, Costs
from benchmarks.simulation.workload import Machines, Workload
from hubbub.hub.cluster.backfill import GAP_S
from hubbub.hub.rules.limits import Limits

BATCH_REQUESTS = Limits().commit_batch_requests
# How much of a post is read and checked before its commit; the rest is its reply.
READ_PART = 0.6
# What is written to many is taken by the load while the rest is still being written.
PIECES = 8
# The round trips of a commit before its rooms are locked, and while they are.
TRIPS_BEFORE, TRIPS_LOCKED = 1.5, 4.5


@dataclass(frozen=True, slots=True)
class Post:
    """Some posts of one publisher that go together, and when they were written."""

    sender: int
    count: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Entries:
    """What one commit brought to one room, and the seqs that it has there."""

    node: int
    room: int
    first: int
    last: int
    posts: Sequence[Post]

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1


@dataclass(slots=True)
class Piece:
    """A part of a fan-out: so many writes, with what they carry."""

    writes: int = 0
    events: int = 0
    done: list[Post] = field(default_factory=list)
    sampled: list[tuple[float, int]] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """How often what costs something happened, on all nodes together."""

    commits: int = 0
    commit_rooms: int = 0
    commit_events: int = 0
    heard: int = 0
    heard_events: int = 0
    gaps: int = 0
    writes: int = 0
    deliveries: int = 0
    posts: int = 0


class World(Protocol):
    """What a node is in: the machines, the database and the other nodes."""

    costs: Costs
    workload: Workload
    machines: Machines
    clock: Clock
    locks: Locks
    disk: Disk
    log: list[deque[Entries]]
    postgres_cores: Cores
    nats_cores: Cores
    counts: Counts

    def append(self, node: int, room: int, posts: Sequence[Post]) -> Entries:
        """Writes posts to the log of a room."""
        ...

    def publish(self, by: "Node", committed: Sequence[Entries]) -> None:
        """Tells the other nodes what one has committed."""
        ...

    def deliver(self, piece: Piece) -> None:
        """Lets the load read what was written to it."""
        ...

    def sampled(self, room: int) -> bool:
        """Whether the latencies of a room are kept."""
        ...


class Node:
    """One `hubbub serve`: its program, its connections to PostgreSQL, and the one to NATS."""

    def __init__(self, simulation: World, number: int, cores: Cores) -> None:
        costs = simulation.costs
        self.number = number
        self._simulation = simulation
        self._costs = costs
        self.cpu = Program(cores, costs.node_wake_us * US)
        self.backend = Program(simulation.postgres_cores)
        self.reader = Program(simulation.postgres_cores)
        self.nats = Program(simulation.nats_cores, costs.nats_wake_us * US)
        self._posts: deque[Post] = deque()
        self._committing = False
        self._last: dict[int, int] = {}
        self._ahead: dict[int, list[Entries]] = {}
        self._gaps: set[int] = set()

    # --- what its people write

    def read(self, posts: Sequence[Post]) -> None:
        """Reads posts, and commits if nothing is being committed."""
        count = sum(post.count for post in posts)

        def have_read() -> None:
            self._posts.extend(posts)
            if not self._committing:
                self._commit()

        self.cpu.work(count * READ_PART * self._costs.post_us * US, have_read)

    def _take(self) -> dict[int, list[Post]]:
        batch: dict[int, list[Post]] = {}
        left = BATCH_REQUESTS
        while self._posts and left:
            post = self._posts.popleft()
            if post.count > left:
                self._posts.appendleft(Post(post.sender, post.count - left, post.at_s))
                post = Post(post.sender, left, post.at_s)
            left -= post.count
            batch.setdefault(post.sender % self._simulation.workload.rooms, []).append(post)
        return batch

    def _commit(self) -> None:
        self._committing = True
        batch, costs, simulation = self._take(), self._costs, self._simulation
        trip_s = TRIPS_BEFORE * simulation.machines.round_trip_s

        def lock() -> None:
            simulation.locks.take(sorted(batch), lambda: self._write(batch))

        def ask() -> None:
            begin_s = costs.pg_commit_us * US / 2
            simulation.clock.after(trip_s, lambda: self.backend.work(begin_s, lock))

        self.cpu.work((costs.cycle_us + costs.commit_us) * US / 2, ask)

    def _write(self, batch: dict[int, list[Post]]) -> None:
        costs, simulation = self._costs, self._simulation
        count = sum(post.count for posts in batch.values() for post in posts)
        simulation.counts.commits += 1
        simulation.counts.commit_rooms += len(batch)
        simulation.counts.commit_events += count
        left = 2

        def written() -> None:
            # The driver sends rows while PostgreSQL writes those before.
            nonlocal left
            left -= 1
            if not left:
                trips_s = TRIPS_LOCKED * simulation.machines.round_trip_s
                simulation.clock.after(trips_s, lambda: simulation.disk.sync(durable))

        def durable() -> None:
            entries = [simulation.append(self.number, *each) for each in batch.items()]
            simulation.locks.give(sorted(batch))
            self.cpu.work(costs.cycle_us * US / 2, lambda: self._settle(entries))

        ours = costs.commit_us / 2 + len(batch) * costs.commit_room_us
        theirs = costs.pg_commit_us / 2 + len(batch) * costs.pg_room_us
        self.cpu.work((ours + count * costs.commit_event_us) * US, written)
        self.backend.work((theirs + count * costs.pg_event_us) * US, written)

    def _settle(self, committed: Sequence[Entries]) -> None:
        costs, simulation = self._costs, self._simulation
        ready = self._accept(committed)
        served = {entries.room for entries in ready if entries.node == self.number}
        # A reply does not wait for what others have said before.
        unserved = [self._reply(each) for each in committed if each.room not in served]
        self._fan_out(ready, unserved, own=committed)
        count = sum(entries.count for entries in committed)
        publish_us = len(committed) * costs.publish_us + count * costs.publish_event_us

        def told() -> None:
            simulation.publish(self, committed)
            # Behind what has come in during the fan-out: one turn of the loop reads it.
            self.cpu.work(0.0, self._go_on)

        self.cpu.work(publish_us * US, told)

    def _reply(self, entries: Entries) -> Piece:
        return Piece(writes=len({post.sender for post in entries.posts}), done=list(entries.posts))

    def _go_on(self) -> None:
        self._committing = False
        if self._posts:
            self._commit()

    # --- what others have committed

    def hear(self, committed: Sequence[Entries]) -> None:
        """Serves this node's people with what another one has committed."""
        costs, counts = self._costs, self._simulation.counts
        count = sum(entries.count for entries in committed)
        counts.heard += len(committed)
        counts.heard_events += count
        heard_us = len(committed) * costs.hear_us + count * costs.hear_event_us
        self.cpu.work(heard_us * US, lambda: self._fan_out(self._accept(committed)))

    def _accept(self, committed: Iterable[Entries]) -> list[Entries]:
        """Those that everybody can be served with now, in the order of each room's log."""
        ready: list[Entries] = []
        for entries in committed:
            room = entries.room
            last = self._last.get(room, 0)
            if entries.first <= last:
                continue  # read from the log before
            ahead = self._ahead.setdefault(room, [])
            ahead.append(entries)
            ahead.sort(key=_first)
            while ahead and ahead[0].first == last + 1:
                ready.append(ahead.pop(0))
                last = self._last[room] = ready[-1].last
            if ahead and room not in self._gaps:
                self._gaps.add(room)
                self._simulation.clock.after(GAP_S, partial(self._look_at_gap, room))
        return ready

    def _look_at_gap(self, room: int) -> None:
        if not self._ahead.get(room):
            self._gaps.discard(room)
            return
        costs = self._costs
        self._simulation.counts.gaps += 1

        def have_read() -> None:
            self._gaps.discard(room)
            last = self._last.get(room, 0)
            missed = [e for e in self._simulation.log[room] if e.first > last]
            self._ahead.pop(room, None)
            self._fan_out(self._accept(missed))

        def ask() -> None:
            self.reader.work(costs.pg_read_us * US, lambda: self.cpu.work(0.0, have_read))

        self.cpu.work(costs.read_us * US, ask)

    # --- serving

    def _fan_out(
        self,
        ready: Sequence[Entries],
        replies: Sequence[Piece] = (),
        own: Sequence[Entries] = (),
    ) -> None:
        costs, simulation = self._costs, self._simulation
        mine = {id(entries) for entries in own}
        parts = list(replies)
        for entries in ready:
            parts += self._parts(entries, own=id(entries) in mine)
        for piece in _joined(parts):
            work_us = piece.writes * costs.write_us + piece.events * costs.event_us
            work_us += sum(post.count for post in piece.done) * (1 - READ_PART) * costs.post_us
            self.cpu.work(work_us * US, partial(simulation.deliver, piece))

    def _parts(self, entries: Entries, *, own: bool) -> Iterator[Piece]:
        """What a room's people get: those who wrote it first, then the others."""
        simulation = self._simulation
        local = simulation.workload.local[entries.room][self.number]
        senders = len({post.sender for post in entries.posts}) if own else 0
        others = local.members - senders
        step = max(1, -(-others // PIECES))
        counts = [senders] if senders else []
        counts += [min(step, others - at) for at in range(0, others, step)]
        for place, writes in enumerate(counts):
            part = Piece(writes, writes * entries.count)
            if place == 0 and own:
                part.done = list(entries.posts)
            if simulation.sampled(entries.room):
                part.sampled = [(post.at_s, writes * post.count) for post in entries.posts]
            yield part


def _first(entries: Entries) -> int:
    return entries.first


def _joined(parts: Sequence[Piece]) -> Iterator[Piece]:
    """The same in a few pieces."""
    size = -(-sum(part.writes for part in parts) // PIECES)
    piece = Piece()
    for part in parts:
        piece.writes += part.writes
        piece.events += part.events
        piece.done += part.done
        piece.sampled += part.sampled
        if piece.writes >= size:
            yield piece
            piece = Piece()
    if piece.writes:
        yield piece
