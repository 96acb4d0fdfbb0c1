"""Every field of every way in has, one after the other, whatever no program means to send.

A bystander talks all the while; the server is the same process afterwards, and says of no fault.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, get_args

import pytest

from hubbub.hub.commands import COMMANDS
from hubbub.protocol.requests import AnyRequest
from tests.conftest import Server, new_server
from tests.postgres import postgres
from tests.torture.sizes import LONG, at_most_s, sized
from tests.wire import CLOSE, PING, PONG, TEXT, Wire, said_nothing_wrong, upgrade_request

pytestmark = [pytest.mark.real, at_most_s(900)]

LARGE = "x" * sized(100_000, 1_000_000)
STRINGS = [
    "\ud83d",
    "half \ud83d",
    "\udc9b",
    "\x00",
    "a\x00b",
    "\x9b",
    "",
    LARGE,
    "\uffff",
    "\u202e",
]
WRONG = [None, True, -1, 2**64, 1e300, [], {}, [[]], {"\ud83d": "\x00"}, ["\ud83d"], ["\x00"]]
RAW = [b"\x9b", b"\xed\xa0\x80", b"\x80", b"\xff" * 50, b"x\x00y", b"%00", b"%ed%a0%80", b"%9b"]
if LONG:
    RAW += [bytes((byte,)) for byte in range(256)]
KINDS = {str(kind.__struct_config__.tag): kind.__struct_fields__ for kind in get_args(AnyRequest)}
# A request of each type that would be carried out.
RIGHT: dict[str, Any] = {
    "room": "lobby", "text": "hi", "nonce": "n", "to": ["bystander"], "line": "/who", "seq": 1,
    "level": "all", "endpoint": "https://push.example/a", "p256dh": "A" * 87, "auth": "A" * 22,
    "rooms": {"lobby": None}, "name": None, "token": None, "password": None,
}  # fmt: skip
ENV = {
    "HUBBUB_FRAME_BYTES": "8388608",
    "HUBBUB_MALFORMED_REQUESTS": "100000",
    "HUBBUB_CONNECTIONS_PER_ADDRESS": "2000",
    # The bystander answers none.
    "HUBBUB_PING_S": "900",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The server that has to stand it all."""
    url = {"HUBBUB_DATABASE": postgres().make()} if request.param == "postgresql" else {}
    folder = tmp_path_factory.mktemp("hostile")
    server = new_server(folder, "--rate-limits", "off", env=ENV | url)
    server.start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def nobody_else_notices(target: Server) -> Iterator[None]:
    """A bystander, who is heard in the end, of a server that is still the same."""
    pid, printed = target.pid, len(target.log_text())
    with Wire(target) as bystander:
        bystander.upgrade("/chat?name=bystander&room=calm")
        bystander.text()
        yield
        bystander.send(TEXT, b"still here")
        while not bystander.text().endswith("still here"):
            pass
    assert target.pid == pid
    said_nothing_wrong(target, printed)


def in_json(server: Server, requests: list[dict[str, Any]], *, hello: bool) -> None:
    """Sends requests, each of which must have its one reply, by its id where that is one."""
    with Wire(server) as wire:
        wire.upgrade(protocols="hubbub.v1")
        if hello:
            wire.send(TEXT, b'{"type": "hello", "rooms": {"lobby": null}}')
        for number, request in enumerate(requests):
            mark = f"mark{number}"
            fields = {"id": f"r{number}"} | request
            wire.send(TEXT, json.dumps(fields).encode())
            wire.send(TEXT, json.dumps({"type": "ping", "id": mark}).encode())
            ids = []
            while not ids or ids[-1] != mark:
                frame = json.loads(wire.text())
                assert frame.get("code") != "internal", (str(request)[:200], frame)
                if "id" in frame or frame["type"] == "error":
                    ids.append(frame.get("id"))
            if "id" not in request and request["type"] != "test_push":
                assert f"r{number}" in ids, (str(request)[:200], ids)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_every_request(target: Server, kind: str) -> None:
    fields = KINDS[kind]
    right = {"type": kind} | {f: RIGHT[f] for f in fields if RIGHT.get(f) is not None}
    wrong = [right | {f: value} for f in (*fields, "other") for value in (*STRINGS, *WRONG)]
    wrong += [{**right, "rooms": {value: None}} for value in STRINGS if "rooms" in fields]
    wrong += [right | {"type": value} for value in (*STRINGS, *WRONG)] if kind == "ping" else []

    if kind == "hello":
        # Once one of them is carried out, the rest is no hello any more.
        for each in wrong:
            in_json(target, [each], hello=False)
    else:
        in_json(target, wrong, hello=True)


