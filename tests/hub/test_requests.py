"""Acts as requests: what each is answered, what is refused, and that typed commands make them."""

import json
from typing import Any, get_args

import pytest

from hubbub.hub.handlers import HANDLERS
from hubbub.model import Role, RoomKind, format_instant
from hubbub.protocol import requests
from hubbub.protocol.json import Rejected, decode_request
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import member, refused
from tests.hub.test_moderation import acts, post

pytestmark = pytest.mark.usefixtures("cheap_passwords")

REASON = "everywhere he goes he shouts"


@pytest.fixture
async def ann(house: House) -> Client:
    """The owner of the server."""
    client, _ = await member(house, "ann")
    return client


@pytest.fixture
async def bob(house: House, ann: Client) -> Client:
    """A member, in lobby and dev."""
    client, _ = await member(house, "bob")
    await client.ask(requests.Join(room="dev"))
    return client


async def done(client: Client, request: requests.AnyRequest) -> dict[str, Any]:
    """What a request that was carried out is answered."""
    reply = await client.ask(request)
    assert reply.pop("type") == "ok", reply
    return reply


async def code(client: Client, request: requests.AnyRequest) -> str:
    return str((await client.ask(request)).get("code"))


async def said(client: Client, line: str, room: str | None = None) -> str:
    """What a command answered, typed with this room in view, or why it was refused."""
    reply = await client.ask(requests.Command(room=room, line=line))
    return str(reply["text"] if reply["type"] == "ok" else reply["message"])


def test_every_request_has_a_handler_but_those_that_the_dispatcher_takes_itself() -> None:
    by_itself = {requests.Hello, requests.Command}
    assert set(HANDLERS) == set(get_args(requests.AnyRequest)) - by_itself


# --- acts on people


async def test_a_reason_is_a_reason_whatever_words_it_has(
    house: House, ann: Client, bob: Client
) -> None:
    mute = requests.Mute(room="lobby", name="bob", reason=REASON)
    assert await done(ann, mute) == {"act": "mute", "whom": "bob", "room": "lobby"}
    assert await post(bob) == "muted"
    assert await post(bob, room="dev") == "ok"
    ban = requests.Ban(name="gus", duration_s=60, reason="7d of noise")
    assert (await done(ann, ban))["until"] == "2023-11-14T22:14:20.000Z"
    assert acts(house)[0] == ("mute", "ann", "bob", REASON)
    assert acts(house)[1] == ("ban", "ann", "gus", "for 1 minute: 7d of noise")


async def test_a_mute_without_a_room_holds_everywhere(ann: Client, bob: Client) -> None:
    assert await done(ann, requests.Mute(name="bob", duration_s=600)) == {
        "act": "mute",
        "whom": "bob",
        "until": "2023-11-14T22:23:20.000Z",
    }
    assert [await post(bob), await post(bob, room="dev")] == ["muted", "muted"]
    assert await code(ann, requests.Unmute(room="lobby", name="bob")) == "no_such_user"
    assert await done(ann, requests.Unmute(name="bob")) == {"act": "unmute", "whom": "bob"}
    assert await post(bob) == "ok"


async def test_a_kick_takes_somebody_out_of_one_room(ann: Client, bob: Client) -> None:
    kick = requests.Kick(room="lobby", name="@BOB", reason="spam")
    assert await done(ann, kick) == {"act": "kick", "whom": "bob", "room": "lobby"}
    assert set(bob.session.rooms) == {"dev"}
    assert await code(ann, kick) == "not_a_member"


async def test_a_ban_ends_by_the_name_that_it_was_laid_on(ann: Client, bob: Client) -> None:
    assert await done(ann, requests.Ban(name="bob")) == {"act": "ban", "whom": "bob"}
    assert bob.line.closed == 4003
    address = await done(ann, requests.Ban(name="2001:db8::7", duration_s=3600))
    assert address["whom"] == "address 2001:db8::/64"
    for whom in ("bob", "address 2001:db8::/64"):
        assert await done(ann, requests.Unban(name=whom)) == {"act": "unban", "whom": whom}
    assert await code(ann, requests.Unban(name="bob")) == "no_such_user"


