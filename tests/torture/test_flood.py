"""Somebody floods from another address: the others are served as if nothing were."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.torture.conftest import Launch
from tests.torture.crowd import Crowd, Member
from tests.torture.figures import latency, note, resident_mib
from tests.torture.sizes import at_most_s, sized
from tests.torture.waiting import until
from tests.wire import left_alone, metrics

pytestmark = [pytest.mark.real, at_most_s(240)]

ROOT = Path(__file__).parent.parent.parent
NORMAL, ROOMS, PER_S = sized((10, 2, 50), (100, 10, 100))
TURNS = sized(1, 2)
BESIDE_S = sized(0.5, 3.0)
SETTLE_S = 30.0
# Far above what a flood may cost, and far below what a hang would.
WORST_S = 10.0


@dataclass(frozen=True)
class Flood:
    """What an attacker does, for how long, and how many times."""

    what: str
    for_s: float
    count: int


FLOODS = {
    "full_speed": Flood("one at full speed", *sized((0.5, 1), (10.0, 1))),
    "connects": Flood("connects from one address", *sized((0.5, 150), (10.0, 5_000))),
    "half_open": Flood("half-open handshakes", *sized((0.5, 300), (12.0, 10_000))),
}


async def attack(kind: str, server: Server, flood: Flood) -> dict[str, int]:
    """Runs the attacker beside; what it did."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.torture.attacker", kind),
        *(str(server.port), str(flood.for_s), str(flood.count)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    done: dict[str, int] = json.loads(printed)
    return done


def alone(server: Server) -> bool:
    """Whether the attacker has gone."""
    counted = metrics(server)
    return counted["hubbub_connections"] == NORMAL and counted["hubbub_handshakes"] <= 1  # who asks


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_not_the_others_business(launch: Launch, kind: str) -> None:
    """All limits are those of an ordinary server."""
    flood = FLOODS[kind]
    server = launch()
    await asyncio.to_thread(server.start)
    crowd = Crowd([Member(f"member{n}", f"room{n % ROOMS}") for n in range(NORMAL)])
    await crowd.enter(server.port)
    samples: dict[bool, list[float]] = {False: [], True: []}
    resident = {False: 0.0, True: 0.0}
    for _ in range(TURNS):
        samples[False] += await crowd.talk(crowd.members, PER_S, flood.for_s)
        resident[False] = max(resident[False], resident_mib(server.pid))
        attacking = asyncio.create_task(attack(kind, server, flood))
        # Its start and its going away count too.
        samples[True] += await crowd.talk(crowd.members, PER_S, flood.for_s + BESIDE_S)
        resident[True] = max(resident[True], resident_mib(server.pid))
        done = await attacking
        await until(lambda: alone(server), lambda: metrics(server), SETTLE_S)
    crowd.check()
    assert max(samples[True]) < WORST_S
    counted = metrics(server)
    crowd.leave()
    await asyncio.to_thread(left_alone, server)
    assert "Traceback" not in server.log_text()
    if kind == "full_speed":
        assert counted["hubbub_flooding_total"] >= 1
    name = f"flood, {flood.what}"
    note(name, f"{NORMAL} normal clients without", latency(samples[False]))
    note(name, f"{NORMAL} normal clients beside it", latency(samples[True]))
    note(name, "memory without, beside", f"{resident[False]:.0f}, {resident[True]:.0f} MiB")
    note(name, "what the attacker did, the last time", done)
