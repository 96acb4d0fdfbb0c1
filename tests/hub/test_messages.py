"""Posts, whispers and the signs around them."""

import pytest

from hubbub.protocol import requests
from tests.hub.conftest import House


async def test_every_member_gets_a_post_the_sender_included(house: House) -> None:
    ann, bob = await house.plain("ann"), await house.plain("bob")

    await ann.type("hi")
    await house.hub.quiet()

    assert ann.lines() == bob.lines() == ["[ann]: hi"]


async def test_the_acknowledgement_says_where_in_the_log_the_post_stands(house: House) -> None:
    ann = await house.json(name="ann")

    reply = await ann.ask(requests.Post(id="1", room="lobby", text="hi", nonce="n"))

    assert reply == {
        "type": "ok",
        "id": "1",
        "room": "lobby",
        "seq": 1,
        "at": "2023-11-14T22:13:20.000Z",
    }


async def test_json_members_get_the_very_same_bytes(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    ann.lines(), bob.lines()

    plain = await house.plain()
    await plain.type("hi")
    await house.hub.quiet()

    assert ann.line.written[-1] == bob.line.written[-1]


async def test_the_same_nonce_again_is_answered_again_and_stored_once(house: House) -> None:
    ann = await house.json(name="ann")
    post = requests.Post(id="1", room="lobby", text="hi", nonce="n")

    first = await ann.ask(post)
    again = await ann.ask(post)

    assert again == first | {"dup": True}
    assert len(house.storage.logs["lobby"]) == 1


async def test_a_nonce_for_another_text_is_a_conflict(house: House) -> None:
    ann = await house.json(name="ann")
    await ann.ask(requests.Post(room="lobby", text="hi", nonce="n"))

    reply = await ann.ask(requests.Post(room="lobby", text="ho", nonce="n"))

    assert reply["code"] == "conflict"


@pytest.mark.parametrize("blank", ["", " ", "\n\t "])
async def test_a_blank_text_is_refused(house: House, blank: str) -> None:
    ann = await house.json(name="ann")

    assert (await ann.ask(requests.Post(room="lobby", text=blank, nonce="n")))[
        "code"
    ] == "bad_request"


async def test_the_limit_of_a_text_is_in_bytes(house: House) -> None:
    ann = await house.json(name="ann")
    fits = "é" * 8192

    assert (await ann.ask(requests.Post(room="lobby", text=fits, nonce="1")))["type"] == "ok"
    reply = await ann.ask(requests.Post(room="lobby", text=fits + "x", nonce="2"))
    assert reply["code"] == "too_long"


async def test_nul_becomes_a_replacement_character(house: House) -> None:
    ann = await house.json(name="ann")

    await ann.say("a\x00b")
    await house.hub.quiet()

    assert ann.messages() == ["a\ufffdb"]


async def test_a_room_that_was_not_joined_takes_no_posts(house: House) -> None:
    ann = await house.json(name="ann")

    reply = await ann.ask(requests.Post(room="elsewhere", text="hi", nonce="n"))

    assert reply["code"] == "not_a_member"


async def test_a_whisper_reaches_exactly_its_people_on_all_their_connections(house: House) -> None:
    ann, bob, cara = await house.json(name="ann"), await house.json(name="bob"), await house.plain()
    bobs_token = next(f for f in bob.objects() if f["type"] == "welcome")["session"]
    bobs_phone = await house.json(token=bobs_token)
    for client in (ann, bob, cara, bobs_phone):
        client.lines()

    await ann.ask(requests.Whisper(to=["bob"], text="psst", nonce="n"))

    assert bob.messages() == bobs_phone.messages() == ["psst"]
    assert cara.lines() == []


async def test_a_group_whisper_in_the_plain_dialect_reads_you(house: House) -> None:
    ann, bob, cara = [await house.plain(name) for name in ("ann", "bob", "cara")]

    await ann.type("/whisper bob,Cara the cake is ready")

    assert ann.lines() == ["[you -> bob, cara]: the cake is ready"]
    assert bob.lines() == cara.lines() == ["[ann -> you]: the cake is ready"]


async def test_a_reply_goes_to_the_whole_group(house: House) -> None:
    ann, bob, cara = [await house.plain(name) for name in ("ann", "bob", "cara")]
    await ann.type("/w bob,cara one")
    for client in (ann, bob, cara):
        client.lines()

    await bob.type("/reply two")

    assert bob.lines() == ["[you -> ann, cara]: two"]
    assert ann.lines() == cara.lines() == ["[bob -> you]: two"]


async def test_names_may_be_listed_as_one_writes_a_list(house: House) -> None:
    ann, bob, cara = [await house.plain(name) for name in ("ann", "bob", "cara")]

    await ann.type("/whisper bob, cara the cake is ready")

    assert ann.lines() == ["[you -> bob, cara]: the cake is ready"]
    assert bob.lines() == cara.lines() == ["[ann -> you]: the cake is ready"]


async def test_a_whisper_to_nobody_says_so_and_stores_nothing(house: House) -> None:
    ann = await house.json(name="ann")
    commits = len(house.storage.commits)

    reply = await ann.ask(requests.Whisper(to=["ghost"], text="hu", nonce="n"))

    assert reply["code"] == "no_such_user"
    assert "ghost" in reply["message"]
    assert len(house.storage.commits) == commits


async def test_a_whisper_waits_for_one_whose_session_lasts(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    token = next(f for f in bob.objects() if f["type"] == "welcome")["session"]
    bob.leave()

    await ann.ask(requests.Whisper(to=["bob"], text="later", nonce="n"))
    back = await house.json(token=token)

    (welcome,) = [f for f in back.objects() if f["type"] == "welcome"]
    (direct,) = [room for room in welcome["rooms"] if room["kind"] == "direct"]
    assert (direct["last"], direct["unread"]) == (1, 1)
    page = await back.ask(requests.History(room=direct["room"]))
    assert [event["text"] for event in page["events"]] == ["later"]


async def test_a_direct_room_is_nobody_elses(house: House) -> None:
    ann, _bob, eve = [await house.json(name=name) for name in ("ann", "bob", "eve")]
    posted = await ann.ask(requests.Whisper(to=["bob"], text="psst", nonce="n"))
    room = posted["room"]

    for request in (
        requests.History(room=room),
        requests.Join(room=room),
        requests.Post(room=room, text="x", nonce="m"),
        requests.Members(room=room),
        requests.Read(room=room, seq=1),
        requests.Typing(room=room),
    ):
        assert (await eve.ask(request))["code"] == "no_such_room"


async def test_typing_is_passed_on_once_in_three_seconds(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    bob.lines()

    await ann.ask(requests.Typing(room="lobby"))
    await ann.ask(requests.Typing(room="lobby"))
    house.clock.advance(3.1)
    await ann.ask(requests.Typing(room="lobby"))

    assert [f["type"] for f in bob.objects()] == ["typing", "typing"]


async def test_a_read_marker_moves_forward_and_the_other_connections_know(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    for text in ("one", "two", "three"):
        await ann.say(text)
    await house.hub.quiet()
    phone = await house.json(token=token)
    phone.lines()

    await ann.ask(requests.Read(room="lobby", seq=2))
    await ann.ask(requests.Read(room="lobby", seq=1))

    assert [f["seq"] for f in phone.objects() if f["type"] == "read"] == [2, 1]
    tablet = await house.json(token=token)
    (lobby,) = next(f for f in tablet.objects() if f["type"] == "welcome")["rooms"]
    assert (lobby["read"], lobby["unread"]) == (2, 1)


async def test_a_failed_commit_refuses_each_request_and_delivers_nothing(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.plain()
    bob.lines()
    house.storage.failing = "the disk is full"

    reply = await ann.ask(requests.Post(id="1", room="lobby", text="hi", nonce="n"))
    assert (reply["code"], reply["temporary"]) == ("unavailable", True)
    assert "disk is full" not in reply["message"]  # the cause is the log's and the operator's
    assert bob.lines() == []

    house.storage.failing = None
    again = await ann.ask(requests.Post(id="2", room="lobby", text="hi", nonce="n"))
    assert again["seq"] == 1
    assert bob.lines() == ["[ann]: hi"]
