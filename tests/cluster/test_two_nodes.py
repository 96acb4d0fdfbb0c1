"""Two servers on one log: whoever is on one notices nothing of the other but its people."""

import asyncio
from itertools import count

import pytest

from tests.cluster.conftest import Nodes
from tests.conftest import JsonClient, hello, line, plain

pytestmark = pytest.mark.real


async def test_what_is_said_on_one_node_is_heard_on_both_in_one_order(nodes: Nodes) -> None:
    async with hello(nodes[0], name="ann") as ann, hello(nodes[1], name="bob") as bob:
        await ann.until("replay")
        await bob.until("replay")
        await asyncio.gather(
            *(
                client.send(
                    type="post", room="lobby", text=f"{name} {n}", nonce=f"{name}{n}", id="x"
                )
                for n in range(50)
                for client, name in ((ann, "ann"), (bob, "bob"))
            )
        )
        seen = []
        for client in (ann, bob):
            found = [await client.until("message") for _ in range(100)]
            assert [m["seq"] for m in found] == list(range(1, 101))
            for _ in range(50):
                await client.until("ok")
            seen.append([(m["seq"], m["text"]) for m in found])
        assert seen[0] == seen[1]


async def test_who_comes_and_goes_is_told_on_both(nodes: Nodes) -> None:
    async with hello(nodes[0], name="ann") as ann:
        await ann.until("replay")
        async with hello(nodes[1], name="bob") as bob:
            joined = await ann.until("presence", state="joined")
            assert joined["user"]["name"] == "bob"
            members = await bob.ask(type="members", room="lobby")
            assert [m["name"] for m in members["members"]] == ["ann", "bob"]
            members = await ann.ask(type="members", room="lobby")
            assert [m["name"] for m in members["members"]] == ["ann", "bob"]
            await bob.ask(type="command", room="lobby", line="/nick bert")
            renamed = await ann.until("presence", state="renamed")
            assert (renamed["user"]["name"], renamed["was"]) == ("bert", "bob")
            await bob.ask(type="command", room="lobby", line="/away lunch")
            await ann.until("presence", state="away")
        left = await ann.until("presence", state="left")
        assert left["user"]["name"] == "bert"


async def test_the_greeting_comes_before_what_others_say(nodes: Nodes) -> None:
    async def talk(client: JsonClient) -> None:
        for number in count():
            await client.ask(type="post", room="lobby", text="and so on", nonce=str(number))

    async with hello(nodes[0], name="ann") as ann:
        await ann.until("replay")
        talking = asyncio.create_task(talk(ann))
        try:
            for _ in range(50):
                async with plain(nodes[0]) as bob:
                    assert (await line(bob)).startswith("You are connected!")
        finally:
            talking.cancel()


async def test_a_name_has_one_user_on_all_nodes(nodes: Nodes) -> None:
    async with hello(nodes[0], name="ann") as ann:
        await ann.until("replay")
        async with plain(nodes[1], "?name=ANN") as other:
            assert "2 users" in await line(other)
            assert "taken" in await line(other)
        async with hello(nodes[0]) as first, hello(nodes[1]) as second:
            welcomes = [await each.until("welcome") for each in (first, second)]
            names = [welcome["user"]["name"] for welcome in welcomes]
            assert len(set(names)) == 2
            assert all(name.startswith("user") for name in names)


async def test_a_whisper_reaches_its_people_wherever_they_are(nodes: Nodes) -> None:
    async with hello(nodes[0], name="ann") as ann, hello(nodes[1], name="bob") as bob:
        await ann.until("replay")
        await bob.until("replay")
        sent = await ann.ask(type="whisper", to=["bob"], text="psst", nonce="1")
        assert sent["seq"] == 1
        heard = await bob.until("message", text="psst")
        assert heard["room"] == sent["room"]
        sent = await bob.ask(type="post", room=heard["room"], text="yes?", nonce="2")
        assert (await ann.until("message", text="yes?"))["seq"] == 2
