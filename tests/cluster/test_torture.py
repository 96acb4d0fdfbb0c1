"""Three servers on one log under attack, and clients that come back to another one each time."""

import asyncio
import random
import signal
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tests.cluster.conftest import MakeNodes, Nodes
from tests.conftest import Server
from tests.torture.checker import read_database, verify
from tests.torture.crowd import Crowd, Member
from tests.torture.figures import latency, note
from tests.torture.network import BadNetwork, Size
from tests.torture.sizes import SEED, at_most_s, sized
from tests.torture.survivor import Survivor, living, until_all
from tests.torture.waiting import until
from tests.wire import metrics

pytestmark = [pytest.mark.real, at_most_s(600)]

NODES = 3
CLIENTS, ROOMS = sized((6, 2), (20, 5))
KILLS, COMMIT_KILLS = sized((3, 1), (60, 15))
NETWORK = sized(Size(300, 9, 2, 2), Size(20_000, 250, 6, 5))
OTHERS, PER_S, TEXT_BYTES = sized((3, 150, 16_000), (60, 50, 1024))
STALLED_S = sized(1.2, 60.0)
MISSED = sized(600, 20_000)
SETTLE_S = 30.0
RECEIVE_BYTES = 4096


def survivors(nodes: Nodes) -> list[Survivor]:
    """Clients that begin at different nodes and go on at the next at each connect."""
    rooms = [f"room{n}" for n in range(ROOMS)]
    ports = nodes.ports
    return [
        Survivor(ports[n % NODES :] + ports[: n % NODES], f"client{n}", rooms)
        for n in range(CLIENTS)
    ]


async def talk(client: Survivor, chance: random.Random) -> None:
    """Says things without end in all rooms, and now and then cuts the line right behind one."""
    rooms = list(client.witness.rooms)
    number = 0
    while True:
        number += 1
        await client.say(chance.choice(rooms), f"{client.name} {number}")
        if chance.random() < 0.02:
            client.say_and_break()
        await asyncio.sleep(chance.random() * 0.02)


def compare(attack: str, nodes: Nodes, clients: Sequence[Survivor]) -> None:
    """Claims that log, witnesses and promises agree, and notes what there was."""
    promises = {client.user_id: client.promises for client in clients}
    verify(read_database(nodes.database), [client.witness for client in clients], promises)
    assert "Traceback" not in nodes.log_text()
    said = sum(len(each.said) for each in promises.values())
    connects = sum(client.connects for client in clients)
    note(attack, "connects, messages", f"{connects}, {said}")
    note(attack, "acknowledged and lost, doubled, holes, other orders", "0, 0, 0, 0")


async def die_beside_commit(server: Server, moment: str) -> None:
    """Starts a server that is killed where the launcher says."""
    server.env["TORTURE_KILL"] = moment
    server.spawn()
    code = await asyncio.to_thread(server.await_end)
    assert code == -signal.SIGKILL, server.log_text()
    del server.env["TORTURE_KILL"]


async def test_nodes_killed_at_any_moment_lose_and_double_nothing(make_nodes: MakeNodes) -> None:
    """Also between the inserts and the COMMIT, and between the COMMIT and what it tells."""
    nodes = make_nodes(NODES, env={"HUBBUB_NODE_LEASE_S": "2"})
    clients = survivors(nodes)
    chance = random.Random(SEED)
    async with living(clients) as group:
        await until_all(clients, "at the beginning")
        talks = [group.create_task(talk(client, chance)) for client in clients]
        for _ in range(KILLS):
            victim = chance.choice(nodes.servers)
            await asyncio.sleep(chance.random() * 0.5)
            await asyncio.to_thread(victim.kill)
            await asyncio.sleep(chance.random() * 0.3)
            await asyncio.to_thread(victim.start)
        for _ in range(COMMIT_KILLS):
            for when in ("before", "after"):
                victim = chance.choice(nodes.servers)
                await asyncio.to_thread(victim.kill)
                await die_beside_commit(victim, f"{when} {chance.randrange(1, 20)}")
                await asyncio.to_thread(victim.start)
        for each in talks:
            each.cancel()
        await until_all(clients, "after the last restart")
    note("cluster, crash", "nodes killed at any moment, beside COMMIT", (KILLS, 2 * COMMIT_KILLS))
    compare("cluster, crash", nodes, clients)


