"""Search in a room and in a conversation, and from a result to its place."""

import pytest
from playwright.sync_api import expect

import hubbub
from tests.conftest import Server
from tests.web.conftest import People, aside

pytestmark = pytest.mark.real


def test_a_message_of_long_ago_is_found_and_shown_in_its_place(
    shared: Server, people: People
) -> None:
    async def fill() -> None:
        async with hubbub.connect(shared.url, name="hay.filler", rooms=["haystack"]) as filler:
            await filler.post("The NEEDLE is here", "haystack")
            for number in range(299):
                await filler.post_soon(f"straw {number}", "haystack")
            await filler.post("straw 299", "haystack")

    aside(fill)
    ann = people("seeker.s").join(f"{shared.url}/#haystack")
    ann.heard("straw 299")
    keys, page = ann.page.keyboard, ann.page
    keys.press("Control+Shift+f")
    dialog = page.get_by_role("dialog", name="Search in #haystack")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    keys.type("needle")
    expect(dialog.locator("mark")).to_have_text("NEEDLE")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(dialog).to_have_count(0)
    found = page.locator("article[data-found]")
    expect(found).to_contain_text("The NEEDLE is here")
    expect(found).to_be_in_viewport()
    page.get_by_role("button", name="Jump to latest").click()
    ann.heard("straw 299")


def test_what_is_not_there_is_said_and_more_is_found_further_back(
    shared: Server, people: People
) -> None:
    async def fill() -> None:
        async with hubbub.connect(shared.url, name="hits.counter", rooms=["many"]) as counter:
            for number in range(40):
                await counter.post(f"hit {number}", "many")

    aside(fill)
    ann = people("seeker.m").join(f"{shared.url}/#many")
    ann.page.get_by_role("button", name="Search", exact=True).click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("nothing like it")
    expect(dialog.get_by_text("Nothing was found.")).to_be_visible()
    dialog.get_by_role("searchbox").fill("hit")
    expect(dialog.get_by_role("listitem")).to_have_count(30)
    dialog.get_by_role("button", name="Search further back").click()
    expect(dialog.get_by_role("listitem")).to_have_count(40)
    expect(dialog.get_by_text("40 messages")).to_be_visible()


def test_a_conversation_is_searched_by_its_people(shared: Server, people: People) -> None:
    ann, bob = people("ann.s").join(shared.url), people("bob.s").join(shared.url)
    ann.say("/whisper bob.s the secret word")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("bob.s")
    bob.page.get_by_role("link", name="ann.s").click()
    bob.page.keyboard.press("Control+Shift+f")
    bob.page.keyboard.type("secret")
    dialog = bob.page.get_by_role("dialog", name="Search in ann.s")
    expect(dialog.get_by_role("listitem")).to_contain_text("the secret word")
