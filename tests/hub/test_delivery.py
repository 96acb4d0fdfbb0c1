"""Commit, then one write a member; bounded outboxes; back-pressure."""

import asyncio

import pytest

from hubbub.hub.rules.limits import Limits
from hubbub.protocol import requests
from tests.deadline import within
from tests.hub.conftest import House


async def test_what_arrives_during_a_commit_is_one_batch_and_one_write(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.plain("bob")
    bob.lines()
    ann.line.written.clear()
    bob.line.written.clear()
    commits = len(house.storage.commits)
    house.storage.go.clear()
    await ann.say("first")
    while not house.hub.parts.committer.busy or house.hub.parts.committer.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)

    for number in range(20):
        await ann.say(str(number))
    house.storage.go.set()
    await house.hub.quiet()

    assert house.storage.commits[commits:] == [1, 20]
    assert len(bob.line.written) == 2
    # The sender's acknowledgements ride along with the room's buffer.
    assert len(ann.line.written) == 2


async def test_nothing_is_delivered_or_answered_before_the_commit(house: House) -> None:
    ann, bob = await house.json(name="ann"), await house.plain("bob")
    ann.lines()
    house.storage.go.clear()

    await ann.say("hi")
    for _ in range(50):
        await asyncio.sleep(0)
    assert (ann.lines(), bob.lines()) == ([], [])

    house.storage.go.set()
    await house.hub.quiet()
    assert bob.lines() == ["[ann]: hi"]


class TestSmallBounds:
    """At the bounds."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(outbox_bytes=64 * 1024, in_flight_requests=3, commit_queue_requests=5)

    async def test_a_slow_reader_is_closed_and_nobody_else_notices(self, house: House) -> None:
        ann, slow, bob = [await house.json(name=name) for name in ("ann", "slow", "bob")]
        for client in (slow, bob):
            client.lines()
        slow.line.stalled = True

        for _ in range(10):
            await ann.say("x" * 10_000)
        await house.hub.quiet()

        assert slow.line.closed == 4008
        assert len(bob.messages()) == 10
        assert sum(map(len, slow.line.written)) < 64 * 1024 + 10_500
        assert house.hub.parts.stats.too_slow == 1

    async def test_near_its_bound_a_client_loses_only_what_is_ephemeral(self, house: House) -> None:
        slow = await house.json(name="slow")
        ann = await house.json(name="ann")
        slow.line.stalled = True
        for _ in range(4):
            await ann.say("x" * 10_000)
        await house.hub.quiet()

        await ann.ask(requests.Typing(room="lobby"))
        await ann.say("last")
        await house.hub.quiet()

        frames = slow.objects()
        assert not [f for f in frames if f["type"] == "typing"]
        assert frames[-1]["text"] == "last"
        assert slow.line.closed is None

    async def test_answers_to_one_who_does_not_read_are_bounded_too(self, house: House) -> None:
        ann = await house.json(name="ann")
        for _ in range(5):
            await ann.say("x" * 10_000)
        await house.hub.quiet()
        ann.line.stalled = True

        for _ in range(5):
            await ann.send(requests.History(room="lobby"))

        assert ann.line.closed == 4008

    async def test_a_connection_waits_when_it_has_as_much_in_flight_as_it_may(
        self, house: House
    ) -> None:
        ann = await house.json(name="ann")
        house.storage.go.clear()
        await ann.say("1")
        await ann.say("2")

        third = asyncio.create_task(ann.say("3"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not third.done()

        house.storage.go.set()
        await third
        await house.hub.quiet()
        assert ann.messages() == ["1", "2", "3"]

    async def test_everyone_waits_when_the_commit_queue_is_full(self, house: House) -> None:
        clients = [await house.json(name=f"n{number}") for number in range(8)]
        house.storage.go.clear()

        posts = [asyncio.create_task(client.say("x")) for client in clients]
        for _ in range(50):
            await asyncio.sleep(0)
        assert not all(post.done() for post in posts)

        house.storage.go.set()
        await asyncio.gather(*posts)
        await house.hub.quiet()
        assert house.storage.room_records["lobby"].last == 8

    async def test_a_connection_that_ends_while_it_waits_is_let_go(self, house: House) -> None:
        ann = await house.json(name="ann")
        house.storage.go.clear()
        await ann.say("1")
        await ann.say("2")
        third = asyncio.create_task(ann.say("3"))
        for _ in range(20):
            await asyncio.sleep(0)

        ann.leave()
        async with within(5):
            await third

        house.storage.go.set()
        await house.hub.quiet()
        assert house.storage.room_records["lobby"].last == 3


async def test_one_who_keeps_sending_rubbish_is_closed() -> None:
    from hubbub.errors import BadRequest
    from hubbub.protocol.json import Rejected

    house = House(Limits(malformed_requests=3))
    client = house.nobody()
    for _ in range(3):
        await house.hub.dispatcher.reject(client.session, Rejected(None, BadRequest("no")))

    assert client.line.closed == 4000
    house.hub.parts.log.close()


async def test_a_stopped_hub_commits_what_waits_and_takes_no_more(house: House) -> None:
    ann = await house.json(name="ann")
    await ann.say("last")

    house.hub.stop()
    late = await ann.ask(requests.Post(room="lobby", text="late", nonce="late"))

    assert late["code"] == "unavailable"
    assert [event.text for event in house.storage.logs["lobby"]] == ["last"]
