"""Where one writes: input methods, what comes back, what is asked about."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.web.conftest import People

pytestmark = pytest.mark.real

PRESS = """([key, how]) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true, ...how}))"""
# In Safari the key that ends a composition comes after its end; elsewhere within it.
COMPOSING = [{"isComposing": True, "keyCode": 13}, {"isComposing": False, "keyCode": 229}]


def press_while_composing(page: Page, *keys: str) -> None:
    for key in keys:
        for how in COMPOSING:
            page.evaluate(PRESS, [key, how])


def test_no_key_of_an_input_method_acts_anywhere_in_the_page(
    shared: Server, people: People
) -> None:
    ann = people("ime").join(shared.url + "/#ime")
    page = ann.page
    for number in range(40):
        ann.say(f"line {number}")
    ann.sees(*(f"line {number}" for number in range(40)))
    ann.composer.fill("へんかん")
    top = page.locator("#messages").evaluate("list => list.scrollTop")
    press_while_composing(page, "Enter", "PageUp", "PageDown", "ArrowUp", "Escape")
    expect(ann.composer).to_have_value("へんかん")
    assert page.locator("#messages").evaluate("list => list.scrollTop") == top

    ann.composer.fill("")
    page.keyboard.type("/to")
    expect(page.get_by_role("option").first).to_be_visible()
    press_while_composing(page, "ArrowDown", "Tab", "Escape", "Enter")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    expect(ann.composer).to_have_value("/to")

    page.keyboard.press("Escape")
    ann.composer.fill("")
    page.get_by_role("button", name="Emoji").click()
    page.get_by_label("Search emoji").fill("tada")
    press_while_composing(page, "Enter", "Escape")
    expect(page.get_by_role("dialog", name="Emoji")).to_be_visible()
    expect(ann.composer).to_have_value("")
    page.keyboard.press("Escape")

    page.keyboard.press("Control+k")
    page.keyboard.type("lob")
    expect(page.get_by_role("option").first).to_be_visible()
    press_while_composing(page, "Enter", "ArrowDown", "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("#ime")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Escape")

    expect(ann.composer).to_be_focused()
    page.keyboard.type("変換\n")
    ann.heard("変換")


def test_the_caret_stands_at_the_end_of_what_is_recalled_once(
    shared: Server, people: People
) -> None:
    ann = people("recaller").join(shared.url + "/#recall")
    keys = ann.page.keyboard
    keys.press("ArrowUp")
    keys.type("hello world")
    expect(ann.composer).to_have_value("hello world")
    ann.composer.fill("")
    ann.say("hi")
    ann.sees("hi")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    keys.type("XYZ")
    expect(ann.composer).to_have_value("hiXYZ")
    ann.composer.fill("")
    # What comes back is where it ended, also when the caret was moved before.
    keys.press("ArrowUp")
    keys.press("Home")
    keys.press("ArrowUp")
    keys.type("!")
    expect(ann.composer).to_have_value("hi!")
