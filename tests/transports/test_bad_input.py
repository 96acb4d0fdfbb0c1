"""Bad input: each kind gets its own clear refusal, and everyone else goes on."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Serve, Server, hello, line, plain
from tests.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Wire,
    masked,
    said_nothing_wrong,
    upgrade_request,
)

pytestmark = pytest.mark.real

MIB = 1024 * 1024
FRAME_BYTES = 64 * 1024
TEXT_BYTES = 16 * 1024

BAD_NAMES = [
    "ann,bob",
    "[ann]",
    "ann bob",
    " ",
    "ann\nbob",
    "ann\x07",
    "ann\u202e",
    "ann\u200b",
    "@ann",
    "/ann",
    "-ann",
    "ann.",
    "a:b",
    "🦊",
    "x" * 33,
    "x" * 200,
    "x" * 60_000,
]


@pytest.fixture(autouse=True)
def everyone_else_goes_on(shared: Server, room: str) -> Any:
    """A bystander who is there all the time and is heard afterwards."""
    printed = len(shared.log_text())
    with Wire(shared) as bystander:
        bystander.upgrade(f"/chat?room={room}-beside&name=by-{room}")
        assert bystander.text() == "You are connected! There are 1 users here."
        yield
        bystander.send(TEXT, b"still here")
        assert bystander.text() == f"[by-{room}]: still here"
    said_nothing_wrong(shared, printed)


def upgraded(server: Server, room: str, dialect: str = "hubbub.text") -> Wire:
    wire = Wire(server)
    wire.upgrade(f"/chat?room={room}&name=ann-{room}", protocols=dialect)
    if dialect == "hubbub.text":
        wire.text()
    return wire


# --- frames


DIALECTS = pytest.mark.parametrize("dialect", ["hubbub.text", "hubbub.v1"])


def test_a_plain_connection_ignores_binary_frames(shared: Server, room: str) -> None:
    with upgraded(shared, room) as wire:
        wire.send(BINARY, b"\x00\xff")
        wire.send(BINARY, b"not a text")
        wire.send(TEXT, b"a text")

        assert wire.text() == f"[ann-{room}]: a text"


async def test_a_json_connection_refuses_a_binary_frame_and_stays(shared: Server) -> None:
    async with hello(shared, rooms={}) as client:
        await client.until("welcome")
        await client.socket.send(b'{"type": "ping", "id": "x"}')
        error = await client.until("error")
        assert (error["code"], error.get("id")) == ("bad_request", None)
        assert (await client.ask(type="ping"))["type"] == "ok"


@DIALECTS
@pytest.mark.parametrize("text", [b"\xff", b"ok \xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_invalid_utf8_is_closed_with_1007(
    shared: Server, room: str, dialect: str, text: bytes
) -> None:
    with upgraded(shared, room, dialect) as wire:
        wire.send(TEXT, text)
        assert wire.close_code() == 1007


@DIALECTS
@pytest.mark.parametrize("size", [FRAME_BYTES + 1, MIB, 10 * MIB])
def test_a_frame_over_the_limit_is_closed_with_1009_also_when_it_comes_in_one_go(
    shared: Server, room: str, dialect: str, size: int
) -> None:
    with upgraded(shared, room, dialect) as wire:
        wire.send(TEXT, b"x" * size)
        opcode, payload = wire.frame()

        assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))
        assert str(FRAME_BYTES).encode() in payload
        wire.send(CLOSE, payload[:2])
        assert wire.rest() == b""


def test_a_text_in_fragments_over_the_limit_is_closed_with_1009(shared: Server, room: str) -> None:
    with upgraded(shared, room) as wire:
        wire.send(TEXT, b"x" * 40_000, first=TEXT)
        wire.send(CONTINUATION, b"x" * 40_000)

        assert wire.close_code() == 1009


def test_a_frame_of_exactly_the_limit_is_read(shared: Server, room: str) -> None:
    with upgraded(shared, room) as wire:
        wire.send(TEXT, b"x" * FRAME_BYTES)

        assert wire.text().startswith(f"! The text has {FRAME_BYTES} bytes")


@DIALECTS
@pytest.mark.parametrize(
    ("first", "payload"),
    [
        (0xC1, b"a reserved bit"),
        (0x83, b"a reserved opcode"),
        (0x8B, b"a reserved control opcode"),
        (0x80, b"a continuation of nothing"),
        (0x09, b"a ping in fragments"),
        (0x89, b"a ping too long" * 10),
        (0x88, b"\x00"),
        (0x88, (1005).to_bytes(2, "big")),
    ],
)
def test_a_frame_that_breaks_the_rfc_is_closed_with_1002(
    shared: Server, room: str, dialect: str, first: int, payload: bytes
) -> None:
    with upgraded(shared, room, dialect) as wire:
        wire.send(PING, payload, first=first)

        assert wire.close_code() == 1002


def test_what_came_before_the_bad_frame_counts_and_what_comes_after_does_not(
    shared: Server, room: str
) -> None:
    with upgraded(shared, room) as wire:
        wire.send(TEXT, b"before")
        wire.send(TEXT, b"\xff")
        wire.send(TEXT, b"after")
        assert wire.close_code() == 1007
        assert wire.rest() == b""
    with upgraded(shared, room) as wire:
        wire.send(TEXT, b"/history")
        history = wire.text()

    assert history.endswith(f"[ann-{room}]: before")


@pytest.mark.parametrize("path", ["/chat", "/echo", "/"])
def test_a_peer_that_is_gone_before_its_answer_is_no_fault_of_the_server(
    shared: Server, path: str
) -> None:
    for count in range(30):
        with Wire(shared) as wire:
            wire.socket.sendall(upgrade_request(path) + masked(TEXT, b"x" * 4000) * count)
            wire.reset()


# --- heads


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (b"User-Agent: x\x9b", 101),
        (b"User-Agent: \xed\xa0\x80\xff", 101),
        (b"Cookie: hubbub=\x9b; other=\xff", 101),
        (b"X-Forwarded-For: \xff, 1.2.3.4\x9b", 101),
        (b"Accept-Language: \xe9", 101),
        (b"Origin: http://\x9b", 403),
        (b"X-\x9b: x", 400),
    ],
)
def test_bytes_that_are_no_utf8_in_a_header_cost_nobody_anything(
    shared: Server, room: str, field: bytes, status: int
) -> None:
    head = upgrade_request("/chat", "hubbub.v1")
    with Wire(shared) as wire:
        wire.socket.sendall(head[:-2] + field + b"\r\n\r\n")
        assert int(wire.head().split()[1]) == status
        if status == 101:
            said = {"type": "hello", "id": "h", "name": f"x-{room}", "rooms": {room: None}}
            wire.send(TEXT, json.dumps(said).encode())
            answer = json.loads(wire.text())
            # A browser that shows a session of nobody's comes in without it.
            assert answer["id"] == "h"
            assert answer["type"] == "welcome" or answer["code"] == "bad_token"


def test_what_a_client_says_of_itself_is_kept_readable(shared: Server, room: str) -> None:
    head = upgrade_request("/chat", "hubbub.v1")
    with Wire(shared) as wire:
        wire.socket.sendall(head[:-2] + b"User-Agent: caf\xc3\xa9 \x9b!\r\n\r\n")
        wire.head()
        wire.send(TEXT, b'{"type": "hello", "rooms": {}}')
        assert json.loads(wire.text())["type"] == "welcome"
        wire.send(TEXT, b'{"type": "sessions", "id": "s"}')
        answer = json.loads(wire.text())

    assert answer["type"] == "error" or answer["sessions"][0]["device"] == "café \ufffd!"


@pytest.mark.parametrize("path", ["/", "/session", "/healthz", "/readyz", "/metrics", "/nothing"])
@pytest.mark.parametrize(
    "field",
    [b"Host: \x9b", b"Cookie: hubbub=\x9b", b"If-None-Match: \"\xff\"", b"Content-Type: \xff",
     b"Accept-Encoding: \x9b", b"Origin: \xff", b"Sec-Fetch-Site: \x9b"],
)  # fmt: skip
def test_bytes_that_are_no_utf8_break_no_page(shared: Server, path: str, field: bytes) -> None:
    for method in (b"GET", b"POST", b"DELETE"):
        request = b"%s %s HTTP/1.1\r\n%s\r\n" % (method, path.encode(), field)
        if not field.startswith(b"Host"):
            request += b"Host: 127.0.0.1\r\n"
        with Wire(shared) as wire:
            wire.socket.sendall(request + b"Connection: close\r\n\r\n")
            assert int(wire.head().split()[1]) < 500


# --- JSON


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "{",
        "[]",
        "3",
        "null",
        "true",
        '"ping"',
        '[{"type": "ping"}]',
        '{"type": "ping"} {"type": "ping"}',
        '{"type": "ping",}',
        "{'type': 'ping'}",
        "{}",
        '{"type": null}',
        '{"type": ["ping"]}',
        '{"type": "ping", "id": ""}',
        '{"type": "ping", "id": 7}',
        f'{{"type": "ping", "id": "{"x" * 65}"}}',
        "[" * 30_000,
        '{"type":' * 8_000,
        '{"type": "ping", "id": "\\ud800"}',
    ],
)
async def test_what_is_no_request_is_a_bad_request_without_id_and_the_connection_stays(
    shared: Server, frame: str
) -> None:
    async with hello(shared, rooms={}) as client:
        await client.until("welcome")
        await client.socket.send(frame)
        error = await client.until("error")

        assert (error["code"], error.get("id"), error["temporary"]) == ("bad_request", None, False)
        assert error["message"].endswith(".")
        assert (await client.ask(type="ping"))["type"] == "ok"


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"type": "pots"}, "unknown_type", "`post`"),
        ({"type": "x" * 1000}, "unknown_type", "xxx"),
        ({"type": "welcome"}, "unknown_type", "welcome"),
        ({"type": "post"}, "bad_request", "room"),
        ({"type": "post", "room": "lobby", "text": "hi"}, "bad_request", "nonce"),
        ({"type": "post", "room": 3, "text": "hi", "nonce": "n"}, "bad_request", "room"),
        ({"type": "post", "room": "lobby", "text": None, "nonce": "n"}, "bad_request", "text"),
        ({"type": "post", "room": "lobby", "text": "hi", "nonce": ""}, "bad_request", "nonce"),
        ({"type": "post", "room": "lobby", "text": "", "nonce": "n"}, "bad_request", "blank"),
        ({"type": "post", "room": "lobby", "text": " \n ", "nonce": "n"}, "bad_request", "blank"),
        ({"type": "post", "room": "lobby", "text": "é" * 8193, "nonce": "n"}, "too_long", "16386"),
        (
            {"type": "post", "room": "nowhere", "text": "hi", "nonce": "n"},
            "not_a_member",
            "nowhere",
        ),
        ({"type": "post", "room": "no where", "text": "x", "nonce": "n"}, "bad_name", "no where"),
        ({"type": "post", "room": "@x", "text": "hi", "nonce": "n"}, "no_such_room", "@x"),
        ({"type": "whisper", "to": "ann", "text": "x", "nonce": "n"}, "bad_request", "to"),
        ({"type": "whisper", "to": [], "text": "x", "nonce": "n"}, "bad_request", "to"),
        ({"type": "whisper", "to": ["a"] * 17, "text": "x", "nonce": "n"}, "bad_request", "to"),
        ({"type": "whisper", "to": ["none"], "text": "x", "nonce": "n"}, "no_such_user", "none"),
        ({"type": "whisper", "to": [""], "text": "x", "nonce": "n"}, "no_such_user", ""),
        ({"type": "command", "room": "lobby", "line": "/nosuch"}, "no_such_command", "/nosuch"),
        ({"type": "command", "room": "lobby", "line": "/wisper"}, "no_such_command", "/whisper"),
        ({"type": "command", "room": "lobby", "line": ""}, "no_such_command", "/help"),
        ({"type": "history", "room": "lobby", "limit": 0}, "bad_request", "limit"),
        ({"type": "history", "room": "lobby", "limit": 201}, "bad_request", "limit"),
        ({"type": "history", "room": "lobby", "limit": 1.5}, "bad_request", "limit"),
        ({"type": "history", "room": "lobby", "before": -1}, "bad_request", "before"),
        ({"type": "read", "room": "lobby", "seq": 2**63}, "bad_request", "seq"),
        ({"type": "read", "room": "lobby"}, "bad_request", "seq"),
        ({"type": "join", "room": "x" * 65}, "bad_name", "64"),
        ({"type": "join", "room": ""}, "bad_name", "empty"),
        ({"type": "join", "room": "@" + "x" * 60_000}, "no_such_room", "@x"),
        ({"type": "leave", "room": "nowhere"}, "not_a_member", "nowhere"),
        ({"type": "hello", "rooms": ["lobby"]}, "bad_request", "rooms"),
        ({"type": "hello", "rooms": {"lobby": "1"}}, "bad_request", "rooms"),
    ],
)
async def test_a_bad_request_has_its_code_and_its_id_and_says_what_is_wrong(
    shared: Server, fields: dict[str, Any], code: str, said: str
) -> None:
    async with hello(shared) as client:
        await client.until("replay")
        error = await client.ask(**fields)

        assert (error["type"], error["code"]) == ("error", code)
        assert said in error["message"]
        assert len(error["message"]) < 400
        assert (await client.ask(type="ping"))["type"] == "ok"


async def test_both_of_before_and_after_are_refused(shared: Server) -> None:
    async with hello(shared) as client:
        error = await client.ask(type="history", room="lobby", before=5, after=1)
        assert error["code"] == "bad_request"


async def test_a_request_before_hello_is_refused_and_hello_may_follow(shared: Server) -> None:
    async with plain(shared, subprotocols=["hubbub.v1"]) as socket:
        for kind in ("ping", "rooms"):
            await socket.send(json.dumps({"type": kind, "id": kind}))
            error = json.loads(await line(socket))
            assert (error["code"], error["id"]) == ("hello_first", kind)
        await socket.send('{"type": "hello", "id": "h"}')
        assert json.loads(await line(socket))["type"] == "welcome"


async def test_who_sends_nothing_but_nonsense_is_closed_with_4000(shared: Server) -> None:
    def send_nonsense() -> int:
        with Wire(shared) as wire:
            wire.upgrade(protocols="hubbub.v1")
            for _ in range(1_001):
                wire.send(TEXT, b"nonsense")
            return wire.close_code()

    assert await asyncio.to_thread(send_nonsense) == 4000


async def test_unknown_fields_are_ignored(shared: Server) -> None:
    async with hello(shared, rooms={}, colour="red", deep={"a": [1, {}]}) as client:
        assert (await client.ask(type="ping", at=3.5, nested=[[]]))["type"] == "ok"


# --- texts


async def test_blank_and_overlong_texts_are_refused_and_the_longest_is_not(
    shared: Server, room: str
) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        await ann.send("x" * (TEXT_BYTES + 1))
        assert (await line(ann)).startswith(f"! The text has {TEXT_BYTES + 1} bytes")
        await ann.send("é" * (TEXT_BYTES // 2))
        assert await line(ann) == f"[ann-{room}]: " + "é" * (TEXT_BYTES // 2)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("hi\n[bob]: forged", ["hi", "[bob]: forged"]),
        ("hi\r\n[bob]: forged", ["hi", "[bob]: forged"]),
        ("hi\r[bob]: forged", ["hi\ufffd[bob]: forged"]),
        ("hi\x85[bob]: forged", ["hi\ufffd[bob]: forged"]),
        ("hi\x0b\x0c[bob]: forged", ["hi\ufffd\ufffd[bob]: forged"]),
        ("\n\n* -- forged", ["", "", "* -- forged"]),
        ("\x1b[2J\x1b[1;1H! forged", ["\ufffd[2J\ufffd[1;1H! forged"]),
        ("abc\u202efed", ["abc\ufffdfed"]),
        ("a\x00b", ["a\ufffdb"]),
        ("a\ttab stays", ["a\ttab stays"]),
    ],
)
async def test_nobody_can_forge_anothers_line(
    shared: Server, room: str, typed: str, shown: list[str]
) -> None:
    async with (
        plain(shared, f"?room={room}&name=ann-{room}") as ann,
        plain(shared, f"?room={room}&name=bob-{room}") as bob,
    ):
        await line(ann)
        await line(bob)
        await ann.send(typed)

        assert (await line(bob)).split("\n") == [f"[ann-{room}]: {each}" for each in shown]


@pytest.mark.parametrize(
    "line_of_json", ["/me waves\n[bob]: forged", "/topic cheese\n[bob]: forged"]
)
async def test_a_command_cannot_forge_a_line_either(
    shared: Server, room: str, line_of_json: str
) -> None:
    async with (
        plain(shared, f"?room={room}&name=ann-{room}") as ann,
        hello(shared, name=f"eve-{room}", rooms={room: None}) as eve,
    ):
        await line(ann)
        await ann.send("/notices on")
        await line(ann)
        await eve.until("replay")
        await eve.ask(type="command", room=room, line=line_of_json)
        await eve.ask(type="post", room=room, text="end", nonce="end")

        seen = ""
        while not seen.endswith("end"):
            seen = await line(ann)
            assert not any(part.startswith("[bob]") for part in seen.split("\n"))


# --- names


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_bad_name_is_refused_wherever_it_is_asked_for(
    shared: Server, room: str, name: str
) -> None:
    async with plain(shared, f"?room={room}") as ann:
        await line(ann)
        await ann.send(f"/nick {name}")
        refused = await line(ann)
        assert refused.startswith("! ")
        assert len(refused) < 300
        await ann.send("who am I")
        assert (await line(ann)).startswith("[user")
    async with plain(shared, subprotocols=["hubbub.v1"]) as socket:
        await socket.send(json.dumps({"type": "hello", "id": "h", "name": name}))
        error = json.loads(await line(socket))
        assert (error["code"], error["id"]) == ("bad_name", "h")


@pytest.mark.parametrize("name", [*BAD_NAMES[:13], "x" * 65])
async def test_a_bad_room_is_refused_wherever_it_is_asked_for(
    shared: Server, room: str, name: str
) -> None:
    async with plain(shared, f"?room={quote(name)}&name=ann-{room}") as ann:
        await line(ann)
        assert (await line(ann)).startswith("! ")
        await ann.send(f"/join {name}")
        assert (await line(ann)).startswith("! ")
    async with hello(shared, rooms={name: None}) as client:
        await client.until("welcome")
        error = await client.receive()
        assert (error["code"], error["room"]) in {("bad_name", name[:64]), ("no_such_room", name)}


async def test_a_refused_name_in_the_url_leaves_the_automatic_one(
    shared: Server, room: str
) -> None:
    async with plain(shared, f"?room={room}&name=ann,bob") as ann:
        assert await line(ann) == "You are connected! There are 1 users here."
        assert (await line(ann)).startswith("! The name 'ann,bob' cannot be used")
        await ann.send("hi")
        assert (await line(ann)).startswith("[user")


async def test_an_automatic_name_cannot_be_taken(shared: Server) -> None:
    async with plain(shared, subprotocols=["hubbub.v1"]) as socket:
        for name in ("user7", "USER007", "ｕｓｅｒ7", "user٣"):
            await socket.send(json.dumps({"type": "hello", "name": name}))
            assert json.loads(await line(socket))["code"] == "bad_name", name


# --- commands


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/nick", "/nick NAME"),
        ("/whisper", "/whisper NAME[,NAME...] TEXT"),
        ("/whisper ann", "/whisper NAME[,NAME...] TEXT"),
        ("/w   ", "/whisper NAME[,NAME...] TEXT"),
        ("/whisper , hi", "1 to 16 people"),
        ("/whisper " + ",".join(f"n{n}" for n in range(17)) + " hi", "1 to 16 people"),
        ("/whisper nobody hi", "'nobody'"),
        ("/reply", "/reply TEXT"),
        ("/reply hi", "Nobody has whispered"),
        ("/me", "/me TEXT"),
        ("/join", "/join ROOM"),
        ("/join not a room", "'not a room'"),
        ("/leave nowhere", "nowhere"),
        ("/who nowhere,", "nowhere,"),
        ("/whois nobody", "'nobody'"),
        ("/notices", "/notices on|off"),
        ("/notices maybe", "/notices on|off"),
        ("/unignore", "/unignore NAME"),
        ("/unignore bob", "bob"),
        ("/ignore nobody", "'nobody'"),
        ("/history x", "/history 20"),
        ("/history 0", "/history 20"),
        ("/history " + "9" * 5000, "/history"),
        ("/topic " + "x" * 1025, "1024"),
        ("/", "/help"),
        ("/ nick ann", "/help"),
        ("/nosuch", "/nosuch"),
        ("/hepl", "/help"),
        ("/" + "x" * 60_000, "/xxx"),
    ],
)
async def test_a_command_that_cannot_be_run_says_why(
    shared: Server, room: str, typed: str, said: str
) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        await ann.send(typed)
        answer = await line(ann)
        assert answer.startswith("! ")
        assert said in answer
        assert len(answer) < 300
        await ann.send("on I go")
        assert await line(ann) == f"[ann-{room}]: on I go"


# --- floods of frames that are no requests


@pytest.mark.parametrize("path", ["/chat", "/echo"])
@pytest.mark.parametrize(("opcode", "payload"), [(BINARY, b"x"), (PING, b""), (TEXT, b" ")])
def test_a_flood_of_frames_of_any_kind_is_closed_with_4029(
    serve: Serve, path: str, opcode: int, payload: bytes
) -> None:
    server = serve(env={"HUBBUB_FRAMES_BURST": "1000", "HUBBUB_FRAMES_PER_S": "1"})
    with Wire(server) as wire:
        wire.upgrade(path)
        wire.text()
        wire.socket.sendall(masked(opcode, payload) * 1100)
        while (frame := wire.frame())[0] != CLOSE:
            pass
        assert int.from_bytes(frame[1][:2], "big") == 4029
    said_nothing_wrong(server)
