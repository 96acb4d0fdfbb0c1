"""One key after the other: each is done with before the next one is let in.

Textual gives a key to the widget that has the focus. A character is inserted there at once, but a
key of the bindings goes on from widget to widget, each with a queue and a task of its own, and is
acted on when it has come to the app. What was typed after it would overtake it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea

KEYS_WAITING = 100_000
"""Keys that may wait; more than that nobody types, and they are dropped."""
PATIENCE_S = 1.0
"""How long keys wait for what an earlier one began at the server, such as entering a room."""
LOOK_S = 0.005
ROUNDS = 30
"""More than a key takes from widget to widget; others arrive there without an end."""
ROUND_S = 0.1
"""How long a widget is waited for that may have gone away meanwhile."""
CALM_ROUNDS = 2
"""So many rounds without any message in them, and nothing more comes of a key."""


class Keyboard:
    """What was typed and is not done with, in the order of typing."""

    def __init__(
        self, app: App[Any], busy: Callable[[], bool], catch_up: Callable[[], None]
    ) -> None:
        """`busy` tells whether something is on its way that keys may be about.

        `catch_up` shows what is to be shown, so that keys meet what is there.
        """
        self._app = app
        self._busy = busy
        self._catch_up = catch_up
        self._waiting: asyncio.Queue[events.Event] = asyncio.Queue(KEYS_WAITING)
        self._let_in: deque[events.Event] = deque()
        self._waited_enough = False
        self.patience_s = PATIENCE_S

    def admits(self, event: events.Event) -> bool:
        """Whether its turn has come; if not it comes again."""
        if self._let_in and self._let_in[0] is event:
            self._let_in.popleft()
            return True
        if not self._waiting.full():
            self._waiting.put_nowait(event)
        return False

    async def run(self) -> None:
        """Lets in one after the other, for as long as the app is there."""
        inserted = False
        while True:
            event = await self._waiting.get()
            inserts = isinstance(event, events.Key) and event.is_printable
            # Characters that follow each other in one text keep their order by themselves.
            if not (inserted and inserts):
                await self._settle()
                inserts = inserts and self._is_text(self._app.focused)
            inserted = inserts
            self._let_in.append(event)
            self._app.post_message(event)

    @staticmethod
    def _is_text(widget: object) -> bool:
        return isinstance(widget, Input) or (isinstance(widget, TextArea) and not widget.read_only)

    async def _settle(self) -> None:
        """Waits until everything is done that the keys before have brought about."""
        await self._calm_down()
        end_s = time.monotonic() + self.patience_s
        while self._busy():
            if self._waited_enough or time.monotonic() > end_s:
                # What is typed meanwhile is not held back again and again.
                self._waited_enough = True
                return
            await asyncio.sleep(LOOK_S)
            await self._calm_down()
        self._waited_enough = False

    async def _calm_down(self) -> None:
        """Waits until no widget has anything left to do."""
        calm = 0
        for _ in range(ROUNDS):
            self._catch_up()
            pumps = self._pumps()
            whole = await self._round(pumps)
            quiet = whole and not any(pump.message_queue_size for pump in pumps)
            calm = calm + 1 if quiet and pumps == self._pumps() else 0
            if calm == CALM_ROUNDS:
                return

    def _pumps(self) -> list[MessagePump]:
        screens = self._app.screen_stack
        return [self._app, *(w for screen in screens for w in screen.walk_children(with_self=True))]

    async def _round(self, pumps: list[MessagePump]) -> bool:
        """Waits until each has come to what it has to do now; False if one did not."""
        left, done = 0, asyncio.Event()

        def count() -> None:
            nonlocal left
            left -= 1
            if not left:
                done.set()

        for pump in pumps:
            left += pump.call_later(count)
        try:
            async with asyncio.timeout(ROUND_S):
                await done.wait()
        except TimeoutError:
            return False
        return True
