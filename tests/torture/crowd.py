"""Ordinary members of rooms, who measure how long a message takes to reach each of them."""

import asyncio
import time
from collections.abc import Iterable, Sequence

import msgspec

from tests.deadline import within
from tests.torture.wire import Wire, dial

HELLO_S = 20.0
AT_ONCE = 50


class Glance(msgspec.Struct):
    """As much of a frame as the measuring needs."""

    type: str
    text: str = ""
    code: str | None = None


glance = msgspec.json.Decoder(Glance).decode


class Member:
    """A user in one room. Texts begin with the instant at which they were sent."""

    def __init__(self, name: str, room: str) -> None:
        self.name = name
        self.room = room
        self.latencies_s: list[float] = []
        self.refused = 0
        self.wire: Wire | None = None
        self._welcomed = asyncio.Event()
        self.said = 0

    async def enter(self, port: int) -> None:
        """Connects and says hello. Raises OSError, TimeoutError."""
        self.wire = await dial(port, self._take)
        self.wire.send(type="hello", id="hello", name=self.name, rooms={self.room: None})
        async with within(HELLO_S):
            await self._welcomed.wait()

    def say(self, size_bytes: int = 0) -> None:
        """Says something of at least this size."""
        assert self.wire is not None
        self.said += 1
        nonce = f"{self.name}-{self.said}"
        text = f"{time.monotonic_ns()} ".ljust(size_bytes, "x")
        self.wire.send(type="post", id=nonce, nonce=nonce, room=self.room, text=text)

    def _take(self, data: bytes) -> None:
        frame = glance(data)
        if frame.type == "message":
            sent_ns = int(frame.text.partition(" ")[0])
            self.latencies_s.append((time.monotonic_ns() - sent_ns) / 1e9)
        elif frame.type == "replay":
            self._welcomed.set()
        elif frame.type == "error":
            self.refused += 1

    @property
    def lost(self) -> bool:
        """Whether the server, or something else, has ended the connection."""
        return self.wire is None or self.wire.lost.done()


class Crowd:
    """Members, and what they have measured."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    async def enter(self, port: int) -> None:
        """Lets everyone in."""
        waiting = list(self.members)
        while waiting:
            now, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            await asyncio.gather(*(member.enter(port) for member in now))

    async def talk(
        self, speakers: Iterable[Member], per_s: float, for_s: float, size_bytes: int = 0
    ) -> list[float]:
        """Speaks in turn, so many times a second in all; what the members measured meanwhile."""
        for member in self.members:
            member.latencies_s.clear()
        turns = list(speakers)
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        for number in range(int(per_s * for_s)):
            await asyncio.sleep(begin_s + number / per_s - loop.time())
            turns[number % len(turns)].say(size_bytes)
        await asyncio.sleep(0.5)
        return [latency for member in self.members for latency in member.latencies_s]

    def leave(self) -> None:
        """Ends all connections."""
        for member in self.members:
            if member.wire is not None:
                member.wire.cut()

    def check(self) -> None:
        """Claims that nobody was refused anything or lost the connection."""
        lost = [member.name for member in self.members if member.lost]
        refused = sum(member.refused for member in self.members)
        assert (lost, refused) == ([], 0)
