"""A room of very many messages, scrolled from its end to its beginning."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hubbub.protocol.events import Person
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage
from tests.conftest import Server, hello
from tests.torture.sizes import at_most_s, sized
from tests.web.conftest import People, aside, until

pytestmark = pytest.mark.real
MESSAGES = sized(10_000, 50_000)
FRAMES = """
window.frames_ms = [];
(function frame(before) {
  requestAnimationFrame((now) => { frames_ms.push(now - before); frame(now); });
})(performance.now());
"""
# Scrolls up as fast as pages come, and says which message is the oldest that is shown.
SCROLL = """
() => new Promise((resolve) => {
  const list = document.getElementById("messages");
  const step = () => {
    const first = list.querySelector("article .said")?.textContent;
    if (first === "message 1") return resolve();
    list.scrollTop -= 4000;
    requestAnimationFrame(step);
  };
  step();
})
"""


@pytest.fixture
def long_room(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, ("--rate-limits", "off"), {})
    fill(server.data, MESSAGES)
    server.start()
    yield server
    server.kill()


def fill(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    storage = open_storage(sqlite_url(folder), "normal")
    people = [Person(f"p{index}", f"person{index}") for index in range(7)]
    start_ms = 1_700_000_000_000
    try:
        for first in range(1, count, 1000):
            messages = [
                AppendMessage("lobby", people[n // 3 % 7], f"message {n}")
                for n in range(first, first + 1000)
            ]
            storage.commit(messages, start_ms + first * 20_000)
    finally:
        storage.close()


@pytest.mark.one_node("its log is filled as a file")
@at_most_s(180)
def test_a_long_room_scrolls_to_the_beginning_in_bounded_memory(
    long_room: Server, people: People, record_property: Callable[[str, object], None]
) -> None:
    ann = people("reader").join(long_room.url)
    ann.heard(f"message {MESSAGES}")
    session = ann.context.new_cdp_session(ann.page)
    session.send("HeapProfiler.collectGarbage")
    before = session.send("Runtime.getHeapUsage")["usedSize"]
    ann.page.evaluate(FRAMES)
    start_s = time.monotonic()
    ann.page.evaluate(SCROLL)
    took_s = time.monotonic() - start_s

    expect(ann.page.locator(".top")).to_have_text("This is the beginning of #lobby.")
    frames = sorted(ann.page.evaluate("frames_ms"))
    session.send("HeapProfiler.collectGarbage")
    grown = session.send("Runtime.getHeapUsage")["usedSize"] - before
    rows = ann.page.locator("article").count()
    figures = {
        "seconds": round(took_s, 1),
        "frames": len(frames),
        "median_ms": round(frames[len(frames) // 2], 1),
        "p95_ms": round(frames[int(len(frames) * 0.95)], 1),
        "worst_ms": round(frames[-1], 1),
        "heap_grown_mb": round(grown / 1e6, 1),
        "rows": rows,
    }
    for name, value in figures.items():
        record_property(name, value)
    print(figures)  # noqa: T201
    assert rows <= 400
    assert figures["median_ms"] < 100
    assert grown < 20_000_000

    ann.page.keyboard.press("Escape")
    ann.heard(f"message {MESSAGES}")
    assert ann.page.locator("article").count() <= 400


def test_what_one_reads_keeps_its_place_while_older_messages_come_and_new_ones_arrive(
    shared: Server, people: People
) -> None:
    async def talk() -> None:
        async with hello(shared, name="talker", rooms={"place": None}) as client:
            for number in range(1, 301):
                text = f"message {number}"
                await client.send(type="post", room="place", text=text, nonce=text, id=text)
            await client.until("ok", id=text)

    aside(talk)
    url = f"{shared.url}/#place"
    ann, bob = people("still").join(url), people("busy").join(url)
    ann.heard("message 300")
    ann.page.evaluate("document.getElementById('messages').scrollTop -= 400")
    row = "document.querySelector('[data-key=e285]').getBoundingClientRect().top"
    before = ann.page.evaluate(row)
    expect(ann.page.locator("[data-key=e155]")).to_have_count(1)
    bob.say("new")
    button = ann.page.get_by_role("button", name=re.compile("1 new message"))
    expect(button).to_be_visible()

    assert abs(ann.page.evaluate(row) - before) < 2
    button.click()
    ann.heard("new")


def test_the_top_of_a_long_room_is_reached_page_by_page(shared: Server, people: People) -> None:
    async def talk() -> None:
        async with hello(shared, name="teller", rooms={"top": None}) as client:
            for number in range(1, 1501):
                text = f"message {number}"
                await client.send(type="post", room="top", text=text, nonce=text, id=text)
            await client.until("ok", id=text)

    aside(talk)
    url = f"{shared.url}/#top"
    ann, bob = people("climber").join(url), people("below").join(url)
    ann.heard("message 1500")
    oldest = """Math.min(...[...document.querySelectorAll("[data-key^=e]")].map(
        (row) => Number(row.dataset.key.slice(1))))"""
    before = ann.page.evaluate(oldest)
    ann.page.evaluate("document.getElementById('messages').scrollTop = 0")
    until(ann.page, f"{oldest} < {before}")
    # Pages that come by themselves come one after the other, faster than people answer.
    for number in range(8):
        bob.say(f"meanwhile {number}")
        expect(ann.page.get_by_role("button", name=f"{number + 1} new message")).to_be_visible()
    assert ann.page.evaluate(oldest) >= before - 300
    # What was first in view still is.
    row = f"document.querySelector('[data-key=e{before}]').getBoundingClientRect().top"
    edge = ann.page.evaluate("document.getElementById('messages').getBoundingClientRect().top")
    assert abs(ann.page.evaluate(row) - edge) < 400
