"""Entering, leaving, finding, and who is told."""

import asyncio
from contextlib import ExitStack

import pytest
from msgspec import structs

from hubbub.hub.rules.limits import Limits
from hubbub.protocol import requests
from tests.hub.conftest import House
from tests.hub.test_accounts import member


async def test_a_room_is_made_by_joining_it(house: House) -> None:
    ann = await house.json(name="ann")

    reply = await ann.ask(requests.Join(room="#Dev"))

    assert reply == {
        "type": "ok",
        "room": "dev",
        "topic": "",
        "kind": "public",
        "read_only": False,
        "archived": False,
        "role": "member",
        "may": ["post", "topic"],
        "first": 1,
        "last": 0,
        "events": [],
        "more": False,
    }
    assert (await ann.ask(requests.Post(room="dev", text="hi", nonce="n")))["seq"] == 1


async def test_join_gives_the_last_page_or_what_came_after(house: House) -> None:
    ann = await house.json(name="ann")
    for number in range(60):
        await ann.say(str(number))
    bob = await house.json(name="bob", rooms={})

    page = await bob.ask(requests.Join(room="lobby"))
    assert [event["text"] for event in page["events"]] == [str(n) for n in range(10, 60)]
    assert (page["more"], page["first"], page["last"]) == (True, 1, 60)

    after = await bob.ask(requests.Join(room="lobby", after=58))
    assert [event["text"] for event in after["events"]] == ["58", "59"]
    assert after["more"] is False


async def test_members_are_told_who_comes_and_goes(house: House) -> None:
    ann = await house.json(name="ann")
    ann.lines()

    bob = await house.plain("bob")
    await bob.type("/nick rob")
    await bob.type("/away lunch")
    await bob.type("/back")
    bob.leave()

    assert [(f["state"], f["user"]["name"]) for f in ann.objects()] == [
        ("joined", "bob"),
        ("renamed", "rob"),
        ("away", "rob"),
        ("back", "rob"),
        ("left", "rob"),
    ]


async def test_a_plain_client_gets_no_notices_unless_it_asks(house: House) -> None:
    ann = await house.plain("ann")
    (await house.plain("bob")).leave()
    assert ann.lines() == []

    await ann.type("/notices on")
    cara = await house.plain("cara")
    await cara.type("/topic cake")
    cara.leave()

    assert ann.lines() == [
        "* -- Notices are on.",
        "* -- cara joined.",
        "* -- cara set the topic: cake",
        "* -- cara left.",
    ]


async def test_a_plain_connection_is_in_one_room(house: House) -> None:
    ann, bob = await house.plain("ann"), await house.plain("bob")

    await ann.type("/join dev")
    await ann.type("anybody?")
    await bob.type("hello")
    await house.hub.quiet()

    assert ann.lines() == ["* -- You are in dev with 1 user.", "[ann]: anybody?"]
    assert bob.lines() == ["[bob]: hello"]