def test_every_command(target: Server) -> None:
    words = [word for word in COMMANDS if COMMANDS[word].name != "quit"]
    lines = [f"/{w} {rest}" for w in words for rest in (*STRINGS, "a \x00", "bystander \x00 x")]
    in_json(target, [{"type": "command", "room": "lobby", "line": x} for x in lines], hello=True)
    with Wire(target) as wire:
        wire.upgrade("/chat?room=dev")
        for line in [*lines, *STRINGS]:
            wire.send(TEXT, line.encode(errors="replace"))
            wire.send(PING, b"mark")
            while (frame := wire.frame())[0] != PONG:
                assert b"made a mistake" not in frame[1], line[:100]


@pytest.mark.parametrize("dialect", ["hubbub.text", "hubbub.v1"])
def test_every_part_of_a_head(target: Server, dialect: str) -> None:
    names = "User-Agent Cookie X-Forwarded-For Origin Accept-Language Host Upgrade Connection"
    names += " Sec-WebSocket-Key Sec-WebSocket-Extensions"
    head = upgrade_request("/chat", dialect)
    heads = [
        head[:-2] + name.encode() + b": " + raw + b"\r\n\r\n"
        for name in names.split()
        for raw in RAW
    ]
    heads += [head[:-2] + b"Cookie: hubbub=" + raw + b"\r\n\r\n" for raw in RAW]
    heads += [
        head.replace(b"/chat", b"/chat?" + key + b"=" + raw)
        for key in (b"name", b"room", b"token", b"other")
        for raw in RAW
    ]
    heads += [head.replace(b"/chat", path + raw) for path in (b"/", b"/chat/") for raw in RAW]
    for each in heads:
        with Wire(target) as wire:
            wire.socket.sendall(each)
            try:
                answer = wire.head()
            except ConnectionError:
                continue
            assert not answer.startswith(("HTTP/1.1 5", "HTTP/1.0 5")), each
            if " 101 " in answer.split("\r\n")[0] and dialect == "hubbub.v1":
                wire.send(TEXT, b'{"type": "hello", "id": "h"}')
                assert json.loads(wire.text()).get("code") != "internal", each


def test_every_reason_to_close(target: Server) -> None:
    codes = (b"\x03\xe8", b"\x0f\xa0", b"\x00\x00", b"")
    frames = [code + raw[:123] for code in codes for raw in (*RAW, b"x" * 123)]
    with ExitStack() as stack:
        # All at once: a line that broke the rules is open for a moment longer.
        wires = [stack.enter_context(Wire(target)) for _ in frames]
        for wire, frame in zip(wires, frames, strict=True):
            wire.upgrade(protocols="hubbub.v1")
            wire.send(TEXT, b'{"type": "hello"}')
            wire.send(CLOSE, frame)
        for wire in wires:
            wire.rest()


def test_every_body_of_a_session(target: Server) -> None:
    bodies = [json.dumps({"token": value}).encode() for value in (*STRINGS, *WRONG)]
    bodies += [b'{"token": "' + raw + b'"}' for raw in RAW]
    for body in bodies:
        with Wire(target) as wire:
            head = (
                b"POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            )
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            try:
                wire.socket.sendall(head + length + body)
                assert 400 <= int(wire.head().split()[1]) < 500, body[:100]
            except ConnectionError:
                assert len(body) > 1024
