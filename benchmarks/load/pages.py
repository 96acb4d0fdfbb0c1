"""Clients that page through a room's history, each with one request at a time."""

import time

from benchmarks.load.cpu import Parts, Usage
from benchmarks.load.dialects import Json, frame
from benchmarks.load.fleet import Fleet, Member
from benchmarks.load.spec import Found, Spec


def run(spec: Spec) -> Found:
    """`posts` counts pages, `deliveries` the events in them; the latency is a page's."""
    parts = Parts(spec)
    fleet = Fleet(spec.port_of, Json())
    latencies_ms: list[float] = []
    try:
        fleet.enter(spec.rooms, spec.members)
        asked_s = dict.fromkeys(fleet.appoint(spec.rooms, spec.members), 0.0)
        for reader in asked_s:
            asked_s[reader] = time.perf_counter()
            reader.socket.send(_request(reader, spec))
        seen = fleet.seen
        start = Usage.now(parts)
        until_s = time.perf_counter() + spec.window_s
        while time.perf_counter() < until_s:
            for reader, _ in fleet.receive(0.1):
                now_s = time.perf_counter()
                latencies_ms.append((now_s - asked_s[reader]) * 1e3)
                asked_s[reader] = now_s
                reader.socket.send(_request(reader, spec))
        end = Usage.now(parts)
        rss = parts.rss_bytes()
    finally:
        fleet.close()
    latencies_ms.sort()
    count = len(latencies_ms)
    return Found(
        window_s=end.clock_s - start.clock_s,
        messages=0,
        deliveries=fleet.seen - seen,
        posts=count,
        server_cpu_s=end.server_s - start.server_s,
        load_cpu_s=end.load_s - start.load_s,
        others_share=end.others_share(start),
        p50_ms=latencies_ms[count // 2],
        p99_ms=latencies_ms[count * 99 // 100],
        max_ms=latencies_ms[-1],
        rss_mib=rss / 2**20,
    )


def _request(reader: Member, spec: Spec) -> bytes:
    """The next page after where this reader is; past the end of what is stored, from the start."""
    after = reader.settled * spec.page % 1000
    return frame(
        b'{"type":"history","id":"h","room":"%b","after":%d,"limit":%d}'
        % (reader.room.encode(), after, spec.page)
    )
