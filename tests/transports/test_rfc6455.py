"""The WebSocket surface as RFC 6455 has it, by raw frames; the cases follow the Autobahn suite's.

Each is put to both endpoints and both dialects. What breaks the RFC inside a conversation, and
that nobody else notices, is in test_bad_input.
"""

import base64
import hashlib
import json
import os
import secrets
import struct
from collections.abc import Iterator

import pytest

from tests.conftest import Server
from tests.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Wire,
    masked,
    said_nothing_wrong,
)

pytestmark = pytest.mark.real

# An n with a tilde, a CJK sign and a fox: 2, 3 and 4 bytes.
SCRIPTS = "\u00f1\u6f22\U0001f98a"


class Peer(Wire):
    """A connection past its greeting: what says a text on it, and how that is heard."""

    def __init__(self, server: Server, path: str, protocol: str | None, room: str) -> None:
        super().__init__(server)
        self._json = protocol == "hubbub.v1"
        self._room = room
        self.upgrade(f"{path}?room={room}&name=n{room}", protocols=protocol)
        if self._json:
            self.send(TEXT, json.dumps({"type": "hello", "rooms": {room: 0}}).encode())
            self.send(TEXT, b'{"type": "ping", "id": "here"}')
            while json.loads(self.text()).get("id") != "here":
                pass
        else:
            assert self.text().startswith("You are connected!")

    def payload(self, text: str) -> bytes:
        """What says a text."""
        if not self._json:
            return text.encode()
        post = {"type": "post", "room": self._room, "text": text, "nonce": secrets.token_hex()}
        return json.dumps(post, ensure_ascii=False).encode()

    def hear(self) -> str:
        """The next text that was said."""
        if not self._json:
            return self.text().split(": ", 1)[1]
        while (frame := json.loads(self.text()))["type"] != "message":
            pass
        return str(frame["text"])


SURFACES = {
    "echo": ("/echo", None),
    "plain": ("/chat", "hubbub.text"),
    "json": ("/chat", "hubbub.v1"),
}


@pytest.fixture(params=SURFACES)
def peer(shared: Server, room: str, request: pytest.FixtureRequest) -> Iterator[Peer]:
    """Every surface in turn."""
    with Peer(shared, *SURFACES[request.param], room) as peer:
        yield peer


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def fragments(parts: list[bytes]) -> list[bytes]:
    """One text in as many frames as there are parts."""
    middle = [masked(CONTINUATION, part, first=CONTINUATION) for part in parts[1:-1]]
    return [masked(TEXT, parts[0], first=TEXT), *middle, masked(CONTINUATION, parts[-1])]


# --- the opening handshake


PATHS = pytest.mark.parametrize("path", ["/echo", "/chat"])
HEAD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@PATHS
def test_the_key_is_answered(shared: Server, path: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"{name}: {value}" for name, value in (HEAD | {"Sec-WebSocket-Key": key}).items()]
    with Wire(shared) as wire:
        head = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]
        wire.socket.sendall("\r\n".join(head).encode())
        answer = wire.head()

    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    assert answer.startswith("HTTP/1.1 101 ")
    assert f"sec-websocket-accept: {base64.b64encode(digest).decode()}" in _lower(answer)


def _lower(head: str) -> str:
    names = (line.partition(":") for line in head.split("\r\n"))
    return "\n".join(f"{name.lower()}:{value}" for name, _, value in names)


@PATHS
@pytest.mark.parametrize(
    ("wrong", "method", "expected"),
    [
        ({"Sec-WebSocket-Version": "8"}, "GET", 426),
        ({"Sec-WebSocket-Version": ""}, "GET", 426),
        ({"Sec-WebSocket-Key": ""}, "GET", 400),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, "GET", 400),
        ({"Upgrade": "h2c"}, "GET", 426),
        ({"Connection": "close"}, "GET", 400),
        ({}, "POST", 405),
    ],
)
def test_an_upgrade_that_is_none_is_refused(
    shared: Server, path: str, wrong: dict[str, str], method: str, expected: int
) -> None:
    assert status(shared, path, HEAD | wrong, method) == expected


@PATHS
@pytest.mark.parametrize("name", [*HEAD, "Sec-WebSocket-Protocol"])
def test_a_handshake_with_bytes_that_are_not_ascii_is_the_peers_fault(
    shared: Server, path: str, name: str
) -> None:
    printed = len(shared.log_text())
    wrong = {name: HEAD.get(name, "hubbub.v1") + ", \udce2"}

    assert status(shared, path, HEAD | wrong) == 400
    said_nothing_wrong(shared, printed)


