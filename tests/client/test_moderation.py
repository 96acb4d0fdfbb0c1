"""The SDK's acts against a real server: what each gives back, and what the others see of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import hubbub
from tests.accounts import PASSWORD
from tests.conftest import Server, known_to_all

pytestmark = pytest.mark.real


@pytest.fixture
async def ann(house: Server) -> AsyncIterator[hubbub.Chat]:
    """The owner, in the lobby."""
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as chat:
        yield chat


@pytest.fixture
async def bob(house: Server, ann: hubbub.Chat) -> AsyncIterator[hubbub.Chat]:
    """A member, in the lobby and in dev."""
    async with hubbub.connect(
        house.url, name="bob", password=PASSWORD, rooms=["lobby", "dev"]
    ) as chat:
        await known_to_all(house)
        yield chat


async def heard(chat: hubbub.Chat, kind: type) -> object:
    """The next event of a kind."""
    async with asyncio.timeout(60):
        async for event in chat:
            if isinstance(event, kind):
                return event
    raise AssertionError("the conversation has ended")


async def test_a_mute_is_in_one_room_or_everywhere_and_tells_when_it_ends(
    ann: hubbub.Chat, bob: hubbub.Chat
) -> None:
    reason = "everywhere he goes he shouts"
    done = await ann.moderation.mute("bob", "lobby", duration_s=3600, reason=reason)
    assert (done.act, done.whom, done.room) == ("mute", "bob", "lobby")
    (held,) = (await ann.bans("lobby")).bans
    assert done.until is not None
    assert held.until is not None
    assert (done.until[:16], held.room, held.reason) == (held.until[:16], "lobby", reason)
    with pytest.raises(hubbub.Muted):
        await bob.post("loud", "lobby")
    await bob.post("not muted", "dev")
    assert (await ann.moderation.unmute("bob", "lobby")).whom == "bob"

    assert (await ann.moderation.mute("bob")).room is None
    with pytest.raises(hubbub.Muted):
        await bob.post("muted", "dev")
    with pytest.raises(hubbub.NoSuchUser):
        await ann.moderation.unmute("bob", "lobby")
    await ann.moderation.unmute("bob")
    with pytest.raises(hubbub.BadRequest, match="duration_s"):
        await ann.moderation.mute("bob", duration_s=0)


async def test_a_kick_and_a_ban_reach_whom_they_name(
    house: Server, ann: hubbub.Chat, bob: hubbub.Chat
) -> None:
    done = await ann.moderation.kick("bob", "lobby", reason="spam")
    assert (done.act, done.whom, done.room) == ("kick", "bob", "lobby")
    left = await heard(bob, hubbub.Presence)
    assert isinstance(left, hubbub.Presence)
    assert (left.room, left.state) == ("lobby", "left")
    with pytest.raises(hubbub.Forbidden):
        await bob.moderation.ban("ann")
    async with hubbub.connect(house.url, name="gus") as gus:
        assert (await ann.moderation.ban("gus")).until is None
        with pytest.raises(hubbub.ConnectionFailed):
            await heard(gus, hubbub.Topic)
        assert isinstance(gus.failure, hubbub.HubbubError)
    assert (await ann.moderation.unban("gus")).whom == "gus"
    with pytest.raises(hubbub.NoSuchUser):
        await ann.moderation.unban("gus")


async def test_a_role_is_given_and_heard_of(ann: hubbub.Chat, bob: hubbub.Chat) -> None:
    done = await ann.moderation.set_role("bob", "moderator", "lobby")
    assert (done.whom, done.room, done.role) == ("bob", "lobby", "moderator")
    standing = await heard(bob, hubbub.Standing)
    assert isinstance(standing, hubbub.Standing)
    assert (standing.room, standing.role) == ("lobby", "moderator")
    await ann.moderation.set_role("bob", "member", "lobby")
    assert (await ann.moderation.set_role("bob", "moderator")).room is None
    await heard(bob, hubbub.You)
    await ann.moderation.set_role("bob", "member")
    with pytest.raises(hubbub.BadRequest, match="not 'king'"):
        await ann.moderation.set_role("bob", "king")


async def test_a_room_is_made_changed_and_opened_to_somebody(
    ann: hubbub.Chat, bob: hubbub.Chat
) -> None:
    made = await ann.make_room("the-board", private=True)
    assert made.room.startswith("+the-board-")
    assert (made.kind, made.role) == ("private", "owner")
    assert made.room in ann.followed
    with pytest.raises(hubbub.NoSuchRoom):
        await bob.join(made.room)
    assert (await ann.invite("bob", made.room)).whom == "bob"
    await bob.join(made.room)
    await ann.post("for us alone", made.room)
    message = await heard(bob, hubbub.Message)
    assert isinstance(message, hubbub.Message)
    assert message.text == "for us alone"

    changed = await ann.change_room(made.room, read_only=True, name="board")
    assert (changed.room[:7], changed.kind, changed.read_only) == ("+board-", "private", True)
    with pytest.raises(hubbub.Forbidden):
        await bob.post("may I?", changed.room)
    opened = await ann.change_room(changed.room, kind="public")
    assert (opened.room, opened.read_only) == ("board", True)
    with pytest.raises(hubbub.NameTaken):
        await ann.make_room("board")
    with pytest.raises(hubbub.BadRequest, match="not 'direct'"):
        await ann.change_room("board", kind="direct")


async def test_an_invitation_lets_in_until_it_is_revoked(
    house: Server, ann: hubbub.Chat, bob: hubbub.Chat
) -> None:
    made = await ann.moderation.make_invitation(uses=2, days=1)
    assert made.link.endswith(f"#invite={made.code}")
    (held,) = (await ann.moderation.invitations()).invitations
    assert (held.uses, held.until) == (2, made.until)
    await ann.moderation.revoke_invitation(held.id)
    assert (await ann.moderation.invitations()).invitations == ()
    with pytest.raises(hubbub.Forbidden):
        await bob.moderation.make_invitation()


async def test_a_command_is_typed_in_the_only_room_in_the_one_that_is_named_or_in_none(
    ann: hubbub.Chat, bob: hubbub.Chat
) -> None:
    assert await ann.command("/topic tea") == "The topic of lobby is now: tea"
    assert await bob.command("/topic", "dev") == "dev has no topic."
    with pytest.raises(hubbub.BadRequest, match="go into one first"):
        await ann.command("/kick bob", "")
    assert "bob" in [member.name for member in (await ann.members("lobby")).members]
