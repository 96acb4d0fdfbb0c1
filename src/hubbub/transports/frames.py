"""WebSocket frames as a server sends them (RFC 6455, section 5.2): unmasked, whole, uncompressed.

hubbub encodes a frame once and gives the same bytes to every member; the library's own send
would build each one again.
"""

import struct

PING = b"\x89\x00"
CONTROL_BYTES = 125


def text_frame(payload: bytes) -> bytes:
    """A text frame; `payload` is UTF-8."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping with that payload, of at most 125 bytes."""
    return bytes((0x8A, len(payload))) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; the reason is cut where it would not fit."""
    text = reason.encode()[: CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return bytes((0x88, 2 + len(text))) + struct.pack("!H", code) + text
