"""What somebody is in a room is the same on every node, by the bus or by the log alone."""

import asyncio

import pytest

from hubbub.hub.state.room import Room
from hubbub.model import Role
from hubbub.protocol import requests
from tests.cluster.pair import WAIT_S, Node, Person, come, cut, owner

pytestmark = pytest.mark.real

EITHER_WAY = pytest.mark.parametrize("bus", [True, False], ids=["by the bus", "by the log"])


async def member(node: Node, name: str, **fields: dict[str, None]) -> tuple[Person, str]:
    """Somebody with an account, and the secret to come in with elsewhere."""
    person = await come(node, name, **fields)
    await person.run("/register another horse battery")
    you = await person.until(lambda frame: frame["type"] == "you" and bool(frame["session"]))
    return person, you["session"]


def room_on(node: Node, name: str) -> Room:
    room = node.hub.parts.rooms.live(name)
    assert room is not None, name
    return room


async def is_there(node: Node, room: str, person: Person, role: Role) -> None:
    """Returns once a node knows somebody as that in a room."""
    user = person.session.user
    assert user is not None
    async with asyncio.timeout(WAIT_S):
        while room_on(node, room).roles.get(user.id, Role.MEMBER) is not role:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def moderated_den(pair: tuple[Node, Node]) -> tuple[Person, Person, Person]:
    """A room of ann's on both nodes with cat in it, where bob is moderator.

    Ann, bob, and bob's connection to the other node: whoever arrives there makes it look.
    """
    one, two = pair
    ann = await owner(one, "ann")
    await ann.ask(requests.Join(room="den"))
    bob, secret = await member(one, "bob", rooms={"lobby": None, "den": None})
    await come(two, "cat", rooms={"lobby": None, "den": None})
    await ann.run("/role bob moderator here", "den")
    other = await come(two, token=secret)
    await is_there(two, "den", bob, Role.MODERATOR)
    await two.hub.outside_changes.looked()
    return ann, bob, other


async def cannot_kick_by(other: Person) -> None:
    """Comes into the den again, and is refused what moderators may, once that node has looked."""
    await other.ask(requests.Join(room="den"))
    await is_there(other.node, "den", other, Role.MEMBER)
    # Word of a kick may have come after the first.
    await other.ask(requests.Join(room="den"))
    assert (await other.run("/kick cat", "den"))["code"] == "forbidden"


@EITHER_WAY
async def test_a_moderator_who_left_is_none_on_another_node(
    pair: tuple[Node, Node], *, bus: bool
) -> None:
    _, bob, other = await moderated_den(pair)
    if not bus:
        cut(pair)
    assert (await bob.ask(requests.Leave(room="den")))["type"] == "ok"
    await cannot_kick_by(other)


@EITHER_WAY
async def test_a_moderator_who_was_shown_out_is_none_on_another_node(
    pair: tuple[Node, Node], *, bus: bool
) -> None:
    ann, _, other = await moderated_den(pair)
    if not bus:
        cut(pair)
    await ann.run("/kick bob", "den")
    await cannot_kick_by(other)


async def test_whoever_makes_a_room_owns_it_on_a_node_that_had_asked_for_it(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    await owner(one, "olga")
    ann, secret = await member(one, "ann")
    again = await come(two, token=secret)
    await again.ask(requests.Members(room="den", limit=10))
    await two.hub.outside_changes.looked()
    assert (await ann.ask(requests.Join(room="den")))["role"] == "owner"
    await again.ask(requests.Join(room="den"))
    await is_there(two, "den", again, Role.OWNER)


async def test_the_reply_to_a_join_tells_the_role_that_the_log_has_given(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    await owner(one, "olga")
    ann, _ = await member(one, "ann")
    bob, _ = await member(two, "bob")
    cut(pair)
    for room in ("den", "hall", "attic"):
        asked = [each.ask(requests.Join(room=room)) for each in (ann, bob)]
        roles = sorted([joined["role"] for joined in await asyncio.gather(*asked)])
        assert roles == ["member", "owner"]
