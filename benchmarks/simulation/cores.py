"""Time, cores, and what works on them one thing after the other.

Programs that are ready share the cores of their machine evenly, none with more than one core: the
discipline of processor sharing, which an operating system comes close to.
"""

import heapq
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count

Call = Callable[[], None]


class Clock:
    """The instant, in seconds, and what is due later."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, int, Call]] = []
        self._order = count()

    def after(self, delay_s: float, call: Call) -> None:
        """Calls so much later; what is due at one instant comes in the order that it was given."""
        heapq.heappush(self._due, (self.now_s + delay_s, next(self._order), call))

    def run(self, until_s: float) -> None:
        """Goes on to that instant."""
        due = self._due
        while due and due[0][0] <= until_s:
            self.now_s, _, call = heapq.heappop(due)
            call()
        self.now_s = until_s


class Cores:
    """So many cores, shared by the programs that have something to do."""

    def __init__(self, clock: Clock, cores: float) -> None:
        self._clock = clock
        self._cores = cores
        # What a program that ran all along would have got so far; all that run get the same.
        self._given_s = 0.0
        self._at_s = 0.0
        self._running: list[tuple[float, int, Call]] = []
        self._order = count()
        self._turn = 0

    def work(self, seconds: float, done: Call) -> None:
        """Gives one more program so much of a core, and tells when it has had it."""
        self._catch_up()
        heapq.heappush(self._running, (self._given_s + seconds, next(self._order), done))
        self._await_next()

    def _rate(self) -> float:
        return min(1.0, self._cores / len(self._running))

    def _catch_up(self) -> None:
        now_s = self._clock.now_s
        if self._running:
            self._given_s += (now_s - self._at_s) * self._rate()
        self._at_s = now_s

    def _await_next(self) -> None:
        self._turn += 1
        if self._running:
            turn = self._turn
            left_s = max(0.0, self._running[0][0] - self._given_s) / self._rate()
            self._clock.after(left_s, lambda: self._finish(turn))

    def _finish(self, turn: int) -> None:
        if turn != self._turn:
            return  # another one came meanwhile, and all take longer
        self._catch_up()
        end_s, _, done = heapq.heappop(self._running)
        self._given_s = max(self._given_s, end_s)
        self._await_next()
        done()


class Program:
    """Does one thing after the other; begins with `wake_s` more where it was idle."""

    def __init__(self, cores: Cores, wake_s: float = 0.0) -> None:
        self._cores = cores
        self._wake_s = wake_s
        self._waiting: deque[tuple[float, Call]] = deque()
        self._busy = False
        self.used_s = 0.0
        self.wakes = 0

    def work(self, seconds: float, done: Call) -> None:
        """Takes on something that needs so much of a core, and tells when it is done."""
        self._waiting.append((seconds, done))
        if not self._busy:
            self._busy = True
            self.wakes += 1
            self._begin(self._wake_s)

    def _begin(self, more_s: float) -> None:
        seconds, done = self._waiting.popleft()
        seconds += more_s
        self._cores.work(seconds, lambda: self._end(seconds, done))

    def _end(self, seconds: float, done: Call) -> None:
        self.used_s += seconds
        done()
        if self._waiting:
            self._begin(0.0)
        else:
            self._busy = False


class Disk:
    """Syncs one thing at a time, and with it all that was waiting: PostgreSQL's group commit."""

    def __init__(self, clock: Clock, sync_s: float) -> None:
        self._clock = clock
        self._sync_s = sync_s
        self._waiting: list[Call] = []
        self._busy = False
        self.syncs = 0

    def sync(self, done: Call) -> None:
        """Tells when what was written until now is on the disk."""
        self._waiting.append(done)
        if not self._busy:
            self._begin()

    def _begin(self) -> None:
        self._busy = True
        self.syncs += 1
        batch, self._waiting = self._waiting, []
        self._clock.after(self._sync_s, lambda: self._end(batch))

    def _end(self, batch: list[Call]) -> None:
        self._busy = False
        if self._waiting:
            self._begin()
        for done in batch:
            done()


class Locks:
    """Locks of rooms, each held by one at a time, and had in the order in which they were wanted.

    Whoever wants several takes them in one order, so that nobody waits in a circle.
    """

    def __init__(self) -> None:
        self._queues: dict[int, deque[Call]] = {}

    def take(self, rooms: list[int], then: Call) -> None:
        """Calls when all are held; `rooms` are sorted."""
        self._take_from(rooms, 0, then)

    def _take_from(self, rooms: list[int], place: int, then: Call) -> None:
        while place < len(rooms):
            room = rooms[place]
            if room in self._queues:
                self._queues[room].append(partial(self._take_from, rooms, place + 1, then))
                return
            self._queues[room] = deque()
            place += 1
        then()

    def give(self, rooms: list[int]) -> None:
        """Lets them go; who waits next has them."""
        for room in rooms:
            queue = self._queues[room]
            if queue:
                queue.popleft()()
            else:
                del self._queues[room]
