"""The gate: a connection becomes the web library's once it has sent a whole request head.

Until then it costs a few hundred bytes and has `handshake_timeout_s`. The library itself would
wait for ever for a first request.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from hubbub.hub.stats import Stats

GRACE_S = 1.0
HEAD_END = b"\r\n\r\n"
HEAD_BYTES = 32 * 1024


class Gate(asyncio.Protocol):
    """Collects a request head, then hands the connection over with what it has read."""

    __slots__ = ("_head", "_open", "_serve", "_timeout_s", "_timer", "_transport")

    def __init__(
        self, serve: Callable[[], asyncio.Protocol], timeout_s: float, half_open: "HalfOpen"
    ) -> None:
        self._serve = serve
        self._timeout_s = timeout_s
        self._open = half_open
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the clock."""
        # uvloop's are not of that class.
        stream = self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout_s, stream.abort)
        self._open.add(stream)

    def data_received(self, data: bytes) -> None:
        """Waits for the end of the head, at most `HEAD_BYTES`; the library judges what it is."""
        # The end may stand across two pieces, so a little of what was there is looked at again.
        start = max(0, len(self._head) - len(HEAD_END))
        self._head += data
        http = self._head[:1].isalpha()
        if http and HEAD_END not in self._head[start:] and len(self._head) < HEAD_BYTES:
            return
        transport, head = self._transport, self._head
        assert transport is not None, "data comes after connection_made"
        self._pass()
        protocol = self._serve()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """It never became a request."""
        self._pass()

    def _pass(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._open.discard(self._transport)
            self._transport = None
        self._head = b""


class HalfOpen:
    """The connections that have not sent a request yet.

    Past `limit` the oldest give way to whoever comes, if they had `GRACE_S`: a crowd that arrives
    in one moment is let in.
    """

    def __init__(self, limit: int, stats: Stats) -> None:
        self._limit = limit
        self._stats = stats
        self._since_s: dict[asyncio.Transport, float] = {}

    def add(self, transport: asyncio.Transport) -> None:
        """Counts one in."""
        now_s = asyncio.get_running_loop().time()
        while len(self._since_s) >= self._limit:
            oldest = next(iter(self._since_s))
            if now_s - self._since_s[oldest] < GRACE_S:
                break
            self.discard(oldest)
            oldest.abort()
        self._since_s[transport] = now_s
        self._stats.handshakes = len(self._since_s)

    def discard(self, transport: asyncio.Transport) -> None:
        """Counts one out."""
        self._since_s.pop(transport, None)
        self._stats.handshakes = len(self._since_s)
