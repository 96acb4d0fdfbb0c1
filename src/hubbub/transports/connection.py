"""One upgraded connection as the hub's Line: how it is written to, pinged, checked and ended.

What goes out is whole frames, written to the connection's transport: messages by the hub, and here
pings and close frames. Nothing is written after a close frame, because a session leaves the hub
before it.
"""

import asyncio
from collections.abc import Callable

from aiohttp import WSCloseCode
from structlog import get_logger

from hubbub.hub.hub import Hub
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.state.room import Session
from hubbub.protocol.close_codes import FLOODING
from hubbub.transports.frames import PING, MaskCheck, close_frame, small_text
from hubbub.transports.gate import Gate

log = get_logger(__name__)

MISSED_PINGS = 2
UNMASKED = "a client masks its frames"
LINGER_S = 0.5
# A peer that sends without a pause is read in turns; so many small frames take under 1 ms.
FRAMES_PER_TURN = 64


class Connection:
    """One upgraded connection: the hub's Line."""

    __slots__ = (
        "_abort",
        "_address",
        "_frames_at_ping",
        "_hub",
        "_limit_bytes",
        "_missed_pings",
        "_transport",
        "close_sent",
        "frames",
        "full",
        "handled",
        "session",
        "take_now",
    )

    def __init__(self, transport: asyncio.WriteTransport, hub: Hub, address: AddressRates) -> None:
        self._transport = transport
        self._hub = hub
        self._address = address
        self._limit_bytes = hub.parts.limits.outbox_bytes
        self._abort: asyncio.TimerHandle | None = None
        self.session: Session | None = None
        self.close_sent = False
        self.full = False
        self.frames = 0
        self.handled = 0
        self.take_now: Callable[[bytes], bool] | None = None
        self._frames_at_ping = 0
        self._missed_pings = 0

    def write(self, data: bytes) -> bool:
        """Hands over whole frames, unless the kernel has too much to take before them."""
        transport = self._transport
        if transport.is_closing():
            return True
        if self.full:
            return False
        backlog = transport.get_write_buffer_size()
        if backlog and backlog + len(data) > self._limit_bytes:
            self.full = True
            return False
        try:
            transport.write(data)
        except Exception as error:
            self._met_fault(error)
        return True

    def _met_fault(self, error: Exception) -> None:
        # uvloop says RuntimeError of a transport that was aborted in the tick before.
        if isinstance(error, RuntimeError):
            log.debug("write on a dead connection")
        else:
            # It costs this one its line, and nobody who is served with it anything.
            log.error("a connection cannot be written", fault=type(error).__name__, exc_info=error)
            self.abort()

    def write_ephemeral(self, data: bytes) -> bool:
        """The same for what may be lost, which is where half of the bound waits already."""
        transport = self._transport
        if transport.is_closing():
            return True
        if self.full or transport.get_write_buffer_size() * 2 > self._limit_bytes:
            return False
        self._put(data)
        return True

    def _put(self, data: bytes) -> None:
        if not self._transport.is_closing():
            try:
                self._transport.write(data)
            except Exception as error:
                self._met_fault(error)

    def close(self, code: int, reason: str) -> None:
        """Sends a close frame; the peer has `close_timeout_s` to answer, then the line is cut."""
        if self.close_sent:
            return
        self._put(close_frame(code, reason))
        self.close_sent = True
        loop = asyncio.get_running_loop()
        self._abort = loop.call_later(self._hub.parts.limits.close_timeout_s, self.abort)

    async def refuse(self, code: int) -> None:
        """Ends a line whose frames cannot be read any further, and returns when it is gone."""
        limit = self._hub.parts.limits.frame_bytes
        reasons: dict[int, str] = {
            WSCloseCode.PROTOCOL_ERROR: "that frame breaks RFC 6455",
            WSCloseCode.INVALID_TEXT: "text frames are UTF-8",
            WSCloseCode.MESSAGE_TOO_BIG: f"a frame has at most {limit} bytes",
        }
        self.close(code, reasons.get(code, ""))
        if not self._transport.is_closing():
            await Unread(self._transport).gone

    def violated(self, rule: str) -> None:
        """Ends a line whose peer broke RFC 6455 in a way that the library lets pass."""
        self.leave(rule)
        self.close(WSCloseCode.PROTOCOL_ERROR, rule)
        if not self._transport.is_closing():
            Unread(self._transport)

    def leave(self, why: str) -> None:
        """Takes the session out of the hub, before the library closes."""
        if self.session is not None:
            self._hub.parts.attendance.leave(self.session, why)

    def abort(self) -> None:
        """Cuts the line."""
        self._transport.abort()

    def ended(self) -> None:
        """The connection's task is over."""
        if self._abort is not None:
            self._abort.cancel()

    async def take_turn(self) -> None:
        """Counts a frame that came in, and now and then lets the others go on."""
        self.count_frame()
        if self.frames % FRAMES_PER_TURN == 0:
            await asyncio.sleep(0)

    def count_frame(self) -> None:
        """Counts a frame that came in.

        One who sends frames faster than any client has reason to, whatever they are, is closed.
        """
        self.frames += 1
        if self._hub.parts.rates.flooding_frames(self._address) and not self.close_sent:
            self._hub.parts.stats.flooding += 1
            self.leave("flooding")
            self.close(FLOODING, "flooding: no client sends that many frames")

    def ping(self) -> None:
        """Asks a silent peer for a sign; cuts the line when it missed two."""
        if self.frames != self._frames_at_ping:
            self._frames_at_ping = self.frames
            self._missed_pings = 0
        elif self._missed_pings >= MISSED_PINGS:
            self.abort()
        elif not self.close_sent:
            self._missed_pings += 1
            self._put(PING)


