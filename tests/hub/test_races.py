"""Two things at one moment: what was decided last holds, in memory and in the log alike."""

import asyncio

import pytest

from hubbub.errors import Forbidden
from hubbub.hub.order.opaque_ids import OpaqueIds
from hubbub.hub.people.identity import Arrival, Identity
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.state.room import Session
from hubbub.hub.state.sanctions import ROOM_SANCTIONS
from hubbub.model import Role, UserKind
from hubbub.protocol import requests
from tests.hub.conftest import Client, House, running
from tests.hub.test_accounts import PASSWORD, member, ran, refused
from tests.hub.test_moderation import HOME, come_from, post
from tests.hub.test_private_rooms import SECRET, private_room, ran_in

pytestmark = pytest.mark.usefixtures("cheap_passwords")


async def at_once(house: House, *asked: tuple[Client, str]) -> list[str]:
    """Commands that wait together for one commit."""
    house.storage.go.clear()
    tasks = [asyncio.create_task(ran(client, line)) for client, line in asked]
    await house.hub.committing()
    for _ in range(50):
        await asyncio.sleep(0)
    house.storage.go.set()
    return [await task for task in tasks]


def kept(house: House, name: str) -> tuple[UserKind, Role]:
    (found,) = [user for user in house.storage.users.values() if user.key == name]
    return found.kind, found.role


