"""Members in the browser: becoming one, signing in, coming by an invitation, signing out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

import hubbub
from tests.accounts import PASSWORD, account
from tests.conftest import Serve, Server, new_server
from tests.web.conftest import People, aside, until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for members, with ann as its owner."""
    flags = ("--registration", "invite", "--rate-limits", "off")
    server = new_server(tmp_path_factory.mktemp("house"), *flags)
    server.start()
    account(server, "ann")
    yield server
    server.kill()


async def invitation(house: Server) -> str:
    async with hubbub.connect(house.url, name="ann", password=PASSWORD) as ann:
        found = re.search(r"\S+/(#invite=\S+)", await ann.command("/invite link"))
        assert found is not None
        # Without public_url a node would tell its own address.
        return f"{house.url}/{found[1]}"


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


def test_the_secret_of_a_session_is_nowhere_where_a_script_could_read_it(
    house: Server, people: People
) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    (cookie,) = ann.context.cookies()
    assert cookie["httpOnly"] is True
    assert cookie["sameSite"] == "Strict"
    for page in (ann.page, ann.context.new_page()):
        page.goto(house.url)
        expect(page.locator("#composer")).to_be_visible()
        readable = page.evaluate(
            "document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
        )
        assert "hubbub.session" in readable
        assert cookie["value"] not in readable


def test_a_session_that_an_earlier_release_has_kept_is_taken_over(
    house: Server, people: People
) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    (cookie,) = ann.context.cookies()
    ann.context.clear_cookies()
    ann.page.evaluate(
        """token => { localStorage["hubbub.session"] = JSON.stringify(
            { ...JSON.parse(localStorage["hubbub.session"]), token, turn: undefined }); }""",
        cookie["value"],
    )
    ann.page.reload()
    expect(ann.composer).to_be_visible()
    until(ann.page, "JSON.parse(localStorage['hubbub.session']).token === ''")
    (again,) = ann.context.cookies()
    assert again["value"] == cookie["value"]


def test_a_browser_that_keeps_no_cookies_stays_signed_in_all_the_same(
    house: Server, people: People
) -> None:
    ann = people("ann")
    ann.page.route("**/session", lambda route: route.fulfill(status=404))
    ann.sign_in(house.url, PASSWORD)
    until(ann.page, "'hubbub.session' in localStorage")
    ann.page.reload()
    expect(ann.composer).to_be_visible()


def test_whoever_lost_the_cookie_is_asked_for_the_password(house: Server, people: People) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    until(ann.page, "'hubbub.session' in localStorage")
    ann.context.clear_cookies()
    ann.page.reload()
    expect(ann.page.get_by_label("Your password")).to_be_visible()
    expect(ann.page.locator("#name")).to_have_value("ann")


def test_signing_out_takes_the_cookie_along_and_every_tab(house: Server, people: People) -> None:
    ann = people("ann").sign_in(house.url, PASSWORD)
    second = ann.context.new_page()
    second.goto(house.url)
    expect(second.locator("#composer")).to_be_visible()
    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_role("button", name="Sign out").click()
    for page in (ann.page, second):
        expect(page.get_by_label("Your password")).to_be_visible()
    until(ann.page, "!('hubbub.session' in localStorage)")
    assert ann.context.cookies() == []


def test_a_session_that_is_ended_elsewhere_goes_and_says_so(house: Server, people: People) -> None:
    account(house, "two.devices")
    phone = people("two.devices", user_agent="Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1")
    phone.sign_in(house.url, PASSWORD)
    desk = people("two.devices").sign_in(house.url, PASSWORD)
    desk.page.get_by_role("button", name="Settings").click()
    desk.page.get_by_role("button", name="Sessions and password").click()
    dialog = desk.page.get_by_role("dialog", name="Your account")
    expect(dialog.get_by_text("(this one)")).to_be_visible()
    dialog.get_by_role("button", name="End the session Safari on iPhone").click()
    expect(phone.page.get_by_text("You are signed out.")).to_be_visible()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect(desk.composer).to_be_attached()


def test_a_password_is_changed_and_the_former_one_opens_nothing(
    house: Server, people: People
) -> None:
    account(house, "changer")
    changer = people("changer").sign_in(house.url, PASSWORD)
    page, fresh = changer.page, 'a "new" pass\\word'
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Sessions and password").click()
    page.get_by_label("The password you have").fill("wrong-words-here")
    page.get_by_label("A new password").fill(fresh)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert").filter(has_text="do not go together")).to_be_visible()
    page.get_by_label("The password you have").fill(PASSWORD)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    people("changer").sign_in(house.url, fresh)


def test_where_registration_is_open_and_guests_are_off_one_signs_up_in_the_first_view(
    people: People, serve: Serve
) -> None:
    server = serve("--registration", "open", "--guests", "off", "--rate-limits", "off")
    eve = people("eve")
    eve.page.goto(server.url)
    expect(eve.page.get_by_label("Your password")).to_be_visible()
    eve.page.get_by_role("button", name="Create an account").click()
    eve.page.keyboard.type("eve")
    eve.page.get_by_label("A new password").fill(PASSWORD)
    eve.page.get_by_role("button", name="Sign up").click()
    expect(eve.composer).to_be_focused()
    eve.page.reload()
    expect(eve.composer).to_be_visible()

    late = people("late").page
    late.goto(server.url)
    expect(late.get_by_role("button", name="Come in as a guest")).to_have_count(0)


def test_a_guest_who_opens_an_invitation_becomes_a_member_under_the_same_name(
    people: People, serve: Serve
) -> None:
    server = serve("--registration", "invite", "--guests", "on", "--rate-limits", "off")
    account(server, "ann")
    guest = people("invited.guest").join(server.url)
    until(guest.page, "'hubbub.session' in localStorage")
    link = aside(lambda: invitation(server))
    guest.page.goto("about:blank")
    guest.page.goto(link)
    expect(guest.page.get_by_label("A new password")).to_be_focused()
    guest.page.keyboard.type(PASSWORD)
    guest.page.keyboard.press("Enter")
    expect(guest.page.get_by_text("You are signed in, as member of this server.")).to_be_visible()


def test_one_with_an_invitation_who_is_a_member_already_signs_in(
    house: Server, people: People
) -> None:
    ann = people("ann")
    ann.page.goto(aside(lambda: invitation(house)))
    ann.page.get_by_role("button", name="I am a member").click()
    ann.page.keyboard.type("ann")
    ann.page.get_by_label("Your password").fill(PASSWORD)
    ann.page.keyboard.press("Enter")
    expect(ann.composer).to_be_focused()


def test_becoming_a_member_in_one_tab_leaves_the_other_one_in(
    shared: Server, people: People
) -> None:
    guest = people("m.tabs").join(f"{shared.url}/#member-tabs")
    until(guest.page, "'hubbub.session' in localStorage")
    second = guest.context.new_page()
    second.goto(f"{shared.url}/#member-tabs")
    expect(second.locator("#composer")).to_be_visible()
    guest.say(f"/register {PASSWORD}")
    expect(guest.page.get_by_text("m.tabs is yours now").first).to_be_visible()
    guest.say("heard in both")
    expect(second.locator("article .said")).to_have_text("heard in both")
    second.locator("#composer").fill("and said in both")
    second.locator("#composer").press("Enter")
    guest.sees("heard in both", "and said in both")
