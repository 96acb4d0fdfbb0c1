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

# Nobody is as fast as the answer: the next letters are there before it.
SEND_AND_WRITE_ON = """([line, next]) => {
    const box = document.querySelector("#composer");
    const write = (text) => {
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
        box.dispatchEvent(new InputEvent("input", {bubbles: true}));
    };
    write(line);
    return new Promise((done) => setTimeout(() => {
        box.form.requestSubmit();
        write(next);
        done();
    }));
}"""

HALF = """() => {
    const box = document.querySelector("#composer");
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    value.set.call(box, "half \\ud83d");
    box.dispatchEvent(new InputEvent("input", {bubbles: true}));
}"""


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


def test_a_command_that_is_refused_comes_back_with_the_reason(
    shared: Server, people: People
) -> None:
    ann = people("refused.line").join(shared.url + "/#back")
    for line, why in {
        "/whispr ann long text": "There is no command /whispr",
        "/whisper nobdy long text": "nobdy",
        "/usr/bin/env python3": "There is no command /usr/bin/env",
        "/ignore nobdy": "nobdy",
        "/notices maybe": "/notices",
        "/join +nowhere-abcdef": "",
    }.items():
        ann.say(line)
        expect(ann.page.get_by_role("alert").last).to_contain_text(why)
        expect(ann.composer).to_have_value(line)
    # Nothing of it is said to anybody, and what is put right goes.
    ann.say("put right")
    ann.sees("put right")


def test_what_is_refused_does_not_take_the_place_of_what_is_written_since(
    shared: Server, people: People
) -> None:
    ann = people("faster").join(shared.url + "/#faster")
    ann.page.evaluate(SEND_AND_WRITE_ON, ["/whispr ann long text", "next"])
    expect(ann.page.get_by_role("alert").last).to_contain_text("/whispr ann long text")
    expect(ann.composer).to_have_value("next")


def test_a_password_does_not_come_back(shared: Server, people: People) -> None:
    ann = people("forgetful").join(shared.url + "/#secret")
    ann.say("/login nobody.there s3cr3t.pass")
    expect(ann.page.get_by_role("alert").last).to_be_visible()
    expect(ann.composer).to_have_value("")
    expect(ann.page.locator("body")).not_to_contain_text("s3cr3t.pass")


def test_several_lines_that_begin_with_a_slash_and_are_no_command_are_asked_about(
    shared: Server, people: People
) -> None:
    ann = people("asked").join(shared.url + "/#asked")
    code = "/usr/bin/env python3\nprint(1)"
    ann.say(code)
    ask = ann.page.get_by_role("alert")
    expect(ask).to_contain_text("no command")
    ann.page.get_by_role("button", name="Keep writing").click()
    expect(ann.composer).to_be_focused()
    expect(ann.composer).to_have_value(code)
    expect(ask).to_have_count(0)
    ann.composer.press("Enter")
    ann.page.get_by_role("button", name="Send as text").click()
    ann.sees(code.replace("\n", ""))
    expect(ann.composer).to_have_value("")
    # A command may have a text of several lines.
    ann.say("/me waves\nand goes")
    expect(ann.page.locator("article.action")).to_contain_text("and goes")
    ann.say("// a comment\nx = 1")
    ann.heard("// a comment")


def test_half_a_surrogate_pair_is_refused_alone_and_can_be_discarded(
    shared: Server, people: People
) -> None:
    ann, bob = (
        people("halved").join(shared.url + "/#half"),
        people("whole").join(shared.url + "/#half"),
    )
    ann.page.evaluate(HALF)
    ann.composer.press("Enter")
    ann.say("and on")
    bob.heard("and on")
    failed = ann.page.locator("article.failed")
    expect(failed).to_contain_text("surrogate")
    ann.page.reload()
    expect(failed).to_contain_text("surrogate")
    ann.say("still on")
    bob.sees("and on", "still on")
    failed.get_by_role("button", name="Discard").click()
    ann.sees("and on", "still on")
