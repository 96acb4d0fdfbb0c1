"""A WebSocket client of bare sockets, and what tests ask of a running server from outside.

Libraries refuse to send what is wrong, answer pings by themselves and hide the bytes; tests of
bad input and of silence need a client that does none of that.
"""

import os
import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import WAIT_S, Server
from tests.deadline import Deadline

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def masked(opcode: int, payload: bytes, *, first: int | None = None) -> bytes:
    """A client's frame; `first` overrides its first byte, FIN and opcode."""
    head = bytes((0x80 | opcode if first is None else first,))
    size = len(payload)
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 1 << 16:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def upgrade_request(path: str, protocols: str | None = None) -> bytes:
    """What asks for a WebSocket (RFC 6455, section 4.1)."""
    head = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    if protocols is not None:
        head.append(f"Sec-WebSocket-Protocol: {protocols}")
    return "\r\n".join([*head, "", ""]).encode()


class Wire:
    """One socket to the server; after `upgrade`, a WebSocket that does nothing by itself."""

    def __init__(self, server: Server, *, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(("127.0.0.1", server.port))
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def upgrade(self, path: str = "/chat", protocols: str | None = None) -> str:
        """Asks for the WebSocket and gives the head of the answer."""
        self.socket.sendall(upgrade_request(path, protocols))
        return self.head()

    def head(self) -> str:
        """The head of an HTTP answer."""
        while b"\r\n\r\n" not in self._pending:
            self._more()
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        return head.decode()

    def send(self, opcode: int, payload: bytes = b"", *, first: int | None = None) -> None:
        """Sends one frame."""
        self.socket.sendall(masked(opcode, payload, first=first))

    def frame(self) -> tuple[int, bytes]:
        """The next frame: its opcode and payload."""
        size, skip = self._peek(2)[1], 2
        if size == 126:
            size, skip = int.from_bytes(self._peek(4)[2:4], "big"), 4
        elif size == 127:
            size, skip = int.from_bytes(self._peek(10)[2:10], "big"), 10
        whole = self._peek(skip + size)
        self._pending = self._pending[skip + size :]
        return whole[0] & 0x0F, whole[skip : skip + size]

    def text(self) -> str:
        """The next text frame; pings are passed over."""
        while True:
            opcode, payload = self.frame()
            if opcode != PING:
                assert opcode == TEXT, (opcode, payload)
                return payload.decode()

    def close_code(self) -> int:
        """The code of the close frame; what comes before it is passed over."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    def rest(self) -> bytes:
        """Everything up to the end of the connection, whichever way it ends."""
        try:
            while True:
                self._more()
        except ConnectionError:
            rest, self._pending = self._pending, b""
            return rest

    def reset(self) -> None:
        """Ends the connection as a crashed machine does: RST, no close frame."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _peek(self, size: int) -> bytes:
        while len(self._pending) < size:
            self._more()
        return self._pending[:size]

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server has closed the connection")
        self._pending += data


def metrics(server: Server) -> dict[str, float]:
    """The samples of /metrics that have no labels, by name; the sums of all nodes."""
    found: dict[str, float] = {}
    for page in server.metrics_pages():
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if not sample.labels:
                    found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


def eventually(holds: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
    """Waits until something holds; fails with `what` when it does not come about."""
    deadline = Deadline(within_s)
    while not holds():
        assert not deadline.over, f"not within {within_s} s: {what}"
        time.sleep(0.01)


def left_alone(server: Server) -> None:
    """Waits until the server has nobody any more; fails if it forgot to let go of someone."""

    def empty() -> bool:
        now = metrics(server)
        return now["hubbub_connections"] == 0 and now["hubbub_users"] == 0

    eventually(empty, "nobody is connected any more")


def said_nothing_wrong(server: Server, since: int = 0) -> None:
    """Fails if the server's output, from a character on, has a sign of a fault of its own."""
    printed = server.log_text()[since:]
    for sign in ("Traceback", "never retrieved", "never awaited", "Unclosed", '"level": "error"'):
        assert sign not in printed, printed[-4000:]
