"""One member stops reading: the others notice nothing, memory stays bounded, and it comes back."""

import asyncio
import contextlib

import pytest

from tests.torture.checker import read_log
from tests.torture.conftest import Launch
from tests.torture.crowd import Crowd, Member
from tests.torture.figures import latency, note, resident_mib
from tests.torture.sizes import at_most_s, sized
from tests.torture.survivor import Survivor
from tests.torture.waiting import until
from tests.wire import metrics

pytestmark = [pytest.mark.real, at_most_s(300)]

OTHERS, PER_S, TEXT_BYTES = sized((3, 200, 16_000), (199, 50, 1024))
# Whether the one stalls, and for how long: with and without take turns.
PHASES = sized([(False, 0.3), (True, 1.2)], [(False, 30.0), (True, 60.0), (False, 30.0)])
# Small, so that the bound is reached within the time: the kernel's own buffers come on top.
OUTBOX_BYTES = 64 * 1024
RECEIVE_BYTES = 4096
SETTLE_S = 30.0


async def test_one_who_stops_reading_delays_nobody_and_resumes_complete(launch: Launch) -> None:
    server = launch("--rate-limits", "off", env={"HUBBUB_OUTBOX_BYTES": str(OUTBOX_BYTES)})
    await asyncio.to_thread(server.start)
    crowd = Crowd([Member(f"member{n}", "room") for n in range(OTHERS)])
    await crowd.enter(server.port)
    slow = Survivor(server.port, "slow", ["room"], silence_s=600.0, receive_bytes=RECEIVE_BYTES)
    life = asyncio.create_task(slow.live())
    await until(slow.resumed.is_set, lambda: "the slow one is not in", SETTLE_S)
    await crowd.talk(crowd.members[:1], PER_S, 0.2, TEXT_BYTES)

    samples: dict[bool, list[float]] = {False: [], True: []}
    resident = {False: 0.0, True: 0.0}
    for stalled, phase_s in PHASES:
        assert slow.wire is not None
        if stalled:
            slow.wire.pause()
        samples[stalled] += await crowd.talk(crowd.members[:1], PER_S, phase_s, TEXT_BYTES)
        resident[stalled] = max(resident[stalled], resident_mib(server.pid))
        slow.wire.resume()
        await until(lambda: caught_up(slow, crowd), lambda: len(slow.witness.rooms["room"]), 30.0)
    crowd.check()
    crowd.leave()
    life.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await life
    evicted = metrics(server)["hubbub_too_slow_total"]
    server.kill()

    assert evicted >= 1
    assert slow.witness.rooms["room"] == read_log(server.data)["room"]
    assert resident[True] - resident[False] < 8
    note("slow", f"{OTHERS} others, nobody slow", latency(samples[False]))
    note("slow", f"{OTHERS} others, one not reading", latency(samples[True]))
    note("slow", "server's memory without and with it", f"{mib(resident)} MiB")
    note("slow", "times it was closed with 4008", f"{evicted:.0f}")
    note("slow", "events it has in the end, without a hole", len(slow.witness.rooms["room"]))


def caught_up(slow: Survivor, crowd: Crowd) -> bool:
    """Whether the slow one has everything that was said."""
    said = crowd.members[0].said
    return slow.resumed.is_set() and len(slow.witness.rooms["room"]) == said


def mib(resident: dict[bool, float]) -> str:
    """Two figures."""
    return f"{resident[False]:.1f}, {resident[True]:.1f}"