async def test_leave_ends_membership_on_all_json_connections(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    phone = await house.json(token=token)
    phone.lines()

    await ann.ask(requests.Leave(room="lobby"))

    assert [(f["type"], f["state"]) for f in phone.objects()] == [("presence", "left")]
    assert (await phone.ask(requests.Post(room="lobby", text="x", nonce="n")))[
        "code"
    ] == "not_a_member"


async def test_those_who_leave_at_once_wait_for_one_commit_together(house: House) -> None:
    people = [await house.json(name=f"p{number}", rooms={"den": None}) for number in range(20)]
    await house.hub.quiet()
    commits = house.hub.parts.stats.commits

    left = await asyncio.gather(*(each.ask(requests.Leave(room="den")) for each in people))

    assert {reply["type"] for reply in left} == {"ok"}
    # The first ones, then all who came meanwhile.
    assert house.hub.parts.stats.commits - commits <= 3


async def test_rooms_are_listed_by_name_a_page_at_a_time(house: House) -> None:
    ann = await house.json(name="ann", rooms={"b": None, "a": None, "c": None})
    await ann.say("kept", room="c")
    await house.hub.quiet()
    await ann.ask(requests.Leave(room="c"))

    first = await ann.ask(requests.Rooms(limit=2))
    rest = await ann.ask(requests.Rooms(after="b", limit=10))

    assert [(r["room"], r["users"]) for r in first["rooms"]] == [("a", 1), ("b", 1)]
    assert first["more"] is True
    assert [(r["room"], r["users"]) for r in rest["rooms"]] == [("c", 0), ("lobby", 0)]


async def test_direct_rooms_are_in_no_list(house: House) -> None:
    ann, _bob = await house.json(name="ann"), await house.json(name="bob")
    await ann.ask(requests.Whisper(to=["bob"], text="psst", nonce="n"))

    listed = await ann.ask(requests.Rooms())

    assert [room["room"] for room in listed["rooms"]] == ["lobby"]


async def test_members_are_listed_by_name_a_page_at_a_time(house: House) -> None:
    for name in ("dora", "Ann", "cara", "bob"):
        client = await house.json(name=name)

    first = await client.ask(requests.Members(room="lobby", limit=3))
    rest = await client.ask(requests.Members(room="lobby", after="Cara"))

    assert [m["name"] for m in first["members"]] == ["Ann", "bob", "cara"]
    assert first["more"] is True
    assert [m["name"] for m in rest["members"]] == ["dora"]


async def test_history_pages_both_ways(house: House) -> None:
    ann = await house.json(name="ann")
    for number in range(1, 8):
        await ann.say(str(number))
    await house.hub.quiet()

    newest = await ann.ask(requests.History(room="lobby", limit=3))
    older = await ann.ask(requests.History(room="lobby", before=5, limit=3))
    newer = await ann.ask(requests.History(room="lobby", after=5, limit=3))
    both = await ann.ask(requests.History(room="lobby", after=1, before=5))

    assert [e["seq"] for e in newest["events"]] == [5, 6, 7]
    assert [e["seq"] for e in older["events"]] == [2, 3, 4]
    assert older["more"] is True
    assert [e["seq"] for e in newer["events"]] == [6, 7]
    assert (newer["more"], newer["first"], newer["last"]) == (False, 1, 7)
    assert both["code"] == "bad_request"


class TestLargeRooms:
    """Above `presence_room_limit` a count takes the place of presence and typing."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(presence_room_limit=3, connections_per_room=5)

    async def test_presence_becomes_a_count(self, house: House) -> None:
        clients = [await house.json(name=f"n{number}") for number in range(4)]
        clients[0].lines()

        await house.json(name="fifth")
        await clients[1].ask(requests.Typing(room="lobby"))
        assert clients[0].objects() == []

        house.hub.parts.presence.tick()
        assert clients[0].objects() == [{"type": "count", "room": "lobby", "users": 5}]
        house.hub.parts.presence.tick()
        assert clients[0].objects() == []

    async def test_a_full_room_refuses_the_next(self, house: House) -> None:
        for number in range(5):
            await house.json(name=f"n{number}")

        late = await house.json(name="late")

        (error,) = [f for f in late.objects() if f["type"] == "error"]
        assert (error["code"], error["room"], error["temporary"]) == ("room_full", "lobby", True)
        assert (await late.ask(requests.Join(room="lobby")))["code"] == "room_full"


class TestBounds:
    """What one connection may have, and what stays in memory."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(rooms_per_connection=2, empty_rooms=3)

    async def test_a_connection_is_in_so_many_rooms_and_no_more(self, house: House) -> None:
        ann = await house.json(name="ann", rooms={"a": None, "b": None, "c": None})

        (error,) = [f for f in ann.objects() if f["type"] == "error"]
        assert (error["code"], error["room"]) == ("forbidden", "c")
        assert (await ann.ask(requests.Join(room="d")))["code"] == "forbidden"
        assert (await ann.ask(requests.Join(room="a")))["type"] == "ok"

    @pytest.mark.usefixtures("cheap_passwords")
    async def test_who_is_in_as_many_rooms_as_may_be_makes_none(self, house: House) -> None:
        ann, _ = await member(house, "ann")
        await ann.ask(requests.Join(room="a"))

        made = requests.MakeRoom(room="den", private=True)
        assert (await ann.ask(made))["code"] == "forbidden"
        assert (await ann.ask(structs.replace(made, private=False)))["code"] == "forbidden"
        typed = requests.Command(room="a", line="/room new den private")
        assert (await ann.ask(typed))["code"] == "forbidden"

        listed = await ann.ask(requests.Rooms())
        assert [room["room"] for room in listed["rooms"]] == ["a", "lobby"]
        assert set(ann.session.rooms) == {"a", "lobby"}

    async def test_empty_rooms_leave_memory_and_keep_their_log(self, house: House) -> None:
        ann = await house.json(name="ann", rooms={"a": None})
        await ann.say("kept", room="a")
        await house.hub.quiet()
        await ann.ask(requests.Leave(room="a"))
        for name in "bcdefg":
            await ann.ask(requests.Join(room=name))
            await ann.ask(requests.Leave(room=name))

        assert house.hub.parts.rooms.live("a") is None
        again = await ann.ask(requests.Join(room="a"))
        assert [event["text"] for event in again["events"]] == ["kept"]

    async def test_a_room_that_is_entered_stays_even_when_all_empty_ones_are_waited_for(
        self, house: House
    ) -> None:
        rooms = house.hub.parts.rooms
        with ExitStack() as waiting:
            for name in "bcd":
                waiting.enter_context((await rooms.open(name)).pinned())
            ann = await house.json(name="ann", rooms={"a": None})
            bob = await house.plain("bob", room="a")
            bob.lines()
            await ann.say("hello", room="a")
            await house.hub.quiet()

            assert bob.lines() == ["[ann]: hello"]
        for name in "efghi":
            await ann.ask(requests.Join(room=name))
            await ann.ask(requests.Leave(room=name))
        # The default room is the third.
        assert [name for name in "bcdefghi" if rooms.live(name)] == ["h", "i"]
