"""Becoming a member, signing in, sessions, invitations; and those who try without a right."""

import asyncio

import pytest
from argon2 import PasswordHasher

from hubbub.errors import BadPassword, BadToken, NotSignedIn
from hubbub.hub.rules import passwords
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.state.room import Room
from hubbub.model import Role
from hubbub.protocol import requests
from hubbub.storage.changes import Change, Outcome
from tests.hub.conftest import Client, House

pytestmark = pytest.mark.usefixtures("cheap_passwords")

WORD = "correct horse"
PASSWORD = WORD.replace(" ", "-")
OPEN = Policy(first_is_owner=False)
BY_INVITATION = Policy(Registration.INVITE, guests=False, first_is_owner=False)


async def ran(client: Client, line: str) -> str:
    """What a command answered, or the code of its refusal."""
    reply = await client.ask(requests.Command(room="lobby", line=line))
    return str(reply["text"] if reply["type"] == "ok" else reply["code"])


async def typed(client: Client, line: str) -> str:
    client.lines()
    await client.type(line)
    await client.hub.quiet()
    return "\n".join(client.lines())


async def member(house: House, name: str = "ann") -> tuple[Client, str]:
    """Somebody who has become a member, and the secret of the session."""
    client = await house.json(name=name)
    client.objects()
    await client.send(requests.Command(room="lobby", line=f"/register {PASSWORD}"))
    await house.hub.quiet()
    (you,) = [frame for frame in client.objects() if frame["type"] == "you"]
    assert client.session.user is not None
    assert client.session.user.kind == "member"
    return client, str(you["session"])


def refused(client: Client) -> list[str]:
    return [frame["code"] for frame in client.objects() if frame["type"] == "error"]


async def sign_in(house: House, name: str = "ann", password: str = PASSWORD) -> Client:
    return await house.json(name=name, password=password)


# --- becoming a member


async def test_a_guest_becomes_a_member_without_losing_the_conversation(house: House) -> None:
    ann = await house.json(name="Ann")
    bob = await house.json(name="bob")
    await ann.say("before")
    assert ann.session.user is not None
    user_id = ann.session.user.id
    answer = await ran(ann, f"/register {PASSWORD}")

    assert "Ann is yours now" in answer
    assert (ann.session.user.id, ann.session.user.role) == (user_id, "owner")
    await ann.say("after")
    await house.hub.quiet()
    senders = {f["from"]["id"] for f in bob.objects() if f["type"] == "message"}
    assert senders == {user_id}
    assert PASSWORD not in str(house.storage.passwords)


async def test_a_password_may_be_a_few_words(house: House) -> None:
    words = "correct horse battery staple"
    ann = await house.json(name="ann")
    assert "is yours now" in await ran(ann, f"/register {words} ")
    assert (await sign_in(house, password=f" {words}")).session.user is ann.session.user
    assert await ran(ann, f'/password "{words}" "other words of mine"') != "bad_request"
    assert await ran(ann, "/password other words of mine x y") == "bad_request"
    assert await ran(ann, '/password "other words') == "bad_request"
    plain = await house.plain()
    assert "You are ann now" in await typed(plain, "/login ann other words of mine")


async def test_a_new_member_has_another_session_and_whoever_knew_the_guests_has_none(
    house: House,
) -> None:
    ann = await house.json(name="ann")
    (welcome,) = [f for f in ann.objects() if f["type"] == "welcome"]
    fixed = await house.json(token=welcome["session"])
    await ann.send(requests.Command(room="lobby", line=f"/register {PASSWORD}"))
    await house.hub.quiet()

    (you,) = [f for f in ann.objects() if f["type"] == "you"]
    assert (you["user"]["name"], you["user"]["kind"]) == ("ann", "member")
    assert "sessions" in you["may"]
    assert fixed.line.closed == 1012
    again = house.nobody()
    await again.send(requests.Hello(token=welcome["session"]))
    assert refused(again) == ["bad_token"]
    assert (await house.json(token=you["session"])).session.user is ann.session.user


