"""Members in the browser: becoming one, signing in, coming by an invitation, signing out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

import hubbub
from tests.conftest import Server
from tests.test_community import PASSWORD, owner
from tests.web.conftest import People, aside

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for members, with ann as its owner."""
    flags = ("--registration", "invite", "--rate-limits", "off")
    server = Server(tmp_path_factory.mktemp("house"), flags, {})
    server.start()
    owner(server)
    yield server
    server.kill()


async def invitation(house: Server) -> str:
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        found = re.search(r"\S+#invite=\S+", await ann.command("/invite link"))
        assert found is not None
        return found[0]


def test_a_member_signs_in_and_stays_signed_in(house: Server, people: People) -> None:
    page = people("ann").page
    page.goto(house.url)
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.locator("#join-problem")).to_have_text("Type your password, too.")
    page.get_by_label("Your password").fill("wrong-words-here")
    page.keyboard.press("Enter")
    expect(page.locator("#join-problem")).to_have_text(
        "That name and that password do not go together."
    )
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_be_focused()
    page.reload()
    expect(page.locator("#composer")).to_be_visible()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert PASSWORD not in kept


def test_an_invitation_makes_a_member_and_leaves_the_address(house: Server, people: People) -> None:
    link = aside(lambda: invitation(house))
    bob = people("bob")
    bob.page.goto(link)
    expect(bob.page.get_by_text("You are invited")).to_be_visible()
    assert "invite" not in bob.page.url
    bob.page.keyboard.type("bob")
    bob.page.get_by_label("A new password").fill("a few words of bob's")
    bob.page.keyboard.press("Enter")
    expect(bob.composer).to_be_focused()
    bob.say("thank you")
    bob.sees("thank you")

    late = people("late").page
    late.goto(link)
    late.keyboard.type("late")
    late.get_by_label("A new password").fill(PASSWORD)
    late.keyboard.press("Enter")
    expect(late.locator("#join-problem")).to_have_text(
        "That invitation is unknown, used up or has run out."
    )


def test_signing_out_ends_the_session_and_says_so(house: Server, people: People) -> None:
    page = people("ann").page
    page.goto(house.url)
    page.keyboard.type("ann")
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_be_focused()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_text("You are signed in, as owner of this server.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your password")).to_be_visible()


def test_a_guest_becomes_a_member_in_the_settings(shared: Server, people: People) -> None:
    guest = people("m.guest").join(f"{shared.url}/#members")
    guest.say("before")
    guest.page.get_by_role("button", name="Settings").click()
    guest.page.get_by_label("A new password").fill("short")
    guest.page.get_by_role("button", name="Become a member").click()
    expect(guest.page.locator("#register-problem")).to_contain_text("8 to 128 characters")
    guest.page.get_by_label("A new password").fill("a few words of mine")
    guest.page.get_by_role("button", name="Become a member").click()
    expect(guest.page.get_by_text("You are signed in, as")).to_be_visible()
    guest.page.keyboard.press("Escape")
    guest.say("after")
    guest.sees("before", "after")

    # Another device: the name is taken, and its password opens it.
    phone = people("m.guest", viewport={"width": 390, "height": 844})
    phone.page.goto(f"{shared.url}/#members")
    phone.page.keyboard.type("m.guest")
    phone.page.keyboard.press("Enter")
    phone.page.get_by_label("Your password").fill("a few words of mine")
    phone.page.keyboard.press("Enter")
    phone.sees("before", "after")


def test_a_password_that_is_typed_as_a_command_is_kept_nowhere(
    shared: Server, people: People
) -> None:
    guest = people("m.typing").join(f"{shared.url}/#typing")
    guest.composer.fill(f"/register {PASSWORD}")
    guest.page.wait_for_timeout(800)
    assert PASSWORD not in guest.page.evaluate("JSON.stringify(localStorage)")
    guest.composer.press("Enter")
    expect(guest.page.get_by_text("m.typing is yours now").first).to_be_visible()
    assert PASSWORD not in guest.page.content()
    assert PASSWORD not in guest.page.evaluate("JSON.stringify(localStorage)")
