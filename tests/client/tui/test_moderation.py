"""Moderation as people do it in the full-screen client, and what the other one sees of it."""

from dataclasses import replace

import pytest

import hubbub
from hubbub.protocol.replies import Ban
from tests.accounts import PASSWORD
from tests.client.fake import FakeServer
from tests.client.tui.stage import Stage, guest, member, staged
from tests.conftest import Server

pytestmark = pytest.mark.real

WIDE = (110, 30)


async def about(stage: Stage, name: str) -> None:
    """Opens a person's menu by key."""
    await stage.until(lambda: name in stage.conversation.view.chat.names)
    await stage.press("alt+p")
    await stage.pick(name)
    await stage.shows("Whisper")


async def held_against(stage: Stage, name: str) -> list[Ban]:
    """The bans and mutes of somebody."""
    return [each for each in (await stage.conversation.chat.bans()).bans if each.whom == name]


async def test_a_mute_from_the_list_of_people_is_told_to_whom_it_is_about(house: Server) -> None:
    async with member(house, "ann", "hall", size=WIDE) as ann, guest(house, "gus", "hall") as gus:
        await about(ann, "gus")
        await ann.pick("Mute here")
        await ann.shows("Mute gus in this room", "How long", "Esc    Leave it")
        await ann.fill("10m")
        await ann.fill("too loud")
        await ann.shows("gus is muted in hall for 10 minutes.")

        await gus.shows("You are muted in hall", "too loud")
        await gus.say("but why")
        await gus.shows("✗ not sent: You are muted")
        await about(ann, "gus")
        await ann.pick("Unmute here")
        await gus.shows("ann gave you the word back")


async def test_a_reason_that_begins_with_everywhere_mutes_in_the_room_alone(house: Server) -> None:
    async with (
        member(house, "ann", "here", size=WIDE) as ann,
        hubbub.connect(house.url, name="saul", rooms=["here", "there"]) as saul,
    ):
        await about(ann, "saul")
        await ann.pick("Mute here")
        await ann.fill("1 hour")
        await ann.fill("everywhere he goes he shouts")
        await ann.shows("saul is muted in here for 1 hour.")

        [held] = await held_against(ann, "saul")
        assert (held.room, held.reason) == ("here", "everywhere he goes he shouts")
        await saul.post("still here", "there")


async def test_a_ban_for_one_hour_ends_and_what_is_no_duration_is_refused_at_its_field(
    house: Server,
) -> None:
    async with member(house, "ann", "gate", size=WIDE) as ann, guest(house, "kai", "gate") as kai:
        await about(ann, "kai")
        await ann.pick("Ban from the server")
        await ann.fill("a while")
        await ann.shows("10m, 2h, 7d, 1w or 1 hour", "a while", "Ban kai from the server")
        # Said right below what was typed, which keeps the cursor.
        row = next(y for y, line in enumerate(ann.lines) if "a while" in line)
        assert "10m, 2h" in ann.lines[row + 1]
        await ann.press("down", "enter")
        await ann.shows("a while", "10m, 2h, 7d, 1w or 1 hour")
        await ann.press("ctrl+u")
        await ann.lacks("1w or 1 hour")
        await ann.fill("600 weeks")
        await ann.shows("at most ten years")
        assert await held_against(ann, "kai") == []

        await ann.press("ctrl+u")
        await ann.fill("1 hour")
        await ann.fill("spam")
        await kai.shows("You are banned until", "spam")
        await ann.shows("kai is banned for 1 hour.")
        [held] = await held_against(ann, "kai")
        assert held.until is not None


