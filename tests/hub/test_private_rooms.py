"""Private rooms, and conversations of others: whoever is outside cannot find out that they are."""

import asyncio
import json

import pytest

from hubbub.model import Role, RoomKind
from hubbub.protocol import requests
from hubbub.storage.records import RoomRecord
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import PASSWORD, member, ran

pytestmark = pytest.mark.usefixtures("cheap_passwords")

SECRET = "the-plan"


async def private_room(house: House, owner: Client, title: str = "board") -> str:
    """A private room with something in it that nobody outside may read; its name."""
    await owner.send(requests.Command(room="lobby", line=f"/room new {title} private"))
    assert owner.session.user is not None
    (name,) = [n for n in owner.session.rooms if n.startswith(f"+{title}-")]
    await owner.say(SECRET, name)
    await ran_in(owner, name, f"/topic {SECRET}")
    await house.hub.quiet()
    owner.objects()
    return name


async def ran_in(client: Client, room: str, line: str) -> str:
    reply = await client.ask(requests.Command(room=room, line=line))
    return str(reply["text"] if reply["type"] == "ok" else reply["code"])


async def test_nobody_outside_sees_it_in_any_way_not_even_an_owner_of_the_server(
    house: House,
) -> None:
    owner, _ = await member(house, "owner")
    ann, _ = await member(house, "ann")
    name = await private_room(house, ann)
    guest = await house.json(name="guest")
    plain = await house.plain("plain")
    await plain.type("/notices on")
    await ran_in(ann, name, "/mute guest 5m " + SECRET)
    await ran_in(ann, name, "/room read-only")
    await ann.send(requests.Typing(room=name))
    await ann.say("more of " + SECRET, name)
    await house.hub.quiet()

    asked: list[requests.AnyRequest] = [
        requests.Rooms(),
        requests.Members(room="lobby"),
        *(requests.Command(room="lobby", line=line) for line in (
            "/rooms", "/whois ann", "/audit 200", "/bans", "/search " + SECRET, "/history 200",
            f"/who {name}", f"/join {name}", "/join +board", f"/invite {name}",
        )),
        requests.Audit(limit=200),
        requests.Bans(),
        requests.Join(room=name),
        requests.History(room=name),
        requests.Search(room=name, text="plan"),
        requests.Members(room=name),
        requests.Post(room=name, text="x", nonce="n"),
        requests.Read(room=name, seq=1),
        requests.Delete(room=name, seq=1),
    ]  # fmt: skip
    for outsider in (owner, guest):
        heard = [json.dumps(frame) for frame in outsider.objects()]
        for request in asked:
            # What somebody asked for is repeated in the answer; that tells nothing.
            answer = json.dumps(await outsider.ask(request))
            heard.append(answer.replace(name, "").replace("'+board'", ""))
        said = "\n".join(heard)
        assert SECRET not in said
        assert "board" not in said
    for line in ("/rooms", "/whois ann", f"/who {name}", f"/join {name}"):
        await plain.type(line)
    await house.hub.quiet()
    assert "board" not in "\n".join(plain.lines()).replace(name, "")


async def test_one_that_is_there_and_one_that_is_not_are_refused_alike(house: House) -> None:
    ann, _ = await member(house)
    name = await private_room(house, ann)
    bob = await house.json(name="bob")
    absent = name[:-6] + "aaaaaa"
    for ask in (
        lambda room: requests.Join(room=room),
        lambda room: requests.History(room=room),
        lambda room: requests.Members(room=room),
        lambda room: requests.Post(room=room, text="x", nonce="n"),
        lambda room: requests.Delete(room=room, seq=1),
        lambda room: requests.Command(room=room, line="/room"),
    ):
        there, nowhere = await bob.ask(ask(name)), await bob.ask(ask(absent))
        assert json.dumps(there).replace(name, "") == json.dumps(nowhere).replace(absent, "")
    hello = await house.json(name="cara", rooms={name: 1, absent: 1})
    refused = [f for f in hello.objects() if f["type"] == "error"]
    there, nowhere = (json.dumps(each) for each in refused)
    assert there.replace(name, "") == nowhere.replace(absent, "")


