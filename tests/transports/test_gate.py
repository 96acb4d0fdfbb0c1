"""Connections that never become a request: silent, half a head, too many of them."""

import time
from contextlib import ExitStack

import pytest

from tests.conftest import Serve, Server
from tests.wire import TEXT, Wire, eventually, masked, metrics, said_nothing_wrong, upgrade_request

pytestmark = pytest.mark.real

PATIENCE = {"HUBBUB_HANDSHAKE_TIMEOUT_S": "0.5"}


@pytest.mark.parametrize(
    "begun", [b"", b"GET", upgrade_request("/chat")[:-1], b"\r\n" * 5, b"\r\nGET / HTTP/1.1\r\n"]
)
def test_who_sends_no_whole_request_head_in_time_is_cut_off(serve: Serve, begun: bytes) -> None:
    server = serve(env=PATIENCE)
    with Wire(server) as wire:
        wire.socket.sendall(begun)

        assert wire.rest() == b""
    said_nothing_wrong(server)


def test_a_head_that_comes_byte_by_byte_is_a_request(shared: Server) -> None:
    with Wire(shared) as wire:
        for byte in upgrade_request("/chat"):
            wire.socket.send(bytes((byte,)))

        assert wire.head().startswith("HTTP/1.1 101 ")
        assert wire.text().startswith("You are connected!")


def test_what_follows_the_head_at_once_is_not_lost(shared: Server, room: str) -> None:
    with Wire(shared) as wire:
        wire.socket.sendall(upgrade_request(f"/chat?room={room}&name=n{room}") + masked(TEXT, b"x"))
        wire.head()
        wire.text()

        assert wire.text() == f"[n{room}]: x"


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"\x00" * 100, b"GET / HTTP/1.1\r\nx"]
)
def test_what_is_no_http_is_refused(serve: Serve, noise: bytes) -> None:
    server = serve(env=PATIENCE)
    with Wire(server) as wire:
        wire.socket.sendall(noise + b"A" * 40_000)

        assert wire.rest().startswith((b"HTTP/1.0 400", b"HTTP/1.1 400", b"HTTP/1.1 431"))


def test_half_open_connections_give_way_to_new_ones(serve: Serve) -> None:
    server = serve(env={"HUBBUB_HANDSHAKES": "20", "HUBBUB_HANDSHAKE_TIMEOUT_S": "60"})
    nodes = len(server.nodes)
    before = metrics(server)["hubbub_handshakes"]
    with ExitStack() as wires:
        half_open = [wires.enter_context(Wire(server)) for _ in range(20 * nodes)]
        eventually(
            lambda: metrics(server)["hubbub_handshakes"] - before == 20 * nodes, "all are counted"
        )
        time.sleep(1.1)  # the time that each is left, however many come
        late = [wires.enter_context(Wire(server)) for _ in range(10 * nodes)]

        for wire in half_open[: 10 * nodes]:
            assert wire.rest() == b""
        for wire in (*half_open[10 * nodes :], *late):
            assert wire.upgrade().startswith("HTTP/1.1 101 ")


def test_a_crowd_that_comes_in_one_moment_is_let_in(serve: Serve) -> None:
    server = serve(env={"HUBBUB_HANDSHAKES": "20"})
    with ExitStack() as wires:
        crowd = [wires.enter_context(Wire(server)) for _ in range(200)]
        for wire in crowd:
            wire.socket.sendall(upgrade_request("/chat"))

        assert all(wire.head().startswith("HTTP/1.1 101 ") for wire in crowd)


def test_connections_that_ask_for_pages_give_way_as_well(serve: Serve) -> None:
    server = serve(env={"HUBBUB_HANDSHAKES": "20"})
    with ExitStack() as wires:
        kept = [wires.enter_context(Wire(server)) for _ in range(20 * len(server.nodes))]
        for wire in kept:
            wire.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert wire.head().startswith("HTTP/1.1 200 ")
        time.sleep(1.1)
        late = wires.enter_context(Wire(server))
        assert late.upgrade().startswith("HTTP/1.1 101 ")
        assert kept[0].rest() == b"ok\n"


def test_a_frame_that_begins_with_the_request_is_whole(shared: Server, room: str) -> None:
    frame = masked(TEXT, b"x" * 300)
    with Wire(shared) as wire:
        wire.socket.sendall(upgrade_request(f"/chat?room={room}&name=n{room}") + frame[:50])
        wire.head()
        wire.text()
        wire.socket.sendall(frame[50:])

        assert wire.text() == f"[n{room}]: " + "x" * 300


def test_an_unmasked_frame_behind_the_request_ends_the_connection(shared: Server) -> None:
    with Wire(shared) as wire:
        wire.socket.sendall(upgrade_request("/chat") + b"\x81\x02hi")
        wire.head()

        assert b"You are connected" not in wire.rest()