async def test_an_act_is_refused_while_there_is_no_connection(fake: FakeServer) -> None:
    fake.members = [{"id": "u9", "name": "bob", "role": "guest", "away": False}]
    fake.may_here = ["post", "kick"]
    async with staged(fake, size=WIDE) as ann:
        await about(ann, "bob")
        await fake.stop()
        fake.cut_all()
        await ann.until(lambda: not ann.conversation.chat.is_up)
        await ann.pick("Remove from this room")
        await ann.press("enter")
        await ann.shows("Not connected; nothing was done.")
        await fake.start()
        await ann.until(lambda: ann.conversation.chat.is_up)
        await ann.conversation.chat.ping()
        assert not [each for each in fake.requests if each["type"] in {"kick", "command"}]


async def test_a_command_about_a_room_says_so_where_none_is_in_view(house: Server) -> None:
    async with (
        hubbub.connect(house.url, name="zed", rooms=["lobby"]) as zed,
        member(house, "ann", "lobby", size=WIDE) as ann,
    ):
        ann.conversation.change(lambda view: replace(view, room=None))
        await ann.say("/kick zed")
        await ann.shows("You are in no room")
        assert "lobby" in zed.followed
        assert "zed" in [each.name for each in (await zed.members("lobby")).members]


async def test_an_invitation_is_made_listed_and_revoked(house: Server) -> None:
    async with member(house, "ann", "desk", size=WIDE) as ann:
        await ann.press("ctrl+p")
        await ann.pick("Invite people to the server")
        await ann.pick("Make an invitation")
        await ann.press("ctrl+u")
        await ann.fill("many")
        await ann.shows("A whole number from 1 to 1,000.", "many")
        await ann.press("ctrl+u")
        await ann.fill("3")
        await ann.press("enter")
        await ann.shows("For 3 people, within 7 days:", "#invite=")
        [held] = (await ann.conversation.chat.moderation.invitations()).invitations
        assert held.uses == 3

        await ann.press("ctrl+p")
        await ann.pick("Invite people to the server")
        await ann.pick("List those that can be used")
        await ann.shows(held.id, "for 3 people")
        await ann.press("enter")
        await ann.shows("Revoke this invitation?")
        await ann.press("enter")
        await ann.shows("Nobody comes in by that invitation any more.")
        assert (await ann.conversation.chat.moderation.invitations()).invitations == ()


async def test_a_message_is_deleted_by_key_and_its_place_stays(house: Server) -> None:
    async with member(house, "ann", "mess", size=WIDE) as ann, guest(house, "moe", "mess") as moe:
        await moe.say("something ugly")
        await ann.shows("something ugly")
        await ann.press("ctrl+up")
        await ann.shows("D delete")
        await ann.press("d")
        await ann.shows("Delete what moe said?", "Why (for the audit log)")
        await ann.press("escape", "d")
        await ann.fill("ugly")

        for stage in (ann, moe):
            await stage.shows("message deleted")
            await stage.lacks("something ugly")
        await moe.say("sorry")
        await moe.shows("sorry")
        await moe.until(lambda: not moe.conversation.view.timeline.pending)
        await moe.press("ctrl+up", "d")
        await moe.shows("Delete what you said?")
        await moe.lacks("audit log")
        await moe.press("enter")
        await ann.until(lambda: ann.text.count("message deleted") == 2)


async def test_a_click_on_a_name_offers_to_remove_and_the_one_removed_reads_why(
    house: Server,
) -> None:
    async with (
        member(house, "ann", "yard", size=WIDE) as ann,
        guest(house, "yuri", "yard", size=WIDE) as yuri,
    ):
        await ann.shows("2 people", "yuri")
        row = next(y for y, line in enumerate(ann.lines) if line.endswith("yuri"))
        await ann.pilot.click("#people", offset=(2, row))
        await ann.pick("Remove from this room")
        await ann.fill("flooding")
        await ann.shows("yuri is shown out of yard.", "1 person")

        await yuri.shows("no longer in yard", "ann showed you out of yard: flooding")


