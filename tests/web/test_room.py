"""The room around the messages: panels, the keys that close them, the switcher, the picker."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.web.conftest import People

pytestmark = pytest.mark.real


def test_escape_closes_what_covers_the_messages_and_the_keys_go_on_to_the_composer(
    shared: Server, people: People
) -> None:
    ann = people("tidy", viewport={"width": 860, "height": 700}).join(shared.url + "/#panels")
    panel, keys = ann.page.get_by_role("complementary", name="People"), ann.page.keyboard
    ann.page.locator(".people-button").click()
    expect(panel).to_be_visible()
    keys.press("Escape")
    expect(panel).to_have_count(0)
    ann.page.locator(".people-button").click()
    ann.page.mouse.click(300, 400)
    expect(panel).to_have_count(0)
    ann.page.locator(".people-button").click()
    panel.get_by_role("button", name="Close").click()
    expect(ann.page.locator(".people-button")).to_be_focused()

    keys.type("typed anywhere\n")
    ann.sees("typed anywhere")


def test_people_stand_beside_the_messages_where_there_is_room(
    shared: Server, people: People
) -> None:
    ann = people("neighbour", viewport={"width": 1024, "height": 768})
    ann.join(shared.url + "/#beside")
    ann.page.locator(".people-button").click()
    panel = ann.page.locator("#people").bounding_box()
    field = ann.composer.bounding_box()
    assert panel is not None
    assert field is not None
    assert field["x"] + field["width"] <= panel["x"]


def test_the_switcher_finds_rooms_that_one_is_not_in(shared: Server, people: People) -> None:
    people("founder").join(shared.url + "/#harbour")
    ann = people("seeker").join(shared.url + "/#inland")
    ann.page.keyboard.press("Control+k")
    ann.page.keyboard.type("harb")
    expect(ann.page.get_by_role("option", name="#harbour")).to_be_visible()
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#harbour")
    expect(ann.page.locator(".people-button")).to_have_text("2")


def test_a_click_outside_closes_the_picker_and_a_choice_goes_to_the_caret(
    shared: Server, people: People
) -> None:
    ann = people("picker").join(shared.url + "/#picker")
    ann.composer.fill("before after")
    ann.composer.evaluate("box => box.setSelectionRange(7, 7)")
    button = ann.page.get_by_role("button", name="Emoji")
    button.click()
    ann.page.get_by_role("button", name="Food").click()
    ann.page.get_by_role("button", name="grapes").click()
    expect(ann.composer).to_have_value("before 🍇after")
    button.click()
    expect(ann.page.get_by_role("dialog", name="Emoji")).to_be_visible()
    ann.page.locator("#messages").click()
    expect(ann.page.get_by_role("dialog", name="Emoji")).to_have_count(0)


def test_a_long_line_of_own_code_stays_in_its_box(shared: Server, people: People) -> None:
    ann = people("coder").join(shared.url + "/#code")
    ann.say("```\n" + "x = 1; " * 80 + "\n```")
    ann.sees(re.sub(r" $", "", "x = 1; " * 80))
    beyond = """() => { const list = document.querySelector(".rows").getBoundingClientRect();
        return [...document.querySelectorAll(".said, .code")]
            .filter((each) => each.getBoundingClientRect().right > list.right + 1).length; }"""
    assert ann.page.evaluate(beyond) == 0


def test_drafts_of_one_tab_do_not_take_those_of_another(shared: Server, people: People) -> None:
    ann = people("two.drafts").join(shared.url + "/#one")
    second = ann.context.new_page()
    second.goto(shared.url + "/#two")
    expect(second.get_by_role("heading", level=1)).to_have_text("#two")
    ann.composer.fill("in the first")
    second.locator("#composer").fill("in the second")
    ann.page.reload()
    expect(ann.composer).to_have_value("in the first")


def test_a_link_to_a_room_leads_there_also_who_was_in_another(
    shared: Server, people: People
) -> None:
    ann = people("guided").join(shared.url + "/#home")
    second = ann.context.new_page()
    second.goto(shared.url + "/#away")
    expect(second.get_by_role("heading", level=1)).to_have_text("#away")
    assert second.url.endswith("/#away")
    expect(ann.page.get_by_role("link", name="away")).to_be_visible()


def test_an_address_that_is_broken_still_opens(shared: Server, people: People) -> None:
    ann = people("lost").join(shared.url + "/#%")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#lobby")


def test_who_is_here_is_told_truly_beside_a_conversation(shared: Server, people: People) -> None:
    ann = people("dot.ann").join(shared.url + "/#dots")
    bob = people("dot.bob").join(shared.url + "/#dots")
    bob.say("I was here")
    ann.heard("I was here")
    ann.say("/whisper dot.bob psst")
    here = ann.page.get_by_role("link", name="dot.bob").locator(".dot.here")
    expect(here).to_have_count(1)
    bob.page.goto("about:blank")
    expect(here).to_have_count(0)
    ann.page.reload()
    # Whoever is away still has the name.
    expect(ann.page.get_by_role("link", name="dot.bob")).to_be_visible()
    expect(ann.page.locator(".people-button")).to_have_text("2")
    expect(here).to_have_count(0)
    bob.page.goto(shared.url + "/#dots")
    expect(here).to_have_count(1)


def test_mentions_are_still_counted_after_a_reload(shared: Server, people: People) -> None:
    bob = people("rel.bob").join(shared.url + "/#far")
    ann = people("rel.ann").join(shared.url + "/#far")
    ann.page.evaluate("location.hash = '#near'")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#near")
    bob.say("@rel.ann hello")
    far = ann.page.get_by_role("link", name="far")
    expect(far).to_contain_text("1 mention")
    ann.page.evaluate("dispatchEvent(new Event('pagehide'))")
    ann.page.reload()
    expect(ann.page.locator(".people-button")).to_have_text("1")
    expect(far).to_contain_text("1 mention")


def test_a_room_is_called_as_anybody_likes(shared: Server, people: People) -> None:
    bob = people("by.constructor").join(shared.url + "/#names")
    ann = people("to.constructor").join(shared.url + "/#constructor")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#constructor")
    ann.say("here")
    bob.page.evaluate("location.hash = '#constructor'")
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("#constructor")
    bob.heard("here")
    bob.composer.fill("half")
    bob.page.reload()
    expect(bob.composer).to_have_value("half")
    bob.composer.press("Enter")
    ann.sees("here", "half")


def test_an_address_that_no_room_may_have_is_told_of(shared: Server, people: People) -> None:
    ann = people("proto").join(shared.url + "/#__proto__")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#lobby")
    ann.page.evaluate("location.hash = '#__proto__'")
    expect(ann.page.get_by_role("alert").last).to_contain_text("__proto__")
