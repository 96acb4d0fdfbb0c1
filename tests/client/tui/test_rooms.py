"""Rooms with a door in the full-screen client: private, read-only, archived, renamed, searched."""

from pathlib import Path

import pytest

import hubbub
from hubbub.client import saved
from hubbub.client.tui import store
from tests.accounts import PASSWORD
from tests.client.tui.stage import guest, member
from tests.conftest import Server

pytestmark = pytest.mark.real

WIDE = (110, 30)


async def test_a_private_room_is_made_and_whoever_is_invited_is_in_it(house: Server) -> None:
    async with member(house, "ann", "lobby", size=WIDE) as ann, member(house, "bob") as bob:
        await ann.press("ctrl+p")
        await ann.pick("Make a room")
        await ann.fill("board")
        await ann.pick("Private")
        await ann.until(lambda: "🔒board" in ann.lines[0])
        await ann.press("alt+r")
        await ann.shows("board: private; you are its owner")
        await ann.pick("Invite somebody")
        await ann.fill("bob")
        await ann.shows("bob is invited.")

        await bob.shows("🔒board")
        await bob.press("alt+2")
        await bob.until(lambda: "🔒board" in bob.lines[0])
        await bob.say("thank you")
        await ann.shows("thank you")


async def test_a_room_says_that_it_is_read_only_or_archived(house: Server) -> None:
    async with member(house, "ann", "news", size=WIDE) as ann, guest(house, "nell", "news") as nell:
        await ann.press("alt+r")
        await ann.pick("Make it read-only")
        await nell.shows(
            "#news  read-only", "Only moderators write in news", "ann set news to public"
        )
        assert "Message news" in ann.text
        await ann.press("alt+r")
        await ann.pick("Archive it")
        await ann.shows("Archive news?")
        await ann.press("enter")
        await nell.shows("#news  read-only  archived", "news is archived: read only")
        await ann.shows("news is archived: read only")
        await ann.press("alt+r")
        await ann.pick("Open it again")
        await nell.lacks("archived:")


async def test_a_room_that_is_renamed_keeps_the_draft_and_the_place(house: Server) -> None:
    async with member(house, "ann", "mill", size=WIDE) as ann, guest(house, "milo", "mill") as milo:
        await ann.say("before")
        await milo.shows("before")
        await milo.type("half a thou")
        await ann.press("alt+r")
        await ann.pick("Rename it")
        await ann.fill("windmill")
        await milo.shows("#windmill", "ann renamed mill to windmill.", "before")
        await milo.type("ght")
        assert milo.draft == "half a thought"
        await milo.press("enter")
        await ann.shows("half a thought")
        assert milo.conversation.view.order == ("windmill",)


async def test_a_room_that_was_renamed_meanwhile_is_found_again_with_its_draft(
    house: Server, tmp_path: Path
) -> None:
    async with guest(house, "pia", "oven") as pia:
        await pia.say("warm")
        await pia.shows("warm")
        await pia.until(lambda: not pia.conversation.view.timeline.pending)
        await pia.type("cake for")
    async with hubbub.connect(house.url, name="ann", password=PASSWORD, rooms=["oven"]) as ann:
        await ann.command("/room rename stove", "oven")
    async with guest(house, "pia") as pia:
        await pia.shows("#stove", "warm", "ann renamed oven to stove.")
        assert pia.draft == "cake for"
        await pia.press("ctrl+q")
        await pia.until(lambda: pia.app.return_value is not None)
    [session, *_] = next(iter(saved.load().sessions.values()))
    assert (session.rooms, session.room) == (("stove",), "stove")


async def test_search_finds_what_is_not_loaded_and_goes_there(house: Server) -> None:
    async with hubbub.connect(house.url, name="quill", rooms=["deep"]) as chat:
        for number in range(160):
            await chat.post_soon("The Needle" if number == 3 else f"hay {number}.", "deep")
        await chat.post("the end", "deep")
    async with guest(house, "sean", "deep") as sean:
        await sean.shows("the end")
        await sean.say("/search needle")
        await sean.shows("quill", "The Needle")
        await sean.press("enter")
        await sean.shows("hay 1.", "The Needle", "hay 4.", "Esc back")
        assert sean.screen.messages.cursor == "4"
        await sean.press("escape", "escape")
        await sean.shows("the end")

        await sean.press("ctrl+f")
        await sean.type("needle")
        await sean.shows("Nothing loaded has")
        await sean.press("ctrl+f")
        await sean.shows("quill", "The Needle")
        await sean.press("escape")
        await sean.lacks("quill  The Needle")


async def test_the_menu_of_a_room_that_has_gone_meanwhile_closes(house: Server) -> None:
    async with guest(house, "lea", "attic", "cellar") as lea:
        await lea.press("alt+r")
        await lea.shows("public; you are its", "Leave it")
        lea.conversation.change(lambda view: store.left(view, "attic"))
        await lea.press("escape")
        await lea.lacks("Leave it")

        await lea.say("still here")
        await lea.shows("still here")
