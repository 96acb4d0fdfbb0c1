"""What moderators do, what those hear to whom it is done, and what is written down of it."""

import asyncio

import pytest

from hubbub.errors import BadRequest, Banned
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.state.sanctions import SANCTIONS
from hubbub.model import Role
from hubbub.protocol import requests
from hubbub.protocol.durations import parse_duration, show_duration
from hubbub.storage.records import AuditRecord
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import PASSWORD, member, ran, refused, typed

pytestmark = pytest.mark.usefixtures("cheap_passwords")

HOME = "203.0.113.7"


@pytest.fixture
async def ann(house: House) -> Client:
    """The owner of the server."""
    client, _ = await member(house, "ann")
    return client


def come_from(house: House, address: str) -> None:
    """From here on people come from there."""
    house.address = AddressRates(house.hub.parts.limits, address)


def acts(house: House) -> list[tuple[str, str, str, str]]:
    return [(a.act, a.by, a.whom, a.reason) for a in house.storage.acts]


async def post(client: Client, text: str = "hi", room: str = "lobby") -> str:
    client.nonces += 1
    nonce = f"p{client.nonces}"
    reply = await client.ask(requests.Post(room=room, text=text, nonce=nonce))
    return str(reply["type"] if reply["type"] == "ok" else reply["code"])


# --- muting


async def test_one_who_is_muted_reads_and_says_nothing_until_it_ends(
    house: House, ann: Client
) -> None:
    bob, _ = await member(house, "bob")
    assert await ran(ann, "/mute bob 10m too loud") == "bob is muted in lobby for 10 minutes."

    notices = [f["text"] for f in bob.objects() if f["type"] == "notice"]
    assert notices == ["You are muted in lobby until 2023-11-14 22:23 UTC: too loud"]
    refusal = await bob.ask(requests.Post(room="lobby", text="hi", nonce="1"))
    assert (refusal["code"], refusal["retry_after"]) == ("muted", 600.0)
    assert await ran(bob, "/me waves") == "muted"
    assert await ran(bob, "/topic mine") == "muted"
    assert (await bob.ask(requests.Typing(room="lobby")))["code"] == "muted"
    assert (await bob.ask(requests.History(room="lobby")))["type"] == "ok"
    assert (await bob.ask(requests.Whisper(to=["ann"], text="hi", nonce="2")))["type"] == "ok"
    await bob.ask(requests.Join(room="dev"))
    assert await post(bob, room="dev") == "ok"
    house.clock.advance(601)
    assert await post(bob) == "ok"
    assert acts(house) == [("mute", "ann", "bob", "for 10 minutes: too loud")]


async def test_a_mute_everywhere_holds_in_all_rooms_and_in_whispers(
    house: House, ann: Client
) -> None:
    bob, _ = await member(house, "bob")
    assert await ran(ann, "/mute bob everywhere") == "bob is muted everywhere."
    await bob.ask(requests.Join(room="dev"))
    assert await post(bob, room="dev") == "muted"
    assert (await bob.ask(requests.Whisper(to=["ann"], text="x", nonce="2")))["code"] == "muted"
    assert await ran(ann, "/unmute bob") == "no_such_user"
    assert await ran(ann, "/unmute bob everywhere") == "bob has the word again everywhere."
    assert await post(bob, room="dev") == "ok"


async def test_a_mute_survives_a_restart_a_new_name_and_a_guest_who_comes_back(
    house: House, ann: Client
) -> None:
    come_from(house, HOME)
    bob = await house.json(name="bob")
    await ran(ann, "/mute bob")
    await ran(bob, "/nick rob")
    assert await post(bob) == "muted"
    bob.leave()
    await house.hub.quiet()
    plain = await house.plain()
    assert "muted" in await typed(plain, "hello")
    await house.hub.parts.sanction_log.load()
    assert "muted" in await typed(plain, "hello")
    come_from(house, "198.51.100.1")
    assert await post(await house.json(name="BOB")) == "muted"
    assert await post(await house.json(name="cara")) == "ok"


# --- banning


