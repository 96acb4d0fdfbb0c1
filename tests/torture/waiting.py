"""Waits for what has to come about."""

import asyncio
from collections.abc import Callable

from tests.deadline import within


async def until(holds: Callable[[], bool], what: Callable[[], object], within_s: float) -> None:
    """Returns when something holds; fails, and says what there is instead, when it takes long."""
    try:
        async with within(within_s):
            while True:
                if holds():
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {within_s} s: {what()}") from None
