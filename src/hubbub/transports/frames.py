"""WebSocket frames as a server sends them (RFC 6455, section 5.2): unmasked, whole, uncompressed.

hubbub encodes a frame once and gives the same bytes to every member; the library's own send
would build each one again.
"""

import struct

PROTOCOL_ERROR = 1002
PING = b"\x89\x00"
CONTROL_BYTES = 125
MASK_BYTES = 4
# What is longer goes the library's way; below the least that `frame_bytes` may be.
SMALL_BYTES = 1000
FIN, TEXT_FRAME = 0x80, 0x81
CONTINUATION, BINARY = 0x0, 0x2


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
    text = reason.encode(errors="replace")[: CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return bytes((0x88, 2 + len(text))) + struct.pack("!H", code) + text


def close_answer(code: int) -> int:
    """What answers a peer's close: its own code, or 1002 where that is none (RFC 6455, 7.4)."""
    own = 3000 <= code < 5000
    known = 1000 <= code <= 1014 and code not in {1004, 1005, 1006}
    return code if own or known else PROTOCOL_ERROR


def small_text(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The payload and the end of the text frame that begins at `at`.

    None where what begins there is not the whole of a masked text frame of at most `SMALL_BYTES`.
    """
    start = at + 2
    if len(data) < start + MASK_BYTES or data[at] != TEXT_FRAME:
        return None
    size = data[at + 1] - 0x80
    if size == 126:
        size = int.from_bytes(data[start : start + 2], "big")
        start += 2
    elif size == 127:
        return None
    first = start + MASK_BYTES
    end = first + size
    if not 0 < size <= SMALL_BYTES or end > len(data):
        return None
    mask = (data[start:first] * (size // MASK_BYTES + 1))[:size]
    plain = int.from_bytes(data[first:end], "big") ^ int.from_bytes(mask, "big")
    return plain.to_bytes(size, "big"), end


class MaskCheck:
    """Walks the headers of the frames that one client sends, however they are cut into pieces.

    `messages` counts those that end a message, control frames too.
    """

    __slots__ = ("_head", "_open", "_skip", "messages")

    def __init__(self) -> None:
        self._skip = 0
        self._head = b""
        self._open = False
        self.messages = 0

    @property
    def between(self) -> bool:
        """Whether a new message may begin with the next byte."""
        return not (self._skip or self._head or self._open)

    def masked(self, data: bytes) -> bool:
        """Whether every frame that begins in this next piece is masked."""
        if self._head:
            data = self._head + data
            self._head = b""
        at, end = self._skip, len(data)
        while at < end:
            if end - at < 2:
                return self._wait(data, at)
            size = data[at + 1] - 0x80
            if size < 0:
                return False
            at_payload = at + 2 + MASK_BYTES
            if size >= 126:
                extra = 2 if size == 126 else 8
                if end - at < 2 + extra:
                    return self._wait(data, at)
                size = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
                at_payload += extra
            self._count(data[at])
            at = at_payload + size
        self._skip = at - end
        return True

    def _count(self, first: int) -> None:
        final = bool(first & FIN)
        self.messages += final
        if CONTINUATION <= first & 0x0F <= BINARY:
            self._open = not final

    def _wait(self, data: bytes, at: int) -> bool:
        self._head, self._skip = bytes(data[at:]), 0
        return True
