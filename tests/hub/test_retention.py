"""What has reached its age goes, and nobody takes what is left for the whole."""

import asyncio

import pytest

from hubbub.errors import StorageError
from hubbub.hub.rules.limits import Limits
from hubbub.hub.upkeep import retention
from hubbub.protocol import requests
from tests.hub.conftest import House

DAY_S = 24 * 60 * 60


@pytest.fixture
def limits() -> Limits:
    return Limits(retention_days=7)


async def expire(house: House) -> int:
    assert house.hub.retention is not None
    return await house.hub.retention.expire()


async def five_old_and_two_new(house: House) -> None:
    """The lobby's log, with ann there to write it."""
    ann = await house.json(name="ann")
    for text in "12345":
        await ann.say(text)
    await house.hub.quiet()
    house.clock.advance(7 * DAY_S + 1)
    for text in "67":
        await ann.say(text)
    await house.hub.quiet()


async def test_what_is_too_old_goes_and_the_room_knows_where_its_log_begins(house: House) -> None:
    await five_old_and_two_new(house)

    assert await expire(house) == 1

    bob = await house.json(name="bob", rooms={})
    joined = await bob.ask(requests.Join(room="lobby"))
    assert (joined["first"], joined["last"]) == (6, 7)
    assert [event["text"] for event in joined["events"]] == ["6", "7"]
    assert joined["more"] is False
    page = await bob.ask(requests.History(room="lobby", after=2))
    assert ([event["seq"] for event in page["events"]], page["first"]) == ([6, 7], 6)
    cara = await house.json(name="cara")
    (welcome,) = [frame for frame in cara.objects() if frame["type"] == "welcome"]
    assert welcome["rooms"][0]["first"] == 6
    assert await expire(house) == 0


@pytest.mark.parametrize("after", [0, 3, 4])
async def test_one_who_comes_back_for_what_is_gone_gets_a_gap(house: House, after: int) -> None:
    await five_old_and_two_new(house)
    await expire(house)

    bob = await house.json(name="bob", rooms={"lobby": after})

    (answer,) = [f for f in bob.objects() if f["type"] in {"gap", "replay"}]
    assert answer == {"type": "gap", "room": "lobby", "have": after, "next": 6, "last": 7}


async def test_one_who_misses_nothing_that_is_gone_gets_a_replay(house: House) -> None:
    await five_old_and_two_new(house)
    await expire(house)

    bob = await house.json(name="bob", rooms={"lobby": 5})

    (answer,) = [f for f in bob.objects() if f["type"] in {"gap", "replay"}]
    assert (answer["type"], [event["text"] for event in answer["events"]]) == ("replay", ["6", "7"])


async def test_what_goes_while_it_is_read_for_a_replay_is_a_gap_and_no_hole(house: House) -> None:
    await five_old_and_two_new(house)
    real_page = house.storage.log.page

    def goes_meanwhile(*args: object, **kwargs: object) -> object:
        house.storage.care.expire(["lobby"], house.clock.now - 1000, limit=5)
        return real_page(*args, **kwargs)  # type: ignore[arg-type]

    house.storage.log.page = goes_meanwhile  # type: ignore[method-assign, assignment]
    bob = await house.json(name="bob", rooms={"lobby": 2})

    (answer,) = [f for f in bob.objects() if f["type"] in {"gap", "replay"}]
    assert answer == {"type": "gap", "room": "lobby", "have": 2, "next": 6, "last": 7}


async def test_a_log_that_is_all_gone_goes_on_counting(house: House) -> None:
    await five_old_and_two_new(house)
    house.clock.advance(8 * DAY_S)
    await expire(house)

    bob = await house.json(name="bob", rooms={"lobby": 3})
    (gap,) = [f for f in bob.objects() if f["type"] == "gap"]
    assert (gap["have"], gap["next"], gap["last"]) == (3, 8, 7)
    posted = await bob.ask(requests.Post(room="lobby", text="new", nonce="n"))
    assert posted["seq"] == 8


async def test_whispers_have_the_same_age(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    sent = await ann.ask(requests.Whisper(to=("bob",), text="psst", nonce="1"))
    house.clock.advance(8 * DAY_S)

    await expire(house)

    page = await bob.ask(requests.History(room=sent["room"]))
    assert (page["events"], page["first"], page["last"]) == ([], 2, 1)


async def test_a_nonce_is_kept_as_long_as_its_message(house: House) -> None:
    ann = await house.json(name="ann")
    post = requests.Post(room="lobby", text="hi", nonce="n")
    first = await ann.ask(post)
    assert (await ann.ask(post))["seq"] == first["seq"]
    house.clock.advance(8 * DAY_S)
    await expire(house)

    again = await ann.ask(post)

    assert (again["seq"], again.get("dup")) == (first["seq"] + 1, None)


async def test_much_goes_in_steps_and_commits_go_on_in_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP_EVENTS", 2)
    await five_old_and_two_new(house)
    real_expire = house.storage.care.expire
    ann = await house.json(name="cara")
    loop = asyncio.get_running_loop()
    posting: list[asyncio.Future[None]] = []
    lasts: list[int] = []

    def post_meanwhile(*args: object, **kwargs: object) -> object:
        lasts.append(house.storage.room_records["lobby"].last)
        begins = real_expire(*args, **kwargs)  # type: ignore[arg-type]
        posting.append(asyncio.run_coroutine_threadsafe(ann.say("x"), loop))  # type: ignore[arg-type]
        return begins

    house.storage.care.expire = post_meanwhile  # type: ignore[method-assign, assignment]
    assert await expire(house) == 3
    await house.hub.quiet()

    assert lasts == sorted(set(lasts)), "each step finds what was said since the last one"
    room = house.hub.parts.rooms.live("lobby")
    assert room is not None
    assert room.first == 6


async def test_a_log_that_cannot_be_written_keeps_its_messages_and_the_hub_goes_on(
    house: House,
) -> None:
    await five_old_and_two_new(house)
    house.storage.failing = "no"

    with pytest.raises(StorageError):
        await expire(house)

    house.storage.failing = None
    assert await expire(house) == 1


async def test_without_the_setting_nothing_goes() -> None:
    assert House(Limits()).hub.retention is None
