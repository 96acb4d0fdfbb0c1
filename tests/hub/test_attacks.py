"""Those who try to come in as somebody else, or to stay when they were shown the door."""

import asyncio

import pytest

from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.rules.secrets import hashed
from hubbub.model import Role, UserKind
from hubbub.protocol import requests
from hubbub.storage.changes import EndSession, SaveSession, SaveUser
from hubbub.storage.records import UserRecord
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import PASSWORD, member, ran, refused

pytestmark = pytest.mark.usefixtures("cheap_passwords")


async def tried(house: House, **hello: object) -> tuple[list[str], Client]:
    client = house.nobody()
    await client.send(requests.Hello(**hello))  # type: ignore[arg-type]
    return refused(client), client


async def test_a_token_that_runs_out_while_it_is_in_use_ends_its_connection(house: House) -> None:
    rss = UserRecord("id-of-rss", "rss", "rss", UserKind.BOT, Role.MEMBER)
    end_ms = house.clock.now_ms() + 60_000
    house.storage.commit([SaveUser(rss), SaveSession(hashed("token"), rss.id, end_ms)], 0)
    bot = await house.json(token="token")
    assert bot.session.user is not None
    await house.hub.outside_changes.look()
    assert bot.line.closed is None
    house.clock.advance(61)
    await house.hub.outside_changes.look()
    assert bot.line.closed == 4001
    assert (await tried(house, token="token"))[0] == ["bad_token"]


async def test_a_token_that_another_process_ended_ends_its_connections(house: House) -> None:
    ann, secret = await member(house)
    phone = await house.json(token=secret)
    house.storage.commit([EndSession(hashed(secret))], house.clock.now_ms())
    house.storage.elsewhere = True
    await house.hub.outside_changes.look()
    assert (ann.line.closed, phone.line.closed) == (4001, 4001)
    assert (await tried(house, token=secret))[0] == ["bad_token"]


@pytest.mark.parametrize(
    "policy", [Policy(Registration.INVITE, guests=False, first_is_owner=False)]
)
async def test_of_many_who_use_one_invitation_at_once_one_comes_in(house: House) -> None:
    code = await house.hub.parts.invitations.invite(None, Role.MEMBER, 1, 1)
    people = [house.nobody() for _ in range(8)]
    await asyncio.gather(
        *(
            each.send(requests.Hello(name=f"p{n}", password=PASSWORD, register=True, invite=code))
            for n, each in enumerate(people)
        )
    )
    assert sum(each.session.user is not None for each in people) == 1
    assert sum(refused(each) == ["forbidden"] for each in people) == 7
    assert len(house.storage.people.accounts()) == 1


async def test_a_guest_cannot_be_another_guest_by_name_or_by_id(house: House) -> None:
    ann = await house.json(name="ann")
    (welcome,) = [f for f in ann.objects() if f["type"] == "welcome"]
    await ann.send(requests.Whisper(to=["ann"], text="to myself", nonce="1"))
    ann.leave()
    await house.hub.quiet()
    for token in (welcome["user"]["id"], welcome["session"][:-1], welcome["session"].upper(), ""):
        codes, client = await tried(house, token=token)
        assert (codes, client.session.user) == (["bad_token"], None)
    for name in ("ann", "ANN", "\uff41nn"):
        assert (await tried(house, name=name))[0] == ["name_taken"]


async def test_a_member_is_nobodys_by_the_session_of_a_guest(house: House) -> None:
    """A session that somebody planted on a newcomer is worth nothing once they register."""
    mallory = await house.json(name="newcomer")
    (welcome,) = [f for f in mallory.objects() if f["type"] == "welcome"]
    planted = welcome["session"]
    victim = await house.json(token=planted)
    await victim.send(requests.Command(room="lobby", line=f"/register {PASSWORD}"))
    await house.hub.quiet()
    assert mallory.line.closed == 1012
    assert (await tried(house, token=planted))[0] == ["bad_token"]
    assert victim.session.user is not None
    assert victim.session.user.sessions == {victim.session}


async def test_a_guest_has_no_rights_by_the_name_of_one_who_has(house: House) -> None:
    owner, _ = await member(house, "ann")
    owner.leave()
    await house.hub.quiet()
    # Cyrillic letters make another name, and no more than another name.
    guest = await house.json(name="\u0430nn")
    assert guest.session.user is not None
    assert guest.session.user.role is Role.GUEST
    assert await ran(guest, "/ban bob") == "forbidden"


async def test_one_who_is_banned_on_the_way_in_stays_out(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, secret = await member(house, "bob")
    bob.leave()
    await house.hub.quiet()
    entering = house.nobody()
    house.storage.go.clear()
    banning = asyncio.create_task(ran(ann, "/ban bob"))
    await house.hub.committing()
    coming = asyncio.create_task(entering.send(requests.Hello(token=secret)))
    house.storage.go.set()
    assert await banning == "bob is banned."
    await coming
    await house.hub.quiet()
    assert entering.session.user is None or entering.line.closed in {4001, 4003}


async def test_one_who_is_shown_out_cannot_go_on_by_a_request_that_was_on_its_way(
    house: House,
) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    house.storage.go.clear()
    banning = asyncio.create_task(ran(ann, "/ban bob"))
    await house.hub.committing()
    await bob.say("one before the door closes")
    house.storage.go.set()
    await banning
    await bob.say("one behind it")
    await house.hub.quiet()
    texts = [getattr(event, "text", "") for event in house.storage.logs.get("lobby", [])]
    assert "one behind it" not in texts


async def test_a_former_moderator_has_lost_all_rights_at_once(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await member(house, "cara")
    await ran(ann, "/role bob moderator")
    assert "muted" in await ran(bob, "/mute cara 1m")
    await ran(ann, "/role bob member")
    for line in ("/mute cara 1m", "/ban cara", "/audit", "/invite link", "/delete 1"):
        assert await ran(bob, line) in {"forbidden", "bad_request"}
    assert (await bob.ask(requests.Audit()))["code"] == "forbidden"