async def test_a_new_name_takes_no_role_back(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await ran(ann, "/role bob moderator")
    await at_once(house, (ann, "/role bob member"), (bob, "/nick rob"))
    assert kept(house, "rob") == (UserKind.MEMBER, Role.MEMBER)
    assert await ran(bob, "/audit") == "forbidden"


async def test_whoever_registers_and_takes_a_name_at_once_is_a_member(house: House) -> None:
    await member(house, "ann")
    bob = await house.json(name="bob")
    (welcome,) = [f for f in bob.objects() if f["type"] == "welcome"]
    tab = await house.json(token=welcome["session"])
    await at_once(house, (bob, f"/register {PASSWORD}"), (tab, "/nick rob"))
    (found,) = [user for user in house.storage.users.values() if user.key in {"bob", "rob"}]
    assert found.kind is UserKind.MEMBER
    assert (await house.json(name=found.name, password=PASSWORD)).session.user is not None


async def test_two_owners_cannot_both_give_it_up(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await ran(ann, "/role bob owner")
    await at_once(house, (ann, "/role ann member"), (bob, "/role bob member"))
    assert sorted(kept(house, name)[1] for name in ("ann", "bob")) == ["member", "owner"]


async def test_the_set_up_link_is_worth_nothing_once_there_is_a_member() -> None:
    policy = Policy(Registration.INVITE, guests=False, first_is_owner=False)
    async with running(House(Limits(), policy=policy)) as house:
        first = await house.hub.parts.invitations.set_up_code()
        second = await house.hub.parts.invitations.set_up_code()
        ann = await house.json(name="ann", password=PASSWORD, register=True, invite=second)
        assert ann.session.user is not None
        assert ann.session.user.role is Role.OWNER
        eve = house.nobody()
        await eve.send(requests.Hello(name="eve", password=PASSWORD, register=True, invite=first))
        assert refused(eve) == ["forbidden"]
        assert await house.hub.parts.invitations.set_up_code() is None


async def test_an_invitation_ends_with_its_makers_right_to_invite(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await ran(ann, "/role bob moderator")
    code = (await ran(bob, "/invite link 9")).rpartition(" ")[2]
    await ran(ann, "/role bob member")
    late = house.nobody()
    await late.send(requests.Hello(name="cara", password=PASSWORD, register=True, invite=code))
    assert refused(late) == ["forbidden"]


async def test_whoever_is_shown_out_on_the_way_in_stays_out(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, secret = await member(house, "bob")
    name = await private_room(house, ann)
    await ran_in(ann, name, "/invite bob")
    bob.leave()
    await house.hub.quiet()
    again = await house.json(name="bob", password=PASSWORD, rooms={})
    again.leave()
    await house.hub.quiet()
    entering = house.nobody()
    house.storage.go.clear()
    kicking = asyncio.create_task(ran_in(ann, name, "/kick bob"))
    await house.hub.committing()
    hello = requests.Hello(name="bob", password=PASSWORD, rooms={name: None})
    coming = asyncio.create_task(entering.send(hello))
    while not house.hub.parts.committer.waiting:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    house.storage.go.set()
    await kicking
    await coming
    await ann.say("after the kick", name)
    await house.hub.quiet()
    heard = entering.objects()
    assert name not in entering.session.rooms
    assert [f for f in heard if f["type"] == "message"] == []
    assert secret


async def test_two_changes_of_a_room_both_hold(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    for client in (ann, bob):
        await client.ask(requests.Join(room="dev"))
    await ran_in(ann, "dev", "/role bob owner here")

    async def there(client: Client, line: str) -> str:
        return await ran_in(client, "dev", line)

    house.storage.go.clear()
    first = asyncio.create_task(there(ann, "/room private"))
    await house.hub.committing()
    second = asyncio.create_task(there(bob, "/room read-only"))
    house.storage.go.set()
    await first
    assert "private, read-only" in await second
    (name,) = [n for n in house.storage.room_records if n.startswith("+dev-")]
    assert house.storage.room_records[name].kind == "private"


async def test_mutes_in_ones_own_room_leave_places_for_bans(house: House) -> None:
    ann, _ = await member(house, "ann")
    eve, _ = await member(house, "eve")
    name = await private_room(house, eve)
    assert eve.session.user is not None
    room = house.hub.parts.rooms.live(name)
    # A guest is muted by a name, too.
    for number in range(ROOM_SANCTIONS // 2):
        await house.json(name=f"victim{number}", rooms={})
        await house.hub.parts.moderation.mute(eve.session.user, room, f"victim{number}", None, "")
    await house.json(name="one-more", rooms={})
    with pytest.raises(Forbidden, match="mutes in one room"):
        await house.hub.parts.moderation.mute(eve.session.user, room, "one-more", None, "")
    assert await ran(ann, "/ban bad 1h") == "bad is banned for 1 hour."


async def test_acts_in_a_private_room_hide_no_others(house: House) -> None:
    ann, _ = await member(house, "ann")
    eve, _ = await member(house, "eve")
    await ran(ann, "/ban bad 1h")
    name = await private_room(house, eve)
    for _ in range(30):
        await ran_in(eve, name, "/room read-only")
        await ran_in(eve, name, "/room writable")
    page = await ann.ask(requests.Audit(limit=2))
    assert [entry["act"] for entry in page["entries"]] == ["ban"]
    assert page["more"] is False
    own = await eve.ask(requests.Audit(room=name, limit=2))
    assert own["more"] is True
    rest = await eve.ask(requests.Audit(room=name, limit=200, before=own["entries"][-1]["id"]))
    assert len(rest["entries"]) == 59


async def test_a_banned_member_is_no_new_guest_from_there(house: House) -> None:
    ann, _ = await member(house, "ann")
    come_from(house, HOME)
    mallory, _ = await member(house, "mallory")
    await ran(ann, "/mute mallory 1h")
    again = await house.json(name="somebody")
    assert await post(again) == "muted"
    assert await ran(again, f"/register {PASSWORD}") == "muted"
    await ran(ann, "/ban mallory 1h")
    assert mallory.line.closed == 4003
    for hello in ({}, {"name": "new"}, {"name": "x", "password": PASSWORD, "register": True}):
        client = house.nobody()
        await client.send(requests.Hello(**hello))
        assert refused(client) == ["banned"]


async def test_a_ban_while_all_are_read_anew_holds(house: House) -> None:
    ann, _ = await member(house, "ann")
    read = house.storage.order.sanctions

    def slow(now_ms: int) -> object:
        found = read(now_ms)
        house.storage.go.wait(10)
        return found

    house.storage.order.sanctions = slow  # type: ignore[method-assign, assignment]
    house.storage.go.clear()
    loading = asyncio.create_task(house.hub.parts.sanction_log.load())
    banning = asyncio.create_task(ran(ann, "/ban mallory"))
    await house.hub.committing()
    house.storage.go.set()
    await asyncio.gather(loading, banning)
    client = house.nobody()
    await client.send(requests.Hello(name="mallory"))
    assert refused(client) == ["banned"]


@pytest.mark.parametrize("policy", [Policy(first_is_owner=False, room_creation=Role.ADMIN)])
async def test_who_may_make_no_rooms_makes_no_private_ones_either(house: House) -> None:
    ann, _ = await member(house, "ann")
    assert await ran(ann, "/room new mine private") == "forbidden"
    assert await ran(ann, "/join new-one") == "forbidden"
    assert await ran(ann, "/join lobby") != "forbidden"


async def test_whoever_is_on_the_way_in_is_told_of_a_whisper(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await ran(ann, "/w bob one")
    bob.leave()
    await house.hub.quiet()
    identify = Identity.identify

    async def slowly(self: Identity, session: Session, request: requests.Hello) -> Arrival:
        arrival = await identify(self, session, request)
        await ran(ann, "/w bob two")
        return arrival

    monkeypatch.setattr(Identity, "identify", slowly)
    entering = await house.json(name="bob", password=PASSWORD)
    (welcome,) = [f for f in entering.objects() if f["type"] == "welcome"]
    (direct,) = [room for room in welcome["rooms"] if room["kind"] == "direct"]
    assert (direct["last"], direct["unread"]) == (2, 2)


async def test_a_members_list_of_the_ignored_is_there_after_a_reconnect(house: House) -> None:
    ann, secret = await member(house, "ann")
    await house.json(name="loud")
    await ran(ann, "/ignore loud")
    ann.leave()
    await house.hub.quiet()
    again = await house.json(token=secret)
    assert await ran(again, "/ignore") == "You ignore loud."
    assert "no longer" in await ran(again, "/unignore loud")


async def test_whoever_leaves_a_room_leaves_the_role_there(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await bob.ask(requests.Join(room="dev"))
    await ran_in(bob, "dev", "/leave")
    reply = await bob.ask(requests.Join(room="dev"))
    assert reply["role"] == "member"
    name = await private_room(house, ann)
    await ran_in(ann, name, "/invite bob")
    assert await ran_in(ann, name, "/leave") == "forbidden"
    await ran_in(ann, name, "/role bob owner here")
    assert await ran_in(ann, name, "/leave") == f"You left {name}."
    assert (await ann.ask(requests.Join(room=name)))["code"] == "no_such_room"


async def test_what_belongs_together_is_committed_together() -> None:
    async with running(House(Limits(commit_batch_requests=1))) as house:
        ann, _ = await member(house, "ann")
        await house.hub.quiet()
        before = len(house.storage.commits)
        assert await ran(ann, "/ban bad 1h") == "bad is banned for 1 hour."
        assert house.storage.commits[before:] == [2], "the ban, and its line in the audit log"


async def test_a_name_like_an_address_is_a_name(house: House) -> None:
    ann, _ = await member(house, "ann")
    come_from(house, "203.0.113.9")
    victim = await house.json(name="victim")
    come_from(house, "198.51.100.7")
    evil = await house.json(name="203.0.113.9")
    assert await ran(ann, "/ban 203.0.113.9 1h") == "203.0.113.9 is banned for 1 hour."
    assert (evil.line.closed, victim.line.closed) == (4003, None)
    assert await ran(ann, "/unban 203.0.113.9") == "203.0.113.9 may come in again."


async def test_a_guests_private_rooms_are_not_the_members(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    name = await private_room(house, ann)
    plain = await house.plain("alt")
    await ran_in(ann, name, "/invite alt")
    await plain.type(f"/join {name}")
    await plain.type(f"/login bob {PASSWORD}")
    await house.hub.quiet()
    assert list(plain.session.rooms) == ["lobby"]
    assert bob.session.user is not None
    assert (name, bob.session.user.id) not in house.storage.read_seqs


async def test_a_former_name_is_free_for_whoever_makes_a_room_of_it(house: House) -> None:
    await member(house, "ann")
    eve, _ = await member(house, "eve")
    bob, _ = await member(house, "bob")
    await eve.ask(requests.Join(room="general"))
    await ran_in(eve, "general", "/room rename mine")
    assert (await bob.ask(requests.Join(room="general")))["room"] == "mine"
    assert await ran(bob, "/room new general") == "general is made, and you are in it."
    assert (await eve.ask(requests.Join(room="general")))["role"] == "member"
    await ran_in(eve, "mine", "/room rename help")
    assert set(house.storage.former) == {"mine"}, "a room leaves one name behind"


async def test_nobody_lifts_what_was_laid_on_them_by_somebody_above(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await ran(ann, "/role bob moderator")
    await ran(ann, "/mute bob everywhere")
    assert await ran(bob, "/unmute bob everywhere") == "bad_request"
    await post(ann, SECRET)
    assert await ran(bob, "/delete 1") == "forbidden"


def test_opaque_ids_are_understood_by_their_own_key_alone() -> None:
    ids = OpaqueIds(bytes(16))
    shown = [ids.shown(number) for number in range(1000)]
    assert [ids.meant(number) for number in shown] == list(range(1000))
    assert len(set(shown)) == 1000
    assert max(shown) < 2**52
    assert shown != sorted(shown)
    assert OpaqueIds(b"another key".ljust(16)).shown(1) != ids.shown(1)
