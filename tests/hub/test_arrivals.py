"""Coming in, coming back, and going."""

import asyncio

import pytest

from hubbub.hub.rules.limits import Limits
from hubbub.protocol import requests
from tests.hub.conftest import PLAIN, FakeLine, House


async def test_automatic_names_count_up_and_never_come_twice(house: House) -> None:
    first = await house.plain()
    first.leave()
    clients = await asyncio.gather(*(house.plain() for _ in range(50)))

    names = {c.session.user.name.shown for c in clients if c.session.user}
    assert names == {f"user{n}" for n in range(1, 51)}


async def test_an_automatic_name_that_a_session_still_holds_is_skipped() -> None:
    house = House(Limits())
    await _run_once(house, [requests.Hello()])
    again = House(Limits())
    again.storage = house.storage
    again.hub.parts.log.storage = house.storage

    welcome = await _run_once(again, [requests.Hello()])

    assert welcome["user"]["name"] == "user1"


async def _run_once(house: House, hellos: list[requests.Hello]) -> dict:
    started = asyncio.Event()
    running = asyncio.create_task(house.hub.run(started))
    await started.wait()
    client = house.nobody()
    for each in hellos:
        await client.send(each)
    frames = client.objects()
    house.hub.stop()
    await running
    house.hub.parts.log.close()
    return next(f for f in frames if f["type"] == "welcome")


async def test_the_greeting_counts_the_connections_of_the_room(house: House) -> None:
    await house.plain()
    await house.plain(room="dev")
    session = house.hub.parts.attendance.open_session(
        FakeLine(house.hub.parts.limits.outbox_bytes), PLAIN, house.address
    )

    here, refusals = await house.hub.parts.plain_arrivals.greet(session, None, None)

    assert (here, refusals) == (2, [])


async def test_a_refused_name_leaves_the_automatic_one(house: House) -> None:
    await house.plain("ann")
    session = house.hub.parts.attendance.open_session(
        FakeLine(house.hub.parts.limits.outbox_bytes), PLAIN, house.address
    )

    _, refusals = await house.hub.parts.plain_arrivals.greet(session, "ANN", "no such!")

    assert [refusal.code for refusal in refusals] == ["name_taken", "bad_name"]
    assert session.user is not None
    assert session.user.name.shown == "user0"
    assert list(session.rooms) == ["lobby"]


async def test_of_many_who_claim_a_name_at_once_one_has_it(house: House) -> None:
    clients = [house.nobody() for _ in range(20)]

    await asyncio.gather(*(c.send(requests.Hello(name="Ann")) for c in clients))

    assert sum(c.session.user is not None for c in clients) == 1


async def test_a_name_is_kept_for_a_guest_who_may_come_back(house: House) -> None:
    ann = await house.json(name="ann")
    ann.leave()
    other = house.nobody()

    assert (await other.ask(requests.Hello(name="Ann")))["code"] == "name_taken"
    assert (await other.ask(requests.Hello(name="bea")))["type"] == "welcome"


async def test_quit_frees_a_guests_name_at_once(house: House) -> None:
    ann = await house.json(name="ann")

    await ann.send(requests.Command(id="q", room="lobby", line="/quit"))

    assert ann.line.closed == 1000
    ann.leave()
    await house.hub.quiet()
    assert (await (house.nobody()).ask(requests.Hello(name="ann")))["type"] == "welcome"


async def test_a_session_gives_the_same_user_back(house: House) -> None:
    ann = await house.json(name="Ann")
    (welcome,) = [f for f in ann.objects() if f["type"] == "welcome"]
    ann.leave()

    back = await house.json(token=welcome["session"], id="7")

    (again,) = [f for f in back.objects() if f["type"] == "welcome"]
    assert again["user"] == welcome["user"]
    assert again["id"] == "7"


