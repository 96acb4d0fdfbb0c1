"""SIGKILL at any moment: nothing that was acknowledged is lost, and nothing is there twice."""

import asyncio
import random
import signal
from dataclasses import dataclass

import pytest

from tests.conftest import Server
from tests.torture.checker import check_finds_nothing, read_log, verify
from tests.torture.conftest import Launch
from tests.torture.figures import note
from tests.torture.sizes import SEED, at_most_s, sized
from tests.torture.survivor import Survivor, living, until_all

pytestmark = [pytest.mark.real, at_most_s(600)]


@dataclass(frozen=True)
class Size:
    """How much of it."""

    rounds: int
    clients: int
    rooms: int


RANDOM_MOMENTS = sized(Size(2, 5, 2), Size(200, 20, 5))
CHOSEN_MOMENTS = sized(Size(1, 4, 2), Size(20, 20, 5))


async def talk(client: Survivor, chance: random.Random) -> None:
    """Says things without end in all rooms, and now and then cuts the line right behind one."""
    rooms = list(client.witness.rooms)
    number = 0
    while True:
        number += 1
        await client.say(chance.choice(rooms), f"{client.name} {number}")
        if chance.random() < 0.01:
            client.say_and_break()
        await asyncio.sleep(chance.random() * 0.02)


async def torture(server: Server, size: Size, moments: list[str | float]) -> list[Survivor]:
    """Loads the server and kills it at each moment: after seconds, or where the launcher says."""
    chance = random.Random(SEED)
    rooms = [f"room{n}" for n in range(size.rooms)]
    clients = [Survivor(server.port, f"client{n}", rooms) for n in range(size.clients)]
    await asyncio.to_thread(server.start)
    async with living(clients) as group:
        await until_all(clients, "at the beginning")
        talks = [group.create_task(talk(client, chance)) for client in clients]
        await asyncio.to_thread(server.kill)
        for moment in moments:
            await start_and_die(server, moment)
        await asyncio.to_thread(server.start)
        for each in talks:
            each.cancel()
        await until_all(clients, "after the last restart")
    server.kill()
    return clients


async def start_and_die(server: Server, moment: str | float) -> None:
    """One round."""
    if isinstance(moment, float):
        await asyncio.to_thread(server.start)
        await asyncio.sleep(moment)
        await asyncio.to_thread(server.kill)
        return
    server.env["TORTURE_KILL"] = moment
    server.spawn()
    code = await asyncio.to_thread(server.await_end)
    assert code == -signal.SIGKILL, server.log_text()
    del server.env["TORTURE_KILL"]


def compare(attack: str, server: Server, clients: list[Survivor], kills: int) -> None:
    """Claims that log, witnesses and promises agree, and notes what there was."""
    log = read_log(server.data)
    promises = {client.user_id: client.promises for client in clients}
    verify(log, [client.witness for client in clients], promises)
    assert sum(client.connects for client in clients) > len(clients)
    assert "Traceback" not in server.log_text()
    said = sum(len(each.said) for each in promises.values())
    connects = sum(client.connects for client in clients)
    note(attack, "kills, connects, messages", f"{kills}, {connects}, {said}")
    note(attack, "acknowledged and lost, doubled, holes, other orders", "0, 0, 0, 0")


async def test_a_kill_at_any_moment_loses_and_doubles_nothing(launch: Launch) -> None:
    server = launch("--rate-limits", "off")
    chance = random.Random(SEED)
    moments: list[str | float] = [chance.random() * 0.3 for _ in range(RANDOM_MOMENTS.rounds)]
    clients = await torture(server, RANDOM_MOMENTS, moments)
    compare("crash, any moment", server, clients, len(moments))
    check_finds_nothing(server.data)


async def test_a_kill_beside_the_commit_loses_and_doubles_nothing(launch: Launch) -> None:
    """Between the inserts and the COMMIT, and between the COMMIT and its acknowledgements."""
    server = launch("--rate-limits", "off")
    chance = random.Random(SEED)
    moments: list[str | float] = [
        f"{when} {chance.randrange(1, 20)}"
        for _ in range(CHOSEN_MOMENTS.rounds)
        for when in ("before", "after")
    ]
    clients = await torture(server, CHOSEN_MOMENTS, moments)
    compare("crash, beside COMMIT", server, clients, len(moments))