async def test_a_ban_of_an_address_tells_that_it_ends_with_what_is_kept_of_it(ann: Client) -> None:
    parts = ann.hub.parts
    ends_ms = parts.clock.now_ms() + int(parts.limits.address_retention_h * 3_600_000)
    told = await done(ann, requests.Ban(name="2001:db8::7"))
    assert told["until"] == format_instant(ends_ms)
    assert (await done(ann, requests.Bans()))["bans"][0]["until"] == told["until"]


async def test_a_role_is_given_on_the_server_or_in_a_room(ann: Client, bob: Client) -> None:
    role = Role.MODERATOR
    there = await done(ann, requests.SetRole(room="lobby", name="bob", role=role))
    assert there == {"act": "set_role", "whom": "bob", "room": "lobby", "role": "moderator"}
    server = await done(ann, requests.SetRole(name="bob", role=role))
    assert server == {"act": "set_role", "whom": "bob", "role": "moderator"}
    for wrong in (
        requests.SetRole(name="bob", role=Role.GUEST),
        requests.SetRole(room="lobby", name="bob", role=Role.ADMIN),
    ):
        assert await code(ann, wrong) == "bad_request"


@pytest.mark.parametrize(
    "request_",
    [
        requests.Kick(room="lobby", name=""),
        requests.Mute(name="no name at all"),
        requests.SetRole(name="*", role=Role.MEMBER),
        requests.Ban(name="a b"),
        requests.MakeRoom(room="*"),
        requests.ChangeRoom(room="dev", name=""),
    ],
)
async def test_a_name_that_is_none_is_refused(
    ann: Client, bob: Client, request_: requests.AnyRequest
) -> None:
    await ann.ask(requests.Join(room="dev"))
    assert await code(ann, request_) in {"bad_name", "no_such_user"}


async def test_somebody_who_is_not_there_or_oneself_is_refused(ann: Client) -> None:
    assert await code(ann, requests.Kick(room="lobby", name="nobody")) == "no_such_user"
    assert await code(ann, requests.Mute(room="lobby", name="ann")) == "bad_request"
    assert await code(ann, requests.Ban(name="ann")) == "bad_request"


@pytest.mark.parametrize("kind", ["mute", "ban"])
@pytest.mark.parametrize("duration", ["1 hour", "1h", 0, -5, 1.5, 10**12, True])
def test_a_duration_is_whole_seconds_up_to_ten_years(kind: str, duration: object) -> None:
    found = decode_request(json.dumps({"type": kind, "name": "bob", "duration_s": duration}))
    assert isinstance(found, Rejected)
    assert found.refusal.code == "bad_request"
    assert "duration_s" in found.refusal.message


# --- rooms


async def test_who_makes_a_room_is_in_it_and_told_its_name(ann: Client) -> None:
    made = await done(ann, requests.MakeRoom(room="the-board", private=True, read_only=True))
    assert made["room"].startswith("+the-board-")
    assert (made["kind"], made["read_only"], made["role"]) == ("private", True, "owner")
    assert [event["type"] for event in made["events"]] == ["settings"]
    assert made["room"] in ann.session.rooms
    await done(ann, requests.MakeRoom(room="news"))
    assert await code(ann, requests.MakeRoom(room="NEWS")) == "name_taken"


async def test_a_room_is_changed_in_what_is_given_alone(ann: Client) -> None:
    await done(ann, requests.MakeRoom(room="news"))
    closed = await done(ann, requests.ChangeRoom(room="news", read_only=True, name="tidings"))
    assert closed == {
        "room": "tidings",
        "kind": "public",
        "read_only": True,
        "archived": False,
        "role": "owner",
    }
    private = await done(ann, requests.ChangeRoom(room="tidings", kind=RoomKind.PRIVATE))
    assert (private["room"][:9], private["read_only"]) == ("+tidings-", True)
    same = requests.ChangeRoom(room=private["room"], read_only=True)
    assert await code(ann, same) == "bad_request"
    direct = requests.ChangeRoom(room=private["room"], kind=RoomKind.DIRECT)
    assert await code(ann, direct) == "bad_request"
    archived = requests.ChangeRoom(room="lobby", archived=True)
    assert await code(ann, archived) == "forbidden"


