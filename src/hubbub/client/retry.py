"""When to try next to come back: after a backoff, or at once where somebody asks for it."""

import asyncio
import contextlib
import math
import random

from hubbub.client.backoff import Backoff

HASTE_S = 1.0
"""Between two attempts that were asked for lies at least this."""


class Retry:
    """One client's attempts; times by the running loop's clock."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._chance = random.SystemRandom()
        self._attempt = 0
        self._since_s: float | None = None
        self._tried_s = -math.inf
        self._next_s: float | None = None
        self._asked = asyncio.Event()

    def steady(self) -> None:
        """The line was a good one: the next backoff begins anew."""
        self._attempt, self._since_s = 0, None

    def flooded(self) -> None:
        """The server had too much of this client, which comes back as after a long time."""
        self._attempt = max(self._attempt, 5)
        self._since_s = -math.inf

    def delay_s(self) -> float:
        """How long to wait for the next attempt."""
        now_s = _now_s()
        if self._since_s is None:
            self._since_s = now_s
        return self._backoff.delay_s(self._attempt, self._chance.random(), now_s - self._since_s)

    async def wait(self, delay_s: float, least_s: float = 0.0) -> None:
        """Waits for the next attempt, which comes sooner where `now` asks for it.

        `least_s` is waited in any case.
        """
        begun_s = _now_s()
        self._next_s = begun_s + delay_s
        self._asked.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._asked.wait()
        soonest_s = max(begun_s + least_s, self._tried_s + HASTE_S)
        await asyncio.sleep(max(0.0, min(soonest_s, self._next_s) - _now_s()))
        self._next_s, self._tried_s = None, _now_s()
        self._attempt += 1

    def now(self) -> None:
        """Asks for an attempt."""
        self._asked.set()

    @property
    def in_s(self) -> float | None:
        """How long until the next attempt; None while there is none to wait for."""
        return None if self._next_s is None else max(0.0, self._next_s - _now_s())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
