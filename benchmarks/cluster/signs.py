"""What the bus costs: to a node that speaks, to NATS, and to nodes that hear."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvloop

from benchmarks.cluster.parts import nats_server
from benchmarks.load.cpu import cpu_s
from hubbub.bus import open_bus
from hubbub.bus.interface import Bus
from hubbub.hub import signs
from hubbub.protocol.events import Message, Person

SUBJECT = "r.bench"
MANY, IN_ONE = 100_000, 20
AT_ONCE = 50
PAUSE_S = 0.004
SPARSE_S = 2.0
EARS = 4
SPENT_USERS = 1_000


def said(events: int) -> signs.Said:
    """What a node tells of a commit."""
    sender = Person("aB3dE6gH9jKl", "ada")
    at = "2026-01-01T00:00:00.000Z"
    messages = tuple(
        Message(room="room17", seq=seq, at=at, sender=sender, text="." * 100)
        for seq in range(events)
    )
    return signs.Said("room17", messages, node="node0001")


@dataclass(frozen=True)
class _Used:
    """Microseconds a sign."""

    speaker: float
    nats: float
    ears: float


def measure(folder: Path) -> dict[str, float]:
    """Costs of `benchmarks.simulation.costs.Costs`."""
    one = _used(folder / "one", 1, events=1, pause_s=0.0)
    more = _used(folder / "more", EARS, events=1, pause_s=0.0)
    long = _used(folder / "long", 1, events=IN_ONE, pause_s=0.0)
    rare = _used(folder / "rare", 1, events=1, pause_s=PAUSE_S)
    out_us = max(0.0, (more.nats - one.nats) / (EARS - 1))
    event_us = (long.ears - one.ears) / (IN_ONE - 1)
    told_us = (long.speaker - one.speaker) / (IN_ONE - 1)
    return {
        "publish_us": one.speaker - told_us,
        "publish_event_us": told_us,
        "hear_us": one.ears - event_us,
        "hear_event_us": event_us,
        "node_wake_us": max(0.0, rare.ears - one.ears),
        "nats_in_us": max(0.0, one.nats - out_us),
        "nats_out_us": out_us,
        "nats_wake_us": max(0.0, rare.nats - one.nats),
        "spent_heard_us": _spent_heard_us(),
    }


def _used(folder: Path, ears: int, *, events: int, pause_s: float) -> _Used:
    folder.mkdir()
    with nats_server(folder) as (url, pid):
        command = [sys.executable, "-m", "benchmarks.cluster.ear", url, str(ears)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            speaking = _speak(url, psutil.Process(pid), process, said(events), pause_s)
            return uvloop.run(speaking)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


async def _speak(
    url: str, nats: psutil.Process, ear: "subprocess.Popen[str]", sign: signs.Said, pause_s: float
) -> _Used:
    assert ear.stdout is not None
    assert ear.stdout.readline() == "ready\n"
    bus = open_bus(url)
    await bus.start(lambda subject, data: None, lambda: None)
    await bus.settle()
    heard, ears_s = _asked(ear)
    nats_s, own_s = cpu_s(nats), sum(os.times()[:2])
    count = await _publish(bus, sign, pause_s)
    await bus.settle()
    used_s = sum(os.times()[:2]) - own_s
    heard_after, ears_after_s = _asked(ear)
    nats_after_s = cpu_s(nats)
    await bus.close()
    return _Used(
        speaker=used_s / count * 1e6,
        nats=(nats_after_s - nats_s) / count * 1e6,
        ears=(ears_after_s - ears_s) / max(1, heard_after - heard) * 1e6,
    )


async def _publish(bus: Bus, sign: signs.Said, pause_s: float) -> int:
    if not pause_s:
        for number in range(MANY):
            bus.publish(SUBJECT, signs.encode(sign))
            if number % AT_ONCE == 0:
                await bus.settle()
        return MANY
    count, until_s = 0, time.perf_counter() + SPARSE_S
    while time.perf_counter() < until_s:
        bus.publish(SUBJECT, signs.encode(sign))
        await asyncio.sleep(pause_s)
        count += 1
    return count


def _asked(ear: "subprocess.Popen[str]") -> tuple[int, float]:
    assert ear.stdin is not None
    assert ear.stdout is not None
    ear.stdin.write("\n")
    ear.stdin.flush()
    heard, used_s = json.loads(ear.stdout.readline())
    return heard, used_s


def _spent_heard_us() -> float:
    """To hear of a user's rate: the words alone, without the buckets."""
    tokens = {f"user{number:08d}": 3 for number in range(SPENT_USERS)}
    data = signs.encode(signs.Spent({"user posts": tokens}, node="node0001"))
    rounds = 100
    begun_s = time.thread_time()
    for _ in range(rounds):
        signs.decode(data)
    return (time.thread_time() - begun_s) * 1e6 / rounds / SPENT_USERS
