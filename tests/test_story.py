"""docs/community.md, played against a real server: what it says is what happens."""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.conftest import WAIT_S, Serve, Server
from tests.deadline import within
from tests.test_community import user

pytestmark = pytest.mark.real

DOC = Path(__file__).parents[1] / "docs" / "community.md"
PARTS = re.findall(r"^```transcript\n(.*?)^```$", DOC.read_text("utf-8"), re.MULTILINE | re.DOTALL)
PATTERNS = {
    "CODE": r"inv-[\w-]+",
    "TIME": r"\d{4}-\d\d-\d\d \d\d:\d\d(?: UTC)?",
    "MARK": r"[a-z2-7]{6}",
    "URL": r"http://127\.0\.0\.1:\d+",
}
MOST_TRIES, PAUSE_S = 20, 0.1


def pattern_of(expected: str) -> re.Pattern[str]:
    """What a line of the page stands for; a word that comes again stands for the same."""
    seen: set[str] = set()

    def form(found: re.Match[str]) -> str:
        word = found[0]
        if word in seen:
            return f"(?P={word})"
        seen.add(word)
        return f"(?P<{word}>{PATTERNS[word]})"

    return re.compile(re.sub("|".join(PATTERNS), form, re.escape(expected)))


class Player:
    """Plays the lines; each person has a connection, a new one after it was closed."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self.server = server
        self.stack = stack
        self.people: dict[str, ClientConnection] = {}
        self.lines: dict[str, list[str]] = {}
        self.said: dict[str, str] = {}
        self.known = {"URL": server.url}

    async def play(self, line: str) -> None:
        """One line of the page."""
        name, sign, text = re.fullmatch(r"(\w+)([<>:]) (.*)", line).groups()  # type: ignore[union-attr]
        if name not in self.people:
            socket = await self.stack.enter_async_context(connect(self.server.ws_url))
            self.people[name], self.lines[name] = socket, []
        if sign == ">":
            for word, value in self.known.items():
                text = text.replace(word, value)
            self.said[name] = text
            await self.people[name].send(text)
        elif sign == "<":
            await self.reads(name, text)
        else:
            assert text == f"closed {await self.closed(name)}"
            del self.people[name]

    async def reads(self, name: str, expected: str) -> None:
        """Waits for a line; those before it that the page leaves out are what others say."""
        pattern, passed = pattern_of(expected), []
        while True:
            if not self.lines[name]:
                try:
                    async with within(WAIT_S):
                        frame = await self.people[name].recv()
                except (ConnectionClosed, TimeoutError) as error:
                    raise AssertionError((name, expected, passed)) from error
                self.lines[name] = str(frame).split("\n")
            line = self.lines[name].pop(0)
            found = pattern.fullmatch(line)
            if found is not None:
                known = {k: v for k, v in found.groupdict().items() if k != "TIME"}
                self.known |= known
                return
            passed.append(line)
            if line.startswith("! ") and len(self.server.nodes) > 1 and len(passed) < MOST_TRIES:
                # A role that was given on one node holds on another a moment later.
                await asyncio.sleep(PAUSE_S)
                await self.people[name].send(self.said[name])

    async def closed(self, name: str) -> int:
        async with within(WAIT_S):
            await self.people[name].wait_closed()
        code = self.people[name].close_code
        assert code is not None
        return code


async def test_the_story_is_what_happens(serve: Serve) -> None:
    assert len(PARTS) > 5
    server = serve("--registration", "invite")
    made = user(server, "add", "ann", "--owner", "--password-stdin", secret="correct-horse-battery")
    assert made.stdout == "ann is owner now.\n"
    async with AsyncExitStack() as stack:
        player = Player(server, stack)
        for part in PARTS:
            for line in part.splitlines():
                await player.play(line)
    assert "a-few-good-words" not in server.log_text()
