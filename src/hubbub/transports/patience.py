"""How long a peer may take for something, counted while the server waits for it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Timers(Protocol):
    """What is asked of an event loop."""

    def time(self) -> float:
        """Seconds since some moment."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Calls that once, after so many seconds."""
        ...


class Patience:
    """Calls `over` after `limit_s` of waiting for the peer.

    While the peer waits for the server nothing is counted: how long that takes is not its doing,
    and others may be the reason.
    """

    def __init__(
        self, limit_s: float, over: Callable[[], object], timers: Timers | None = None
    ) -> None:
        self._timers: Timers = timers or asyncio.get_running_loop()
        self._over = over
        self._left_s = limit_s
        self.ended = False
        """Whether the peer has done what was waited for, or has gone."""
        self._start()

    def _start(self) -> None:
        self._since_s = self._timers.time()
        self._timer = self._timers.call_later(self._left_s, self._over)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The server does what was asked."""
        self._timer.cancel()
        self._left_s = max(0.0, self._left_s - (self._timers.time() - self._since_s))
        try:
            yield
        finally:
            if not self.ended:
                self._start()

    def end(self) -> None:
        """Waits no more."""
        self.ended = True
        self._timer.cancel()
