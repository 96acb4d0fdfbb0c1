"""A node's end of a bus, with what came out of it."""

import asyncio

from hubbub.bus.interface import Bus
from tests.deadline import within

WAIT_S = 15.0


class Node:
    """Keeps what it heard, in order, and how often the bus was back."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.backs = 0
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._back = asyncio.Event()

    async def start(self, *subjects: str) -> None:
        """Begins to listen, to these subjects."""
        await self.bus.start(self.hear, self.be_back)
        await self.listen(*subjects)

    async def listen(self, *subjects: str) -> None:
        """Subscribes, and waits until that is in force."""
        for subject in subjects:
            self.bus.subscribe(subject)
        await self.bus.settle()

    def hear(self, subject: str, data: bytes) -> None:
        """Called by the bus."""
        self._heard.put_nowait((subject, data))

    def be_back(self) -> None:
        """Called by the bus."""
        self.backs += 1
        self._back.set()

    async def next(self) -> tuple[str, bytes]:
        """What it hears next."""
        async with within(WAIT_S):
            return await self._heard.get()

    async def next_back(self) -> None:
        """Returns when the bus is back, at once where it was since the last call."""
        async with within(WAIT_S):
            await self._back.wait()
        self._back.clear()


async def until_away(bus: Bus) -> None:
    """Returns when a bus has noticed that its server is gone."""
    async with within(WAIT_S):
        while bus.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