class Unread(asyncio.Protocol):
    """Drops what a peer still sends, and closes the line once it has been silent for a moment.

    A line that is closed over unread bytes is reset, and the close frame lost with it. One that
    is half-closed at once makes clients fail that are in the middle of a frame.
    """

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        loop = asyncio.get_running_loop()
        self._transport = transport
        self._former = transport.get_protocol()
        self._silence = loop.call_later(LINGER_S, transport.close)
        self.gone: asyncio.Future[None] = loop.create_future()
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Waits anew."""
        self._silence.cancel()
        loop = asyncio.get_running_loop()
        self._silence = loop.call_later(LINGER_S, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone, was silent, or went on for `close_timeout_s`."""
        self._silence.cancel()
        if not self.gone.done():
            self.gone.set_result(None)
        self._former.connection_lost(exc)


class Masked(asyncio.Protocol):
    """Stands before the library's protocol and lets only masked frames through (RFC 6455, 5.1).

    The library takes unmasked ones too. A small text frame that finds the connection's task waiting
    is offered to `take_now` first: most are posts, which need no task to wake. Whatever that does
    not take, and all that comes before the task has dealt with it, goes the library's way.
    """

    __slots__ = ("_check", "_connection", "_former")

    def __init__(self, connection: Connection, transport: asyncio.Transport) -> None:
        gate = transport.get_protocol()
        assert isinstance(gate, Gate), "every connection passes it"
        self._former, begun = gate.upgraded()
        self._connection = connection
        self._check = MaskCheck()
        transport.set_protocol(self)
        if not self._check.masked(begun):
            connection.violated(UNMASKED)

    def data_received(self, data: bytes) -> None:
        """Passes on what is right; otherwise ends the connection with 1002."""
        connection = self._connection
        if connection.take_now is not None and connection.handled == self._check.messages:
            data = self._taken(data, connection.take_now)
            if not data:
                return
        if self._check.masked(data):
            self._former.data_received(data)
        else:
            self._connection.violated(UNMASKED)

    def _taken(self, data: bytes, take_now: Callable[[bytes], bool]) -> bytes:
        """What is left of the data once the frames are gone that could be carried out at once."""
        at = 0
        if self._check.between:
            for _ in range(FRAMES_PER_TURN):
                frame = small_text(data, at)
                if frame is None or not take_now(frame[0]):
                    break
                at = frame[1]
                self._connection.count_frame()
        return data[at:] if at else data

    def eof_received(self) -> bool | None:
        """Passed on."""
        return self._former.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Passed on; the connection's task may be in the middle of a request and learn it later."""
        if self._connection.session is not None:
            self._connection.session.lose()
        self._former.connection_lost(exc)

    def pause_writing(self) -> None:
        """Passed on."""
        self._former.pause_writing()

    def resume_writing(self) -> None:
        """Passed on."""
        self._former.resume_writing()
