"""The one port before the nodes: each new connection goes to the next node that is well.

It passes bytes and knows no HTTP, so nodes see its address and not the clients'. A side that does
not read what arrives stops the other from being read: at most `WAITING_BYTES` and one read wait in
each direction of a connection.
"""

import asyncio
import errno
from collections.abc import Sequence
from typing import cast

from hubbub.errors import StartError

HOST = "127.0.0.1"
BACKLOG = 4096
WAITING_BYTES = 64 * 1024
CONNECT_S = 2.0
# How long one side may take to read the rest after the other has gone.
LINGER_S = 10.0
NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 31\r\nConnection: close\r\n\r\nNo node is ready at the moment.\n"
)


class Node:
    """A node as the front sees it. `well` is what the last look at it, or the last dial, said."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.well = True


class Front:
    """Listens, and forwards."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._turn = 0
        self._server: asyncio.Server | None = None
        self.dialing: set[asyncio.Task[None]] = set()
        self.clients: set[asyncio.Transport] = set()

    async def open(self, port: int) -> int:
        """Begins to listen: on which port. Raises StartError."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Client(self), HOST, port, backlog=BACKLOG
            )
        except OSError as error:
            why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise StartError(
                f"Cannot listen on {HOST}:{port}: {why}. "
                "Choose another with --port N (0 takes any free one)."
            ) from error
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    def in_turn(self) -> list[Node]:
        """The nodes that are well, the one whose turn it is first."""
        self._turn += 1
        first = self._turn % len(self._nodes)
        return [node for node in (*self._nodes[first:], *self._nodes[:first]) if node.well]

    def stop(self) -> None:
        """Takes no new connections."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Cuts what is left."""
        self.stop()
        for task in self.dialing:
            task.cancel()
        await asyncio.gather(*self.dialing, return_exceptions=True)
        for client in list(self.clients):
            client.abort()
            node = cast(_Client, client.get_protocol()).other
            if node is not None:
                node.transport.abort()


class _Side(asyncio.Protocol):
    """One end of a forwarded connection; what it reads goes to the other."""

    transport: asyncio.Transport
    other: "_Side | None" = None
    ended = False
    _lost = False
    _linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WAITING_BYTES)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.ended:
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        self.ended = True
        if self.other is not None:
            self.other.hear_no_more()
        return True

    def hear_no_more(self) -> None:
        """The other end has said all."""
        assert self.other is not None, "it has said so"
        if self.ended:
            self.leave()
            self.other.leave()
        elif not self.transport.is_closing():
            self.transport.write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = self._lost = True
        if self._linger is not None:
            self._linger.cancel()
        if self.other is not None:
            self.other.leave()

    def leave(self) -> None:
        """Closes this end when what waits for it is written, or after a while."""
        if self._linger is None and not self._lost:
            self.transport.close()
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(LINGER_S, self.transport.abort)


class _Client(_Side):
    """The end towards a client; it finds the other."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._dialing: asyncio.Task[None] | None = None
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._front.clients.add(self.transport)
        self._dialing = asyncio.create_task(self._dial())
        self._front.dialing.add(self._dialing)
        self._dialing.add_done_callback(self._front.dialing.discard)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
            self.transport.pause_reading()
        else:
            super().data_received(data)

    def joined(self, other: _Side) -> None:
        """The other end is there."""
        self.other = other
        if self.transport.is_closing():
            other.leave()
            return
        other.transport.write(self._early)
        self._early = b""
        if self.ended:
            other.hear_no_more()
        else:
            self.transport.resume_reading()

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        for node in self._front.in_turn():
            try:
                async with asyncio.timeout(CONNECT_S):
                    await loop.create_connection(lambda: _Upstream(self), HOST, node.port)
            except OSError:  # TimeoutError is one
                node.well = False
            else:
                return
        self.transport.write(NOBODY)
        self.leave()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._front.clients.discard(self.transport)
        if self._dialing is not None:
            self._dialing.cancel()


class _Upstream(_Side):
    """The end towards a node."""

    def __init__(self, client: _Client) -> None:
        self.other = client
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._client.joined(self)
