"""One client in an empty server posts, waits until that is done, and posts again.

Between two posts a bare file is written and synced, so that both meet the same disk and the same
noise. The client's own time is part of the figure.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load.cpu import Parts, Usage
from benchmarks.load.dialects import DIALECTS
from benchmarks.load.fleet import Failed, Fleet
from benchmarks.load.spec import Found, Spec

BARE_BYTES = 4096
PATIENCE_S = 10.0


def run(spec: Spec) -> Found:
    """Posts for `warm_s` and `window_s`; `p50_ms` and the like are from send to acknowledged."""
    parts = Parts(spec)
    fleet = Fleet(spec.port_of, DIALECTS[spec.dialect])
    try:
        fleet.enter(1, 1)
        (client,) = fleet.appoint(1, 1)
        posts_ms: list[float] = []
        bare_ms: list[float] = []
        start = Usage.now(parts)
        with _bare_file(Path(spec.folder)) as bare:
            until_s = time.perf_counter() + spec.warm_s + spec.window_s
            while time.perf_counter() < until_s:
                begun_s = time.perf_counter()
                fleet.post(client, 1)
                while not list(fleet.receive(PATIENCE_S)):
                    if time.perf_counter() - begun_s > PATIENCE_S:
                        raise Failed(f"no answer in {PATIENCE_S} s")
                posts_ms.append((time.perf_counter() - begun_s) * 1e3)
                bare_ms.append(_write(bare))
        end = Usage.now(parts)
        rss = parts.rss_bytes()
    finally:
        fleet.close()
    posts_ms.sort()
    bare_ms.sort()
    count = len(posts_ms)
    return Found(
        window_s=end.clock_s - start.clock_s,
        messages=fleet.sent,
        missing=fleet.sent - fleet.seen,
        deliveries=fleet.seen,
        posts=fleet.settled,
        server_cpu_s=end.server_s - start.server_s,
        load_cpu_s=end.load_s - start.load_s,
        others_share=end.others_share(start),
        p50_ms=posts_ms[count // 2],
        p99_ms=posts_ms[count * 99 // 100],
        max_ms=posts_ms[-1],
        rss_mib=rss / 2**20,
        more={
            "p10_ms": posts_ms[count // 10],
            "bare_p10_ms": bare_ms[count // 10],
            "bare_p50_ms": bare_ms[count // 2],
            "bare_p99_ms": bare_ms[count * 99 // 100],
        },
    )


@contextmanager
def _bare_file(folder: Path) -> Iterator[int]:
    path = folder / "bare"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        yield file
    finally:
        os.close(file)
        path.unlink()


def _write(file: int) -> float:
    begun_s = time.perf_counter()
    os.write(file, bytes(BARE_BYTES))
    os.fdatasync(file)
    return (time.perf_counter() - begun_s) * 1e3
