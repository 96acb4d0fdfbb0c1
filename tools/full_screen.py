"""Makes docs/pictures/full-screen.svg: the full-screen client in a conversation over a real server.

`make picture`.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import hubbub
from hubbub.client.options import JoinOptions
from hubbub.client.saved import Saved, Server
from hubbub.client.tui.app import HubbubApp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "full-screen.svg"
SIZE = (100, 21)
WAIT_S = 30.0
FONT = '"DejaVu Sans Mono", Menlo, Consolas, monospace'
SAID = (
    ("bob", "lobby", "morning! the second release is out: https://example.org/2.0"),
    ("caroline", "lobby", "the notes read well. Who tells the list?"),
    ("bob", "lobby", "/me puts the kettle on"),
    ("fatima", "lobby", "I will, and the mirrors are through as well"),
    ("fatima", "lobby", "one thing: `hubbub doctor` wants a line in the docs"),
    ("bob", "dev", "2.1 is open"),
    ("fatima", "dev", "and has its first commit"),
    ("fatima", "ops", "backups are green"),
)
LATER = (
    ("caroline", "lobby", "@ann you know that one best, would you?"),
    ("caroline", "ann", "lunch at twelve? 🍜"),
)


async def converse(url: str) -> str:
    """Plays the morning; the picture of it."""
    async with AsyncExitStack() as stack:
        people = {}
        for name in ("bob", "caroline", "fatima"):
            rooms = ["lobby", "dev", "ops"]
            joined = hubbub.connect(url, name=name, rooms=rooms)
            people[name] = await stack.enter_async_context(joined)
        await people["bob"].command("/topic Release 2.0, tea, and cake", "lobby")
        await people["fatima"].command("/away lunch", "lobby")
        app = HubbubApp(
            JoinOptions(url=url, name="ann", rooms=("lobby", "dev", "ops")), Saved(), Server(url)
        )
        async with app.run_test(size=SIZE) as pilot:
            screen = app.chat_screen
            await _until(lambda: screen.conversation is not None)
            await _say(people, SAID)
            await _until(lambda: _unread(app, "dev") == 2)
            await pilot.press(*"thanks, all!", "enter")
            await _until(lambda: screen.view is not None and not screen.view.timeline.pending)
            await _say(people, LATER)
            await _until(lambda: _mentions(app) == 1)
            await pilot.press(*"of course, this afternoon ")
            await people["bob"].typing("lobby")
            await _until(lambda: bool(screen.view and screen.view.typists(time.monotonic())))
            screen.draw()
            await pilot.pause()
            return app.export_screenshot(title="hubbub join")


async def _say(people: dict[str, "hubbub.Chat"], lines: tuple[tuple[str, str, str], ...]) -> None:
    for name, place, text in lines:
        if place == "ann":
            await people[name].whisper("ann", text)
        elif text.startswith("/"):
            await people[name].command(text, place)
        else:
            await people[name].post(text, place)


def _unread(app: HubbubApp, room: str) -> int:
    view = app.chat_screen.view
    return view.chat.rooms[room].unread if view is not None else 0


def _mentions(app: HubbubApp) -> int:
    view = app.chat_screen.view
    return view.unread_elsewhere[1] if view is not None else 0


async def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > end:
            raise SystemExit("the conversation never got there")
        await asyncio.sleep(0.05)


def main() -> None:
    """Plays, draws, writes."""
    os.environ.update(COLORTERM="truecolor", TERM="xterm-256color")
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = folder
        serve = [sys.executable, "-m", "hubbub", "serve", "--port", "0"]
        server = subprocess.Popen(  # noqa: S603
            [*serve, "--data", f"{folder}/data"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert server.stdout is not None
            drawn = asyncio.run(converse(server.stdout.readline().split()[-1]))
        finally:
            server.terminate()
            server.wait(10)
    # Textual's own, without the fonts that it would fetch from elsewhere.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"font-family: (?:Fira Code|arial)[^;]*;", f"font-family: {FONT};", drawn)
    PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
