"""What is done to somebody on one node holds on the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.cluster.conftest import MakeNodes, Nodes
from tests.conftest import JsonClient, Server, closed, hello

pytestmark = pytest.mark.real

PASSWORD = "correct horse battery"


@pytest.fixture
def house(make_nodes: MakeNodes) -> Nodes:
    """Two nodes on which one may register."""
    return make_nodes(2, "--registration", "open")


@asynccontextmanager
async def here(server: Server, name: str, **fields: Any) -> AsyncIterator[JsonClient]:
    """Somebody who is in."""
    async with hello(server, name=name, **fields) as client:
        await client.until("replay")
        yield client


@asynccontextmanager
async def member(server: Server, name: str, **fields: Any) -> AsyncIterator[JsonClient]:
    """A member who is in; the first of all is the owner."""
    async with here(server, name, password=PASSWORD, register=True, **fields) as client:
        yield client


async def run(client: JsonClient, line: str, room: str = "lobby") -> str:
    """Runs a command; its text."""
    reply = await client.ask(type="command", room=room, line=line)
    assert reply["type"] == "ok", reply
    return str(reply.get("text", ""))


async def refused(client: JsonClient, **request: Any) -> str:
    """The code with which a request is refused."""
    reply = await client.ask(**request)
    assert reply["type"] == "error", reply
    return str(reply["code"])


async def names(client: JsonClient, room: str = "lobby") -> list[str]:
    """Who is in a room, as a client is told."""
    page = await client.ask(type="members", room=room)
    return [each["name"] for each in page["members"]]


async def test_moderation_reaches_people_on_another_node(house: Nodes) -> None:
    async with member(house[0], "ann") as ann, here(house[1], "bob") as bob:
        await run(ann, "/mute bob 1m loud")
        await bob.until("notice")
        assert await refused(bob, type="post", room="lobby", text="x", nonce="1") == "muted"
        await run(ann, "/unmute bob")
        await bob.until("notice", text="ann gave you the word back.")
        assert (await bob.ask(type="post", room="lobby", text="x", nonce="2"))["type"] == "ok"
        await run(ann, "/kick bob enough")
        await bob.until("presence", state="left")
        await ann.until("presence", state="left")
        assert await refused(bob, type="post", room="lobby", text="x", nonce="3") == "not_a_member"
        assert await names(ann) == ["ann"]
        await bob.ask(type="join", room="lobby")
        await run(ann, "/ban bob 1m")
        assert (await closed(bob.socket))[0] == 4003
    async with hello(house[1], name="bob") as again:
        assert (await again.until("error"))["code"] == "banned"


async def test_a_role_given_on_one_node_counts_on_the_other(house: Nodes) -> None:
    async with member(house[0], "ann") as ann, member(house[1], "bob") as bob:
        assert await refused(bob, type="bans") == "forbidden"
        await run(ann, "/role bob moderator")
        await bob.until("you")
        assert (await bob.ask(type="bans"))["type"] == "ok"
        await run(ann, "/role bob member")
        await bob.until("you")
        assert await refused(bob, type="bans") == "forbidden"


async def test_a_private_room_is_shared_by_invitation_alone(house: Nodes) -> None:
    async with (
        member(house[0], "ann") as ann,
        member(house[1], "bob") as bob,
        member(house[1], "cat") as cat,
    ):
        await run(ann, "/room new board private")
        room = "lobby"
        while room == "lobby":
            room = (await ann.until("presence", state="joined"))["room"]
        assert room.startswith("+board-")
        assert await refused(bob, type="join", room=room) == "no_such_room"
        await run(ann, "/invite bob", room)
        await bob.until("presence", state="joined", room=room)
        said = await bob.ask(type="post", room=room, text="hello", nonce="1")
        assert (await ann.until("message", room=room, text="hello"))["seq"] == said["seq"]
        assert await refused(cat, type="join", room=room) == "no_such_room"
        await run(ann, "/kick bob", room)
        await bob.until("presence", state="left", room=room)
        assert await refused(bob, type="join", room=room) == "no_such_room"


async def test_a_room_that_is_renamed_and_closed_follows_its_people(house: Nodes) -> None:
    async with member(house[0], "ann") as ann, here(house[1], "bob") as bob:
        await run(ann, "/room new plans")
        await bob.ask(type="join", room="plans")
        await run(ann, "/room rename ideas", "plans")
        moved = await bob.until("settings")
        assert (moved["room"], moved["was"]) == ("ideas", "plans")
        said = await bob.ask(type="post", room="ideas", text="here now", nonce="1")
        assert (await ann.until("message", text="here now"))["seq"] == said["seq"]
        await run(ann, "/topic later", "ideas")
        assert (await bob.until("topic"))["text"] == "later"
        await run(ann, "/room archive", "ideas")
        await bob.until("settings", archived=True)
        code = await refused(bob, type="post", room="ideas", text="late", nonce="2")
        assert code == "forbidden"


async def test_a_session_that_ends_on_one_node_ends_on_the_other(house: Nodes) -> None:
    async with member(house[0], "ann") as ann:
        async with hello(house[1], name="ann", password=PASSWORD) as other:
            secret = (await other.until("welcome"))["session"]
            sessions = (await ann.ask(type="sessions"))["sessions"]
            (theirs,) = [each["id"] for each in sessions if not each.get("current")]
            await run(ann, f"/sessions end {theirs}")
            assert (await closed(other.socket))[0] == 4001
        async with hello(house[1], token=secret) as thief:
            assert (await thief.until("error"))["code"] == "bad_token"


async def test_one_user_on_two_nodes_is_one_user(house: Nodes) -> None:
    async with here(house[1], "bob") as bob, here(house[0], "ann") as first:
        await bob.until("presence", state="joined")
        welcome = await first.until("welcome")
        async with hello(house[1], token=welcome["session"]) as second:
            assert (await second.until("welcome"))["user"] == welcome["user"]
            await second.until("replay")
            assert await names(bob) == ["ann", "bob"]
            said = await first.ask(type="post", room="lobby", text="to me too", nonce="1")
            assert (await second.until("message"))["seq"] == said["seq"]
            await first.ask(type="read", room="lobby", seq=1)
            assert (await second.until("read"))["seq"] == 1
            await run(first, "/nick anna")
            assert (await second.until("presence", state="renamed"))["user"]["name"] == "anna"
            assert (await run(second, "/nick anne")).startswith("You are anne")
            await bob.until("presence", state="renamed", was="anna")
            sent = await bob.ask(type="whisper", to=["anne"], text="psst", nonce="9")
            for each in (first, second):
                assert (await each.until("message", text="psst"))["room"] == sent["room"]
        # Nobody hears that one of two connections has ended.
        async with here(house[1], "cat"):
            assert (await bob.until("presence", state="joined"))["user"]["name"] == "cat"
        backlog = [f for f in bob.backlog if f["type"] == "presence" and f["state"] == "left"]
        assert [f["user"]["name"] for f in backlog] == []
        assert await names(bob) in (["anne", "bob"], ["anne", "bob", "cat"])


async def test_typing_is_seen_on_the_other_node(nodes: Nodes) -> None:
    async with here(nodes[0], "ann") as ann, here(nodes[1], "bob") as bob:
        await ann.ask(type="typing", room="lobby")
        assert (await bob.until("typing"))["user"]["name"] == "ann"


async def test_of_many_who_want_a_name_at_once_one_gets_it(nodes: Nodes) -> None:
    async def claim(number: int) -> str:
        async with hello(nodes[number % 2], name="ann") as client:
            while True:
                frame = await client.receive()
                if frame["type"] in {"welcome", "error"}:
                    await done.wait()
                    return str(frame.get("code", "welcome"))

    done = asyncio.Event()
    claims = [asyncio.create_task(claim(number)) for number in range(20)]
    await asyncio.sleep(1.0)
    done.set()
    found = sorted(await asyncio.gather(*claims))
    assert found == ["name_taken"] * 19 + ["welcome"]


async def test_an_invitation_with_one_use_makes_one_member(make_nodes: MakeNodes) -> None:
    nodes = make_nodes(2, "--registration", "invite", "--guests", "on")
    async with member(nodes[0], "ann") as ann:
        code = next(w for w in (await run(ann, "/invite link 1 1")).split() if "inv-" in w)
        code = "inv-" + code.partition("inv-")[2]

        async def register(number: int) -> str:
            asked = {"password": PASSWORD, "register": True, "invite": code}
            async with hello(nodes[number % 2], name=f"bob{number}", **asked) as client:
                while True:
                    frame = await client.receive()
                    if frame["type"] in {"welcome", "error"}:
                        return str(frame.get("code", "welcome"))

        found = sorted(await asyncio.gather(*(register(number) for number in range(4))))
        assert found == ["forbidden"] * 3 + ["welcome"]
