"""People at browsers and in terminals, on lines that break."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.deadline import Deadline
from tests.web.conftest import WAIT_S, People

pytestmark = pytest.mark.real


class Terminal:
    """Somebody at `hubbub join --plain`, a process of its own."""

    def __init__(self, server: Server, room: str, name: str, out: Path) -> None:
        self._out = out
        join = [sys.executable, "-m", "hubbub", "join", "--plain", server.url, "--room", room]
        with out.open("wb") as file:
            self._process = subprocess.Popen(
                [*join, "--name", name],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.DEVNULL,
                env=server.env,
            )

    def say(self, text: str) -> None:
        """Types a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())

    def sees(self, *lines: str) -> None:
        """Waits until exactly these lines are printed."""
        deadline = Deadline(WAIT_S)
        while (found := self._out.read_text().splitlines()) != list(lines):
            assert not deadline.over, found
            assert self._process.poll() is None, found
            time.sleep(0.02)

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def terminal(mortal: Server, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(mortal, "story", "term", tmp_path / "printed")
    yield terminal
    terminal.close()


@pytest.mark.timeout(120)
def test_two_browsers_and_a_line_client_lose_and_repeat_nothing_when_the_server_is_killed(
    mortal: Server, people: People, terminal: Terminal
) -> None:
    url = mortal.url + "/#story"
    ann, bob = people("ann").join(url), people("bob").join(url)
    expect(ann.page.locator(".people-button")).to_have_text("3")

    ann.say("one")
    bob.heard("one")
    terminal.say("two, from a terminal")
    ann.heard("two")
    bob.say("three")
    said = {"one": "ann", "two, from a terminal": "term", "three": "bob"}
    ann.sees(*said)
    bob.sees(*said)
    terminal.sees(*(f"[{name}]: {text}" for text, name in said.items()))
    ann.composer.fill("half a sentence")

    mortal.kill()
    expect(ann.page.get_by_role("status")).to_contain_text("Reconnecting")
    bob.say("four, into the void")
    terminal.say("five, from a terminal into the void")
    expect(bob.page.locator("article.waiting")).to_have_count(1)
    mortal.start()

    # Nobody is nudged; on a busy machine the server takes its time, and they wait ever longer.
    expect(ann.page.get_by_role("status")).to_have_text("", timeout=40_000)
    said |= {"four, into the void": "bob", "five, from a terminal into the void": "term"}
    expect(ann.page.locator("article .said")).to_have_count(len(said), timeout=40_000)
    # Whoever came back first spoke first; all have heard it in this order.
    order = ann.texts()
    assert sorted(order) == sorted(said)
    bob.sees(*order)
    expect(ann.composer).to_have_value("half a sentence")
    ann.composer.press("Enter")
    said["half a sentence"] = "ann"
    bob.sees(*order, "half a sentence")
    terminal.sees(*(f"[{said[text]}]: {text}" for text in [*order, "half a sentence"]))


def test_three_messages_written_offline_are_sent_once_also_after_a_reload(
    mortal: Server, people: People
) -> None:
    url = mortal.url + "/#offline"
    # Without a server the page itself comes from the worker.
    ann = people("writer", service_workers="allow").join(url)
    bob = people("reader").join(url)
    ann.say("before")
    bob.heard("before")
    ann.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    mortal.kill()
    for text in ("one", "two", "three"):
        ann.say(text)
    expect(ann.page.locator("article.waiting")).to_have_count(3)
    ann.page.reload()
    expect(ann.page.locator("article.waiting")).to_have_count(3)
    mortal.start()
    ann.page.evaluate("dispatchEvent(new Event('online'))")
    bob.page.evaluate("dispatchEvent(new Event('online'))")

    ann.sees("before", "one", "two", "three")
    bob.sees("before", "one", "two", "three")


def test_a_sleep_is_noticed_before_anybody_trusts_the_line(mortal: Server, people: People) -> None:
    ann = people("sleeper")
    ann.page.clock.install()
    ann.join(mortal.url + "/#sleep")
    mortal.signal(signal.SIGSTOP)
    try:
        # In less than the 20 s of silence after which a line is looked at anyway.
        ann.page.clock.fast_forward(11_000)
        ann.page.clock.run_for(4_500)
        expect(ann.page.get_by_role("status")).to_contain_text("Reconnecting", timeout=3000)
    finally:
        mortal.signal(signal.SIGCONT)
    ann.page.clock.run_for(1_000)
    expect(ann.page.get_by_role("status")).to_have_text("")


def test_two_tabs_are_one_user(shared: Server, people: People) -> None:
    ann = people("two.tabs").join(shared.url + "/#tabs")
    second = ann.context.new_page()
    second.goto(shared.url + "/#tabs")
    expect(second.locator("#composer")).to_be_visible()

    ann.say("from the first")
    expect(second.locator("article.own .said")).to_have_text("from the first")
    second.locator("#composer").fill("from the second")
    second.locator("#composer").press("Enter")
    ann.sees("from the first", "from the second")
    expect(ann.page.locator("article.own")).to_have_count(2)
    expect(ann.page.locator(".people-button")).to_have_text("1")


def test_drafts_stay_with_their_room_and_survive_a_reload(shared: Server, people: People) -> None:
    ann = people("drafter").join(shared.url + "/#drafts")
    ann.composer.fill("half\na thought")
    ann.page.reload()
    expect(ann.composer).to_have_value("half\na thought")

    ann.page.keyboard.press("Control+k")
    ann.page.keyboard.type("#lob")
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="Browse rooms").click()
    ann.page.keyboard.type("other")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#other")
    expect(ann.composer).to_have_value("")
    ann.page.keyboard.press("Control+k")
    ann.page.keyboard.type("draf")
    ann.page.keyboard.press("Enter")
    expect(ann.composer).to_have_value("half\na thought")