async def test_a_look_at_the_log_ends_nobody_who_is_becoming_a_member(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await house.json(name="ann")
    elsewhere, committer = house.hub.outside_changes, house.hub.parts.committer
    outcomes = committer.outcomes

    async def durable_and_seen(*changes: Change, room: Room | None = None) -> Outcome:
        outcome = await outcomes(*changes, room=room)
        elsewhere._again = True
        await elsewhere.look()
        return outcome

    monkeypatch.setattr(committer, "outcomes", durable_and_seen)
    await ann.send(requests.Command(room="lobby", line=f"/register {PASSWORD}"))
    await house.hub.quiet()

    assert ann.line.closed is None
    assert elsewhere._again, "what was passed over is looked at once more"
    assert [f["user"]["kind"] for f in ann.objects() if f["type"] == "you"] == ["member"]


async def test_the_first_is_the_owner_and_only_the_first(house: House) -> None:
    roles = []
    for name in ("ann", "bob"):
        client, _ = await member(house, name)
        assert client.session.user is not None
        roles.append(str(client.session.user.role))
    assert roles == ["owner", "member"]


async def test_of_two_who_register_first_at_once_one_is_the_owner(house: House) -> None:
    people = [await house.json(name=name) for name in ("ann", "bob", "cara")]
    line = requests.Command(room="lobby", line=f"/register {PASSWORD}")
    await asyncio.gather(*(each.send(line) for each in people))
    await house.hub.quiet()

    roles = sorted(str(each.session.user.role) for each in people if each.session.user)
    assert roles == ["member", "member", "owner"]


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [
        ("ann", "/register", "bad_request"),
        ("ann", "/register short", "bad_request"),
        ("ann", "/register " + "x" * 129, "bad_request"),
        ("ann", "/register bad\x07bell-bell", "bad_request"),
        (None, f"/register {PASSWORD}", "bad_name"),
        ("ann", f"/register {PASSWORD} inv-guess", "forbidden"),
    ],
)
async def test_who_cannot_register_hears_why_and_stays_a_guest(
    house: House, name: str | None, line: str, code: str
) -> None:
    ann = await house.json(name=name)
    assert await ran(ann, line) == code
    assert house.storage.people.accounts() == []
    assert house.storage.passwords == {}


async def test_a_members_name_is_the_members_in_every_case(house: House) -> None:
    ann, _ = await member(house)
    ann.leave()
    await house.hub.quiet()
    for name in ("ann", "ANN", "\uff21\uff2e\uff2e"):
        guest = house.nobody()
        await guest.send(requests.Hello(name=name))
        assert refused(guest) == ["name_taken"]
    house.clock.advance(365 * 86_400)
    plain = await house.plain("Ann")
    assert plain.session.user is not None
    assert plain.session.user.name.shown.startswith("user")
    assert await ran(await house.json(name="bob"), "/nick Ann") == "name_taken"


async def test_a_member_stays_in_the_rooms_until_leaving_them(house: House) -> None:
    ann, _ = await member(house)
    await ann.ask(requests.Join(room="dev"))
    ann.leave()
    bob = await house.json(name="bob", rooms={"dev": None})
    await bob.say("while you were away", "dev")
    await house.hub.quiet()

    again = await sign_in(house)
    (welcome,) = [f for f in again.objects() if f["type"] == "welcome"]
    unread = {room["room"]: room["unread"] for room in welcome["rooms"]}
    assert unread == {"dev": 1, "lobby": 0}


# --- signing in


async def test_a_member_comes_in_by_password_and_then_by_the_session(house: House) -> None:
    ann, _ = await member(house)
    assert ann.session.user is not None
    user_id = ann.session.user.id
    ann.leave()
    again = await sign_in(house, "ANN")
    (welcome,) = [f for f in again.objects() if f["type"] == "welcome"]
    assert (welcome["user"]["id"], welcome["user"]["kind"]) == (user_id, "member")

    third = await house.json(token=welcome["session"])
    assert third.session.user is again.session.user


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong horse!"), ("ann", ""), ("nobody", PASSWORD), ("", "x")]
)
async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    house: House, name: str, password: str
) -> None:
    await member(house)
    stranger = house.nobody()
    reply = await stranger.ask(requests.Hello(name=name, password=password))
    assert (reply["code"], reply["message"]) == (
        "bad_password",
        "That name and that password do not go together.",
    )
    # The connection goes on.
    await stranger.send(requests.Hello(name="ann", password=PASSWORD))
    assert stranger.session.user is not None


