"""The newcomer's minute."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.conftest import Server
from tests.web.conftest import People, until

pytestmark = pytest.mark.real
COUNT = """
window.clicks = 0; window.keys = 0;
addEventListener("pointerdown", () => clicks++, true);
addEventListener("keydown", () => keys++, true);
addEventListener("focusin", () => { window.usable_ms ??= performance.now(); }, true);
"""


def test_from_the_address_to_the_first_message_it_takes_the_name_and_no_click(
    shared: Server, people: People, record_property: Callable[[str, object], None]
) -> None:
    host, newcomer = people("host").join(shared.url), people("eve")
    newcomer.context.add_init_script(COUNT)

    start_s = time.monotonic()
    newcomer.page.goto(shared.url)
    until(newcomer.page, "document.activeElement?.id === 'name'")
    newcomer.page.keyboard.type("eve\n")
    until(newcomer.page, "document.activeElement?.id === 'composer'")
    newcomer.page.keyboard.type("hello\n")
    host.heard("hello")
    took_s = time.monotonic() - start_s

    clicks, keys, usable_ms = newcomer.page.evaluate("[clicks, keys, usable_ms]")
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    painted_ms = newcomer.page.evaluate(paint)
    figures = {
        "seconds": round(took_s, 2),
        "clicks": clicks,
        "keys": keys,
        "first_paint_ms": round(painted_ms),
        "usable_ms": round(usable_ms),
    }
    for name, value in figures.items():
        record_property(name, value)
    print(figures)  # noqa: T201
    assert (clicks, keys) == (0, len("eve\nhello\n"))
    assert took_s < 10


def test_a_taken_name_is_told_and_the_field_keeps_what_was_typed(
    shared: Server, people: People
) -> None:
    people("taken").join(shared.url)
    other = people("Taken")
    other.page.goto(shared.url)
    other.page.keyboard.type("Taken\n")

    alert = other.page.get_by_role("alert")
    alert.get_by_text("The name Taken is taken").wait_for()
    assert other.page.locator("#name").input_value() == "Taken"


def test_without_scripts_the_page_says_how_to_join_by_terminal(
    shared: Server, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shared.url)
    said = page.locator("body").inner_text()
    context.close()
    assert f"hubbub join {shared.url.removeprefix('http://')}" in said