def test_unread_messages_and_mentions_are_counted_by_room_and_in_the_title(
    shared: Server, people: People
) -> None:
    ann, bob = people("counter"), people("caller").join(shared.url + "/#loud")
    ann.join(shared.url + "/#loud")
    ann.page.evaluate("location.hash = '#quiet'")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("#quiet")

    bob.say("hello")
    expect(ann.page.get_by_role("link", name="loud").locator(".badge")).to_have_text("1")
    expect(ann.page).to_have_title(re.compile(r"^• #quiet"))
    bob.say("@counter are you there?")
    loud = ann.page.get_by_role("link", name="loud")
    bob.say("hello again")
    expect(loud).to_contain_text("3 unread")
    expect(loud.locator(".badge")).to_contain_text("1")
    expect(ann.page).to_have_title(re.compile(r"^\(1\) #quiet"))

    loud.click()
    expect(ann.page.get_by_role("separator", name="New messages")).to_be_visible()
    expect(ann.page.locator("article.calls")).to_have_count(1)
    expect(ann.page).to_have_title(re.compile(r"^#loud"))


def test_many_lines_that_are_pasted_are_one_message(shared: Server, people: People) -> None:
    ann, bob = people("paster"), people("pasted.to").join(shared.url + "/#paste")
    ann.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ann.join(shared.url + "/#paste")
    ann.page.evaluate("navigator.clipboard.writeText('one\\ntwo\\n\\n    four')")
    ann.page.keyboard.press("Control+v")
    ann.page.keyboard.press("Enter")
    bob.heard("four")
    assert [text.split("\n") for text in bob.texts()] == [["one", "two", "", "    four"]]


def test_typing_is_shown_and_ends_with_the_message(shared: Server, people: People) -> None:
    ann, bob = people("watcher").join(shared.url + "/#t"), people("typist").join(shared.url + "/#t")
    bob.composer.press_sequentially("hm")
    expect(ann.page.locator(".below")).to_have_text("typist is typing…")
    bob.composer.press("Enter")
    ann.heard("hm")
    expect(ann.page.locator(".below")).to_have_text("")


def test_commands_names_and_emoji_are_completed_and_the_last_message_is_recalled(
    shared: Server, people: People
) -> None:
    ann, bob = people("one").join(shared.url + "/#c"), people("barbara").join(shared.url + "/#c")
    write = ann.page.keyboard
    write.type("/top")
    expect(ann.page.get_by_role("option")).to_have_count(1)
    write.press("Enter")
    write.type("Tea and cake")
    write.press("Enter")
    expect(bob.page.locator(".topic")).to_have_text("Tea and cake")

    write.type("hi @bar")
    expect(ann.page.get_by_role("option", name="@barbara")).to_be_visible()
    write.press("Tab")
    write.type("look :tad")
    expect(ann.page.get_by_role("option", name="🎉").first).to_be_visible()
    write.press("Enter")
    write.press("Enter")
    bob.heard("hi @barbara look 🎉")
    expect(bob.page.locator("article.calls .mention.own")).to_have_text("@barbara")

    write.press("ArrowUp")
    expect(ann.composer).to_have_value("hi @barbara look 🎉")


def test_a_refused_message_says_why_and_is_kept_until_it_is_discarded(
    shared: Server, people: People
) -> None:
    ann = people("refused").join(shared.url + "/#r")
    ann.say("/nosuchcommand")
    expect(ann.page.get_by_role("alert")).to_contain_text("There is no command /nosuchcommand")
    ann.composer.fill("ä" * 9000)
    expect(ann.page.locator(".below")).to_contain_text("1616 bytes too long")
    expect(ann.page.get_by_role("button", name="Send")).to_be_disabled()
