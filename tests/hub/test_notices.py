"""Who is notified of what while nobody of theirs is there, and what becomes of push services."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hubbub.hub.dispatcher import Dispatcher
from hubbub.hub.ports import Fate
from hubbub.hub.push import notifier as notices
from hubbub.hub.push.backoff import FIRST_S
from hubbub.hub.push.notifier import AT_ONCE, TESTS_AT_ONCE
from hubbub.hub.rules.secrets import secret_id
from hubbub.model import NotifyLevel
from hubbub.protocol import requests
from hubbub.protocol.mentions import mentions
from hubbub.storage.interface import SUBSCRIPTIONS
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import PASSWORD, member, ran

P256DH, AUTH = "p" * 87, "a" * 22


def at(host: str) -> str:
    return f"https://{host}/push"


async def push(client: Client, endpoint: str) -> dict[str, Any]:
    """Asks to be notified at an endpoint, too."""
    return await client.ask(requests.Push(endpoint=endpoint, p256dh=P256DH, auth=AUTH))


async def notify(client: Client, room: str, level: NotifyLevel) -> dict[str, Any]:
    return await client.ask(requests.Notify(room=room, level=level))


async def absent(house: House, name: str, *hosts: str, room: str = "lobby") -> str:
    """Somebody who has asked for notices and gone; the secret to come back with."""
    client = await house.json(name=name, rooms={room: None})
    token: str = next(f["session"] for f in client.objects() if f["type"] == "welcome")
    for host in hosts or (name,):
        assert await push(client, at(host)) == {"type": "ok"}
    client.leave()
    return token


# --- who is told


@pytest.mark.parametrize("way", ["its own", "another's", "a password"])
async def test_a_browser_is_told_nothing_after_its_session_ended(house: House, way: str) -> None:
    phone, _ = await member(house)
    laptop = await house.json(name="ann", password=PASSWORD)
    bob = await house.json(name="bob")
    await push(phone, at("phone"))
    await push(laptop, at("laptop"))
    if way == "its own":
        await ran(phone, "/logout")
    elif way == "a password":
        await ran(laptop, f"/password {PASSWORD} another-password")
    else:
        assert phone.session.token_hash is not None
        await ran(laptop, f"/sessions end {secret_id(phone.session.token_hash)}")
    for device in (phone, laptop):
        if not device.session.closed:
            device.leave()
    await bob.say("@ann")
    await house.hub.told()
    assert house.pusher.texts() == ["@ann"]
    assert set(house.storage.endpoints) == {at("laptop")}


async def test_who_becomes_a_member_is_told_by_the_browser_of_before(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    await push(ann, at("ann"))
    await ann.send(requests.Command(room="lobby", line=f"/register {PASSWORD}"))
    await house.hub.quiet()
    ann.leave()
    await bob.say("@ann")
    await house.hub.told()
    assert house.pusher.texts() == ["@ann"]


@pytest.mark.parametrize("room", ["lobby", None])
async def test_whom_somebody_ignores_pushes_nothing(house: House, room: str | None) -> None:
    ann, bob, cara = [await house.json(name=name) for name in ("ann", "bob", "cara")]
    await push(ann, at("ann"))
    await ann.ask(requests.Notify(room="lobby", level=NotifyLevel.ALL))
    await ran(ann, "/ignore bob")
    ann.leave()
    for sender, name in ((bob, "bob"), (cara, "cara")):
        if room is None:
            await sender.ask(requests.Whisper(to=("ann",), text=f"psst, {name}", nonce="w"))
        else:
            await sender.say(f"@ann, {name}")
    await house.hub.told()
    assert [text.rpartition(" ")[2] for text in house.pusher.texts()] == ["cara"]


async def test_who_is_ignored_no_longer_pushes_again(house: House) -> None:
    ann, bob = [await house.json(name=name) for name in ("ann", "bob")]
    await push(ann, at("ann"))
    await ran(ann, "/ignore bob")
    await ran(ann, "/unignore bob")
    ann.leave()
    await bob.say("@ann")
    await house.hub.told()
    assert house.pusher.texts() == ["@ann"]


async def test_who_is_named_is_told_while_no_client_of_theirs_is_open(house: House) -> None:
    token = await absent(house, "ann")
    bob = await house.json(name="bob")
    await bob.say("@Ann: are you there?")
    await bob.say("ann is not named by this")
    await house.hub.told()
    ((endpoint, notice),) = house.pusher.sent
    assert endpoint == at("ann")
    assert (notice.room, notice.sender, notice.text) == ("lobby", "bob", "@Ann: are you there?")
    assert not notice.direct

    ann = await house.json(token=token)
    await bob.say("@ann here?")
    await house.hub.told()
    ann.leave()
    await bob.say("@ann gone again?")
    await house.hub.told()
    assert house.pusher.texts() == ["@Ann: are you there?", "@ann gone again?"]


async def test_a_whisper_is_told_to_each_absent_person_and_not_to_its_sender(house: House) -> None:
    await absent(house, "ann")
    await absent(house, "cara")
    bob = await house.json(name="bob")
    await push(bob, at("bob"))
    await bob.send(requests.Whisper(to=["ann", "cara"], text="psst", nonce="w"))
    await house.hub.told()

    assert sorted(endpoint for endpoint, _ in house.pusher.sent) == [at("ann"), at("cara")]
    assert all(n.direct and n.room.startswith("@") for _, n in house.pusher.sent)


async def test_who_names_themselves_is_told_nothing(house: House) -> None:
    ann = await house.json(name="ann")
    await push(ann, at("ann"))
    await ann.say("@ann said I")
    ann.leave()
    await house.hub.told()
    assert house.pusher.sent == []


async def test_who_is_in_another_room_is_not_told(house: House) -> None:
    await absent(house, "ann", room="dev")
    bob = await house.json(name="bob")
    await bob.say("@ann this is the lobby")
    await house.hub.told()
    assert house.pusher.sent == []


async def test_each_room_has_a_setting(house: House) -> None:
    ann = await house.json(name="ann", rooms={"lobby": None, "loud": None, "dull": None})
    token = next(f["session"] for f in ann.objects() if f["type"] == "welcome")
    await push(ann, at("ann"))
    assert await notify(ann, "loud", NotifyLevel.ALL) == {"type": "ok"}
    assert await notify(ann, "dull", NotifyLevel.NONE) == {"type": "ok"}
    ann.leave()
    bob = await house.json(name="bob", rooms={"lobby": None, "loud": None, "dull": None})
    for room in ("lobby", "loud", "dull"):
        await bob.say(f"plain in {room}", room)
        await bob.say(f"@ann in {room}", room)
    await house.hub.told()

    expected = ["@ann in lobby", "plain in loud", "@ann in loud"]
    assert sorted(house.pusher.texts()) == sorted(expected)
    ann = await house.json(token=token, rooms={"lobby": None, "loud": None, "dull": None})
    welcome = next(f for f in ann.objects() if f["type"] == "welcome")
    levels = {room["room"]: room["notify"] for room in welcome["rooms"]}
    assert levels == {"lobby": "mentions", "loud": "all", "dull": "none"}
    assert welcome["push_key"] == "key"


async def test_a_direct_conversation_can_be_muted(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    await push(ann, at("ann"))
    whisper = requests.Whisper(to=["ann"], text="psst", nonce="1")
    room = (await bob.ask(whisper))["room"]
    assert await notify(ann, room, NotifyLevel.NONE) == {"type": "ok"}
    await house.hub.told()
    ann.leave()
    await bob.send(requests.Whisper(to=["ann"], text="@ann psst", nonce="2"))
    await house.hub.told()
    assert house.pusher.sent == []


async def test_rooms_that_somebody_wants_all_of_are_known_after_a_restart(house: House) -> None:
    ann = await house.json(name="ann")
    await push(ann, at("ann"))
    await notify(ann, "lobby", NotifyLevel.ALL)
    ann.leave()
    again = House(house.hub.parts.limits)
    again.storage = house.storage
    again.hub.parts.log.storage = house.storage
    started = asyncio.Event()
    running = asyncio.create_task(again.hub.run(started))
    await started.wait()
    bob = await again.json(name="bob")
    await bob.say("nobody named")
    await again.hub.told()
    assert again.pusher.texts() == ["nobody named"]
    again.hub.stop()
    await running


async def test_all_browsers_of_a_person_are_told_until_one_is_taken_out(house: House) -> None:
    token = await absent(house, "ann", "phone", "laptop")
    bob = await house.json(name="bob")
    await bob.say("@ann one")
    await house.hub.told()
    assert sorted(endpoint for endpoint, _ in house.pusher.sent) == [at("laptop"), at("phone")]

    ann = await house.json(token=token)
    await ann.ask(requests.Unpush(endpoint=at("phone")))
    ann.leave()
    await bob.say("@ann two")
    await house.hub.told()
    assert [endpoint for endpoint, _ in house.pusher.sent[2:]] == [at("laptop")]


async def test_who_has_left_for_good_is_told_nothing(house: House) -> None:
    ann = await house.json(name="ann")
    await push(ann, at("ann"))
    await ann.ask(requests.Command(room="lobby", line="/quit"))
    bob = await house.json(name="bob")
    await bob.say("@ann")
    await house.hub.told()
    assert house.pusher.sent == []


async def test_a_name_in_code_or_an_address_is_told_to_nobody(house: House) -> None:
    await absent(house, "ann")
    bob = await house.json(name="bob")
    for text in ("`@ann`", "https://x.org/@ann", "@ann@example.org", "交给@ann处理", "ann: lunch?"):
        await bob.say(text)
    await house.hub.told()
    assert house.pusher.texts() == ["交给@ann处理", "ann: lunch?"]


async def test_a_long_text_is_cut(house: House) -> None:
    await absent(house, "ann")
    bob = await house.json(name="bob")
    await bob.say("@ann " + "x" * 1000)
    await house.hub.told()
    (text,) = house.pusher.texts()
    assert len(text) == notices.TEXT_CHARS
    assert text.endswith("x…")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("@ann, @Bob.", ["ann", "bob"]),
        ("(@ann)", ["ann"]),
        ("mail ann@example.org", []),
        ("@ @@ann @-", []),
        ("@ＡＮＮ", ["ann"]),
        ("@" + "x" * 99, []),
        ("ann: lunch?", ["ann"]),
        ("see https://x.org/@ann and `@ann`", []),
        ("交给@ann处理", ["ann", "ann处理"]),
    ],
)
def test_names_behind_an_at_sign_are_mentions(text: str, keys: list[str]) -> None:
    assert list(mentions(text)) == keys


# --- who may ask for what


async def test_a_plain_connection_has_no_session_to_be_notified_for(house: House) -> None:
    plain = await house.plain("ann")
    plain.lines()
    await plain.send(requests.Push(endpoint=at("ann"), p256dh=P256DH, auth=AUTH))
    (line,) = plain.lines()
    assert line.startswith("! ")
    assert "session" in line


async def test_an_endpoint_that_may_not_be_called_is_refused(house: House) -> None:
    ann = await house.json(name="ann")
    ann.objects()
    refusal = await push(ann, "http://intranet/")
    assert (refusal["type"], refusal["code"]) == ("error", "bad_request")
    assert "it is not public" in refusal["message"]


async def test_a_setting_is_for_rooms_that_one_is_in(house: House) -> None:
    ann = await house.json(name="ann")
    ann.objects()
    refusal = await notify(ann, "elsewhere", NotifyLevel.ALL)
    assert refusal["code"] == "not_a_member"


async def test_a_server_without_notices_says_so(house: House) -> None:
    house.hub.dispatcher = Dispatcher(replace(house.hub.parts, notifier=None))
    ann = await house.json(name="ann")
    ann.objects()
    refusal = await push(ann, at("ann"))
    assert refusal["code"] == "forbidden"
    assert "`push`" in refusal["message"]


# --- what becomes of them


async def test_a_test_tells_what_became_of_each_browser(house: House) -> None:
    ann = await house.json(name="ann")
    ann.objects()
    for host in ("gone", "refused", "well"):
        await push(ann, at(host))
    house.pusher.fates = {at("gone"): Fate.GONE, at("refused"): Fate.REFUSED}
    await ann.send(requests.TestPush(id="t"))
    await house.hub.told()

    (reply,) = [frame for frame in ann.objects() if frame.get("id") == "t"]
    fates = {each["service"]: (each["sent"], each["why"]) for each in reply["pushed"]}
    assert fates == {
        "gone": (False, "it is gone"),
        "refused": (False, "it is refused"),
        "well": (True, ""),
    }
    assert house.hub.parts.stats.pushes == 1
    assert house.hub.parts.stats.push_failures == 2
    assert set(house.storage.endpoints) == {at("refused"), at("well")}


async def test_a_session_goes_on_while_its_test_waits(house: House) -> None:
    ann = await house.json(name="ann")
    await push(ann, at("slow"))
    house.pusher.stalled = {at("slow")}
    await ann.send(requests.TestPush(id="t"))
    assert (await ann.ask(requests.Ping())) == {"type": "ok"}
    second = await ann.ask(requests.TestPush())
    assert second["code"] == "rate_limited"
    house.pusher.go.set()
    await house.hub.told()
    assert [frame["id"] for frame in ann.objects()] == ["t"]


async def test_tests_at_a_time_are_bounded(house: House) -> None:
    everyone = [await house.json(name=f"g{number}") for number in range(TESTS_AT_ONCE + 1)]
    for number, client in enumerate(everyone):
        await push(client, at(f"slow{number}"))
        house.pusher.stalled.add(at(f"slow{number}"))
        await client.send(requests.TestPush(id="t"))
    refusals = [f for client in everyone for f in client.objects() if f["type"] == "error"]
    assert [refusal["code"] for refusal in refusals] == ["rate_limited"]


async def test_a_test_by_somebody_who_leaves_ends_quietly(house: House) -> None:
    ann = await house.json(name="ann")
    await push(ann, at("slow"))
    house.pusher.stalled = {at("slow")}
    await ann.send(requests.TestPush(id="t"))
    ann.hub.parts.attendance.end(ann.session, 1000, "bye")
    house.pusher.go.set()
    await house.hub.told()
    assert house.pusher.waiting == 1


async def test_a_browser_that_is_gone_is_forgotten(house: House) -> None:
    await absent(house, "ann")
    house.pusher.fates[at("ann")] = Fate.GONE
    bob = await house.json(name="bob")
    await bob.say("@ann")
    await house.hub.told()
    assert house.storage.endpoints == {}


async def test_whose_notices_fail_waits_ever_longer_and_alone(house: House) -> None:
    await absent(house, "ann", "shared/a")
    await absent(house, "cara", "shared/c")
    house.pusher.fates[at("shared/a")] = Fate.REFUSED
    bob = await house.json(name="bob")
    for after_s in (0.0, 1.0, FIRST_S, FIRST_S, FIRST_S):
        house.clock.advance(after_s)
        await bob.say("@ann @cara")
        await house.hub.told()

    told = [endpoint for endpoint, _ in house.pusher.sent]
    assert told.count(at("shared/c")) == 5
    # At once, after the first rest, and after the second, which is twice as long.
    assert told.count(at("shared/a")) == 3


async def test_a_service_that_does_not_answer_is_left_alone_by_all(house: House) -> None:
    names = ["ann", "cara", "dora", "emil"]
    for name in names:
        await absent(house, name, f"silent.example/{name}")
        house.pusher.fates[at(f"silent.example/{name}")] = Fate.SILENT
    await absent(house, "finn", "well.example")
    bob = await house.json(name="bob")
    for name in [*names, "finn"]:
        await bob.say(f"@{name}")
        await house.hub.told()

    assert house.pusher.texts() == ["@ann", "@cara", "@dora", "@finn"]
    assert house.hub.parts.stats.push_failures == 4


async def test_slow_services_hold_up_no_message_and_their_waiting_is_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "QUEUED", 20)
    ann = await house.json(name="ann")
    await push(ann, at("slow"))
    await notify(ann, "lobby", NotifyLevel.ALL)
    ann.leave()
    house.pusher.stalled = {at("slow")}
    bob, cara = await house.json(name="bob"), await house.json(name="cara")
    for number in range(AT_ONCE + 1 + 20 + 5):
        await bob.say(f"m{number}")
        await house.hub.quiet()
        if number <= AT_ONCE:  # one more than there are places is taken, and waits for one
            await until(house, number)

    assert len(cara.messages()) == AT_ONCE + 1 + 20 + 5
    assert house.pusher.waiting == AT_ONCE
    assert house.hub.parts.stats.notices_dropped == 5
    house.pusher.go.set()
    await house.hub.told()
    assert len(house.pusher.sent) == AT_ONCE + 1 + 20


async def until(house: House, number: int) -> None:
    """Waits until a message has been taken from the queue and is as far as it gets."""
    queue = house.hub.parts.notifier
    assert queue is not None
    while queue.queued or house.pusher.waiting < min(number + 1, AT_ONCE):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_a_log_that_cannot_be_read_costs_one_notice(house: House) -> None:
    await absent(house, "ann")
    bob = await house.json(name="bob")
    house.storage.unreadable = True
    await bob.say("@ann lost")
    await house.hub.told()
    house.storage.unreadable = False
    await bob.say("@ann told")
    await house.hub.told()
    assert house.pusher.texts() == ["@ann told"]


async def test_a_fault_in_the_way_to_a_service_costs_one_notice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await absent(house, "ann")
    await absent(house, "cara")
    bob = await house.json(name="bob")
    house.pusher.fates = {at("ann"): None}  # type: ignore[dict-item]
    await bob.say("@ann @cara")
    await house.hub.told()
    assert house.hub.parts.stats.pushes == 1


async def test_browsers_of_one_person_are_bounded(house: House) -> None:
    await absent(house, "ann", *(f"b{number}" for number in range(SUBSCRIPTIONS + 3)))
    bob = await house.json(name="bob")
    await bob.say("@ann")
    await house.hub.told()
    assert len(house.pusher.sent) == SUBSCRIPTIONS