async def test_a_session_runs_out(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    ann.leave()
    await house.hub.quiet()
    house.clock.advance(24 * 3600 + 1)

    client = house.nobody()

    assert (await client.ask(requests.Hello(token=token)))["code"] == "bad_token"
    assert (await client.ask(requests.Hello(name="ann")))["type"] == "welcome"


async def test_two_connections_of_a_session_are_one_member(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    bob = await house.json(name="bob")
    bob.lines()

    phone = await house.json(token=token)
    members = await bob.ask(requests.Members(room="lobby"))
    assert [member["name"] for member in members["members"]] == ["ann", "bob"]

    ann.leave()
    assert bob.objects() == []
    phone.leave()
    assert [f["state"] for f in bob.objects()] == ["left"]


async def test_nothing_is_answered_before_hello(house: House) -> None:
    client = house.nobody()

    assert (await client.ask(requests.Ping(id="1")))["code"] == "hello_first"


async def test_hello_is_said_once(house: House) -> None:
    ann = await house.json(name="ann")

    assert (await ann.ask(requests.Hello(name="bea")))["code"] == "bad_request"


async def test_welcome_comes_first_and_then_a_replay_for_each_room(house: House) -> None:
    ann = await house.json(name="ann", rooms={"dev": None, "no such!": 3, "ops": None})

    kinds = [(f["type"], f.get("room")) for f in ann.objects()]
    assert kinds == [
        ("welcome", None),
        ("error", "no such!"),
        ("replay", "dev"),
        ("replay", "ops"),
    ]


async def test_no_rooms_joins_none(house: House) -> None:
    ann = await house.json(name="ann", rooms={})

    assert [f["type"] for f in ann.objects()] == ["welcome"]
    assert ann.session.rooms == {}


async def test_resume_gives_what_was_missed_and_nothing_else(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    token = next(f for f in bob.objects() if f["type"] == "welcome")["session"]
    await ann.say("one")
    await house.hub.quiet()
    bob.leave()
    for text in ("two", "three"):
        await ann.say(text)
    await house.hub.quiet()

    back = await house.json(token=token, epoch=house.storage.epoch, rooms={"lobby": 1})

    (replay,) = [f for f in back.objects() if f["type"] == "replay"]
    assert [event["text"] for event in replay["events"]] == ["two", "three"]


@pytest.mark.parametrize(
    ("hello", "gap"),
    [
        ({"rooms": {"lobby": 9}}, {"have": 9, "next": 1, "last": 3}),
        ({"rooms": {"lobby": 2}, "epoch": "another"}, {"have": 2, "next": 1, "last": 3}),
    ],
)
async def test_a_cursor_of_another_log_gets_a_gap(house: House, hello: dict, gap: dict) -> None:
    ann = await house.json(name="ann")
    for text in ("one", "two", "three"):
        await ann.say(text)
    await house.hub.quiet()

    bob = await house.json(name="bob", **hello)

    (answer,) = [f for f in bob.objects() if f["type"] in {"gap", "replay"}]
    assert answer == {"type": "gap", "room": "lobby"} | gap


class TestFarBehind:
    """More was missed than a replay carries."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(resume_events=2)

    async def test_one_who_missed_too_much_gets_a_gap_and_then_live_events(
        self, house: House
    ) -> None:
        ann = await house.json(name="ann")
        for text in "12345":
            await ann.say(text)
        await house.hub.quiet()

        bob = await house.json(name="bob", rooms={"lobby": 1})
        (gap,) = [f for f in bob.objects() if f["type"] == "gap"]
        assert (gap["have"], gap["next"], gap["last"]) == (1, 2, 5)

        await ann.say("6")
        await house.hub.quiet()
        assert bob.messages() == ["6"]


async def test_what_is_said_during_a_replay_comes_after_it_and_once(house: House) -> None:
    ann = await house.json(name="ann")
    for text in ("one", "two"):
        await ann.say(text)
    await house.hub.quiet()
    bob = house.nobody()
    real_page = house.storage.log.page
    loop = asyncio.get_running_loop()

    def page_while_others_talk(*args, **kwargs):
        talk = asyncio.run_coroutine_threadsafe(_talk(), loop)
        talk.result(5)
        return real_page(*args, **kwargs)

    async def _talk() -> None:
        await ann.say("three")
        await house.hub.quiet()

    house.storage.log.page = page_while_others_talk
    await bob.send(requests.Hello(name="bob", rooms={"lobby": 0}))
    house.storage.log.page = real_page

    frames = bob.objects()
    (replay,) = [f for f in frames if f["type"] == "replay"]
    assert [event["seq"] for event in replay["events"]] == [1, 2]
    assert [f["seq"] for f in frames if f["type"] == "message"] == [3]
    assert frames.index(replay) < len(frames) - 1


async def test_hello_while_the_log_cannot_be_written_can_be_said_again(house: House) -> None:
    client = house.nobody()
    house.storage.failing = "the disk is full"
    assert (await client.ask(requests.Hello(name="ann")))["code"] == "unavailable"

    house.storage.failing = None
    assert (await client.ask(requests.Hello(name="ann")))["type"] == "welcome"


async def test_one_who_comes_back_may_read_while_the_log_cannot_be_written(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    await ann.say("one")
    await house.hub.quiet()
    ann.leave()
    house.storage.failing = "the disk is full"

    back = await house.json(token=token, rooms={"lobby": 0})

    (replay,) = [f for f in back.objects() if f["type"] == "replay"]
    assert [event["text"] for event in replay["events"]] == ["one"]


async def test_leaving_takes_everything_along(house: House) -> None:
    clients = [await house.json(rooms={"a": None, "b": None}), await house.plain(room="a")]

    for client in clients:
        client.leave()
    await house.hub.quiet()

    assert house.hub.parts.users == {}
    assert house.hub.parts.rooms.occupied() == []
    assert house.hub.parts.stats.connections == 0
    assert house.hub.parts.names.holder("user0") is None


async def test_two_connections_that_come_back_at_once_are_one_user(house: House) -> None:
    ann = await house.json(name="ann")
    token = next(f for f in ann.objects() if f["type"] == "welcome")["session"]
    ann.leave()
    await house.hub.quiet()

    first, second = await asyncio.gather(house.json(token=token), house.json(token=token))

    assert first.session.user is second.session.user
    assert len(house.hub.parts.users) == 1
    first.leave()
    assert house.hub.parts.names.holder("ann") is not None
    second.leave()
    assert house.hub.parts.names.holder("ann") is None


async def test_a_connection_that_ends_during_hello_leaves_nothing(house: House) -> None:
    client = house.nobody()
    house.storage.go.clear()
    hello = asyncio.create_task(client.send(requests.Hello(name="ann")))
    for _ in range(100):
        await asyncio.sleep(0)

    house.hub.parts.attendance.close_session(client.session, "left")
    house.storage.go.set()
    await hello
    await house.hub.quiet()

    assert house.hub.parts.users == {}
    assert house.hub.parts.names.holder("ann") is None
    assert (await house.nobody().ask(requests.Hello(name="ann")))["type"] == "welcome"
