"""The practical floor: WebSocket by hand on uvloop, joined writes, and no promise at all.

Nothing is stored, checked, limited or counted. What arrives in one turn of the loop is joined for
each room and given to each member in one write: `python -m benchmarks.peers.floor PORT`.
"""

import asyncio
import sys
from base64 import b64encode
from hashlib import sha1
from typing import cast

import uvloop

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Room:
    """The members at one path, and what waits for the end of this turn."""

    def __init__(self) -> None:
        self.members: set[asyncio.Transport] = set()
        self._waiting: list[bytes] = []

    def say(self, payload: bytes) -> None:
        """Gives a message to all members at the end of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        size = len(payload)
        head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
        self._waiting.append(head + payload)

    def _flush(self) -> None:
        joined = b"".join(self._waiting)
        self._waiting.clear()
        for member in self.members:
            if not member.is_closing():
                member.write(joined)


rooms: dict[bytes, Room] = {}


class Member(asyncio.Protocol):
    """One connection: a handshake, then masked text frames of less than 64 KiB."""

    __slots__ = ("_data", "_room", "_transport")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        self._room: Room | None = None
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Takes what is whole of what has come."""
        self._data += data
        if self._room is None:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            if not end:
                return
            self._enter(head)
            self._data = rest
        self._frames()

    def _enter(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        path = lines[0].split(b" ")[1]
        headers = dict(line.lower().partition(b":")[::2] for line in lines[1:])
        at = list(headers).index(b"sec-websocket-key") + 1
        key = lines[at].partition(b":")[2].strip()
        accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._room = rooms.setdefault(path, Room())
        self._room.members.add(self._transport)

    def _frames(self) -> None:
        data, at = self._data, 0
        while len(data) - at >= 6:
            size, start = data[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            end = start + 4 + size
            if len(data) < end:
                break
            mask = int.from_bytes((data[start : start + 4] * (size // 4 + 1))[:size], "big")
            masked = int.from_bytes(data[start + 4 : end], "big")
            if self._room is not None and data[at] == 0x81:
                self._room.say((masked ^ mask).to_bytes(size, "big"))
            at = end
        self._data = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Leaves the room."""
        if self._room is not None:
            self._room.members.discard(self._transport)


async def serve(port: int) -> None:
    """Serves until it is killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Member, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
