"""Deadlines of tests: a standstill is one tick, a hang is an end."""

import asyncio
import time

import pytest

from tests.deadline import TICK_S, Deadline, within

pytestmark = pytest.mark.long

STILL_S = 10 * TICK_S


async def test_a_standstill_ends_no_wait() -> None:
    deadline = Deadline(4 * TICK_S)
    async with within(4 * TICK_S):
        time.sleep(STILL_S)  # noqa: ASYNC251 - the standstill
        await asyncio.sleep(0)
        await asyncio.sleep(TICK_S)
    assert not deadline.over


async def test_what_never_comes_ends_the_wait() -> None:
    with pytest.raises(TimeoutError):
        async with within(2 * TICK_S):
            await asyncio.Event().wait()

    deadline, looks = Deadline(2 * TICK_S), 0
    while not deadline.over:
        looks += 1
    assert looks > 1
