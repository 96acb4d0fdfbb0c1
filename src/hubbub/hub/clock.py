"""Where the hub has its time from, so that a test can be its own clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings: the wall, for what is stored, and a steady one, for waits and rates."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...

    def steady_s(self) -> float:
        """Seconds since some moment; never goes back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def steady_s(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()
