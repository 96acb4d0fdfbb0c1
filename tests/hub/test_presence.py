"""What rooms hear of those who come while many come."""

import asyncio

from hubbub.protocol import requests
from tests.hub.conftest import Client, House


def heard(client: Client) -> list[tuple[str, str]]:
    return [
        (frame["state"], frame["user"]["name"])
        for frame in client.objects()
        if frame["type"] == "presence"
    ]


async def test_those_who_come_at_once_are_told_in_one_write(house: House) -> None:
    ann = await house.json(name="ann")
    writes = len(ann.line.written)

    comers = [house.nobody() for _ in range(5)]
    hellos = [requests.Hello(name=f"n{number}") for number in range(5)]
    await asyncio.gather(*(c.send(h) for c, h in zip(comers, hellos, strict=True)))

    assert len(ann.line.written) < writes + 5
    assert sorted(heard(ann)) == [("joined", f"n{number}") for number in range(5)]


async def test_a_newcomer_hears_of_those_after_it_alone(house: House) -> None:
    comers = [house.nobody() for _ in range(5)]
    hellos = [requests.Hello(name=f"n{number}") for number in range(5)]
    await asyncio.gather(*(c.send(h) for c, h in zip(comers, hellos, strict=True)))

    names = [f"n{number}" for number in range(5)]
    by_comer = [[name for _, name in heard(comer)] for comer in comers]
    order = sorted(range(5), key=lambda number: -len(by_comer[number]))
    for place, number in enumerate(order):
        assert by_comer[number] == [names[other] for other in order[place + 1 :]]


async def test_what_waits_is_told_at_the_next_tick(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    presence = house.hub.parts.presence
    ann.lines()

    with presence.arrival(), presence.arrival():
        await bob.type("/nick rob")
        bob.leave()
        assert heard(ann) == []
        presence.tick()

    assert heard(ann) == [("renamed", "rob"), ("left", "rob")]
