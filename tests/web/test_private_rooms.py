"""Rooms with a door: made in the browser, private, read-only, archived, renamed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.accounts import PASSWORD, account
from tests.conftest import Server, new_server
from tests.web.conftest import People, Person, until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An open server that ann owns, with bob and cara as members."""
    folder = tmp_path_factory.mktemp("doors")
    server = new_server(folder, "--registration", "open", "--rate-limits", "off")
    server.start()
    account(server, "ann")
    for name in ("bob", "cara"):
        account(server, name)
    yield server
    server.kill()


def make(person: Person, name: str, *, private: bool = False, read_only: bool = False) -> None:
    person.page.get_by_role("button", name="Browse rooms").click()
    person.page.get_by_role("button", name="New room…").click()
    person.page.get_by_label("Name of the room").fill(name)
    if private:
        person.page.get_by_label("Private").check()
    if read_only:
        person.page.get_by_label("Read-only").check()
    person.press("Make the room")


def heading(person: Person, text: str) -> None:
    expect(person.page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_private_room_is_there_for_those_who_are_invited_and_for_nobody_else(
    house: Server, people: People
) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    make(ann, "the board", private=True)
    heading(ann, "the-board, private")
    ann.say("for us alone")
    ann.sees("for us alone")
    address = ann.page.evaluate("location.hash")

    bob, cara = people("bob").sign_in(house.url, PASSWORD), people("cara")
    bob.page.get_by_role("button", name="Browse rooms").click()
    bob.page.keyboard.type("board")
    expect(bob.page.get_by_role("option")).to_have_text(["Create #board"])
    bob.page.keyboard.press("Escape")
    # Not even one who has its address finds it.
    cara.sign_in(f"{house.url}/{address}", PASSWORD)
    expect(cara.page.locator(".note.error").first).to_be_visible()
    assert "for us alone" not in cara.page.content()

    ann.page.get_by_role("button", name="About this room").click()
    ann.page.get_by_label("Invite somebody").fill("bob")
    ann.press("Invite")
    expect(ann.page.get_by_text("bob is invited.")).to_be_visible()
    bob.page.get_by_role("link", name="the-board").click()
    heading(bob, "the-board, private")
    bob.sees("for us alone")
    bob.page.get_by_role("button", name="About this room").click()
    expect(bob.page.get_by_label("Invite somebody")).to_have_count(0)
    expect(bob.page.get_by_label("Read-only")).to_have_count(0)


def test_in_a_read_only_room_only_its_moderators_write(house: Server, people: People) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    make(ann, "news", read_only=True)
    heading(ann, "#news")
    ann.say("It begins.")
    bob = people("bob").sign_in(f"{house.url}/#news", PASSWORD)
    bob.heard("It begins.")
    expect(bob.page.get_by_text("Only moderators write here.")).to_be_visible()
    expect(bob.page.get_by_role("textbox")).to_have_count(0)
    ann.page.get_by_role("button", name="About this room").click()
    ann.page.get_by_label("Read-only").uncheck()
    bob.say("Thank you.")
    bob.heard("Thank you.")


def test_an_archived_room_is_read_and_opened_again_by_its_owner(
    house: Server, people: People
) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    make(ann, "attic")
    heading(ann, "#attic")
    bob = people("bob").sign_in(f"{house.url}/#attic", PASSWORD)
    bob.say("old things")
    ann.heard("old things")
    ann.page.get_by_role("button", name="About this room").click()
    ann.press("Archive the room")
    ann.page.keyboard.press("Escape")
    expect(bob.page.get_by_text("This room is archived")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Open it again")).to_have_count(0)
    bob.heard("old things")
    assert "Delete…" not in bob.menu_of("old things")
    bob.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="Open it again").click()
    bob.say("and new ones")
    ann.heard("and new ones")


def test_a_room_that_is_renamed_keeps_the_draft_the_messages_and_its_place_in_view(
    house: Server, people: People
) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    make(ann, "old")
    heading(ann, "#old")
    bob = people("bob").sign_in(f"{house.url}/#old", PASSWORD)
    bob.say("before")
    bob.sees("before")
    bob.composer.fill("half a thought")
    ann.page.get_by_role("button", name="About this room").click()
    ann.page.get_by_label("Name", exact=True).fill("new")
    ann.press("Rename")
    heading(ann, "#new")
    heading(bob, "#new")
    expect(bob.composer).to_be_focused()
    expect(bob.composer).to_have_value("half a thought")
    assert bob.page.evaluate("location.hash") == "#new"
    bob.composer.press("Enter")
    bob.sees("before", "half a thought")
    expect(bob.page.get_by_role("link", name="old")).to_have_count(0)
    expect(bob.page.locator(".aside").last).to_have_text("ann renamed the room from #old to #new")

    # While one is away, too: what the browser keeps is found under the new name.
    bob.composer.fill("another")
    until(bob.page, "'hubbub.draft.new' in localStorage && 'hubbub.room.new' in localStorage")
    bob.context.set_offline(True)
    bob.page.goto("about:blank")
    ann.page.get_by_label("Name", exact=True).fill("newest")
    ann.press("Rename")
    heading(ann, "#newest")
    bob.context.set_offline(False)
    bob.page.goto(house.url)
    heading(bob, "#newest")
    bob.sees("before", "half a thought")
    expect(bob.composer).to_have_value("another")
