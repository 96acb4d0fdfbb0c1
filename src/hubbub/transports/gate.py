"""The gate: every connection passes it, and is bounded here until it is a WebSocket.

A connection becomes the web library's once it has sent a whole request head. Until then it costs
a few hundred bytes and has `handshake_timeout_s`; the library itself would wait for ever. It stays
among the `handshakes` as long as it asks for pages: only a WebSocket is counted as a place.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from hubbub.hub.state.stats import Stats

GRACE_S = 1.0
HEAD_END = b"\r\n\r\n"
HEAD_BYTES = 32 * 1024
TAIL_BYTES = 128 * 1024
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class Gate(asyncio.Protocol):
    """Collects a request head, then passes everything on to the library's protocol."""

    __slots__ = ("_handler", "_head", "_pages", "_serve", "_timeout_s", "_timer", "_transport")

    def __init__(
        self, serve: Callable[[], asyncio.Protocol], timeout_s: float, pages: "Unupgraded"
    ) -> None:
        self._serve = serve
        self._timeout_s = timeout_s
        self._pages = pages
        self._head = b""
        self._handler: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the clock."""
        # uvloop's are not of that class.
        stream = self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout_s, stream.abort)
        self._pages.add(stream)

    def data_received(self, data: bytes) -> None:
        """Waits for the end of the head, at most `HEAD_BYTES`; the library judges what it is."""
        transport = self._transport
        assert transport is not None, "data comes after connection_made"
        if transport.is_closing():
            return
        # The end may stand across two pieces, so a little of what was there is looked at again.
        start = max(0, len(self._head) - len(HEAD_END))
        self._head += data
        if self._handler is not None:
            self._pass_on(data)
            return
        # Empty lines before a request are overlooked (RFC 9112, section 2.2).
        self._head = self._head.lstrip(b"\r\n")
        http = not self._head or self._head[:1].isalpha()
        if http and HEAD_END not in self._head[start:]:
            if len(self._head) >= HEAD_BYTES:
                transport.write(TOO_LARGE)
                transport.close()
            return
        self._stop_clock()
        self._handler = self._serve()
        self._handler.connection_made(transport)
        self._pass_on(self._head)

    def upgraded(self) -> tuple[asyncio.Protocol, bytes]:
        """The connection is a WebSocket now: the library's protocol, and what came of frames."""
        assert self._handler is not None, "it sent a request"
        assert self._transport is not None, "it is open"
        self._pages.discard(self._transport)
        return self._handler, self._head

    def eof_received(self) -> bool | None:
        """Passed on."""
        return None if self._handler is None else self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, or never became a request."""
        self._stop_clock()
        if self._transport is not None:
            self._pages.discard(self._transport)
        if self._handler is not None:
            self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """Passed on."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Passed on."""
        if self._handler is not None:
            self._handler.resume_writing()

    def _pass_on(self, data: bytes) -> None:
        # What follows the last head may be frames, if that head asks for a WebSocket.
        head, found, tail = self._head.rpartition(HEAD_END)
        self._head = tail if found else head + tail
        assert self._handler is not None, "it was made with the first head"
        assert self._transport is not None, "it is open"
        if len(self._head) > TAIL_BYTES:
            # Nothing here takes a body of that size.
            self._transport.abort()
        else:
            self._handler.data_received(data)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Unupgraded:
    """The connections that are no WebSockets: half-open ones, and those that ask for pages.

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

    def abort_all(self) -> None:
        """Cuts all of them."""
        for transport in list(self._since_s):
            transport.abort()
