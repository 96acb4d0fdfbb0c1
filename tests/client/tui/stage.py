"""The full-screen client on a screen of a test's size, with a server that tests can direct."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

import hubbub
from hubbub.client import saved
from hubbub.client.options import JoinOptions
from hubbub.client.tui.app import HubbubApp, Outcome
from hubbub.client.tui.conversation import Conversation
from hubbub.client.tui.screen import ChatScreen
from tests.accounts import PASSWORD
from tests.client.fake import FakeServer
from tests.conftest import Server
from tests.deadline import Deadline

WAIT_S = 15.0


@dataclass
class Stage:
    """A running client, its keyboard, and what it shows."""

    app: HubbubApp
    pilot: Pilot[Outcome]

    @property
    def screen(self) -> ChatScreen:
        return self.app.chat_screen

    @property
    def conversation(self) -> Conversation:
        assert self.screen.conversation is not None
        return self.screen.conversation

    @property
    def lines(self) -> list[str]:
        """The rows of the whole screen, as a terminal would have them."""
        app_screen = self.app.screen
        width, height = self.app.size
        strips = app_screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips[:height] if strip.cell_length <= width]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def draft(self) -> str:
        return self.screen.composer.text

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        names = {" ": "space", "/": "slash", "@": "at", ":": "colon", "!": "exclamation_mark"}
        await self.pilot.press(*(names.get(char, char) for char in text))

    async def pick(self, what: str) -> None:
        """Takes a line of the list that is open."""
        await self.shows(what)
        await self.fill(what)

    async def fill(self, text: str) -> None:
        """Pastes into a dialog's line, which is quicker than keys, and Enter."""
        focused = self.app.focused
        assert isinstance(focused, Input)
        focused.post_message(events.Paste(text))
        await self.until(lambda: focused.value == text)
        await self.press("enter")

    async def say(self, text: str) -> None:
        await self.type(text)
        await self.press("enter")

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for what other tasks bring about."""
        deadline = Deadline(WAIT_S)
        while not true():
            assert not deadline.over, f"never happened; the screen:\n{self.text}"
            await asyncio.sleep(0.01)
            self.screen.draw_soon()

    async def shows(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text for text in texts))

    async def lacks(self, text: str) -> None:
        await self.until(lambda: text not in self.text)


@asynccontextmanager
async def staged(
    server: FakeServer | Server,
    *,
    size: tuple[int, int] = (80, 24),
    options: JoinOptions | None = None,
    connected: bool = True,
) -> AsyncIterator[Stage]:
    """The client as ann, connected unless that is not what the test wants."""
    options = options or JoinOptions(url=server.url, name="ann")
    kept = saved.load()
    server_kept = saved.find_server(options.url, kept)
    app = HubbubApp(options, kept, server_kept, backoff_most_s=0.2)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot)
        if connected:
            await stage.until(lambda: app.chat_screen.conversation is not None)
            await stage.until(lambda: stage.conversation.view.timeline.loaded)
            await pilot.pause()
        yield stage


def config_of(folder: Path) -> Path:
    """Where a client with that config home keeps what it keeps."""
    return folder / "hubbub" / "client.json"


@asynccontextmanager
async def member(server: Server, name: str, *rooms: str, **how: Any) -> AsyncIterator[Stage]:
    """The client of somebody who is signed in already, by a token."""
    async with hubbub.connect(server.url, name=name, password=PASSWORD, keep_session=True) as chat:
        token = chat.session
    options = JoinOptions(url=server.url, token=token, rooms=rooms)
    async with staged(server, options=options, **how) as stage:
        yield stage


@asynccontextmanager
async def guest(server: Server, name: str, *rooms: str, **how: Any) -> AsyncIterator[Stage]:
    """The client of a guest."""
    options = JoinOptions(url=server.url, name=name, rooms=rooms)
    async with staged(server, options=options, **how) as stage:
        yield stage
