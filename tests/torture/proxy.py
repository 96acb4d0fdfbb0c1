"""A bad network between clients and a server: it delays, splits, stalls half-open and cuts."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from itertools import cycle

CHUNK_BYTES = 16 * 1024


class Tunnel:
    """One connection through the proxy: both directions, and what happens to them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.cut_after: int | None = None
        self.ends: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Ends both sides at once; what is on the way is lost."""
        for end in self.ends:
            end.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one direction, in pieces that end at any byte, until an end or a cut."""
        try:
            await self._pump(reader, writer)
        except OSError:
            self.cut()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            for piece in self._pieces(data):
                await self.flowing.wait()
                if self.chance.random() < 0.02:
                    await asyncio.sleep(self.chance.random() * 0.01)
                if self.cut_after is not None:
                    writer.write(piece[: self.cut_after])
                    self.cut()
                    return
                writer.write(piece)
                await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def _pieces(self, data: bytes) -> list[bytes]:
        if self.chance.random() < 0.7 or len(data) < 2:
            return [data]
        places = sorted(self.chance.randrange(1, len(data)) for _ in range(3))
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


class Proxy:
    """Listens on a port of its own and passes each connection on to the next of its targets.

    `faults` counts what it has done.
    """

    def __init__(self, targets: int | Sequence[int], seed: int) -> None:
        self.port = 0
        self.faults: Counter[str] = Counter()
        self._targets = cycle((targets,) if isinstance(targets, int) else targets)
        self._chance = random.Random(seed)
        self._tunnels: set[Tunnel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begins to listen."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends everything."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def tunnels(self) -> list[Tunnel]:
        """The connections that are open."""
        return list(self._tunnels)

    def harm(self) -> bool:
        """Cuts one connection, or lets it stall half-open: neither side learns that it is dead.

        Tells whether there was one to harm.
        """
        healthy = [t for t in self._tunnels if t.flowing.is_set() and t.cut_after is None]
        if not healthy:
            return False
        tunnel = self._chance.choice(healthy)
        kind = self._chance.choice(("cut", "cut inside a piece", "stall"))
        self.faults[kind] += 1
        if kind == "cut":
            tunnel.cut()
        elif kind == "stall":
            tunnel.flowing.clear()
        else:
            tunnel.cut_after = self._chance.randrange(1, 200)
        return True

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        tunnel = Tunnel(random.Random(self._chance.random()))
        tunnel.ends.append(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", next(self._targets))
            tunnel.ends.append(far_writer)
            self._tunnels.add(tunnel)
            await asyncio.gather(
                tunnel.pump(reader, far_writer),
                tunnel.pump(far_reader, writer),
                return_exceptions=True,
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tunnels.discard(tunnel)
            self._tasks.discard(task)
            tunnel.cut()