async def test_somebody_is_invited_into_a_private_room_once(ann: Client, bob: Client) -> None:
    room = (await done(ann, requests.MakeRoom(room="board", private=True)))["room"]
    invite = requests.Invite(room=room, name="bob")
    assert await done(ann, invite) == {"act": "invite", "whom": "bob", "room": room}
    assert room in bob.session.rooms
    assert await code(ann, invite) == "bad_request"
    assert await code(ann, requests.Invite(room="lobby", name="bob")) == "bad_request"


# --- invitations to the server


async def test_an_invitation_is_made_listed_and_ended(ann: Client, bob: Client) -> None:
    made = await done(ann, requests.MakeInvitation(uses=3, days=2))
    assert made["link"].endswith(f"/#invite={made['code']}")
    assert (made["uses"], made["until"]) == (3, "2023-11-16T22:13:20.000Z")
    (listed,) = (await done(ann, requests.Invitations()))["invitations"]
    assert (listed["uses"], listed["until"]) == (3, made["until"])
    assert made["code"] not in str(listed)
    assert await done(ann, requests.RevokeInvitation(invitation=listed["id"])) == {}
    assert await done(ann, requests.Invitations()) == {"invitations": []}
    ended = requests.RevokeInvitation(invitation=listed["id"])
    assert await code(ann, ended) == "bad_request"
    assert await code(bob, requests.MakeInvitation()) == "forbidden"


@pytest.mark.parametrize(("uses", "days"), [(0, 7), (1001, 7), (1, 0), (1, 366), ("1", 7)])
def test_an_invitation_has_uses_and_days_in_bounds(uses: object, days: object) -> None:
    found = decode_request(json.dumps({"type": "make_invitation", "uses": uses, "days": days}))
    assert isinstance(found, Rejected)
    assert found.refusal.code == "bad_request"


# --- typed commands make these requests


async def test_a_duration_of_two_words_is_shown_as_one(house: House, ann: Client) -> None:
    assert await said(ann, "/ban gus 1 hour spam") == (
        "1 is no duration; /ban takes one as 10m, 1h, 7d or 1w. Type 1 hour as one word: 1h."
    )
    assert await said(ann, "/ban gus 3 strikes") == (
        "3 is no duration; /ban takes one as 10m, 1h, 7d or 1w."
    )
    assert acts(house) == []
    assert await said(ann, "/ban gus 1hour spam") == "gus is banned for 1 hour."


@pytest.mark.parametrize(
    "line",
    ["/kick bob", "/mute bob", "/unmute bob", "/me waves", "/topic tea", "/topic", "/history",
     "/search tea", "/delete", "/leave", "/who", "/room", "/room archive", "/invite bob",
     "/role bob owner here"],
)  # fmt: skip
async def test_a_command_that_needs_a_room_does_nothing_without_one(
    house: House, ann: Client, bob: Client, line: str
) -> None:
    before = len(house.storage.acts)
    name = line.split(maxsplit=1)[0]
    assert await said(ann, line) == f"{name} is about a room; go into one first."
    await house.hub.quiet()
    assert (len(house.storage.acts), set(bob.session.rooms)) == (before, {"lobby", "dev"})
    assert refused(bob) == []


async def test_a_command_that_needs_no_room_needs_none_in_view(ann: Client, bob: Client) -> None:
    assert await said(ann, "/mute bob everywhere 10m") == "bob is muted everywhere for 10 minutes."
    assert await said(ann, "/role bob moderator") == "bob is a moderator of this server now."
    assert "/kick NAME [REASON]" in await said(ann, "/help kick")
    assert await said(ann, "/room new news") == "news is made, and you are in it."


async def test_welcome_tells_of_each_command_what_its_words_are(house: House, ann: Client) -> None:
    again = await house.json(name="ann", password="correct-horse")
    (welcome,) = [f for f in again.objects() if f["type"] == "welcome"]
    told = {command["name"]: command for command in welcome["commands"]}
    assert (told["kick"]["room"], told["kick"]["arguments"][0]) == (
        True,
        {"name": "NAME", "kind": "person"},
    )
    assert "room" not in told["mute"]
    assert [each.get("kind", "word") for each in told["mute"]["arguments"]] == [
        "person",
        "choice",
        "duration",
        "text",
    ]
    assert told["mute"]["arguments"][1]["choices"] == ["everywhere"]
    assert told["whisper"]["aliases"] == ["w", "msg"]
