"""The page as an application on a phone: what an installation asks for, and the layout."""

import gzip
import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.web.conftest import BUILT, REFUSED, SMALL, People, until

pytestmark = pytest.mark.real
START_BYTES = 120 * 1024
PHONE = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def test_scripts_and_styles_at_the_start_are_small() -> None:
    if not BUILT.exists():
        pytest.skip("left out: there is no built page (make page)")
    index = (BUILT / "index.html").read_text()
    files = re.findall(r'"/(assets/[\w.-]+\.(?:js|css))"', index)
    sizes = {file: len(gzip.compress((BUILT / file).read_bytes())) for file in files}

    assert sizes
    assert sum(sizes.values()) <= START_BYTES, sizes


def test_without_the_server_the_page_opens_with_the_last_messages(
    server: Server, people: People
) -> None:
    ann = people("ann", service_workers="allow").join(server.url)
    ann.say("kept for later")
    ann.sees("kept for later")
    ann.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(ann.page, "localStorage['hubbub.room.lobby']?.includes('kept for later')")

    server.kill()
    ann.page.reload()

    ann.sees("kept for later")
    expect(ann.page.get_by_role("status")).to_contain_text("Reconnecting")
    ann.say("written without a server")
    ann.page.keyboard.press("Control+k")
    ann.page.keyboard.type("lob")
    server.start()
    ann.page.evaluate("dispatchEvent(new Event('online'))")
    ann.sees("kept for later", "written without a server")
    expect(ann.page.get_by_role("dialog").get_by_role("combobox")).to_have_value("lob")


def test_on_a_phone_the_composer_stays_in_view_above_the_keyboard(
    shared: Server, people: People
) -> None:
    ann = people("mobile", **PHONE)
    ann.page.goto(shared.url + "/#phone")
    ann.page.locator("#name").fill("mobile")
    ann.page.get_by_role("button", name="Join").tap()
    expect(ann.composer).to_be_visible()
    for number in range(20):
        ann.say(f"line {number}")
    ann.heard("line 19")
    expect(ann.page.locator("article.waiting, article.sent")).to_have_count(0)
    assert "interactive-widget=resizes-content" in ann.page.content()

    # The keyboard takes the lower half: with resizes-content the page gets what is left.
    ann.page.set_viewport_size({"width": 360, "height": 330})
    ann.composer.tap()
    box = ann.composer.bounding_box()
    last = ann.page.locator("article").last.bounding_box()
    assert box is not None
    assert last is not None
    assert box["y"] + box["height"] <= 330
    assert last["y"] + last["height"] <= box["y"] + 1
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert ann.page.evaluate(wide)


def test_on_a_phone_rooms_are_behind_a_button_and_targets_are_large(
    shared: Server, people: People
) -> None:
    ann = people("thumbs", **PHONE)
    ann.page.goto(shared.url + "/#thumbs")
    ann.page.locator("#name").fill("thumbs")
    ann.page.keyboard.press("Enter")
    expect(ann.composer).to_be_visible()
    expect(ann.page.get_by_role("navigation", name="Rooms")).to_be_hidden()
    assert ann.page.evaluate(SMALL) == []

    ann.page.get_by_role("button", name="Show rooms").tap()
    expect(ann.page.get_by_role("navigation", name="Rooms")).to_be_visible()
    assert ann.page.evaluate(SMALL) == []
    ann.page.get_by_role("button", name="Browse rooms").tap()
    assert ann.page.evaluate(SMALL) == []
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="Settings").tap()
    assert ann.page.evaluate(SMALL) == []
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("link", name="thumbs").tap()
    expect(ann.page.get_by_role("navigation", name="Rooms")).to_be_hidden()
    ann.page.locator(".people-button").tap()
    assert ann.page.evaluate(SMALL) == []
    ann.page.get_by_role("button", name="Close").tap()
    ann.page.get_by_role("button", name="Emoji").tap()
    expect(ann.page.locator(".grid button").first).to_be_visible()
    assert ann.page.evaluate(SMALL) == []
    ann.page.evaluate(REFUSED, "thumbs")
    ann.page.reload()
    ann.say("/who")
    expect(ann.page.locator("article.failed, .note")).to_have_count(2)
    assert ann.page.evaluate(SMALL) == []