async def test_an_unknown_name_costs_a_check_like_a_known_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await member(house)
    checked: list[str] = []
    hasher = passwords._hasher()
    real = hasher.verify

    class Counting(PasswordHasher):
        def verify(self, kept: str | bytes, password: str | bytes) -> bool:
            checked.append(str(kept).rpartition("$")[0].rpartition("$")[0])
            return bool(real(kept, password))

    counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: counting)
    for name in ("ann", "nobody", "\x00"):
        await house.nobody().send(requests.Hello(name=name, password="wrong horse!"))
    assert len(checked) == 3
    assert len(set(checked)) == 1


async def test_a_weaker_hash_is_renewed_by_the_next_sign_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _ = await member(house)
    ann.leave()
    (before,) = house.storage.passwords.values()
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: stronger)
    await sign_in(house)
    await house.hub.quiet()
    (after,) = house.storage.passwords.values()
    assert before != after
    assert "m=16,t=2" in after
    assert (await sign_in(house)).session.user is not None


async def test_a_guest_at_a_plain_connection_signs_in_where_it_is(house: House) -> None:
    ann, _ = await member(house)
    ann.leave()
    bob = await house.plain("bob", "dev")
    other = await house.plain("cara", "dev")
    assert "bad_password" not in await typed(bob, "/login ann wrong-horse")
    assert bob.session.user is not None
    assert bob.session.user.name.shown == "bob"
    assert "You are ann now, an owner of this server." in await typed(bob, f"/login ann {PASSWORD}")

    assert await typed(bob, "hello") == "[ann]: hello"
    assert other.lines()[-1] == "[ann]: hello"
    assert (await house.plain("bob")).session.user is not None


async def test_a_plain_connection_comes_in_by_a_token(house: House) -> None:
    ann, secret = await member(house)
    ann.leave()
    await house.hub.quiet()
    plain = await house.plain(token=secret)
    assert plain.session.user is not None
    assert plain.session.user.name.shown == "ann"
    with pytest.raises(BadToken):
        await house.plain(token="guess")


# --- where nobody comes in without an account


@pytest.mark.parametrize("policy", [BY_INVITATION])
async def test_without_guests_one_signs_in_first(house: House) -> None:
    nobody = house.nobody()
    await nobody.send(requests.Hello(name="ann"))
    assert refused(nobody) == ["not_signed_in"]
    await nobody.send(requests.Join(room="lobby"))
    assert refused(nobody) == ["hello_first"]
    with pytest.raises(NotSignedIn, match=r"^sign in: /login NAME PASSWORD$"):
        await house.plain("ann")


@pytest.mark.parametrize("policy", [BY_INVITATION])
async def test_a_plain_connection_becomes_a_member_by_an_invitation(house: House) -> None:
    code = await house.hub.parts.invitations.invite(None, Role.MEMBER, 1, 7)
    plain = house.stranger()
    for line in ("hello", "/who", "/login ann", f"/register ann {PASSWORD}", ""):
        with pytest.raises(NotSignedIn):
            await house.hub.parts.plain_arrivals.sign_in_by_line(plain.session, line, None)
    line = f"/register ann {PASSWORD} {code}"
    assert await house.hub.parts.plain_arrivals.sign_in_by_line(plain.session, line, "dev") == 1
    assert await typed(plain, "hello") == "[ann]: hello"

    other = house.stranger()
    with pytest.raises(BadPassword):
        await house.hub.parts.plain_arrivals.sign_in_by_line(
            other.session, "/login ann wrong-horse", None
        )
    assert (
        await house.hub.parts.plain_arrivals.sign_in_by_line(
            other.session, f"/login ann {PASSWORD}", "dev"
        )
        == 2
    )
    assert await typed(other, "me too") == "[ann]: me too"


@pytest.mark.parametrize("policy", [BY_INVITATION])
async def test_an_invitation_is_used_as_often_as_it_says(house: House) -> None:
    code = await house.hub.parts.invitations.invite(None, Role.MEMBER, 2, 7)
    people = [house.nobody() for _ in range(5)]
    await asyncio.gather(
        *(
            each.send(requests.Hello(name=f"p{n}", password=PASSWORD, register=True, invite=code))
            for n, each in enumerate(people)
        )
    )
    await house.hub.quiet()
    assert sum(each.session.user is not None for each in people) == 2
    assert len(house.storage.people.accounts()) == 2
    assert code not in str(house.storage.invitations)


