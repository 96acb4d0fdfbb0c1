"""A line between a node and its bus that can be cut in two ways, and mended."""

import asyncio

from tests.torture.proxy import Proxy


class Cable(Proxy):
    """A proxy that passes everything on until it is told otherwise."""

    def __init__(self, target: int, seed: int) -> None:
        super().__init__(target, seed)
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False

    def swallow(self) -> None:
        """From now on nothing passes, and neither side learns of it."""
        self._passing.clear()
        for tunnel in self.tunnels:
            tunnel.flowing.clear()

    def refuse(self) -> None:
        """From now on connections end at once, those that are open too."""
        self._refusing = True
        for tunnel in self.tunnels:
            tunnel.cut()

    def mend(self) -> None:
        """Everything passes, also what was held up."""
        self._refusing = False
        self._passing.set()
        for tunnel in self.tunnels:
            tunnel.flowing.set()

    async def close(self) -> None:
        """Ends everything."""
        self.mend()
        await super().close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        await self._passing.wait()
        await super()._carry(reader, writer)
