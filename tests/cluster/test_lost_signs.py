"""What no node told is found in the log: two nodes whose bus is cut."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hubbub.protocol import requests
from hubbub.protocol.close_codes import COME_AGAIN
from tests.cluster.pair import WAIT_S, Node, Person, come, cut, mend, owner
from tests.deadline import within

pytestmark = pytest.mark.real


async def test_a_rename_that_nobody_told_is_followed(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann = await owner(one, "ann")
    await ann.ask(requests.Join(room="old"))
    bob = await come(two, "bob", rooms={"lobby": None, "old": None})
    cut(pair)
    await ann.run("/room rename new", "old")
    await ann.say("while away", "new")
    assert (await bob.say("from bob", "old"))["seq"] == 3
    for person in (ann, bob):
        await person.hears("from bob")
        assert person.heard()[-2:] == [("new", 2, "while away"), ("new", 3, "from bob")]
    mend(pair)
    await ann.say("after", "new")
    await bob.hears("after")
    assert list(bob.session.rooms) == ["lobby", "new"]


async def test_a_name_that_was_made_anew_is_another_room(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann = await owner(one, "ann")
    # It is the first on his node, which no sweep has told of it yet.
    bob = await come(two, "bob", rooms={"old": None})
    await ann.ask(requests.Join(room="old"))
    await ann.say("in the first", "old")
    await bob.hears("in the first")
    cut(pair)
    await ann.run("/room rename new", "old")
    cat = await come(one, "cat")
    assert (await cat.run("/room new old"))["type"] == "ok"
    for number in range(5):
        await cat.say(f"in another {number}", "old")
    await ann.say("still here", "new")
    await bob.hears("still here")
    assert not [room for room, _, text in bob.heard() if text.startswith("in another")]


async def test_a_room_that_was_asked_for_by_its_later_name_stays(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann = await owner(one, "ann")
    await ann.ask(requests.Join(room="old"))
    bob = await come(two, "bob", rooms={"lobby": None, "old": None})
    await bob.ask(requests.Members(room="new", limit=10))
    await ann.run("/room rename new", "old")
    await bob.until(lambda frame: frame["type"] == "settings")
    for number in range(80):
        await bob.ask(requests.Members(room=f"x{number}", limit=10))
    await ann.say("still there?", "new")
    await bob.hears("still there?")


async def test_whoever_knows_more_than_the_node_misses_and_repeats_nothing(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await come(one, "ann")
    bob = await come(two, "bob")
    cut(pair)
    seq = (await ann.say("one"))["seq"]
    again = await come(two, token=ann.seen[0]["session"], rooms={"lobby": seq})
    replay = await again.until(lambda frame: frame["type"] in {"replay", "gap"})
    assert (replay["type"], replay["events"]) == ("replay", [])
    await bob.hears("one")
    await bob.say("two")
    await again.hears("two")
    assert again.heard() == [("lobby", seq + 1, "two")]


async def test_a_whisper_that_nobody_told_arrives(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann, bob = await come(one, "ann"), await come(two, "bob")
    cut(pair)
    for text in ("first", "second"):
        await ann.ask(requests.Whisper(to=("bob",), text=text, nonce=text))
        await bob.hears(text)
    mend(pair)
    await ann.ask(requests.Whisper(to=("bob",), text="third", nonce="third"))
    await bob.hears("third")
    assert [seq for _, seq, _ in bob.heard()] == [1, 2, 3]


async def test_names_that_are_left_are_free_though_their_user_is_on_two_nodes(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await come(one, "ann")
    second = await come(two, token=ann.seen[0]["session"])
    for name in ("bea", "cat", "dan"):
        await ann.run(f"/nick {name}")
    async with within(WAIT_S):
        while True:
            other = Person(two)
            said = await other.ask(requests.Hello(name="bea", rooms={}))
            if said["type"] == "welcome":
                break
            await asyncio.sleep(0.2)
    assert second.session.user is not None
    assert second.session.user.name.shown == "dan"
    said = await Person(two).ask(requests.Hello(name="dan", rooms={}))
    assert said["code"] == "name_taken"


async def test_a_guest_who_quits_once_stays_elsewhere(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann = await come(one, "ann")
    second = await come(two, token=ann.seen[0]["session"])
    await ann.run("/quit")
    await asyncio.sleep(1.5)
    assert second.line.closed is None
    await second.say("still here")


async def test_whoever_became_a_member_elsewhere_is_asked_to_come_in_again(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    bob = await come(one, "bob")
    welcome = await bob.until(lambda frame: frame["type"] == "welcome")
    other = await come(two, token=welcome["session"])
    cut(pair)
    await bob.run("/register another horse battery")
    async with within(WAIT_S):
        while other.line.closed is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert other.line.closed == COME_AGAIN
    assert bob.line.closed is None


async def test_a_room_has_one_maker(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann, bob = await owner(one, "ann"), await come(two, "bob")
    await bob.run("/register another horse battery")
    await bob.ask(requests.Members(room="den", limit=10))
    cut(pair)
    await ann.ask(requests.Join(room="den"))
    await one.hub.quiet()
    assert (await bob.run("/room new den"))["code"] == "name_taken"
    joined = await bob.ask(requests.Join(room="den"))
    assert joined["role"] == "member"


async def test_presence_that_nobody_told_is_found(pair: tuple[Node, Node]) -> None:
    one, two = pair
    ann, bob = await come(one, "ann"), await come(two, "bob")
    cut(pair)
    cat = await come(one, "cat")

    def is_cat(state: str) -> Callable[[dict[str, Any]], bool]:
        return lambda f: (
            f["type"] == "presence" and f["state"] == state and f["user"]["name"] == "cat"
        )

    await bob.until(is_cat("joined"))
    cat.node.hub.parts.attendance.close_session(cat.session, "gone")
    await bob.until(is_cat("left"))
    page = await bob.ask(requests.Members(room="lobby", limit=10))
    assert [member["name"] for member in page["members"]] == ["ann", "bob"]
    assert ann.line.closed is None
