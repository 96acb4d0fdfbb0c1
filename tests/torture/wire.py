"""One WebSocket to the server on bare asyncio, which answers pings and hands over text frames."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from tests.deadline import within
from tests.wire import CLOSE, PING, PONG, TEXT, masked, upgrade_request

DIAL_S = 10.0
HEAD_END = b"\r\n\r\n"


class Sender(msgspec.Struct):
    """Who said something."""

    id: str


class Frame(msgspec.Struct, rename={"sender": "from"}):
    """Any frame of the server's: what the attacks look at, in whichever type it comes."""

    type: str
    id: str | None = None
    room: str | None = None
    seq: int = 0
    text: str = ""
    sender: Sender | None = None
    events: list["Frame"] = []
    more: bool = False
    next: int = 0
    last: int = 0
    code: str | None = None
    temporary: bool = False
    retry_after: float = 0.0
    dup: bool = False
    user: Sender | None = None
    session: str = ""
    epoch: str = ""
    message: str = ""


decode = msgspec.json.Decoder(Frame).decode


class Wire(asyncio.Protocol):
    """The connection. `lost` is done when it has ended, with the close code, or with a fault."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.upgraded: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[int] = loop.create_future()
        self.heard_s = loop.time()
        self._take = take
        self._code = 1006
        self._pending = b""
        self._transport: asyncio.Transport | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    # --- what the attack does

    def send(self, **request: Any) -> None:
        """Sends one request, if the connection is still there."""
        self.send_frame(TEXT, json.dumps(request).encode())

    def send_frame(self, opcode: int, payload: bytes = b"") -> None:
        """Sends one frame, if the connection is still there."""
        self.write(masked(opcode, payload))

    def write(self, data: bytes) -> None:
        """Sends any bytes, if the connection is still there."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drained(self) -> None:
        """Waits until the kernel has taken nearly all, or the connection has ended."""
        await asyncio.sleep(0)
        while not self._may_write.is_set() and not self.lost.done():
            waiting = asyncio.ensure_future(self._may_write.wait())
            await asyncio.wait((waiting, self.lost), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    def pause(self) -> None:
        """Reads nothing more."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def cut(self) -> None:
        """Ends the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    # --- what arrives

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(upgrade_request("/chat", "hubbub.v1"))

    def data_received(self, data: bytes) -> None:
        """Takes frames out of the stream. A fault that the taker finds ends the connection."""
        self.heard_s = asyncio.get_running_loop().time()
        self._pending += data
        try:
            if self.upgraded.done() or self._take_head():
                self._take_frames()
        except Exception as fault:
            if not self.lost.done():
                self.lost.set_exception(fault)
            self.cut()

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells those who wait."""
        self._transport = None
        if not self.upgraded.done():
            self.upgraded.set_exception(ConnectionResetError("the upgrade was not answered"))
        if not self.lost.done():
            self.lost.set_result(self._code)

    def _take_head(self) -> bool:
        head, end, rest = self._pending.partition(HEAD_END)
        if not end:
            return False
        self._pending = rest
        status = head.split(b" ", 2)[1]
        if status != b"101":
            raise ConnectionRefusedError(f"the upgrade was refused with {status.decode()}")
        self.upgraded.set_result(None)
        return True

    def _take_frames(self) -> None:
        data, at, end = self._pending, 0, len(self._pending)
        while end - at >= 2:
            size, skip = data[at + 1], 2
            if size == 126:
                size, skip = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, skip = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if end - at < skip + size:
                break
            self._take_frame(data[at] & 0x0F, data[at + skip : at + skip + size])
            at += skip + size
        self._pending = data[at:]

    def _take_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._take(payload)
        elif opcode == PING:
            self.send_frame(PONG, payload)
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2], "big")
            self.send_frame(CLOSE, payload[:2])
            if self._transport is not None:
                self._transport.close()


async def dial(
    port: int,
    take: Callable[[bytes], None],
    *,
    source: str | None = None,
    receive_bytes: int | None = None,
) -> Wire:
    """Connects to a port of this machine. Raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    plug = socket.socket()
    plug.setblocking(False)
    wire: Wire | None = None
    try:
        if receive_bytes is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if source is not None:
            plug.bind((source, 0))
        async with within(DIAL_S):
            await loop.sock_connect(plug, ("127.0.0.1", port))
            _, wire = await loop.create_connection(lambda: Wire(take), sock=plug)
            await _either(wire.upgraded, wire.lost)
    except BaseException:
        # A socket that a transport has is the transport's to close.
        plug.close() if wire is None else wire.cut()
        raise
    return wire


async def _either(upgraded: "asyncio.Future[None]", lost: "asyncio.Future[int]") -> None:
    await asyncio.wait((upgraded, lost), return_when=asyncio.FIRST_COMPLETED)
    if lost.done():
        upgraded.cancel()
        if upgraded.done() and not upgraded.cancelled():
            upgraded.exception()
        raise ConnectionResetError(f"lost during the upgrade: {lost}")