async def test_one_who_is_banned_is_out_at_once_and_stays_out(house: House, ann: Client) -> None:
    bob, secret = await member(house, "bob")
    plain = await house.plain("x")
    await typed(plain, f"/login bob {PASSWORD}")
    assert await ran(ann, "/ban BOB 7d spam") == "bob is banned for 7 days."

    assert (bob.line.closed, plain.line.closed) == (4003, 4003)
    (told,) = [f for f in bob.objects() if f["type"] == "error"]
    sentence = "You are banned until 2023-11-21 22:13 UTC: spam"
    assert (told["code"], told["message"]) == ("banned", sentence)
    assert plain.lines()[-1] == f"! {sentence}"
    for hello in ({"token": secret}, {"name": "bob", "password": PASSWORD}):
        client = house.nobody()
        await client.send(requests.Hello(**hello))
        assert client.session.user is None
        assert client.line.closed == 4003 or refused(client) == ["bad_token"]
    assert house.hub.parts.names.holder("bob") is None
    house.clock.advance(7 * 86_400 + 1)
    again = await house.json(name="bob", password=PASSWORD)
    assert again.session.user is not None


async def test_a_guest_is_banned_by_name_in_every_case_and_by_address(
    house: House, ann: Client
) -> None:
    come_from(house, HOME)
    bob = await house.json(name="Bob")
    (welcome,) = [f for f in bob.objects() if f["type"] == "welcome"]
    await ran(ann, "/ban bob")
    assert bob.line.closed == 4003
    come_from(house, "198.51.100.1")
    for name in ("bob", "BOB", "\uff22\uff4f\uff42"):
        client = house.nobody()
        await client.send(requests.Hello(name=name))
        assert (refused(client), client.line.closed) == (["banned"], 4003)
    with pytest.raises(Banned):
        await house.plain("bob")
    token = house.nobody()
    await token.send(requests.Hello(token=welcome["session"]))
    assert refused(token) in (["bad_token"], ["banned"])
    cara = await house.json(name="cara")
    assert await ran(cara, "/nick bOb") == "banned"
    come_from(house, HOME)
    for hello in (
        {},
        {"name": "somebody"},
        {"name": "new", "password": PASSWORD, "register": True},
    ):
        client = house.nobody()
        await client.send(requests.Hello(**hello))
        assert (refused(client), client.line.closed) == (["banned"], 4003)
    with pytest.raises(Banned):
        await house.plain()
    # A member is who they are wherever they come from.
    dora = house.nobody()
    await dora.send(requests.Hello(name="ann", password=PASSWORD))
    assert dora.session.user is not None
    assert await ran(ann, "/unban bob") == "Bob may come in again."
    assert (await house.json(name="bob")).session.user is not None


async def test_nobody_is_shut_out_with_a_guest_of_this_machine(house: House, ann: Client) -> None:
    come_from(house, "127.0.0.1")
    bob, cara = await house.json(name="bob"), await house.json(name="cara")
    await ran(ann, "/ban bob")
    assert (bob.line.closed, cara.line.closed) == (4003, None)
    assert (await house.json(name="dora")).session.user is not None


async def test_an_address_is_banned_for_as_long_as_addresses_are_kept(
    house: House, ann: Client
) -> None:
    come_from(house, "2001:db8::/64")
    guest = await house.json(name="guest")
    assert await ran(ann, "/ban 2001:db8::77 8d") == "bad_request"
    answer = await ran(ann, "/ban 2001:db8::77 too many of you")
    assert answer == "address 2001:db8::/64 is banned."
    assert guest.line.closed == 4003
    house.clock.advance(7 * 86_400 - 1)
    client = house.nobody()
    await client.send(requests.Hello())
    assert refused(client) == ["banned"]
    await ran(ann, "/unban 2001:db8::1")
    await ran(ann, "/ban 2001:db8::1")
    house.clock.advance(7 * 86_400 + 1)
    assert (await house.json()).session.user is not None
    assert {act.whom for act in house.storage.acts} == {"address 2001:db8::/64"}
    await house.hub.housekeeping.clean()
    assert {act.whom for act in house.storage.acts} == {"address"}


async def test_somebody_who_is_not_here_can_be_banned_by_name(house: House, ann: Client) -> None:
    assert await ran(ann, "/ban mallory 1h") == "mallory is banned for 1 hour."
    client = house.nobody()
    await client.send(requests.Hello(name="Mallory"))
    assert refused(client) == ["banned"]
    assert "ban  mallory until 2023-11-14 23:13 UTC, by ann" in await ran(ann, "/bans")
    assert await ran(ann, "/unban nobody") == "no_such_user"


