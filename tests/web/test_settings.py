"""One's own name and theme, whom one ignores, and leaving."""

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.web.conftest import People

pytestmark = pytest.mark.real


def test_a_new_name_holds_everywhere_and_a_taken_one_says_so(
    shared: Server, people: People
) -> None:
    ann, bob = people("old.name"), people("name.holder").join(shared.url + "/#names")
    ann.join(shared.url + "/#names")
    page = ann.page
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Name", exact=True).fill("name.holder")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_contain_text("is taken")
    page.get_by_label("Name", exact=True).fill("new.name")
    page.get_by_role("button", name="Change").click()
    expect(page.locator(".self bdi")).to_have_text("new.name")
    page.keyboard.press("Escape")
    page.reload()
    ann.say("it is me")
    expect(bob.page.locator(".who h2")).to_have_text("new.name")


def test_the_theme_is_kept(shared: Server, people: People) -> None:
    ann = people("painter", color_scheme="light").join(shared.url + "/#theme")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = ann.page.evaluate(paper)
    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_role("radio", name="Dark").check()
    assert ann.page.evaluate(paper) != light
    ann.page.reload()
    expect(ann.composer).to_be_visible()
    assert ann.page.evaluate(paper) != light


def test_an_ignored_person_is_not_heard_until_one_wishes(shared: Server, people: People) -> None:
    ann, bob = people("calm").join(shared.url + "/#i"), people("noisy").join(shared.url + "/#i")
    bob.say("noise")
    ann.heard("noise")
    ann.say("/ignore noisy")
    expect(ann.page.locator("article")).to_have_count(0)
    ann.page.reload()
    expect(ann.composer).to_be_visible()
    bob.say("more noise")
    ann.say("peace")
    ann.sees("peace")
    ann.say("/unignore noisy")
    ann.sees("noise", "more noise", "peace")


def test_leaving_a_room_and_leaving_for_good(shared: Server, people: People) -> None:
    ann = people("leaver").join(shared.url + "/#first")
    ann.say("/join second")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#second")
    ann.page.locator(".people-button").click()
    ann.page.get_by_role("button", name="Leave room").click()
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#first")
    expect(ann.page.get_by_role("link", name="second")).to_have_count(0)

    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_role("button", name="Leave and forget my name").click()
    expect(ann.page.locator("#name")).to_have_value("leaver")
    assert "leaver" not in str(ann.page.evaluate("Object.values(localStorage).slice(1)"))
    ann.page.locator("#name").press("Enter")
    expect(ann.composer).to_be_visible()
