"""Gather, commit, hand over: requests that arrive while a commit runs go into the next one.

There is no timer: a batch is whatever arrived during the last commit and its fan-out, so an idle
server answers at once and a busy one works in large batches. The fan-out of a batch runs to its
end before the next commit starts; overlapping the two was measured at half the speed, because
the commit thread and the loop then fight for the interpreter.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from msgspec import Struct, structs
from structlog import get_logger

from hubbub.errors import DatabaseRefused, Internal, NodeLost, Refusal, StorageError, Unavailable
from hubbub.hub.faults import contained, sorry
from hubbub.hub.flow.log import NOT_STORED, Log
from hubbub.hub.ports import Clock
from hubbub.hub.rules.limits import Limits
from hubbub.hub.state.room import Room, Session
from hubbub.hub.state.stats import Stats
from hubbub.storage.changes import Append, Change, EndSanction, Outcome, SaveSanction

log = get_logger(__name__)

AT_ONCE = 500
"""How many changes that nobody waits for go into the queue together."""


class Submission(NamedTuple):
    """A change that waits for its commit, and who hears what became of it.

    Either a session, which gets the reply to its request, or a future, or nobody. `room` is where
    an entry of a log goes.
    """

    change: Change
    room: Room | None = None
    session: Session | None = None
    request_id: str | None = None
    future: "asyncio.Future[Outcome] | None" = None
    joined: bool = False
    """Whether it goes into one commit with the next."""


Settle = Callable[[Sequence[Submission], Sequence[Outcome | Refusal]], Awaitable[None]]


class Committer:
    """The queue in front of the log, `commit_queue_requests` long."""

    def __init__(
        self,
        storage_log: Log,
        limits: Limits,
        clock: Clock,
        stats: Stats,
        lost: Callable[[], None],
    ) -> None:
        self._lost = lost
        self._log = storage_log
        self._limits = limits
        self._clock = clock
        self._stats = stats
        self._queue: deque[Submission] = deque()
        self._arrived = asyncio.Event()
        self._blocked: deque[asyncio.Future[None]] = deque()
        self._stopping = False
        self._last_ms = 0
        self._committing = False
        self.failing = False

    def submit(self, submission: Submission) -> None:
        """Puts a change into the next commit. Raises Unavailable once the server stops."""
        if self._stopping:
            raise Unavailable("The server is stopping; try again in a moment.", retry_after=1.0)
        if submission.session is not None:
            submission.session.in_flight += 1
        if submission.room is not None:
            submission.room.waiting += 1
        self._queue.append(submission)
        self._arrived.set()

    def submit_unless_stopping(self, change: Change) -> None:
        """Submits a change that nobody waits for; a server that stops has no more use for it."""
        if not self._stopping:
            self.submit(Submission(change))

    async def outcome(self, change: Change, room: Room | None = None) -> Outcome:
        """Puts a change into the next commit and waits for it. Raises Unavailable."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.submit(Submission(change, room=room, future=future))
        return await future

    async def outcomes(self, *changes: Change, room: Room | None = None) -> Outcome:
        """Puts changes that belong together into one commit and waits for the last one's outcome.

        `room` is where that one goes. All of them are made or none. Raises Unavailable.
        """
        *earlier, final = changes
        for change in earlier:
            self.submit(Submission(change, joined=True))
        return await self.outcome(final, room)

    async def make_all(self, changes: Sequence[Change]) -> None:
        """Puts changes that have nothing to do with each other into the next commits; returns when
        each was made, or was not by a fault that is in the log. Raises Unavailable.
        """
        for first in range(0, len(changes), AT_ONCE):
            *earlier, final = changes[first : first + AT_ONCE]
            for change in earlier:
                self.submit(Submission(change))
            # Nobody else's: one by one they are in the order in which they were submitted.
            with suppress(Internal):
                await self.outcome(final)

    def rename(self, was: str, name: str) -> None:
        """Makes what waits for a room that has another name now go there."""
        for place, entry in enumerate(self._queue):
            moved = _in_room(entry.change, was, name)
            if moved is not entry.change:
                self._queue[place] = entry._replace(change=moved)

    async def wait_for_room(self, session: Session) -> None:
        """Waits while the session, or the queue as a whole, has as much waiting as it may."""
        await self._wait_below(session, self._limits.in_flight_requests)
        while len(self._queue) >= self._limits.commit_queue_requests and not session.closed:
            blocked = asyncio.get_running_loop().create_future()
            self._blocked.append(blocked)
            await blocked

    def has_room(self, session: Session) -> bool:
        """Whether `wait_for_room` would return at once even after one more request."""
        limits = self._limits
        free = len(self._queue) + 1 < limits.commit_queue_requests
        return free and session.in_flight + 1 < limits.in_flight_requests

    async def wait_for_own(self, session: Session) -> None:
        """Waits until what the session submitted is settled, so that it finds it where it looks."""
        await self._wait_below(session, 1)

    async def _wait_below(self, session: Session, requests: int) -> None:
        while session.in_flight >= requests and not session.closed:
            session.unblocked = asyncio.get_running_loop().create_future()
            await session.unblocked

    async def run(self, settle: Settle) -> None:
        """Commits until `stop` was called and the queue is empty; `settle` takes each batch."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                self._committing = True
                await self._commit_once(settle)
                # What came in during the fan-out is still unread: one turn of the loop reads it.
                await asyncio.sleep(0)
            self._committing = False
            if self._stopping:
                return

    @property
    def waiting(self) -> int:
        """How many requests wait for the next commit."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether anything waits for its commit or its fan-out."""
        return bool(self._queue) or self._committing

    def stop(self) -> None:
        """Takes nothing more; `run` returns when what waits is done."""
        self._stopping = True
        self._arrived.set()

    async def _commit_once(self, settle: Settle) -> None:
        size = min(len(self._queue), self._limits.commit_batch_requests)
        batch = [self._queue.popleft() for _ in range(size)]
        while batch[-1].joined:
            batch.append(self._queue.popleft())
        size = len(batch)
        # Instants of one log never run backward, even when the machine's clock does.
        self._last_ms = max(self._last_ms, self._clock.now_ms())
        started_s = self._clock.steady_s()
        results = await self._commit(batch)
        self._stats.commit_s += self._clock.steady_s() - started_s
        with contained("a batch was not settled", requests=size):
            await settle(batch, results)
        self._unblock(batch)

    async def _commit(self, batch: Sequence[Submission]) -> Sequence[Outcome | Refusal]:
        """What becomes of each; a change that cannot be made fails alone.

        Where a commit meets anything but a log that cannot be written, its halves are committed one
        after the other, and theirs, down to what belongs together: for one culprit among 2,000 that
        is 22 commits.
        """
        size = len(batch)
        try:
            results = await self._log.commit([entry.change for entry in batch], self._last_ms)
        except DatabaseRefused as error:
            return await self._commit_apart(batch, error)
        except StorageError as error:
            log.error("commit failed", requests=size, error=str(error))
            self._stats.commit_failures += 1
            self.failing = True
            if isinstance(error, NodeLost):
                with contained("the loss of this node was not dealt with"):
                    self._lost()
            return [Unavailable(NOT_STORED, retry_after=1.0)] * size
        except Exception as error:
            return await self._commit_apart(batch, error)
        self.failing = False
        self._stats.commits += 1
        self._stats.commit_requests += size
        self._stats.largest_batch = max(self._stats.largest_batch, size)
        return results

    async def _commit_apart(
        self, batch: Sequence[Submission], error: Exception
    ) -> Sequence[Outcome | Refusal]:
        cut = _middle(batch)
        if cut is not None:
            return [*await self._commit(batch[:cut]), *await self._commit(batch[cut:])]
        self._stats.commit_failures += 1
        log.error(
            "a change cannot be made",
            changes=[type(entry.change).__name__ for entry in batch],
            fault=type(error).__name__,
            exc_info=error,
        )
        return [sorry()] * len(batch)

    def _unblock(self, batch: Sequence[Submission]) -> None:
        for entry in batch:
            session, room = entry.session, entry.room
            if room is not None:
                room.waiting -= 1
            if session is not None:
                session.in_flight -= 1
                if session.unblocked is not None and not session.unblocked.done():
                    session.unblocked.set_result(None)
        free = self._limits.commit_queue_requests - len(self._queue)
        while self._blocked and free > 0:
            blocked = self._blocked.popleft()
            if not blocked.done():
                blocked.set_result(None)
                free -= 1


def _middle(batch: Sequence[Submission]) -> int | None:
    """Where a batch is cut in two; None where all of it belongs together."""
    ends = [place for place, entry in enumerate(batch[:-1], 1) if not entry.joined]
    return ends[len(ends) // 2] if ends else None


def _in_room(change: Change, was: str, name: str) -> Change:
    """A change as it is after a room got another name."""
    match change:
        case SaveSanction(sanction) if sanction.room == was:
            return SaveSanction(replace(sanction, room=name))
        case EndSanction((kind, room, against, subject)) if room == was:
            return EndSanction((kind, name, against, subject))
        case Append() if change.room == was:
            return change.in_room(name)
    if getattr(change, "room", None) != was:
        return change
    # Some changes are structs, for speed, and some dataclasses.
    if isinstance(change, Struct):
        return structs.replace(change, room=name)
    values: Any = {"room": name}
    return replace(change, **values)