async def test_a_bad_network_before_three_nodes_leaves_no_hole(make_nodes: MakeNodes) -> None:
    """Each connection through it gets the next node."""
    nodes = make_nodes(NODES)
    network = BadNetwork(nodes.ports, NETWORK)
    await network.attack()

    network.compare("cluster, network", read_database(nodes.database))
    assert "Traceback" not in nodes.log_text()


async def test_one_who_stops_reading_resumes_complete_at_another_node(
    make_nodes: MakeNodes,
) -> None:
    """The others, who speak at one node and read at all, notice nothing."""
    nodes = make_nodes(NODES, env={"HUBBUB_OUTBOX_BYTES": "65536"})
    crowd = Crowd([Member(f"member{n}", "room") for n in range(OTHERS)])
    for number, member in enumerate(crowd.members):
        await member.enter(nodes.ports[number % NODES])
    slow = Survivor(nodes.ports[1:], "slow", ["room"], silence_s=600.0, receive_bytes=RECEIVE_BYTES)
    life = asyncio.create_task(slow.live())
    await until(slow.resumed.is_set, lambda: "the slow one is not in", SETTLE_S)
    first_port = slow.port
    assert slow.wire is not None
    slow.wire.pause()
    samples = await crowd.talk(crowd.members[:1], PER_S, STALLED_S, TEXT_BYTES)
    slow.wire.resume()
    said = crowd.members[0].said

    def caught_up() -> bool:
        return slow.resumed.is_set() and slow.witness.last("room") == said

    await until(caught_up, lambda: (slow.witness.last("room"), said), SETTLE_S)
    evicted = sum(metrics(server)["hubbub_too_slow_total"] for server in nodes.servers)
    crowd.check()
    crowd.leave()
    life.cancel()
    with suppress(asyncio.CancelledError):
        await life

    assert evicted >= 1
    assert slow.port != first_port
    assert slow.witness.rooms["room"] == read_database(nodes.database)["room"]
    note("cluster, slow", f"{OTHERS} others on {NODES} nodes meanwhile", latency(samples))
    note("cluster, slow", "times it was closed with 4008", f"{evicted:.0f}")
    note("cluster, slow", "events it has in the end, without a hole", said)


async def test_one_who_was_away_for_long_misses_nothing_at_another_node(
    make_nodes: MakeNodes,
) -> None:
    """Also past `resume_events`, where there is a gap that history fills."""
    nodes = make_nodes(NODES, env={"HUBBUB_RESUME_EVENTS": str(MISSED // 4)})
    rooms = ["near", "far"]
    away = Survivor(nodes.ports, "away", rooms)
    speakers = [Survivor(port, f"speaker{n}", rooms) for n, port in enumerate(nodes.ports)]
    async with living(speakers):
        await until_all(speakers, "at the beginning")
        async with living([away]):
            await until_all([away, *speakers], "before it goes")
        left_port = away.port
        for number in range(MISSED):
            room = "near" if number % 10 == 0 else "far"
            await speakers[number % NODES].say(room, f"{number}")
        await until_all(speakers, "while it is away")
        async with living([away]):
            begin_s = asyncio.get_running_loop().time()
            await until_all([away, *speakers], "after it has come back")
            took_s = asyncio.get_running_loop().time() - begin_s

    assert away.port != left_port
    note("cluster, away", f"resume of {MISSED} missed events at another node", f"{took_s:.2f} s")
    compare("cluster, away", nodes, [away, *speakers])
