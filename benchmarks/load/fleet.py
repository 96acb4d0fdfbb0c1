"""Many members on one epoll: they connect, read, count and time what comes; some of them post."""

import contextlib
import os
import select
import socket
import struct
import time
from array import array
from collections.abc import Callable, Iterator

from benchmarks.load.dialects import Dialect
from benchmarks.load.text import MARK, STAMP_END, due_ns, message

# A mark or a stamp may stand across two reads: so much of the former one is looked at again.
TAIL_BYTES = 64
READ_BYTES = 256 * 1024
OPENING = 200
PATIENCE_S = 60.0
REFUSED = b'"type":"error"'


class Failed(Exception):
    """The server did not do what a load needs."""


class Member:
    """One connection. `seen` counts messages, `settled` its own ones that are done."""

    __slots__ = (
        "entered",
        "mark",
        "nonces",
        "number",
        "publisher",
        "room",
        "sampled",
        "seen",
        "settled",
        "socket",
        "tail",
        "unsent",
    )

    def __init__(self, connection: socket.socket, room: str, number: int) -> None:
        self.socket = connection
        self.room = room
        self.number = number
        self.tail = bytes(TAIL_BYTES)
        self.mark = b""
        self.nonces = b""
        self.publisher = 0
        self.seen = 0
        self.settled = 0
        self.entered = False
        self.sampled = False
        self.unsent = b""