async def test_nobody_is_offered_what_they_may_not_do(house: Server) -> None:
    async with member(house, "ann", "plain", size=WIDE) as ann, guest(house, "pat", "plain") as pat:
        await ann.say("hello there")
        await pat.shows("hello there")
        await about(pat, "ann")
        assert not any(word in pat.text for word in ("Mute", "Remove", "Ban", "Role"))
        await pat.press("escape", "ctrl+p")
        await pat.type("see")
        await pat.shows("See what this room is")
        assert "moderators did" not in pat.text
        await pat.press("escape", "alt+r")
        await pat.shows("public; you are its", "Leave it")
        assert "Archive" not in pat.text
        await pat.press("escape", "ctrl+up")
        await pat.lacks("D delete")
        await pat.press("d")
        await pat.shows("Messages are deleted by who wrote them")


async def test_a_new_role_is_there_at_once(house: Server) -> None:
    async with member(house, "ann", "jobs", size=WIDE) as ann, member(house, "bob", "jobs") as bob:
        await about(bob, "ann")
        assert "Mute here" not in bob.text
        await bob.press("escape")
        await about(ann, "bob")
        await ann.pick("Role in this room")
        await ann.pick("moderator")
        await ann.shows("bob is a moderator of jobs now.")

        await bob.until(lambda: "kick" in bob.conversation.view.chat.rooms["jobs"].may)
        await about(bob, "ann")
        await bob.pick("Mute here")
        await bob.press("enter", "enter")
        await bob.shows("You are a moderator, and cannot do that to")


async def test_a_ban_ends_it_for_one_and_is_lifted_from_the_list(house: Server) -> None:
    async with member(house, "ann", "door", size=WIDE) as ann, guest(house, "max", "door") as max_:
        await about(ann, "max")
        await ann.pick("Ban from the server")
        await ann.fill("7d")
        await ann.fill("spam")
        await max_.shows("✗ Ctrl+Q quits.", "You are banned until", "spam")
        with pytest.raises(hubbub.Banned):
            async with hubbub.connect(house.url, name="max"):
                pass

        await ann.press("ctrl+p")
        await ann.pick("See what moderators did")
        await ann.shows("ann ban max: for 7 days: spam", "Esc closes")
        await ann.press("escape", "ctrl+p")
        await ann.pick("See who is banned or muted")
        await ann.pick("max banned")
        await ann.shows("Let max in again?")
        await ann.press("enter")
        await ann.shows("max may come in again.")
        async with hubbub.connect(house.url, name="max"):
            pass


async def test_a_mute_is_lifted_in_the_room_where_it_holds(house: Server) -> None:
    async with (
        member(house, "ann", "east", "west", size=WIDE) as ann,
        hubbub.connect(house.url, name="tom", rooms=["east", "west"]) as tom,
    ):
        for room in ("east", "west"):
            await ann.conversation.chat.command("/mute tom 1h", room)
        for room in ("east", "west"):
            # What comes of it is told in the room that it is about.
            ann.conversation.go_to(room)
            await ann.press("ctrl+p")
            await ann.pick("See who is banned or muted")
            await ann.pick(f"tom muted in {room}")
            await ann.shows(f"Give tom the word again in {room}?")
            await ann.press("enter")
            await ann.shows(f"tom has the word again in {room}.")
            await tom.post("thanks", room)


async def test_whom_a_member_ignores_is_kept_by_the_server(house: Server) -> None:
    async with member(house, "cara", "ears") as cara, guest(house, "bore", "ears") as bore:
        await about(cara, "bore")
        await cara.pick("Ignore")
        await cara.shows("You ignore bore from now on")
        await bore.say("can you hear me")
        await bore.shows("can you hear me")
        async with hubbub.connect(house.url, name="cara", password=PASSWORD) as chat:
            assert [person.name for person in chat.welcome.ignored] == ["bore"]
    async with member(house, "cara", "ears") as cara:
        await cara.say("anyone?")
        await cara.shows("anyone?")
        assert "can you hear me" not in cara.text
        await cara.say("/unignore bore")
        await cara.shows("can you hear me")
