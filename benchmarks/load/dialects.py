"""What a member says, on each server: the upgrade, how it enters a room, how it posts.

Client frames carry a mask of zeros, which leaves the payload as it is (RFC 6455, section 5.3).
"""

from typing import Protocol

from benchmarks.load.text import own_mark

TEXT, BINARY = 0x81, 0x82


def frame(payload: bytes, head: int = TEXT) -> bytes:
    """A client's whole frame."""
    size = len(payload)
    if size < 126:
        return bytes((head, 0x80 | size)) + b"\0\0\0\0" + payload
    return bytes((head, 0xFE)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload


def upgrade(path: str, protocol: str | None = None) -> bytes:
    """The request that opens a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    if protocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return "\r\n".join([*lines, "", ""]).encode()


class Dialect(Protocol):
    """How one kind of server is spoken to."""

    ready: bytes
    """What the server says once a member is in its room; empty where the upgrade is all."""

    def upgrade(self, room: str) -> bytes:
        """The first request of a member."""
        ...

    def enter(self, room: str) -> bytes:
        """What follows the upgrade."""
        ...

    def settled(self, sender: int) -> bytes:
        """What a sender reads once for each of its own messages that is done."""
        ...

    def post(self, room: str, text: bytes, number: int, nonces: bytes) -> bytes:
        """A message; `nonces` begins the sender's nonces where there are such."""
        ...


class Json:
    """`hubbub.v1`, each post with a nonce; it is done when it is acknowledged."""

    ready = b'"type":"replay"'

    def upgrade(self, room: str) -> bytes:
        """Asks for the dialect."""
        return upgrade("/chat", "hubbub.v1")

    def enter(self, room: str) -> bytes:
        """Says hello."""
        return frame(b'{"type":"hello","rooms":{"%b":null}}' % room.encode())

    def settled(self, sender: int) -> bytes:
        """The reply."""
        return b'{"type":"ok"'

    def post(self, room: str, text: bytes, number: int, nonces: bytes) -> bytes:
        """A request."""
        return frame(
            b'{"type":"post","id":"%d","room":"%b","text":"%b","nonce":"%b%d"}'
            % (number, room.encode(), text, nonces, number)
        )


class Plain:
    """`hubbub.text`; a post is done when it comes back."""

    ready = b"You are connected!"

    def upgrade(self, room: str) -> bytes:
        """Names the room."""
        return upgrade(f"/chat?room={room}")

    def enter(self, room: str) -> bytes:
        """Nothing more."""
        return b""

    def settled(self, sender: int) -> bytes:
        """The message itself."""
        return own_mark(sender)

    def post(self, room: str, text: bytes, number: int, nonces: bytes) -> bytes:
        """A line."""
        return frame(text)


class Frames:
    """Servers that send on whatever frame comes in to everyone at the same path."""

    ready = b""

    def upgrade(self, room: str) -> bytes:
        """Names the room."""
        return upgrade(f"/{room}")

    def enter(self, room: str) -> bytes:
        """Nothing more."""
        return b""

    def settled(self, sender: int) -> bytes:
        """The message itself."""
        return own_mark(sender)

    def post(self, room: str, text: bytes, number: int, nonces: bytes) -> bytes:
        """A frame."""
        return frame(text)


class Nats:
    """NATS over WebSocket: a room is a subject."""

    ready = b"PONG"

    def upgrade(self, room: str) -> bytes:
        """One endpoint for all."""
        return upgrade("/")

    def enter(self, room: str) -> bytes:
        """Subscribes."""
        connect = b'CONNECT {"verbose":false,"pedantic":false}\r\n'
        return frame(connect + b"SUB %b 1\r\nPING\r\n" % room.encode(), BINARY)

    def settled(self, sender: int) -> bytes:
        """The message itself."""
        return own_mark(sender)

    def post(self, room: str, text: bytes, number: int, nonces: bytes) -> bytes:
        """Publishes."""
        return frame(b"PUB %b %d\r\n%b\r\n" % (room.encode(), len(text), text), BINARY)


DIALECTS: dict[str, Dialect] = {
    "json": Json(),
    "plain": Plain(),
    "frames": Frames(),
    "nats": Nats(),
}