class Fleet:
    """All members of a load; each comes in by `port`, or by what that says for its number."""

    def __init__(self, port: int | Callable[[int], int], dialect: Dialect) -> None:
        self._port = port
        self._dialect = dialect
        self._epoll = select.epoll()
        self._by_fd: dict[int, Member] = {}
        self._buffer = bytearray(TAIL_BYTES + READ_BYTES)
        self._into = memoryview(self._buffer)[TAIL_BYTES:]
        self._start = memoryview(self._buffer)[:TAIL_BYTES]
        self.members: list[Member] = []
        self.seen = 0
        self.settled = 0
        self.reads = 0
        self.sent = 0
        self.latencies_ms = array("d")
        self.timing = False

    # --- entering

    def enter(self, rooms: int, members: int) -> float:
        """Brings `members` into each room, room after room at a time; how many a second."""
        start_s = time.perf_counter()
        waiting: dict[int, Member] = {}
        for number in range(rooms * members):
            member = self._connect(f"room{number % rooms}", number)
            waiting[member.socket.fileno()] = member
            while len(waiting) >= OPENING:
                self._open(waiting)
        while waiting:
            self._open(waiting)
        taken_s = time.perf_counter() - start_s
        time.sleep(0.2)  # a server may count a member in just after its handshake
        return rooms * members / taken_s

    def _connect(self, room: str, number: int) -> Member:
        port = self._port if isinstance(self._port, int) else self._port(number)
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Gone at once when it is closed: ten thousand that linger would use up the ports.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(self._dialect.upgrade(room))
        connection.setblocking(False)
        member = Member(connection, room, number)
        self.members.append(member)
        self._by_fd[connection.fileno()] = member
        self._epoll.register(connection.fileno(), select.EPOLLIN)
        return member

    def _open(self, waiting: dict[int, Member]) -> None:
        """Takes what the server says to those who are on their way in."""
        events = self._epoll.poll(PATIENCE_S)
        if not events:
            raise Failed(f"{len(waiting)} members could not enter within {PATIENCE_S} s")
        for fd, _ in events:
            member = self._by_fd[fd]
            data = member.tail + self._read(member)
            if not member.entered and b"\r\n\r\n" in data:
                if b" 101 " not in data.partition(b"\r\n")[0]:
                    raise Failed(f"no upgrade: {data[:300]!r}")
                data = data.partition(b"\r\n\r\n")[2]
                member.entered = True
                member.socket.sendall(self.hello(member))
            if fd not in waiting:
                member.seen += data.count(MARK, TAIL_BYTES - len(MARK) + 1)
            elif member.entered and self._dialect.ready in data:
                del waiting[fd]
                self.admitted(member, data)
                member.seen = data.count(MARK)
            else:
                member.tail = data
                continue
            member.tail = data[-TAIL_BYTES:].rjust(TAIL_BYTES, b"\0")

    def hello(self, member: Member) -> bytes:
        """What a member says after its upgrade."""
        return self._dialect.enter(member.room)

    def admitted(self, member: Member, data: bytes) -> None:
        """Told once of each member that is in its room, with what the server said to that."""

    def _read(self, member: Member) -> bytes:
        data = member.socket.recv(READ_BYTES)
        if not data:
            raise Failed(f"the server closed a connection after {member.tail!r}")
        return data

    # --- posting

    def appoint(self, rooms: int, publishers: int) -> list[Member]:
        """Makes the first members of each room its publishers."""
        chosen = self.members[: rooms * publishers]
        began = b"%x" % time.time_ns()  # nonces begin with the time, as those of the SDK do
        for number, member in enumerate(chosen):
            member.publisher = number
            member.mark = self._dialect.settled(number)
            member.nonces = began + b"-" + os.urandom(3).hex().encode() + b"-"
        return chosen

    def sample(self, members: int) -> None:
        """Times what comes to so many members, evenly spread."""
        step = max(1, len(self.members) // max(1, members))
        for member in self.members[step // 2 :: step]:
            member.sampled = True

    def post(self, member: Member, count: int, due: int | None = None) -> None:
        """Sends messages in one write; `due` is when that should have been, if not now."""
        at_ns = time.perf_counter_ns() if due is None else due
        frames = []
        for _ in range(count):
            self.sent += 1
            text = message(member.publisher, at_ns, self.sent)
            frames.append(self._dialect.post(member.room, text, self.sent, member.nonces))
        self._send(member, b"".join(frames))

    def _send(self, member: Member, data: bytes) -> None:
        if not member.unsent:
            with contextlib.suppress(BlockingIOError):
                data = data[member.socket.send(data) :]
        member.unsent += data
        if member.unsent:
            self._epoll.modify(member.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _send_rest(self, member: Member) -> None:
        with contextlib.suppress(BlockingIOError):
            member.unsent = member.unsent[member.socket.send(member.unsent) :]
        if not member.unsent:
            self._epoll.modify(member.socket.fileno(), select.EPOLLIN)

    # --- reading

    def receive(self, timeout_s: float) -> Iterator[tuple[Member, int]]:
        """Reads what is there; a publisher of whose messages some are done, and how many.

        Each as soon as it was read: clients on machines of their own would not wait for each other.
        """
        buffer, by_fd = self._buffer, self._by_fd
        for fd, events in self._epoll.poll(timeout_s):
            member = by_fd[fd]
            if events & select.EPOLLOUT:
                self._send_rest(member)
            if not events & ~select.EPOLLOUT:
                continue
            size = member.socket.recv_into(self._into)
            if not size:
                raise Failed("the server closed a connection")
            end = TAIL_BYTES + size
            self._start[:] = member.tail
            member.tail = bytes(buffer[size:end])
            self.reads += 1
            count = buffer.count(MARK, TAIL_BYTES - len(MARK) + 1, end)
            member.seen += count
            self.seen += count
            if member.sampled and self.timing:
                self._time(end)
            mark = member.mark
            if mark:
                if buffer.find(REFUSED, TAIL_BYTES, end) >= 0:
                    raise Failed(f"refused: {bytes(buffer[TAIL_BYTES:end])[:300]!r}")
                own = buffer.count(mark, TAIL_BYTES - len(mark) + 1, end)
                if own:
                    member.settled += own
                    self.settled += own
                    yield member, own

    def listen(self, timeout_s: float) -> None:
        """Reads what is there."""
        for _ in self.receive(timeout_s):
            pass

    def _time(self, end: int) -> None:
        now_ns = time.perf_counter_ns()
        buffer, last = self._buffer, end - STAMP_END
        # Those that were whole in the former read have been timed.
        at = buffer.find(MARK, TAIL_BYTES - STAMP_END + 1, end)
        while 0 <= at <= last:
            self.latencies_ms.append((now_ns - due_ns(buffer, at)) / 1e6)
            at = buffer.find(MARK, at + STAMP_END, end)

    def hang_up(self, within_s: float) -> None:
        """Closes each connection as soon as the server says something: good-bye."""
        left = dict(self._by_fd)
        until_s = time.perf_counter() + within_s
        while left and time.perf_counter() < until_s:
            for fd, _ in self._epoll.poll(0.1):
                self._epoll.unregister(fd)
                left.pop(fd).socket.close()

    def close(self) -> None:
        """Cuts all connections."""
        for member in self.members:
            member.socket.close()
        self._epoll.close()
