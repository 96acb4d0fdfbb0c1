"""Moderation in the browser: from a message's menu, a person's menu and the server's own dialog,
and what the other one sees of it. Whoever lacks a right is not offered it.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.accounts import PASSWORD, account
from tests.conftest import Server, new_server
from tests.web.conftest import People, Person

pytestmark = pytest.mark.real
FOR_EVERYBODY = ["Copy the text", "Message {}", "Ignore"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An open server that ann owns, with cara as a member."""
    folder = tmp_path_factory.mktemp("moderated")
    server = new_server(folder, "--registration", "open", "--rate-limits", "off")
    server.start()
    account(server, "ann")
    account(server, "cara")
    yield server
    server.kill()


@pytest.fixture
def ann(house: Server, people: People, request: pytest.FixtureRequest) -> Person:
    """The owner, in a room of the test's own."""
    return people("ann").sign_in(place(house, request), PASSWORD)


def place(house: Server, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name
    return f"{house.url}/#r{abs(hash(name)) % 1_000_000}"


def offered(*more: str, name: str) -> list[str]:
    return [item.format(name) for item in (*FOR_EVERYBODY, *more)]


def test_a_message_is_deleted_with_a_reason_and_keeps_its_place_for_everybody(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob, eve = people("bob.d"), people("eve.d")
    bob.join(place(house, request))
    eve.join(place(house, request))
    bob.say("first")
    bob.say("buy watches")
    eve.heard("buy watches")
    assert eve.menu_of("buy watches") == offered(name="bob.d")
    eve.page.keyboard.press("Escape")
    assert "Delete…" in ann.menu_of("buy watches")
    ann.choose("Delete…")
    ann.page.get_by_label("Reason").fill("advertising")
    ann.press("Delete")
    for person in (ann, bob, eve):
        expect(person.page.locator("article .lost")).to_have_text("Deleted")
        person.sees("first")
        assert "buy watches" not in person.page.content()

    # Kept by the browser, and read from the log.
    eve.page.reload()
    expect(eve.page.locator("article .lost")).to_have_text("Deleted")
    ann.page.get_by_role("button", name="Manage the server").click()
    ann.page.get_by_role("radio", name="Audit log").check()
    entry = ann.page.get_by_role("listitem").filter(has_text="deleted a message of")
    expect(entry.first).to_contain_text("bob.d")
    expect(entry.first).to_contain_text("advertising")


def test_what_one_said_oneself_is_deleted_by_the_keyboard(shared: Server, people: People) -> None:
    bob = people("self.deleter").join(f"{shared.url}/#own-words")
    bob.say("stays")
    bob.say("a slip")
    bob.sees("stays", "a slip")
    keys = bob.page.keyboard
    keys.press("Control+ArrowUp")
    keys.press("ArrowUp")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(bob.page.get_by_role("menuitem")).to_have_text(["Copy the text", "Delete…"])
    keys.press("End")
    keys.press("Enter")
    expect(bob.page.get_by_role("dialog", name="Delete this message?")).to_contain_text("a slip")
    bob.press("Delete")
    expect(bob.page.locator("article .lost")).to_have_text("Deleted")
    bob.sees("stays")


def test_somebody_is_muted_from_a_name_and_unmuted_in_the_same_place(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob = people("bob.m").join(place(house, request))
    bob.say("blah")
    name = ann.page.locator(".who").get_by_role("button", name="bob.m")
    name.click()
    ann.choose("Mute…")
    ann.page.get_by_label("For how long").select_option("10 minutes")
    ann.page.get_by_label("Reason").fill("too loud")
    ann.press("Mute")
    expect(bob.page.locator(".note")).to_contain_text("too loud")
    bob.say("blah again")
    expect(bob.page.locator("article.failed")).to_contain_text("too loud")

    name.click()
    ann.choose("Mute…")
    ann.press("Unmute")
    expect(bob.page.locator(".note")).to_have_count(2)
    bob.page.get_by_role("button", name="Retry").click()
    ann.heard("blah again")


def test_whoever_is_removed_reads_why_and_may_come_back(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob = people("bob.k").join(place(house, request))
    heading = bob.page.get_by_role("heading", level=1)
    here = heading.inner_text()
    bob.page.locator(".people-button").click()
    bob.page.locator("#people").get_by_role("button", name="Menu of ann").click()
    expect(bob.page.get_by_role("menuitem")).to_have_text(["Message ann", "Ignore"])
    bob.page.keyboard.press("Escape")

    ann.page.locator(".people-button").click()
    ann.page.locator("#people").get_by_role("button", name="Menu of bob.k").click()
    ann.choose("Remove from the room…")
    ann.page.get_by_label("Reason").fill("spam")
    ann.press("Remove")
    expect(bob.page.get_by_text(f"ann showed you out of {here[1:]}: spam").first).to_be_visible()
    expect(bob.page.get_by_role("link", name=here[1:])).to_have_count(0)
    bob.page.locator(".no-room").get_by_role("button", name="Browse rooms").click()
    bob.page.get_by_role("option", name=here).click()
    expect(heading).to_have_text(here)


def test_whoever_is_banned_reads_why_until_the_ban_is_lifted(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    account(house, "bob.b")
    bob = people("bob.b").sign_in(place(house, request), PASSWORD)
    bob.say("nonsense")
    ann.menu_of("nonsense")
    ann.choose("Ban…")
    ann.page.get_by_label("For how long").select_option("1 day")
    ann.page.get_by_label("Reason").fill("you were told")
    ann.press("Ban")
    problem = bob.page.locator("#join-problem")
    expect(problem).to_contain_text("you were told")
    bob.page.reload()
    bob.page.get_by_label("Your password").fill(PASSWORD)
    bob.page.keyboard.press("Enter")
    expect(problem).to_contain_text("you were told")

    ann.page.get_by_role("button", name="Manage the server").click()
    ann.page.get_by_role("button", name="Lift it for bob.b").click()
    expect(ann.page.get_by_text("Nobody is banned or muted.")).to_be_visible()
    bob.page.goto("about:blank")
    bob.sign_in(place(house, request), PASSWORD)


def test_a_role_is_given_live_and_offers_what_goes_with_it(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    cara = people("cara").sign_in(place(house, request), PASSWORD)
    bob = people("bob.r").join(place(house, request))
    bob.say("hello")
    cara.heard("hello")
    assert cara.menu_of("hello") == offered(name="bob.r")
    cara.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="About this room").click()
    ann.page.get_by_label("What cara may do").select_option("Moderator")
    expect(ann.page.get_by_label("What cara may do")).to_have_value("moderator")
    ann.page.keyboard.press("Escape")
    cara.page.get_by_role("button", name="About this room").click()
    expect(cara.page.get_by_text("You are its moderator.")).to_be_visible()
    cara.page.keyboard.press("Escape")
    more = ["Mute…", "Remove from the room…"]
    copy, *rest = offered(*more, name="bob.r")
    assert cara.menu_of("hello") == [copy, "Delete…", *rest]
    cara.page.keyboard.press("Escape")
    expect(cara.page.get_by_role("button", name="Manage the server")).to_have_count(0)

    # And on the whole server.
    cara.say("thank you")
    ann.menu_of("thank you")
    ann.choose("Role…")
    server = ann.page.get_by_role("group", name="On the server")
    server.get_by_role("radio", name="Moderator").check()
    ann.press("Save")
    cara.page.get_by_role("button", name="Manage the server").click()
    expect(cara.page.get_by_role("radio", name="Invitations")).to_be_visible()
    cara.page.keyboard.press("Escape")
    ann.menu_of("thank you")
    ann.choose("Role…")
    server.get_by_role("radio", name="Member").check()
    ann.press("Save")
    expect(cara.page.get_by_role("button", name="Manage the server")).to_have_count(0)


def test_what_the_server_refuses_is_said_in_the_dialog(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob = people("bob.g").join(place(house, request))
    bob.say("a guest")
    ann.page.get_by_role("button", name="About this room").click()
    expect(ann.page.get_by_text("Guest", exact=True)).to_be_visible()
    ann.page.keyboard.press("Escape")
    assert "Role…" not in ann.menu_of("a guest")
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="Manage the server").click()
    ann.page.get_by_label("Their name").fill("bob.g")
    ann.page.get_by_label("On the server").select_option("Admin")
    ann.press("Give")
    alert = ann.page.get_by_role("alert").filter(has_text="is a guest")
    expect(alert).to_be_visible()


def test_an_invitation_is_made_listed_and_revoked(
    house: Server, people: People, ann: Person
) -> None:
    ann.page.get_by_role("button", name="Manage the server").click()
    ann.page.get_by_role("radio", name="Invitations").check()
    expect(ann.page.get_by_text("None.")).to_be_visible()
    ann.page.get_by_label("For how many people").fill("3")
    ann.press("Make a link")
    link = ann.page.get_by_label("The link").input_value()
    row = ann.page.get_by_role("dialog").get_by_role("listitem")
    expect(row).to_contain_text("3 left")
    guest = people("late.comer")
    guest.page.goto(link)
    expect(guest.page.get_by_text("You are invited")).to_be_visible()
    row.get_by_role("button").click()
    expect(ann.page.get_by_text("None.")).to_be_visible()
    guest.page.keyboard.type("late.comer")
    guest.page.get_by_label("A new password").fill(PASSWORD)
    guest.page.keyboard.press("Enter")
    expect(guest.page.locator("#join-problem")).to_contain_text("unknown, used up or has run out")


def test_a_member_s_ignoring_is_kept_by_the_server_for_every_browser(
    house: Server, people: People, request: pytest.FixtureRequest
) -> None:
    url = place(house, request)
    cara, bob = people("cara").sign_in(url, PASSWORD), people("bob.i").join(url)
    bob.say("noise")
    cara.menu_of("noise")
    cara.choose("Ignore")
    expect(cara.page.locator("article")).to_have_count(0)
    other = people("cara").sign_in(url, PASSWORD)
    bob.say("more noise")
    other.say("peace")
    other.sees("peace")
    other.page.get_by_role("button", name="Settings").click()
    other.page.get_by_role("button", name="Stop ignoring bob.i").click()
    other.page.keyboard.press("Escape")
    other.sees("noise", "more noise", "peace")


def test_a_mute_in_one_room_is_in_that_one_whatever_its_reason_says(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob = people("bob.e").join(place(house, request))
    bob.say("shouting")
    ann.menu_of("shouting")
    ann.choose("Mute…")
    ann.page.get_by_label("Reason").fill("everywhere he goes he shouts")
    ann.press("Mute")
    expect(ann.page.locator(".note").last).to_contain_text("bob.e is muted in #r")
    other = f"{place(house, request)}-other"
    bob.page.goto(other)
    expect(bob.page.get_by_role("heading", level=1)).to_have_text(f"#{other.partition('#')[2]}")
    bob.say("not muted here")
    bob.sees("not muted here")


def test_a_duration_is_read_as_one_writes_it_or_refused_beside_its_field(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    bob = people("bob.t").join(place(house, request))
    bob.say("nonsense")
    ann.menu_of("nonsense")
    ann.choose("Ban…")
    ann.page.get_by_label("For how long").select_option("As long as I say…")
    field = ann.page.get_by_label("How long", exact=True)
    for wrong in ("", "an hour", "1 month", "2h of noise"):
        field.fill(wrong)
        ann.press("Ban")
        expect(ann.page.get_by_role("alert").filter(has_text="10m, 2h, 7d, 1w")).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
    bob.say("still here")
    bob.sees("nonsense", "still here")
    field.fill("1 hour")
    ann.press("Ban")
    expect(bob.page.locator("#join-problem")).to_contain_text("You are banned until")
    ann.page.get_by_role("button", name="Manage the server").click()
    ann.page.get_by_role("button", name="Lift it for bob.t").first.click()


def test_what_completes_after_a_command_comes_from_the_server_s_table(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    cara = people("cara").sign_in(place(house, request), PASSWORD)
    cara.say("hello")
    ann.heard("hello")
    keys = ann.page.keyboard
    options = ann.page.get_by_role("option")
    ann.composer.press_sequentially("/role ca")
    expect(options).to_have_text(["cara"])
    keys.press("Tab")
    keys.type("mod")
    expect(options).to_have_text(["moderator"])
    keys.press("Tab")
    keys.type("h")
    expect(options).to_have_text(["here"])
    keys.press("Tab")
    expect(ann.composer).to_have_value("/role cara moderator here ")
    keys.press("Enter")
    expect(ann.page.locator(".note").last).to_contain_text("cara is a moderator of")

    # A room's name is sent as it is typed, unless somebody chooses.
    ann.composer.fill("/join lob")
    expect(options).to_have_text(["#lobby"])
    keys.press("Enter")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#lob")


def test_a_command_about_a_room_is_not_sent_where_no_room_is_in_view(
    house: Server, people: People, ann: Person, request: pytest.FixtureRequest
) -> None:
    zed = people("zed").join(place(house, request))
    zed.say("here")
    ann.menu_of("here")
    ann.choose("Message zed")
    ann.composer.fill("/kick zed")
    expect(ann.page.get_by_role("alert").filter(has_text="/kick is about a room")).to_be_visible()
    expect(ann.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    ann.composer.press("Enter")
    expect(ann.composer).to_have_value("/kick zed")
    zed.say("still here")
    zed.sees("here", "still here")
