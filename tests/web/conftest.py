"""Debian's Chromium, driven as people would; every page's errors and policy violations are kept."""

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.conftest import Server, new_server
from tests.deadline import PROGRAM_S, Deadline
from tests.parts import need

T = TypeVar("T")
WAIT_S = 15.0
ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "src" / "hubbub" / "web"
SHELL = "chromium-headless-shell"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WATCH = """
window.faults = [];
addEventListener("securitypolicyviolation", (event) =>
  faults.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
addEventListener("error", (event) => faults.push(String(event.message)));
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
"""
# A message that the server has refused, as the browser keeps it.
REFUSED = """room => { localStorage["hubbub.out.refused"] = JSON.stringify(
    { nonce: "refused", room, text: "never sent", at: 1, state: "failed", error: "No." }); }"""
# What is smaller than a finger, and can be seen.
SMALL = """() => [...document.querySelectorAll(
        "button, a, input, textarea, select, summary, [role=option]")]
    .filter((each) => each.checkVisibility() && !each.closest(".said, .skip, .unseen"))
    // A box or a switch is as large as its label.
    .map((each) => each.closest("label") ?? each)
    .map((each) => [each.className || each.id, each.getBoundingClientRect()])
    .filter(([, box]) => box.width < 43.5 || box.height < 43.5)
    .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
# The browser counts by the clock on the wall.
expect.set_options(timeout=PROGRAM_S * 1000)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers of a worker."""
    if not (BUILT / "index.html").exists():
        reason = "left out: there is no built page (make page)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests of a worker: Chromium without the windows of its own around pages,
    which are two thirds of what a test costs.
    """
    need(SHELL)
    yield from _launched(playwright, SHELL)


@pytest.fixture(scope="session")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    """The same, as people have it."""
    need("chromium")
    yield from _launched(playwright, "chromium")


def _launched(playwright: Playwright, program: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=shutil.which(program), args=FLAGS)
    yield browser
    browser.close()


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, context: BrowserContext, page: Page, name: str) -> None:
        self.context = context
        self.page = page
        self.name = name

    @property
    def composer(self) -> Locator:
        """Where they write."""
        return self.page.locator("textarea#composer")

    def join(self, url: str) -> "Person":
        """Opens the page, types the name, presses Enter."""
        self.page.goto(url)
        self.page.keyboard.type(self.name)
        self.page.keyboard.press("Enter")
        expect(self.composer).to_be_focused()
        return self

    def sign_in(self, url: str, password: str) -> "Person":
        """Opens the page and comes in as a member."""
        self.page.goto(url)
        way = self.page.get_by_role("button", name="I am a member")
        if way.is_visible():
            way.click()
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_label("Your password").fill(password)
        # The browser has its cookie a moment after the page is there.
        with self.page.expect_response("**/session"):
            self.page.keyboard.press("Enter")
        expect(self.page.locator(".app")).to_be_visible()
        return self

    def menu_of(self, text: str) -> list[str]:
        """Opens the menu of a message; what it offers."""
        article = self.page.locator("article", has_text=text).last
        article.hover()
        article.locator(".more").click()
        return self.page.get_by_role("menuitem").all_inner_texts()

    def choose(self, item: str) -> None:
        """Chooses from the menu that is open."""
        self.page.get_by_role("menuitem", name=item).click()

    def press(self, button: str) -> None:
        """Presses a button of the dialog that is open."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=button, exact=True).click()

    def say(self, text: str) -> None:
        """Writes a message; pasted, so that nothing is completed."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def texts(self) -> list[str]:
        """What the messages in view say."""
        said: list[str] = self.page.locator("article .said").all_inner_texts()
        return said

    def sees(self, *texts: str) -> None:
        """Waits until exactly these messages are shown, in this order, all sent."""
        expect(self.page.locator("article .said")).to_have_text(list(texts))
        expect(self.page.locator("article.waiting, article.sent")).to_have_count(0)

    def heard(self, text: str) -> None:
        """Waits until a message is shown."""
        expect(self.page.locator("article .said", has_text=text).last).to_be_visible()

    def faults(self) -> list[str]:
        """Errors of the page's scripts, and what its policy has stopped."""
        found: list[str] = self.page.evaluate("window.faults")
        return found


People = Callable[..., Person]


@pytest.fixture
def people(browser: Browser) -> Iterator[People]:
    """Makes people: `people("ann", color_scheme="dark")`; no fault of their pages is let pass."""
    made: list[Person] = []

    def person(name: str, **options: Any) -> Person:
        # A worker fetches the whole page again: only those who are told to have one.
        usual = {"viewport": {"width": 1280, "height": 800}, "service_workers": "block"}
        context = browser.new_context(**usual | options)
        context.add_init_script(WATCH)
        page = context.new_page()
        made.append(Person(context, page, name))
        return made[-1]

    yield person
    for each in made:
        faults = each.faults() if each.page.url != "about:blank" else []
        each.context.close()
        assert faults == []


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all tests of a worker share; each has a room of its own."""
    server = new_server(tmp_path_factory.mktemp("shared"), "--rate-limits", "off")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the stories of a module kill and start again; each has a room of its own."""
    server = new_server(tmp_path_factory.mktemp("mortal"), "--rate-limits", "off")
    server.start()
    yield server
    server.kill()


def aside(doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine beside the browser, whose driver has this thread's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, doing()).result()


def until(page: Page, expression: str) -> None:
    """Waits for a condition in the page; the driver's own way needs `eval`, which is forbidden."""
    deadline = Deadline(WAIT_S)
    while not page.evaluate(expression):
        assert not deadline.over, expression
        page.wait_for_timeout(20)
