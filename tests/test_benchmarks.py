"""The load generator counts what came, however it was cut into pieces, and dates it right."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.load.dialects import Frames, Json, Nats
from benchmarks.load.fleet import Fleet
from benchmarks.load.text import MARK, TEXT_BYTES, due_ns, message, own_mark

COUNT = 20
AGE_NS = 5_000_000_000


def test_a_message_has_a_hundred_bytes_and_tells_when_it_was_due() -> None:
    text = message(7, 123_456_789, 42)

    assert len(text) == TEXT_BYTES
    assert text.startswith(own_mark(7))
    assert due_ns(bytearray(b"ab" + text), 2) == 123_456_789


@pytest.mark.parametrize("dialect", [Json(), Frames(), Nats()], ids=["json", "frames", "nats"])
def test_a_post_holds_its_mark_once_in_every_dialect(dialect: Json | Frames | Nats) -> None:
    post = dialect.post("room0", message(1, 2, 3), 3, b"n-")

    assert post.count(MARK) == 1


@pytest.fixture(params=[1, 7, 31, 100, 5_000])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A server that lets one member in and sends it messages in pieces of so many bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                peer.recv(1)
                due = time.perf_counter_ns() - AGE_NS
                data = b"".join(b"\x81\x64" + message(n % 2, due, n) for n in range(COUNT))
                # The load goes when it has seen the mark of the last message, not its last byte.
                with contextlib.suppress(ConnectionError):
                    for at in range(0, len(data), request.param):
                        peer.sendall(data[at : at + request.param])
                    peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.real
def test_every_message_is_counted_and_timed_once(port: int) -> None:
    fleet = Fleet(port, Frames())
    try:
        fleet.enter(1, 1)
        (member,) = fleet.appoint(1, 1)
        fleet.sample(1)
        fleet.timing = True
        member.socket.send(b"x")
        until_s = time.perf_counter() + 10
        while fleet.seen < COUNT and time.perf_counter() < until_s:
            fleet.listen(0.1)
        fleet.listen(0.05)
    finally:
        fleet.close()

    assert (fleet.seen, fleet.settled, len(fleet.latencies_ms)) == (COUNT, COUNT // 2, COUNT)
    assert all(AGE_NS / 1e6 <= latency < AGE_NS / 1e6 + 10_000 for latency in fleet.latencies_ms)
