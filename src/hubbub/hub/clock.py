"""The machine's clocks."""

import time


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def steady_s(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()