async def test_bans_have_a_bound(
    house: House, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SANCTIONS == 10_000
    monkeypatch.setattr("hubbub.hub.state.sanctions.SANCTIONS", 2)
    assert "is banned" in await ran(ann, "/ban one 1h")
    assert "is banned" in await ran(ann, "/ban two 1h")
    assert await ran(ann, "/ban three 1h") == "forbidden"
    house.clock.advance(3601)
    assert "is banned" in await ran(ann, "/ban three 1h")


async def test_no_mute_without_the_log(house: House, ann: Client) -> None:
    bob, _ = await member(house, "bob")
    house.storage.failing = "the disk is full"
    assert await ran(ann, "/mute bob") == "unavailable"
    assert await ran(ann, "/ban bob") == "unavailable"
    house.storage.failing = None
    assert await post(bob) == "ok"
    assert acts(house) == []


# --- ranks


async def test_nobody_acts_on_somebody_of_the_same_rank_or_on_themselves(
    house: House, ann: Client
) -> None:
    bob, _ = await member(house, "bob")
    cara, _ = await member(house, "cara")
    await member(house, "dora")
    assert await ran(ann, "/role bob admin") == "bob is an admin of this server now."
    await ran(ann, "/role cara moderator")
    await ran(ann, "/role dora moderator")
    for line in ("/ban {}", "/mute {}", "/mute {} everywhere", "/kick {}"):
        assert await ran(cara, line.format("bob")) == "forbidden"
        assert await ran(cara, line.format("dora")) == "forbidden"
        assert await ran(cara, line.format("ann")) == "forbidden"
        assert await ran(cara, line.format("cara")) == "bad_request"
    assert await ran(bob, "/role cara admin") == "forbidden"
    assert await ran(bob, "/role ann member") == "forbidden"
    assert await ran(bob, "/role bob owner") == "forbidden"
    assert await ran(bob, "/role cara member") == "cara is a member of this server now."
    assert await ran(ann, "/role guest moderator") == "no_such_user"
    await house.json(name="guest")
    assert await ran(ann, "/role guest moderator") == "forbidden"
    assert await ran(ann, "/role bob guest") == "bad_request"
    assert await ran(ann, "/role bob king") == "bad_request"


async def test_a_server_keeps_an_owner(house: House, ann: Client) -> None:
    await member(house, "bob")
    assert await ran(ann, "/role ann member") == "forbidden"
    await ran(ann, "/role bob owner")
    assert await ran(ann, "/role ann member") == "ann is a member of this server now."


async def test_a_new_role_holds_at_once_on_all_connections(house: House, ann: Client) -> None:
    bob, secret = await member(house, "bob")
    phone = await house.json(token=secret)
    for client in (bob, phone):
        client.objects()
    await ran(ann, "/role bob moderator")
    for client in (bob, phone):
        frames = client.objects()
        (you,) = [f for f in frames if f["type"] == "you"]
        (standing,) = [f for f in frames if f["type"] == "standing"]
        assert you["user"]["role"] == "moderator"
        assert "ban" in you["may"]
        assert "ban" in [command["name"] for command in you["commands"]]
        assert standing["role"] == "moderator"
        assert "kick" in standing["may"]
    assert (await ran(bob, "/bans")) == "Nobody is banned or muted."


async def test_a_role_in_a_room_is_one_there_alone(house: House, ann: Client) -> None:
    bob, _ = await member(house, "bob")
    cara, _ = await member(house, "cara")
    dora = await house.json(name="dora")
    await bob.ask(requests.Join(room="dev"))
    for client in (cara, dora):
        await client.ask(requests.Join(room="dev"))
    cara.objects()

    async def there(client: Client, line: str) -> str:
        reply = await client.ask(requests.Command(room="dev", line=line))
        return str(reply["text"] if reply["type"] == "ok" else reply["code"])

    assert await there(bob, "/role cara moderator here") == "cara is a moderator of dev now."
    (standing,) = [f for f in cara.objects() if f["type"] == "standing"]
    assert (standing["room"], standing["role"]) == ("dev", "moderator")
    assert await there(bob, "/role dora moderator here") == "forbidden"
    assert await there(bob, "/role ann moderator here") == "not_a_member"
    assert await there(bob, "/role cara admin here") == "bad_request"
    assert await there(cara, "/mute dora") == "dora is muted in dev."
    assert await ran(cara, "/mute dora") == "forbidden"
    assert await there(cara, "/kick bob") == "forbidden"
    assert "dora" in await there(cara, "/bans")
    assert "mute dora in dev" in await there(cara, "/audit")
    assert "role" in await there(cara, "/audit")
    assert await ran(cara, "/audit") == "forbidden"
    assert "/kick" in await there(cara, "/help")
    assert "/kick" not in await ran(dora, "/help")
    members = await ann.ask(requests.Members(room="dev"))
    roles = {m["name"]: m["role"] for m in members["members"]}
    assert roles == {"bob": "owner", "cara": "moderator", "dora": "guest"}


# --- deleting


async def test_a_deleted_message_keeps_its_place_and_loses_its_text(
    house: House, ann: Client
) -> None:
    bob, _ = await member(house, "bob")
    plain = await house.plain("plain")
    for text in ("one", "two", "three"):
        await post(bob, text)
    ann.objects()
    assert (await ann.ask(requests.Delete(room="lobby", seq=2, reason="rude"))) == {"type": "ok"}
    await house.hub.quiet()

    (deleted,) = [f for f in bob.objects() if f["type"] == "deleted"]
    assert (deleted["seq"], deleted["target"], deleted["from"]["name"]) == (4, 2, "ann")
    log = (await bob.ask(requests.History(room="lobby")))["events"]
    shown = [(e["type"], e.get("text"), e.get("deleted", False)) for e in log]
    assert shown == [
        ("message", "one", False),
        ("message", "", True),
        ("message", "three", False),
        ("deleted", None, False),
    ]
    plain.lines()
    assert "[bob]: (deleted)" in await typed(plain, "/history")
    assert "two" not in str(house.storage.logs)
    assert acts(house) == [("delete", "ann", "bob", "rude")]
    found = await bob.ask(requests.Search(room="lobby", text="two"))
    assert found["events"] == []
    assert await ran(ann, "/delete 2") == "bad_request"
    assert await ran(ann, "/delete 4") == "bad_request"
    assert await ran(ann, "/delete 99") == "bad_request"
    assert await ran(ann, "/delete x") == "bad_request"


async def test_ones_own_is_deleted_without_a_word_in_the_audit_log(
    house: House, ann: Client
) -> None:
    bob = await house.json(name="bob")
    await post(bob, "one")
    await post(ann, "mine")
    await post(bob, "two")
    assert await ran(bob, "/delete") == "The message 3 of lobby is deleted."
    assert await ran(bob, "/delete") == "The message 1 of lobby is deleted."
    assert await ran(bob, "/delete") == "bad_request"
    assert await ran(bob, "/delete 2") == "forbidden"
    assert acts(house) == []
    # The nonce was used, and by its sender: nothing is said twice.
    again = await bob.ask(requests.Post(room="lobby", text="one", nonce="p1"))
    assert (again["type"], again["dup"]) == ("ok", True)


# --- the audit log


async def test_the_audit_log_has_all_of_it_in_order_a_page_at_a_time(
    house: House, ann: Client
) -> None:
    await member(house, "bob")
    for line in ("/mute bob 1h x", "/unmute bob", "/role bob moderator", "/role bob member",
                 "/kick bob bye", "/invite link", "/ban bob 1h y", "/unban bob",
                 "/room read-only", "/room writable"):  # fmt: skip
        assert " " in await ran(ann, line)
        house.clock.advance(1)
    first = await ann.ask(requests.Audit(limit=4))
    rest = await ann.ask(requests.Audit(limit=200, before=first["entries"][-1]["id"]))
    entries = first["entries"] + rest["entries"]

    assert (first["more"], rest["more"]) == (True, False)
    assert [e["act"] for e in reversed(entries)] == [
        "mute", "unmute", "role", "role", "kick", "invite link", "ban", "unban", "room", "room",
    ]  # fmt: skip
    # Nobody can count what may not be seen between two entries.
    assert len({e["id"] for e in entries}) == 10
    assert [e["id"] for e in entries] != list(range(10, 0, -1))
    assert (entries[-1]["by"], entries[-1]["whom"], entries[-1]["room"]) == ("ann", "bob", "lobby")
    (last, *_) = (await ran(ann, "/audit 1")).splitlines()
    assert last == "2023-11-14 22:13 UTC  ann  room in lobby: public"


async def test_a_reason_is_one_line_and_cannot_forge_another(house: House, ann: Client) -> None:
    bob, _ = await member(house, "bob")
    evil = "x\n2023-11-14 22:13 UTC  ann  ban cara\r\x1b[2Jy\u202e" + "z" * 500
    await ran(ann, f"/mute bob 1h {evil}")
    (told,) = [f["text"] for f in bob.objects() if f["type"] == "notice"]
    answer = await ran(ann, "/audit")
    for shown in (told, answer):
        assert len(shown.splitlines()) == 1
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert len(shown) < 300


def test_nothing_in_the_storage_takes_an_act_away() -> None:
    """The audit log is appended to: no change that a hub can make names an entry of it."""
    from typing import get_args

    from hubbub.storage.changes import Change

    names = {change.__name__ for change in get_args(Change) if "udit" in change.__name__}
    assert names == {"AppendAudit"}
    assert AuditRecord.__dataclass_params__.frozen  # type: ignore[attr-defined]


# --- what another process does


async def test_what_another_process_wrote_holds_within_a_moment(house: House, ann: Client) -> None:
    bob, _ = await member(house, "bob")
    cara, _ = await member(house, "cara")
    storage = house.storage
    assert bob.session.user is not None
    assert cara.session.user is not None
    assert cara.session.token_hash is not None
    record = storage.users[bob.session.user.id]
    storage.users[record.id] = type(record)(
        record.id, record.name, record.key, record.kind, Role.ADMIN
    )
    del storage.sessions[cara.session.token_hash]
    bob.objects()
    await house.hub.outside_changes.look()
    assert cara.line.closed is None, "nobody said that anything has changed"
    storage.elsewhere = True
    await house.hub.outside_changes.look()

    assert cara.line.closed == 4001
    assert [f["user"]["role"] for f in bob.objects() if f["type"] == "you"] == ["admin"]
    del storage.users[record.id]
    storage.elsewhere = True
    await house.hub.outside_changes.look()
    assert bob.line.closed == 4001


@pytest.mark.parametrize("limits", [Limits(guest_session_h=1)])
async def test_ignoring_somebody_is_kept_for_members(house: House, ann: Client) -> None:
    plain = await house.plain("x")
    await typed(plain, f"/login ann {PASSWORD}")
    await house.json(name="loud")
    assert "You ignore loud" in await typed(plain, "/ignore loud")
    plain.leave()
    await house.hub.quiet()
    back = await house.plain("y")
    assert "You are ann now" in await typed(back, f"/login ann {PASSWORD}")
    assert "You ignore loud." in await typed(back, "/ignore")
    again = await house.json(name="ann", password=PASSWORD)
    (welcome,) = [f for f in again.objects() if f["type"] == "welcome"]
    assert [person["name"] for person in welcome["ignored"]] == ["loud"]
    assert "no longer" in await typed(back, "/unignore loud")
    assert house.storage.ignores == set()


async def test_of_two_bans_at_once_both_hold(house: House, ann: Client) -> None:
    await asyncio.gather(*(
        ann.send(requests.Command(room="lobby", line=f"/ban {name}")) for name in ("one", "two")
    ))  # fmt: skip
    await house.hub.quiet()
    assert len(house.hub.parts.sanctions.holding()) == 2


@pytest.mark.parametrize(
    ("typed_so", "seconds"),
    [("10m", 600), ("2H", 7200), ("7d", 604_800), ("1w", 604_800), ("5s", 5), ("x", None),
     ("10", None), ("m", None), ("-5m", None), ("1.5h", None), ("١m", None)],
)  # fmt: skip
def test_durations_are_read_as_people_type_them(typed_so: str, seconds: int | None) -> None:
    assert parse_duration(typed_so) == seconds


def test_a_duration_is_bounded_and_shown_in_words() -> None:
    for typed_so in ("0m", "11000d", "999999999w"):
        with pytest.raises(BadRequest):
            parse_duration(typed_so)
    assert [show_duration(s) for s in (1, 90, 3600, 172_800)] == [
        "1 second",
        "90 seconds",
        "1 hour",
        "2 days",
    ]
