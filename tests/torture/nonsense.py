"""What the fuzz sends: frames and request heads, right, half right and wrong, from one seed."""

import json
import random
import struct
from typing import Any, get_args

from hubbub.hub.commands import COMMANDS
from hubbub.protocol.requests import AnyRequest
from tests.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, masked

KINDS = {str(kind.__struct_config__.tag): kind.__struct_fields__ for kind in get_args(AnyRequest)}
NAMES = ["ann", "Bob", "user0", "@ann", "no name", "ａｎｎ", "x" * 40, "", "\u202e", "é", "a\x00b"]
ROOMS = ["lobby", "dev", "#Dev", "@x", "no room", "r" * 70, "", "lobby "]
TEXTS = ["hi", " ", "a\n[bob]: b", "é" * 300, "\x1b[2J", "//", "😀" * 20, "\ud800", "x" * 5000]
NUMBERS = [-1, 0, 1, 50, 201, 2**53, 2**63, 2**64, 1e300, 0.5, float("nan"), float("inf")]
WORDS = [each for each in COMMANDS if COMMANDS[each].name != "quit"]
HEAD = [
    b"GET /chat HTTP/1.1",
    b"Host: 127.0.0.1",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Protocol: hubbub.v1",
]
FIRST_LINES = [
    b"GET / HTTP/1.1",
    b"GET /metrics HTTP/1.1",
    b"HEAD /healthz HTTP/1.0",
    b"POST /chat HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET http://127.0.0.1/chat HTTP/1.1",
    b"GET /%00/../../etc/passwd HTTP/1.1",
    b"GET /chat?name=%ff&room=%00 HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"GET /chat HTTP/9.9",
    b"\x16\x03\x01\x02\x00\x01",
]
EXTRA = [
    b"Content-Length: 9",
    b"Content-Length: -1",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Expect: 100-continue",
    b"Host: elsewhere.example",
    b"Origin: http://elsewhere.example",
    b"X: " + b"y" * 9000,
    b" folded",
    b": nothing",
    b"A\x00B: c",
    b"Sec-WebSocket-Extensions: permessage-deflate",
    b"User-Agent: x\x9b",
    b"Cookie: hubbub=\xed\xa0\x80; x=\xff",
    b"X-Forwarded-For: \x9b",
]
MESSAGES = [
    {"type": "post", "room": "lobby", "text": "hello", "nonce": "n"},
    {"type": "history", "room": "lobby", "limit": 20},
    {"type": "join", "room": "dev", "after": 0},
    {"type": "command", "room": "lobby", "line": "/who"},
    {"type": "whisper", "to": ["ann"], "text": "psst", "nonce": "w"},
    {"type": "members", "room": "lobby"},
]


