"""A server that means ill, on a real terminal: nothing drives the screen or bends a column."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from tests.client.fake import FakeServer
from tests.client.line.screen import JOIN, Terminal, Window
from tests.client.tui.test_terminal import ESCAPES, shows, wait_for
from tests.parts import need

pytestmark = pytest.mark.real

EVIL = [
    "evil \x1b[2J\x1b[31mred\x1b]0;title\x07\x9b31m\x1bP+q\x1b\\",
    "evil \u202e\u2066 עברית مرحبا \u2069\u202c",
    "evil z" + "\u0300\u0301\u0316\u0489" * 40 + "algo",
    "evil 👨\u200d👩\u200d👧 ❤\ufe0f 🇩🇪 👍🏽 \u200b\u00ad\u2028\u3164\u115f",
    "evil 表表表表表表表表表表表表表表表",
    "evil\r\n\tline\x00\x08\x7f",
    "evil हिन्दी में लिख रहा हूँ தமிழ் ไทยครับ 한국어",
]
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MUTED = {"code": "muted", "message": " ".join(EVIL)}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def hostile(fake: FakeServer) -> None:
    """Ill will in every field, 10,000 names, a line of 100 KB."""
    fake.topics = {"lobby": " ".join(EVIL)}
    fake.members = [
        {
            "id": f"m{n}",
            "name": f"{n:05} {EVIL[n % len(EVIL)]}",
            "role": "guest",
            "away": n % 3 == 0,
        }
        for n in range(10_000)
    ]
    fake.members_of = {"lobby": fake.members}
    evil = EVIL[0]
    fake.commands = [{"name": text, "usage": f"/{text}", "summary": text} for text in EVIL]
    fake.append("lobby", "@a " * 5_000)
    for number, text in enumerate(EVIL):
        person = {"id": f"e{number}", "name": text}
        fake.append("lobby", text, **{"from": person})
        fake.append("lobby", text, **{"from": person, "me": True})
        fake.append("lobby", text, **{"from": person, "type": "topic"})
        fake.append("lobby", f"@ann https://example.org/{text} `{text}`", **{"from": person})
        fake.append(text, text, **{"from": person})
        fake.append(f"@d{number}", text, **{"from": person, "to": [{"id": "u1", "name": "ann"}]})
        fake.kinds[f"@d{number}"] = "direct"
    fake.append("lobby", "long " + "x" * 100_000)
    fake.append("lobby", f"{evil} the end")
    fake.before_post = lambda frame: MUTED


def cells(text: str) -> int:
    """How wide terminals draw it that ask the C library."""
    marks = {"Mn", "Me", "Cf"}
    return sum(
        0 if unicodedata.category(c) in marks else 2 if east_asian_width(c) in "WF" else 1
        for c in text
    )


def assert_whole(terminal: Terminal, *, sides: bool = True) -> str:
    """No control reaches the terminal, and every row has its columns where they belong."""
    raw = terminal.tmux("capture-pane", "-e", "-p", "-t", "w0")
    text = ESCAPES.sub("", raw)
    assert not CONTROLS.search(text), repr(CONTROLS.search(text))
    rows = text.splitlines()
    for row in rows if sides else []:
        left, border, rest = row.partition("│")
        # Counted by another table of widths than the client's own, as tmux does.
        assert (border, cells(left)) == ("│", 16), text
        middle, border, _ = rest.rpartition("│")
        assert (border, cells(middle)) == ("│", 100 - 16 - 18 - 1), text
    assert "title" not in terminal.tmux("display", "-p", "-t", "w0", "#{pane_title}")
    return text


async def test_ill_will_in_every_field_leaves_a_real_screen_whole(
    fake: FakeServer, terminal: Terminal
) -> None:
    hostile(fake)
    # A terminal of 16 colours has lines between the columns, which shows every cell too much.
    env = {"TERM": "xterm", "COLORTERM": ""}
    ann = terminal.run(*JOIN, fake.url, "--name", "ann", env=env)
    await asyncio.to_thread(shows, ann, "the end", "1,000 people")
    await fake.tell({"type": "count", "room": "lobby", "users": 10_000})
    await fake.tell({"type": "notice", "text": " ".join(EVIL)})
    for number, text in enumerate(EVIL[:3]):
        person = {"id": f"e{number}", "name": text}
        await fake.tell({"type": "typing", "room": "lobby", "user": person})
    await asyncio.to_thread(shows, ann, "10,000 people", "are writing")
    await asyncio.to_thread(_walk, terminal, ann)


def _walk(terminal: Terminal, ann: Window) -> None:
    assert_whole(terminal)
    ann.enter("hello")
    shows(ann, "not sent")
    assert_whole(terminal)
    for key in ("PPage", "PPage", "PPage", "PPage", "PPage", "C-Home"):
        ann.press(key)
        assert_whole(terminal)
    shows(ann, "the beginning")
    assert_whole(terminal)
    ann.press("M-2")
    shows(ann, "Message evil")
    assert_whole(terminal)
    ann.press("M-1")
    shows(ann, "Message lobby")
    ann.type("@")
    shows(ann, "evil 表表")
    assert_whole(terminal, sides=False)
    ann.press("Tab")
    wait_for(ann, lambda screen: screen.splitlines()[-1].startswith(" " * 16 + "│ @b"))
    ann.press("C-c")
    shows(ann, "Message lobby")
    for key, sign in (("C-k", "Go to a room"), ("F1", "Writing"), ("F4", "Shift+arrows")):
        ann.press(key)
        shows(ann, sign)
        assert "evil" in assert_whole(terminal, sides=False) or key == "F1"
        ann.press("Escape")
        shows(ann, "Message lobby")
    assert_whole(terminal)
    terminal.tmux("resize-window", "-t", "w0", "-x", "40", "-y", "20")
    shows(ann, "Message lobby")
    assert_whole(terminal, sides=False)
