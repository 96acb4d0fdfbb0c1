"""Which room is meant by a name, and who hears of it: two nodes of which a test may cut the bus."""

import psycopg
import pytest

from hubbub.protocol import requests
from tests.cluster.pair import Node, come, cut, owner

pytestmark = pytest.mark.real


async def test_whoever_makes_a_private_room_hears_the_other_node_at_once(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await owner(one, "ann")
    bob = await owner(two, "bob")
    made = await ann.run("/room new board private")
    assert made["type"] == "ok", made
    came = {"type": "presence", "state": "joined"}
    there = await ann.until(lambda f: came.items() <= f.items() and f["room"] != "lobby")
    await ann.run("/invite bob", there["room"])
    await bob.until(lambda f: came.items() <= f.items() and f["room"] == there["room"])
    await bob.say("from the other node", there["room"])
    await ann.hears("from the other node")
    # By the bus, and not by what a sweep has found.
    assert one.hub.parts.stats.rooms_read_on == 0


async def test_what_is_said_in_a_room_goes_to_no_other_one_that_has_its_name_by_now(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await owner(one, "ann")
    bob = await come(two, "bob", rooms={"old": None})
    await ann.ask(requests.Join(room="old"))
    await ann.say("in the first", "old")
    await bob.hears("in the first")
    cut(pair)
    await ann.run("/room rename new", "old")
    cat = await come(one, "cat")
    assert (await cat.run("/room new old"))["type"] == "ok"
    await cat.say("in another", "old")
    answer = await bob.say("for the first", "old")
    if answer["type"] == "error":
        # It was said before his node knew, and stored nowhere.
        assert answer["code"] == "unavailable"
        await bob.until(lambda frame: frame["type"] == "settings")
        answer = await bob.ask(requests.Post(room="new", text="for the first", nonce="again"))
    assert (answer["type"], answer["room"]) == ("ok", "new")
    await ann.until(lambda frame: frame.get("text") == "for the first")
    assert [text for room, _, text in cat.heard() if room == "old"] == ["in another"]
    assert [text for _, _, text in bob.heard()] == ["in the first", "for the first"]


async def test_an_empty_room_that_was_taken_away_is_made_anew_by_what_is_said(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await come(one, "ann", rooms={"empty": None})
    bob = await come(two, "bob", rooms={"empty": None})
    with psycopg.connect(one.url) as database:
        database.execute("DELETE FROM members")
        database.execute("DELETE FROM rooms WHERE name = 'empty'")
    for number, person in enumerate((ann, bob, ann, bob), 1):
        assert (await person.say(f"message {number}", "empty"))["seq"] == number
        for each in (ann, bob):
            await each.hears(f"message {number}")


async def test_coming_in_by_another_node_changes_nothing_in_rooms_that_one_is_in_by_the_first(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    ann = await come(one, "ann", rooms={"lobby": None, "den": None})
    bob = await come(two, "bob", rooms={"den": None})
    await ann.run("/away lunch")
    await bob.until(lambda frame: frame["type"] == "presence" and frame["state"] == "away")

    await come(two, token=ann.welcome["session"])

    members = (await bob.ask(requests.Members(room="den")))["members"]
    assert {each["name"]: each["away"] for each in members} == {"ann": True, "bob": False}