class Nonsense:
    """Never ends; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    # --- frames; the second value tells whether the connection may live on behind it

    def frame(self, *, json_dialect: bool) -> tuple[bytes, bool]:
        """The bytes of one frame, or of something that is meant to look like one."""
        dice = self.chance.random()
        if dice < 0.95:
            payload = self.request() if json_dialect else self.line()
            if self.chance.random() < 0.95:
                # Nearly all are UTF-8: the others end the connection.
                payload = payload.decode(errors="replace").encode()
            return masked(TEXT, payload), self.is_utf8(payload)
        if dice < 0.98:
            return masked(self.chance.choice((PING, PONG, BINARY)), self.noise(100)), True
        if dice < 0.99:
            payload = b'{"type": "ping"}'
            first = masked(TEXT, payload[:7], first=TEXT)
            return first + masked(PING, b"") + masked(CONTINUATION, payload[7:]), True
        return self.broken_frame(), False

    def broken_frame(self) -> bytes:
        """Breaks RFC 6455, or ends the connection."""
        match self.chance.randrange(5):
            case 0:
                return self.noise(200) or b"\0"
            case 1:
                return masked(TEXT, self.noise(60), first=self.chance.randrange(256))
            case 2:
                return masked(CLOSE, self.noise(6))
            case 3:
                return b"\x81\xff" + struct.pack("!Q", self.chance.getrandbits(63))
            case _:
                whole = bytearray(masked(TEXT, self.request()))
                whole[self.chance.randrange(min(len(whole), 8))] ^= 1 << self.chance.randrange(8)
                return bytes(whole)

    def request(self) -> bytes:
        """A request in JSON: right, with wrong fields, mutated, or something else."""
        dice = self.chance.random()
        if dice < 0.45:
            return self._json(self.object())
        if dice < 0.65:
            request = dict(self._pick(MESSAGES), id=str(self.chance.randrange(99)))
            return self._json(request | {"nonce": self.value("nonce")})
        if dice < 0.9:
            return self.mutated(self._json(self._pick(MESSAGES)))
        if dice < 0.95:
            return self._json(self.anything(3))
        return self.noise(150)

    def object(self) -> dict[str, Any]:
        """A known type with most of its fields, some of them wrong."""
        kind = self._pick(list(KINDS))
        fields: dict[str, Any] = {"type": kind}
        for field in KINDS[kind]:
            dice = self.chance.random()
            if dice < 0.85:
                fields[field] = self.value(field)
            elif dice < 0.95:
                fields[field] = self.anything(2)
        return fields

    def value(self, field: str) -> Any:
        """Something that a field may have."""
        match field:
            case "nonce":
                return str(self.chance.getrandbits(40))
            case "room":
                return self._pick(ROOMS)
            case "name" | "token" | "epoch":
                return self._pick(NAMES)
            case "rooms":
                return {self._pick(ROOMS): self._pick([None, *NUMBERS]) for _ in range(2)}
            case "to":
                return [self._pick(NAMES) for _ in range(self.chance.randrange(4))]
            case "after" | "before" | "limit" | "seq":
                return self._pick(NUMBERS)
            case "level":
                return self._pick(["all", "mentions", "none", "loud"])
            case "endpoint":
                return self._pick(["https://127.0.0.1/a", "http://push.example/a", "https://[::1"])
            case "p256dh" | "auth":
                return self._pick(["A" * 22, "A" * 87, "no key"])
            case "line":
                rest = self._pick([*NAMES, *ROOMS, "ann,Bob hi", "on", "5"])
                return f"/{self._pick(WORDS)} {rest}"
            case _:
                return self._pick(TEXTS)

    def anything(self, depth: int) -> Any:
        """Any JSON value."""
        if depth and self.chance.random() < 0.5:
            inner = [self.anything(depth - 1) for _ in range(self.chance.randrange(3))]
            return inner if self.chance.random() < 0.5 else {str(n): v for n, v in enumerate(inner)}
        return self._pick([None, True, *NUMBERS, *TEXTS])

    def line(self) -> bytes:
        """What a person may type into a plain connection, or a program."""
        dice = self.chance.random()
        if dice < 0.4:
            return str(self.value("line")).encode(errors="surrogatepass")
        if dice < 0.8:
            return str(self._pick(TEXTS)).encode(errors="surrogatepass")
        return self.mutated(b"/whisper ann,bob hello there")

    def mutated(self, data: bytes) -> bytes:
        """A few bytes changed, left out, doubled or put in."""
        whole = bytearray(data)
        for _ in range(self.chance.randrange(1, 4)):
            place = self.chance.randrange(len(whole) + 1)
            match self.chance.randrange(4):
                case 0:
                    whole[place : place + 1] = bytes((self.chance.randrange(256),))
                case 1:
                    del whole[place : place + 3]
                case 2:
                    whole[place:place] = whole[place : place + 5]
                case _:
                    whole[place:place] = self._pick([b'"', b"\\", b"{", b"]", b",", b"0", b"\xff"])
        return bytes(whole)

    # --- request heads

    def head(self) -> bytes:
        """A request as it may come before an upgrade."""
        lines = list(HEAD) if self.chance.random() < 0.5 else [self._pick(FIRST_LINES), HEAD[1]]
        for _ in range(self.chance.randrange(4)):
            place = self.chance.randrange(len(lines) + 1)
            match self.chance.randrange(4):
                case 0:
                    lines.insert(place, self._pick(EXTRA))
                case 1:
                    lines.insert(place, self.noise(60))
                case 2 if lines:
                    del lines[place : place + 1]
                case _:
                    lines[place : place + 1] = [self.mutated(self._pick(HEAD))]
        return b"\r\n".join([*lines, b"", b""]) + self.noise(20)

    # ---

    def noise(self, most: int) -> bytes:
        """Any bytes."""
        return self.chance.randbytes(self.chance.randrange(most))

    def _pick(self, choices: Any) -> Any:
        return self.chance.choice(choices)

    def _json(self, value: Any) -> bytes:
        # By escapes or by themselves: half of a surrogate pair as JSON has it, or as no UTF-8 is.
        escaped = self.chance.random() < 0.5
        return json.dumps(value, ensure_ascii=escaped).encode(errors="surrogatepass")

    @staticmethod
    def is_utf8(data: bytes) -> bool:
        """Whether a text frame may have it."""
        try:
            data.decode()
        except UnicodeDecodeError:
            return False
        return True
