"""How long a test waits: by what the machine gave it, not by the clock on the wall.

A standstill of any length counts as one tick; where much else runs and a tick comes late, it
counts as one all the same.
"""

import asyncio
import time
from types import TracebackType

TICK_S = 0.05
PROGRAM_S = 50.0
"""How long a program may take where the system counts: longer than a machine stands still, and
shorter than a test may take, so that a hang has its name."""


class Deadline:
    """For a loop that looks again and again: `while not deadline.over`."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds
        self._seen_s = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether so many seconds were there between the looks, each of them a tick at most."""
        now_s = time.monotonic()
        self._left_s -= min(now_s - self._seen_s, TICK_S)
        self._seen_s = now_s
        return self._left_s <= 0


class within:  # noqa: N801 - as `asyncio.timeout`, in whose place it stands
    """`async with within(10):` raises TimeoutError after so many seconds of ticks."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._wait()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tick.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        if self._left_s <= 0:
            self._timeout.reschedule(loop.time())
            return
        tick_s = min(TICK_S, self._left_s)
        self._left_s -= tick_s
        self._tick = loop.call_later(tick_s, self._wait)
