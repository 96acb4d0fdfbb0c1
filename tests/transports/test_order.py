"""Small posts take a short way into the hub; they keep their place among everything else."""

import json

import pytest

from hubbub.transports.frames import SMALL_BYTES, MaskCheck, small_text
from tests.conftest import Server
from tests.wire import CONTINUATION, PING, TEXT, Wire, masked

FIRST_PART = 0x01


def post(room: str, text: str) -> bytes:
    return json.dumps({"type": "post", "room": room, "text": text, "nonce": text[:9]}).encode()


@pytest.mark.real
def test_posts_keep_their_place_among_other_frames(shared: Server, room: str) -> None:
    """Sent in one piece: small posts, a large one, one in two parts, a ping, a command."""
    large = "4" + "." * SMALL_BYTES
    halves = post(room, "6")
    frames = [
        masked(TEXT, post(room, "1")),
        masked(TEXT, post(room, "2")),
        masked(TEXT, json.dumps({"type": "command", "room": room, "line": "/me 3"}).encode()),
        masked(TEXT, post(room, large)),
        masked(TEXT, post(room, "5")),
        masked(TEXT, halves[:20], first=FIRST_PART),
        masked(PING, b""),
        masked(CONTINUATION, halves[20:]),
        masked(TEXT, post(room, "7")),
    ]
    with Wire(shared) as client:
        client.upgrade(protocols="hubbub.v1")
        client.send(TEXT, json.dumps({"type": "hello", "rooms": {room: None}}).encode())
        while json.loads(client.text())["type"] != "replay":
            pass

        client.socket.sendall(b"".join(frames))
        heard = []
        while len(heard) < 7:
            opcode, payload = client.frame()
            if opcode == TEXT and json.loads(payload)["type"] == "message":
                heard.append(json.loads(payload)["text"])

    assert heard == ["1", "2", "3", large, "5", "6", "7"]


@pytest.mark.real
def test_many_posts_in_one_piece_are_all_answered_in_order(shared: Server, room: str) -> None:
    """More than may be unanswered at a time, so that some wait."""
    count = 300
    with Wire(shared) as client:
        client.upgrade(protocols="hubbub.v1")
        client.send(TEXT, json.dumps({"type": "hello", "rooms": {room: None}}).encode())
        client.socket.sendall(b"".join(masked(TEXT, post(room, str(n))) for n in range(count)))
        heard: list[str] = []
        while len(heard) < count:
            frame = json.loads(client.text())
            if frame["type"] == "message":
                heard.append(frame["text"])

    assert heard == [str(n) for n in range(count)]


@pytest.mark.parametrize("size", [1, 5, 125, 126, SMALL_BYTES])
def test_a_small_frame_is_read_wherever_it_begins(size: int) -> None:
    payload = bytes(n % 251 for n in range(size))
    frame = masked(TEXT, payload)

    assert small_text(b"before" + frame + b"after", 6) == (payload, 6 + len(frame))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        masked(TEXT, b"cut")[:-1],
        masked(TEXT, b"x" * 200)[:3],
        masked(TEXT, b""),
        masked(PING, b"ping"),
        masked(TEXT, b"a part", first=FIRST_PART),
        masked(TEXT, b"x" * (SMALL_BYTES + 1)),
        masked(TEXT, b"x" * 70_000),
        b"\x81\x04nomask",
    ],
    ids=["nothing", "cut", "head", "empty", "ping", "part", "large", "huge", "unmasked"],
)
def test_what_is_no_whole_small_text_is_left_to_the_library(data: bytes) -> None:
    assert small_text(data, 0) is None


def test_a_message_may_begin_only_where_the_one_before_has_ended() -> None:
    check = MaskCheck()
    whole = masked(TEXT, b"whole")
    steps = [
        (whole, True, 1),
        (whole[:4], False, 2),
        (whole[4:8], False, 2),
        (whole[8:], True, 2),
        (masked(TEXT, b"a", first=FIRST_PART), False, 2),
        (masked(PING, b""), False, 3),
        (masked(CONTINUATION, b"b"), True, 4),
    ]
    for piece, between, messages in steps:
        assert check.masked(piece)
        assert (check.between, check.messages) == (between, messages), piece