async def test_two_may_have_one_title_and_neither_learns_of_the_other(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    hers, his = await private_room(house, ann), await private_room(house, bob)

    assert hers != his
    assert await ran(bob, "/join +board") == f"You are in {his} with 1 user.\nTopic: {SECRET}"


async def test_those_who_are_invited_are_in_at_once_and_find_it_again(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, secret = await member(house, "bob")
    name = await private_room(house, ann)
    assert await ran_in(ann, name, "/invite bob") == "bob is invited."
    await ann.say("welcome", name)
    await house.hub.quiet()

    heard = bob.objects()
    assert [f["state"] for f in heard if f["type"] == "presence"] == ["joined"]
    assert "ann invited you into board." in [f["text"] for f in heard if f["type"] == "notice"]
    assert [f["text"] for f in heard if f["type"] == "message"] == ["welcome"]
    rooms = await bob.ask(requests.Rooms())
    assert (rooms["rooms"][0]["room"], rooms["rooms"][0]["kind"]) == (name, "private")
    bob.leave()
    await house.hub.quiet()
    again = await house.json(token=secret, rooms={name: 1})
    (replay,) = [f for f in again.objects() if f["type"] == "replay"]
    assert [e["type"] for e in replay["events"]] == ["message", "topic", "message"]


async def test_a_plain_connection_is_told_how_to_come_in(house: House) -> None:
    ann, _ = await member(house, "ann")
    name = await private_room(house, ann)
    plain = await house.plain("bob")
    await ran_in(ann, name, "/invite bob")
    await plain.type("/join +board")
    await plain.type("hello")
    await house.hub.quiet()

    lines = plain.lines()
    assert lines[0] == f"* -- ann invites you to board: /join {name}"
    assert lines[1].startswith(f"* -- You are in {name} with 2 users.")
    assert lines[2] == "[bob]: hello"


async def test_whoever_is_shown_out_is_out_in_all_ways(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, secret = await member(house, "bob")
    name = await private_room(house, ann)
    await ran_in(ann, name, "/invite bob")
    bob.objects()
    assert await ran_in(ann, name, "/kick bob it was a test") == "bob is shown out of board."
    await ann.say("without bob", name)
    await house.hub.quiet()

    heard = bob.objects()
    assert [f["state"] for f in heard if f["type"] == "presence"] == ["left"]
    notices = [f["text"] for f in heard if f["type"] == "notice"]
    assert notices == ["ann showed you out of board: it was a test"]
    assert [f for f in heard if f["type"] == "message"] == []
    assert (await bob.ask(requests.History(room=name)))["code"] == "no_such_room"
    bob.leave()
    await house.hub.quiet()
    again = await house.json(token=secret, rooms={name: 1})
    frames = again.objects()
    assert [f["code"] for f in frames if f["type"] == "error"] == ["no_such_room"]
    (welcome,) = [f for f in frames if f["type"] == "welcome"]
    assert name not in [room["room"] for room in welcome["rooms"]]


async def test_a_room_that_closes_keeps_its_people_and_its_old_name_is_free(house: House) -> None:
    ann, _ = await member(house, "ann")
    await ann.ask(requests.Join(room="dev"))
    bob = await house.json(name="bob", rooms={"dev": None})
    ann.objects()
    assert "is a private room" in await ran_in(ann, "dev", "/room private")
    (name,) = [n for n in ann.session.rooms if n.startswith("+dev-")]
    await ann.say(SECRET, name)
    await house.hub.quiet()
    assert [f["text"] for f in bob.objects() if f["type"] == "message"] == [SECRET]

    stranger = await house.json(name="stranger", rooms={"dev": None})
    (welcome,) = [f for f in stranger.objects() if f["type"] == "welcome"]
    assert [(r["room"], r["last"]) for r in welcome["rooms"]] == [("dev", 0)]
    await stranger.say("is anybody here?", "dev")
    await house.hub.quiet()
    assert [f for f in bob.objects() if f["type"] == "message"] == []
    assert (await ann.ask(requests.Post(room=name, text="x", nonce="9")))["seq"] == 3


async def test_a_renamed_room_is_found_by_its_old_name_and_what_was_on_the_way_arrives(
    house: House,
) -> None:
    ann, secret = await member(house, "ann")
    await ann.ask(requests.Join(room="dev"))
    plain = await house.plain("bob", "dev")
    await ann.say("before", "dev")
    await house.hub.quiet()
    ann.objects()
    house.storage.go.clear()
    await ann.send(requests.Post(room="dev", text="on the way", nonce="a"))
    renaming = requests.Command(room="dev", line="/room rename build")
    task = asyncio.create_task(ann.send(renaming))
    await plain.type("from bob")
    house.storage.go.set()
    await task
    await plain.type("after")
    await ann.send(requests.Post(room="dev", text="by its old name", nonce="b"))
    await house.hub.quiet()

    frames = ann.objects()
    (settings,) = [f for f in frames if f["type"] == "settings"]
    assert (settings["room"], settings["was"], settings["kind"]) == ("build", "dev", "public")
    places = [(f["room"], f["state"]) for f in frames if f["type"] == "presence"]
    assert places == [("dev", "left"), ("build", "joined")]
    log = await ann.ask(requests.History(room="build"))
    texts = [e.get("text") or e["type"] for e in log["events"]]
    assert sorted(texts) == sorted(
        ["before", "on the way", "from bob", "settings", "after", "by its old name"]
    )
    assert [e["seq"] for e in log["events"]] == list(range(1, 7))
    again = await house.json(token=secret, rooms={"dev": 1})
    (welcome,) = [f for f in again.objects() if f["type"] == "welcome"]
    assert ("build", "dev") in [(r["room"], r["was"]) for r in welcome["rooms"]]
    assert house.storage.room_records.get("dev") is None


async def test_names_do_not_collide(house: House) -> None:
    ann, _ = await member(house, "ann")
    for room in ("dev", "build"):
        await ann.ask(requests.Join(room=room))
        await ann.say("x", room)
    bob = await house.plain("bob", "empty-but-peopled")
    assert await ran_in(ann, "dev", "/room rename build") == "name_taken"
    assert await ran_in(ann, "dev", "/room rename empty-but-peopled") == "name_taken"
    assert await ran_in(ann, "dev", "/room rename +sneaky") == "bad_request"
    assert await ran_in(ann, "dev", "/room rename a/b") == "bad_name"
    assert await ran_in(ann, "dev", "/room rename dev") == "bad_request"
    assert await ran_in(ann, "lobby", "/room rename hall") == "forbidden"
    assert await ran_in(ann, "lobby", "/room private") == "forbidden"
    assert await ran_in(ann, "lobby", "/room new build") == "name_taken"
    bob.leave()


async def test_a_room_that_opens_again_gets_its_title_for_a_name(house: House) -> None:
    ann, _ = await member(house, "ann")
    name = await private_room(house, ann)
    assert await ran_in(ann, name, "/room public") == (
        "board is a public room; you are an owner of it."
    )
    bob = await house.json(name="bob", rooms={"board": None})
    log = await bob.ask(requests.History(room="board"))
    assert [e.get("text") for e in log["events"] if e["type"] == "message"] == [SECRET]


async def test_who_makes_a_room_owns_it_and_a_guests_belongs_to_nobody(house: House) -> None:
    ann, _ = await member(house, "ann")
    guest = await house.json(name="guest")
    hers = await ann.ask(requests.Join(room="hers"))
    (you,) = [f for f in ann.objects() if f["type"] == "you"] or [None]
    his = await guest.ask(requests.Join(room="his"))

    assert (hers["role"], his["role"]) == ("owner", "member")
    assert "settings" in hers["may"]
    assert "settings" not in his["may"]
    assert you is None or "kick" in [c["name"] for c in you["commands"]]
    await house.hub.quiet()
    assert house.storage.members.of_room("hers") == {ann.session.user.id: Role.OWNER}  # type: ignore[union-attr]
    assert house.storage.members.of_room("his") == {}


async def test_an_archived_room_can_be_read_and_is_in_no_list(house: House) -> None:
    ann, _ = await member(house, "ann")
    await ann.ask(requests.Join(room="old"))
    await ann.say("once upon a time", "old")
    await ran_in(ann, "old", "/room archive")
    assert "old" not in [r["room"] for r in (await ann.ask(requests.Rooms()))["rooms"]]
    bob = await house.json(name="bob", rooms={"old": 0})
    (replay,) = [f for f in bob.objects() if f["type"] == "replay"]
    assert [e["type"] for e in replay["events"]] == ["message", "settings"]
    assert (await bob.ask(requests.Post(room="old", text="x", nonce="1")))["code"] == "forbidden"
    await ran_in(ann, "old", "/room unarchive")
    assert (await bob.ask(requests.Post(room="old", text="x", nonce="1")))["type"] == "ok"


async def test_a_whisper_between_members_is_kept_and_found_by_them_alone(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, secret = await member(house, "bob")
    cara, _ = await member(house, "cara")
    sent = await ann.ask(requests.Whisper(to=["bob"], text="the Cake is ready", nonce="1"))
    bob.leave()
    await house.hub.quiet()
    house.clock.advance(20 * 86_400)
    back = await house.json(token=secret)
    back.objects()
    found = await back.ask(requests.Search(room=sent["room"], text="cake"))
    assert [e["text"] for e in found["events"]] == ["the Cake is ready"]
    for request in (
        requests.Search(room=sent["room"], text="cake"),
        requests.History(room=sent["room"]),
        requests.Members(room=sent["room"]),
        requests.Post(room=sent["room"], text="x", nonce="2"),
        requests.Command(room=sent["room"], line="/search cake"),
        requests.Delete(room=sent["room"], seq=1),
    ):
        assert (await cara.ask(request))["code"] == "no_such_room"


async def test_a_message_for_a_private_room_that_closes_in_the_same_moment_stays_in_it(
    house: House,
) -> None:
    """What waits for its commit while a room changes its name goes where it was meant to go."""
    ann, _ = await member(house, "ann")
    await ann.ask(requests.Join(room="dev"))
    bob = await house.json(name="bob", rooms={"dev": None})
    house.storage.go.clear()
    await ann.say("first", "dev")
    closing = asyncio.create_task(ran_in(ann, "dev", "/room private"))
    await house.hub.committing()
    await bob.say(SECRET, "dev")
    house.storage.go.set()
    await closing
    await bob.say("late " + SECRET, "dev")
    await house.hub.quiet()

    assert house.storage.room_records.get("dev") in (
        None,
        RoomRecord("dev", RoomKind.PUBLIC, "", 1, 0),
    )
    (name,) = [n for n in house.storage.room_records if n.startswith("+dev-")]
    assert [getattr(e, "text", "") for e in house.storage.logs[name]].count(SECRET) == 1


async def test_the_password_is_in_no_answer(house: House) -> None:
    ann, _ = await member(house)
    assert PASSWORD not in json.dumps(ann.objects())
