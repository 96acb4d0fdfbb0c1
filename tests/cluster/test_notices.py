"""Who is notified of what where people are on several nodes, one of which may be dead."""

from collections.abc import AsyncIterator

import pytest

from hubbub.protocol import requests
from tests.cluster.pair import Node, Person, come, cut, two_nodes
from tests.hub.conftest import FakeClock
from tests.hub.test_notices import AUTH, P256DH, at
from tests.storage.test_shared import silent

pytestmark = pytest.mark.real


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes whose clock stands still."""
    async with two_nodes(FakeClock()) as nodes:
        yield nodes


async def asks_for_notices(node: Node, name: str) -> Person:
    """Somebody who is in the lobby by that node, and would be notified when they are not."""
    person = await come(node, name)
    push = requests.Push(endpoint=at(name), p256dh=P256DH, auth=AUTH)
    assert (await person.ask(push))["type"] == "ok"
    return person


async def told(node: Node) -> list[tuple[str, str]]:
    """To whom that node has sent what, once it has nothing more to send."""
    await node.hub.told()
    return [(endpoint, notice.text) for endpoint, notice in node.pusher.sent]


async def look_again(node: Node) -> None:
    """What its sweep does every few seconds."""
    assert node.hub.parts.notifier is not None
    await node.hub.parts.notifier.consider_again()


def take_out(node: Node, other: Node) -> None:
    """It counts as dead, as the other finds; nothing tells of it."""
    storage = other.hub.parts.log.storage
    silent(storage, node.member.id)
    assert storage.nodes.end_lost(60_000) == [node.member.id]


async def test_who_has_a_client_open_on_another_node_is_not_notified(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    bob = await asks_for_notices(two, "bob")
    ann = await come(one, "ann")
    await ann.say("@bob: you read this")
    await bob.hears("@bob: you read this")
    assert await told(one) == await told(two) == []

    two.hub.parts.attendance.close_session(bob.session, "gone")
    await two.hub.quiet()
    await ann.say("@bob: and this you do not")

    assert await told(one) == [(at("bob"), "@bob: and this you do not")]
    assert await told(two) == []


async def test_what_was_said_to_people_of_a_node_that_was_dead_is_pushed_once_it_is_known(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    await asks_for_notices(two, "bob")
    cat = await asks_for_notices(two, "cat")
    welcome = await cat.until(lambda frame: frame["type"] == "welcome")
    ann = await come(one, "ann")
    cut(pair)
    await ann.say("@bob @cat: is anybody there?")
    assert await told(one) == []

    # Whoever comes in again elsewhere reads it there.
    await come(one, token=welcome["session"])
    take_out(two, one)
    await look_again(one)
    assert await told(one) == []
    one.hub.parts.clock.advance(one.member.peers.sure_after_s)
    await look_again(one)

    assert await told(one) == [(at("bob"), "@bob @cat: is anybody there?")]
    await look_again(one)
    assert len(await told(one)) == 1


async def test_whoever_left_a_node_that_lives_has_read_what_was_said(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    bob = await asks_for_notices(two, "bob")
    ann = await come(one, "ann")
    await ann.say("@bob: hi")
    await bob.hears("@bob: hi")
    assert await told(one) == []
    two.hub.parts.attendance.close_session(bob.session, "gone")

    one.hub.parts.clock.advance(one.member.peers.sure_after_s)
    await look_again(one)

    assert await told(one) == []