def status(server: Server, path: str, headers: dict[str, str], method: str = "GET") -> int:
    """What a request is answered with; urllib would send a Connection of its own."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]
    with Wire(server) as wire:
        wire.socket.sendall("\r\n".join(head).encode(errors="surrogateescape"))
        return int(wire.head().split()[1])


# --- frames and fragments


@pytest.mark.parametrize("size", [1, 125, 126, 127, 128, 12_000])
def test_every_form_of_length(peer: Peer, size: int) -> None:
    peer.send(TEXT, peer.payload("x" * size))
    assert peer.hear() == "x" * size


@pytest.mark.parametrize("piece", [1, 2, 7])
def test_a_frame_in_small_pieces(peer: Peer, piece: int) -> None:
    said = SCRIPTS * 20
    for part in in_pieces(masked(TEXT, peer.payload(said)), piece):
        peer.socket.send(part)
    assert peer.hear() == said


def test_many_frames_in_one_piece(peer: Peer) -> None:
    said = [str(number) for number in range(20)]
    peer.socket.sendall(b"".join(masked(TEXT, peer.payload(each)) for each in said))
    assert [peer.hear() for _ in said] == said


@pytest.mark.parametrize("piece", [1, 3, 5])
def test_a_text_in_fragments_that_split_its_characters(peer: Peer, piece: int) -> None:
    said = SCRIPTS * 5
    for frame in fragments(in_pieces(peer.payload(said), piece)):
        peer.socket.sendall(frame)
    assert peer.hear() == said


def test_empty_fragments(peer: Peer) -> None:
    said = peer.payload("x")
    peer.socket.sendall(b"".join(fragments([b"", b"", said, b"", b""])))
    assert peer.hear() == "x"


def test_control_frames_between_fragments(peer: Peer) -> None:
    *parts, final = fragments(in_pieces(peer.payload(SCRIPTS), 3))
    for number, frame in enumerate(parts):
        peer.socket.sendall(frame + masked(PING, b"%d" % number) + masked(PONG, b"unasked"))
        assert peer.frame() == (PONG, b"%d" % number)
    peer.socket.sendall(final)
    assert peer.hear() == SCRIPTS


# --- ping and pong


@pytest.mark.parametrize("payload", [b"", b"x", b"\x00\xff\xfe", b"x" * 125])
def test_a_ping_is_answered_with_its_payload(peer: Peer, payload: bytes) -> None:
    peer.send(PING, payload)
    assert peer.frame() == (PONG, payload)


def test_pings_are_answered_in_order(peer: Peer) -> None:
    peer.socket.sendall(b"".join(masked(PING, b"%d" % number) for number in range(10)))
    assert [peer.frame() for _ in range(10)] == [(PONG, b"%d" % number) for number in range(10)]


def test_a_pong_that_nobody_asked_for_is_ignored(peer: Peer) -> None:
    peer.send(PONG, b"unasked")
    peer.send(TEXT, peer.payload("x"))
    assert peer.hear() == "x"


# --- what ends a connection

PROTOCOL_ERRORS = {
    **{f"reserved bits {bits}": masked(TEXT, b"x", first=0x81 | bits << 4) for bits in range(1, 8)},
    **{
        f"reserved opcode {opcode}": masked(opcode, b"x")
        for opcode in (*range(3, 8), *range(11, 16))
    },
    "a ping of 126 bytes": masked(PING, b"x" * 126),
    "a ping in fragments": masked(PING, b"x", first=PING),
    "a close in fragments": masked(CLOSE, b"\x03\xe8", first=CLOSE),
    "a continuation of nothing": masked(CONTINUATION, b"x"),
    "a continuation after the end": masked(TEXT, b"{}") + masked(CONTINUATION, b"x"),
    "a text inside a text": masked(TEXT, b"{", first=TEXT) + masked(TEXT, b"}"),
    "a binary inside a text": masked(TEXT, b"{", first=TEXT) + masked(BINARY, b"}"),
    "no mask": b"\x81\x02hi",
    "a close of one byte": masked(CLOSE, b"\x03"),
    **{
        f"close code {code}": masked(CLOSE, struct.pack("!H", code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("frames", PROTOCOL_ERRORS.values(), ids=PROTOCOL_ERRORS.keys())
def test_what_breaks_the_protocol_is_closed_with_1002(peer: Peer, frames: bytes) -> None:
    peer.socket.sendall(frames)
    assert peer.close_code() == 1002


def test_a_length_below_zero_is_too_big(peer: Peer) -> None:
    peer.socket.sendall(b"\x81\xff" + b"\xff" * 8 + b"mask")
    assert peer.close_code() in {1002, 1009}


@pytest.mark.parametrize(
    "parts",
    [
        [b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"],
        [b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", b"\xf4\x90\x80\x80", b"edited"],
        [b"cut off \xf0\x9f\xa6"],
        [b"cut off \xf0\x9f", b"\xa6"],
        [b"overlong \xc0\xaf"],
    ],
)
def test_a_text_that_is_no_utf8_is_closed_with_1007(peer: Peer, parts: list[bytes]) -> None:
    whole = fragments(parts) if len(parts) > 1 else [masked(TEXT, parts[0])]
    peer.socket.sendall(b"".join(whole))
    assert peer.close_code() == 1007


def test_a_close_reason_that_is_no_utf8_is_closed_with_1007(peer: Peer) -> None:
    peer.send(CLOSE, b"\x03\xe8\xff\xfe")
    assert peer.close_code() in {1002, 1007}


# --- the closing handshake


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code_and_ends_the_connection(peer: Peer, code: int) -> None:
    peer.send(CLOSE, struct.pack("!H", code) + b"good-bye")
    assert peer.close_code() == code
    assert peer.rest() == b""


def test_a_close_without_a_code_is_answered(peer: Peer) -> None:
    peer.send(CLOSE)
    assert peer.frame()[0] == CLOSE
    assert peer.rest() == b""


def test_nothing_after_the_close_counts(peer: Peer) -> None:
    after = masked(TEXT, peer.payload("after")) + masked(PING, b"x")
    peer.socket.sendall(masked(CLOSE, b"\x03\xe8") + after)
    assert peer.frame()[0] == CLOSE
    assert peer.rest() == b""