@pytest.mark.parametrize("policy", [BY_INVITATION])
async def test_an_invitation_runs_out(house: House) -> None:
    code = await house.hub.parts.invitations.invite(None, Role.MEMBER, 2, 1)
    house.clock.advance(86_401)
    late = house.nobody()
    await late.send(requests.Hello(name="ann", password=PASSWORD, register=True, invite=code))
    assert refused(late) == ["forbidden"]
    # Whoever was refused holds no name.
    assert house.hub.parts.names.holder("ann") is None


@pytest.mark.parametrize("policy", [Policy(Registration.CLOSED, guests=True, first_is_owner=False)])
async def test_where_it_is_closed_nobody_registers(house: House) -> None:
    assert await ran(await house.json(name="ann"), f"/register {PASSWORD}") == "forbidden"


async def test_only_those_who_may_invite_do_and_are_offered_to(house: House) -> None:
    owner, _ = await member(house)
    answer = await ran(owner, "/invite link 5 30")
    code = answer.rpartition(" ")[2]
    assert answer.startswith("For 5 people, within 30 days: ")
    other, _ = await member(house, "bob")
    assert await ran(other, "/invite link") == "forbidden"
    assert "/invite" in await ran(owner, "/help")
    assert "/invite" not in await ran(other, "/help")
    assert await ran(owner, "/invite link 0") == "bad_request"
    assert await ran(owner, "/invite link 5 99999999") == "bad_request"
    assert await ran(owner, "/invite bob") == "bad_request"
    (listed,) = (await ran(owner, "/invite list")).splitlines()
    assert " 5 left, until " in listed
    assert await ran(other, "/invite list") == "forbidden"
    assert await ran(owner, "/invite revoke nonsense") == "bad_request"
    second = (await ran(owner, "/invite link")).rpartition(" ")[2]
    (name,) = [line.split()[0] for line in (await ran(owner, "/invite list")).splitlines()
               if "1 left" in line]  # fmt: skip
    assert await ran(other, f"/invite revoke {name}") == "forbidden"
    assert "Nobody comes in" in await ran(owner, f"/invite revoke {name}")
    late = house.nobody()
    await late.send(requests.Hello(name="emil", password=PASSWORD, register=True, invite=second))
    assert refused(late) == ["forbidden"]
    new = await house.json(name="dora", password=PASSWORD, register=True, invite=code)
    (welcome,) = [f for f in new.objects() if f["type"] == "welcome"]
    assert welcome["user"]["role"] == "member"
    assert "invite" not in [command["name"] for command in welcome["commands"]]


@pytest.mark.parametrize("policy", [Policy(guests=False, first_is_owner=False)])
async def test_where_registration_is_open_and_there_are_no_guests_one_signs_up_on_a_plain_line(
    house: House,
) -> None:
    stranger = house.stranger()
    line = f"/register bob {PASSWORD}"
    assert await house.hub.parts.plain_arrivals.sign_in_by_line(stranger.session, line, None) == 1
    assert stranger.session.user is not None
    assert stranger.session.user.role is Role.MEMBER


# --- sessions


async def test_sessions_are_listed_and_ended_with_their_connections(house: House) -> None:
    ann, _ = await member(house)
    phone = await sign_in(house)
    tablet = await sign_in(house)
    listed = (await ran(ann, "/sessions")).splitlines()
    assert len(listed) == 3
    (own,) = [line for line in listed if line.endswith("(this one)")]
    other = next(line.split()[0] for line in listed if line != own)
    assert await ran(ann, f"/sessions end {other}") == f"The session {other} is ended."

    closed = [client for client in (phone, tablet) if client.line.closed == 4001]
    assert len(closed) == 1
    assert ann.line.closed is None
    assert len((await ran(ann, "/sessions")).splitlines()) == 2
    assert await ran(ann, "/sessions end nonsense") == "bad_request"
    assert await ran(await house.json(name="guest"), "/sessions") == "forbidden"


async def test_an_ended_session_is_of_no_use_also_after_its_connection_has_gone(
    house: House,
) -> None:
    ann, secret = await member(house)
    phone = await house.json(token=secret)
    own = (await ran(ann, "/sessions")).split()[0]
    await ran(phone, f"/sessions end {own}")
    assert (ann.line.closed, phone.line.closed) == (4001, 4001)
    ann.leave()
    phone.leave()
    await house.hub.quiet()
    await house.hub.housekeeping.clean()

    again = house.nobody()
    await again.send(requests.Hello(token=secret))
    assert refused(again) == ["bad_token"]


