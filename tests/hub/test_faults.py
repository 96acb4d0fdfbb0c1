"""A fault of the server's own costs whom it concerns, and nobody else notices."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from hubbub.errors import Internal
from hubbub.hub.flow.committer import Submission
from hubbub.protocol import requests
from hubbub.protocol.events import Event
from hubbub.protocol.plain import clean
from hubbub.storage.changes import AppendAudit, AppendMessage, Change, SaveMember, SaveNotify
from hubbub.transports.dialects import JsonView
from tests.hub.conftest import Client, House


def is_bad(change: Change) -> bool:
    return isinstance(change, AppendMessage) and change.text.startswith("bad")


def faults(logs: Sequence[Any]) -> list[tuple[str, str]]:
    return [(entry["event"], entry["fault"]) for entry in logs if "fault" in entry]


async def posted(client: Client, texts: list[str]) -> dict[str, Any]:
    """Posts all of them into one batch; the reply to each."""
    house = client.hub
    for text in texts:
        await client.send(requests.Post(id=text, room="lobby", text=text, nonce=text))
    await house.quiet()  # type: ignore[attr-defined]
    return {f["id"]: f for f in client.objects() if "id" in f}


@pytest.mark.parametrize("bad", [[0], [6], [12], [3, 4], [0, 5, 12], list(range(13))])
async def test_a_change_that_cannot_be_made_fails_alone(house: House, bad: list[int]) -> None:
    ann, bob = await house.json(name="ann"), await house.json(name="bob")
    bob.objects()
    house.storage.cannot = is_bad
    house.storage.go.clear()
    await ann.send(requests.Typing(room="lobby"))
    texts = [f"bad{n}" if n in bad else f"good{n}" for n in range(13)]
    sending = asyncio.create_task(posted(ann, texts))
    await house.hub.committing()
    with capture_logs() as logs:
        house.storage.go.set()
        replies = await sending

    good = [text for text in texts if text.startswith("good")]
    assert {t: replies[t].get("code", "ok") for t in texts} == {
        t: "ok" if t in good else "internal" for t in texts
    }
    assert [replies[t]["seq"] for t in good] == list(range(1, len(good) + 1))
    assert bob.messages() == good
    assert faults(logs) == [("a change cannot be made", "UnicodeEncodeError")] * len(bad)
    assert not house.hub.parts.committer.failing
    assert await ann.ask(requests.Ping()) == {"type": "ok"}


async def test_what_belongs_together_fails_together_and_takes_nobody_with_it(house: House) -> None:
    ann = await house.json(name="ann")
    user = ann.session.user
    assert user is not None
    house.storage.cannot = lambda change: isinstance(change, AppendAudit)
    acts = len(house.storage.acts)
    house.storage.go.clear()
    await ann.say("before")
    await house.hub.committing()
    notify = SaveMember("lobby", user.id)
    audit = AppendAudit(user.person, "kick", "", user.person, "")
    together = asyncio.create_task(house.hub.parts.committer.outcomes(notify, audit, notify))
    await asyncio.sleep(0)
    await ann.say("after")
    house.storage.go.set()

    with pytest.raises(Internal, match="made a mistake"):
        await together
    await house.hub.quiet()
    assert ann.messages() == ["before", "after"]
    assert len(house.storage.acts) == acts


async def test_a_log_that_cannot_be_written_is_no_fault_of_a_change(house: House) -> None:
    ann = await house.json(name="ann")
    house.storage.failing = "the disk is full"
    commits = house.hub.parts.stats.commit_failures

    replies = await posted(ann, ["one", "two", "three"])

    assert {reply["code"] for reply in replies.values()} == {"unavailable"}
    assert house.hub.parts.committer.failing
    assert house.hub.parts.stats.commit_failures <= commits + 3


async def test_a_guest_who_cannot_be_kept_is_refused_alone(house: House) -> None:
    house.storage.cannot = lambda change: getattr(change, "device", "") == "x\udc9b"
    bad = house.nobody()
    bad.session.device = "x\udc9b"
    hellos = [bad.send(requests.Hello(name="bad", id="h")), house.json(name="ann")]

    _, ann = await asyncio.gather(*hellos)

    assert [frame["code"] for frame in bad.objects()] == ["internal"]
    await ann.say("hello")
    await house.hub.quiet()
    assert ann.messages() == ["hello"]


async def test_an_event_that_cannot_be_written_is_left_out_and_the_others_arrive(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cara = await house.json(), await house.json(), await house.plain()
    bob.objects()
    cara.lines()
    encode = JsonView.encode

    def failing(self: JsonView, events: Sequence[Event]) -> bytes:
        assert not any(getattr(event, "text", "") == "bad" for event in events)
        return encode(self, events)

    monkeypatch.setattr(JsonView, "encode", failing)
    with capture_logs() as logs:
        replies = await posted(ann, ["one", "bad", "two"])

    assert [replies[text]["type"] for text in ("one", "bad", "two")] == ["ok"] * 3
    assert bob.messages() == ["one", "two"]
    assert len(cara.lines()) == 3
    assert faults(logs) == [("an event cannot be written", "AssertionError")]


async def test_a_fault_in_one_part_of_a_settlement_keeps_nothing_from_the_rest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = await house.json(), await house.json()
    bob.objects()
    assert house.hub.parts.notifier is not None
    signals, notifier = house.hub.parts.peers.signals, house.hub.parts.notifier
    for part, name in ((signals, "publish"), (signals, "committed"), (notifier, "consider")):
        monkeypatch.setattr(part, name, lambda *_: 1 / 0)
    with capture_logs() as logs:
        replies = await posted(ann, ["one"])

    assert replies["one"]["type"] == "ok"
    assert bob.messages() == ["one"]
    assert [fault for _, fault in faults(logs)] == ["ZeroDivisionError"] * 3


async def test_whatever_a_settlement_meets_the_next_commit_is_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await house.json()
    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(house.hub.parts.fanout, "deliver", lambda *_: 1 / 0)
        house.hub.parts.committer.submit(Submission(SaveNotify("lobby", "nobody", "none")))  # type: ignore[arg-type]
        await house.hub.quiet()

    assert faults(logs) == [("a batch was not settled", "ZeroDivisionError")]
    await ann.say("on we go")
    await house.hub.quiet()
    assert ann.messages() == ["on we go"]


async def test_notices_go_on_behind_one_that_cannot_be_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await house.json()
    notices = house.hub.parts.notifier
    assert notices is not None
    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(notices, "_concerns", lambda *_: 1 / 0)
        broken.setattr(house.storage.push, "subscribers", lambda _room: 1 / 0)
        await ann.say("@bob look")
        await house.hub.told()
    assert ("notices were not sent", "ZeroDivisionError") in faults(logs)

    await ann.say("@bob again")
    await house.hub.told()
    assert not notices.busy


async def test_what_is_kept_is_kept_also_beside_a_guest_who_cannot_be(house: House) -> None:
    ann, bob = await house.plain("ann"), await house.plain("bob")
    await ann.type("/whisper bob psst")
    await house.hub.quiet()
    kept = {user.name.shown: user.id for user in house.hub.parts.users.values()}
    house.storage.users.clear()
    house.storage.cannot = lambda change: getattr(change, "user", None) == bob_record
    assert bob.session.user is not None
    bob_record = bob.session.user.record
    with capture_logs():
        await house.hub.housekeeping.clean()

    assert set(house.storage.users) == {kept["ann"]}


def test_lines_are_without_halves_of_pairs() -> None:
    assert clean("x\udc9b\ud83d😀") == "x\ufffd\ufffd😀"
