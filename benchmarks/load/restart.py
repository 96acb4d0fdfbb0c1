"""A server that goes away and comes back under everyone who is connected.

Whoever ends the load's server starts it again on the same port and log; see `runner`. Each client
comes back at once, without the jitter that hubbub's own clients have, and resumes as one that has
missed the newest half of its room.
"""

import os
import re
import signal
import socket
import time

import psutil

from benchmarks.load.cpu import rss_bytes
from benchmarks.load.dialects import Json, frame
from benchmarks.load.fleet import Failed, Fleet, Member
from benchmarks.load.spec import Found, Spec

MESSAGES = 20
MISSED = MESSAGES // 2
PATIENCE_S = 60.0
SESSION = re.compile(rb'"session":"([^"]+)"')


class Guests(Fleet):
    """Members that keep the secrets of their sessions, by number, and come back with them."""

    def __init__(self, port: int, sessions: dict[int, bytes]) -> None:
        super().__init__(port, Json())
        self._sessions = sessions

    def hello(self, member: Member) -> bytes:
        """With the session, where there is one."""
        session = self._sessions.get(member.number)
        if session is None:
            return super().hello(member)
        after = MESSAGES - MISSED
        room = member.room.encode()
        return frame(b'{"type":"hello","token":"%b","rooms":{"%b":%d}}' % (session, room, after))

    def admitted(self, member: Member, data: bytes) -> None:
        """Keeps the session."""
        found = SESSION.search(data)
        if found is None:
            raise Failed(f"no session: {data[:300]!r}")
        self._sessions[member.number] = found[1]


def run(spec: Spec) -> Found:
    """`window_s` is from the end of the old server to the last client that has all it missed."""
    server = psutil.Process(spec.pid)
    sessions: dict[int, bytes] = {}
    fleet = Guests(spec.port, sessions)
    joined_per_s = fleet.enter(spec.rooms, spec.members)
    for publisher in fleet.appoint(spec.rooms, 1):
        fleet.post(publisher, MESSAGES)
    _receive_until(fleet, MESSAGES * len(fleet.members))
    steady_bytes = rss_bytes(server)
    begun_s = time.perf_counter()
    os.kill(spec.pid, signal.SIGTERM)
    fleet.hang_up(PATIENCE_S)
    server.wait(PATIENCE_S)
    ended_s = time.perf_counter()
    fleet.close()
    _await_port(spec.port)
    ready_s = time.perf_counter()
    back = Guests(spec.port, sessions)
    back.enter(spec.rooms, spec.members)
    expected = MISSED * len(back.members)
    _receive_until(back, expected)
    resumed_s = time.perf_counter()
    back.close()
    return Found(
        window_s=resumed_s - ended_s,
        messages=fleet.sent,
        missing=expected - sum(member.seen for member in back.members),
        joined_per_s=joined_per_s,
        more={
            "steady_mib": steady_bytes / 2**20,
            "stop_s": ended_s - begun_s,
            "start_s": ready_s - ended_s,
            "resume_s": resumed_s - ready_s,
        },
    )


def _receive_until(fleet: Fleet, messages: int) -> None:
    until_s = time.perf_counter() + PATIENCE_S
    while sum(member.seen for member in fleet.members) < messages:
        if time.perf_counter() > until_s:
            return
        fleet.listen(0.1)


def _await_port(port: int) -> None:
    until_s = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise Failed("the server did not come back")