async def test_one_who_is_on_the_way_in_with_a_session_that_ends_stays_out(house: House) -> None:
    ann, secret = await member(house)
    own = (await ran(ann, "/sessions")).split()[0]
    entering = house.nobody()
    house.storage.go.clear()
    ending = asyncio.create_task(ran(ann, f"/sessions end {own}"))
    await house.hub.committing()
    coming = asyncio.create_task(entering.send(requests.Hello(token=secret)))
    house.storage.go.set()
    await asyncio.gather(ending, coming, return_exceptions=True)
    await house.hub.quiet()
    assert entering.session.user is None or entering.line.closed == 4001


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    ann, secret = await member(house)
    phone = await sign_in(house)
    plain = await house.plain("x")
    await typed(plain, f"/login ann {PASSWORD}")
    assert await ran(ann, "/password wrong-horse new-password") == "bad_password"
    assert await ran(ann, f"/password {PASSWORD} short") == "bad_request"
    answer = await ran(ann, f"/password {PASSWORD} new-password")
    assert answer == "Your password is changed; 1 other session was ended."
    assert (phone.line.closed, plain.line.closed, ann.line.closed) == (4001, 4001, None)

    old = house.nobody()
    await old.send(requests.Hello(name="ann", password=PASSWORD))
    assert refused(old) == ["bad_password"]
    assert (await sign_in(house, password="new-password")).session.user is not None
    assert (await house.json(token=secret)).session.user is not None


async def test_signing_out_ends_the_session(house: House) -> None:
    ann, secret = await member(house)
    assert await ran(ann, "/logout") == "You are signed out."
    assert ann.line.closed == 4001
    ann.leave()
    await house.hub.quiet()
    again = house.nobody()
    await again.send(requests.Hello(token=secret))
    assert refused(again) == ["bad_token"]
    assert await ran(await house.json(name="guest"), "/logout") == "forbidden"


async def test_a_session_of_a_member_lasts_while_it_is_used(house: House) -> None:
    ann, secret = await member(house)
    for _ in range(5):
        house.clock.advance(20 * 86_400)
        await house.hub.housekeeping.clean()
    ann.leave()
    await house.hub.quiet()
    house.clock.advance(29 * 86_400)
    back = await house.json(token=secret)
    assert back.session.user is not None
    back.leave()
    await house.hub.quiet()
    house.clock.advance(31 * 86_400)
    late = house.nobody()
    await late.send(requests.Hello(token=secret))
    assert refused(late) == ["bad_token"]


# --- those who guess


@pytest.fixture
def limits() -> Limits:
    return Limits(name_passwords_burst=5, address_passwords_burst=12, failed_sign_ins_burst=10)


async def test_a_flood_of_passwords_is_limited_for_a_name_and_for_an_address(
    limits: Limits,
) -> None:
    house = House(limits, rate_limits=True)
    started = asyncio.Event()
    running = asyncio.create_task(house.hub.run(started))
    await started.wait()
    codes: dict[str, list[str]] = {}
    for name in ("ann", "ANN", "bob", "cara", "dora"):
        guesser = house.nobody()
        tries = [requests.Hello(name=name, password=f"wrong horse {n}") for n in range(4)]
        await asyncio.gather(*(guesser.send(each) for each in tries))
        codes[name] = refused(guesser)
    # For a name, however it is written.
    assert codes["ann"] == ["bad_password"] * 4
    assert codes["ANN"].count("rate_limited") == 3
    # And for the address, however many names it tries.
    assert codes["dora"] == ["rate_limited"] * 4
    house.hub.stop()
    await running
    house.hub.parts.log.close()


async def test_those_who_know_their_password_use_nothing_up(limits: Limits) -> None:
    house = House(limits, rate_limits=True)
    started = asyncio.Event()
    running = asyncio.create_task(house.hub.run(started))
    await started.wait()
    await member(house)
    for _ in range(20):
        client = await sign_in(house)
        assert client.session.user is not None
        client.leave()
    house.hub.stop()
    await running
    house.hub.parts.log.close()


async def test_too_many_passwords_at_once_are_refused_and_not_piled_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING", 2)
    people = [house.nobody() for _ in range(6)]
    hello = requests.Hello(name="ann", password=PASSWORD)
    await asyncio.gather(*(each.send(hello) for each in people))
    codes = [code for each in people for code in refused(each)]
    assert codes.count("unavailable") >= 1
    assert codes.count("bad_password") >= 2
