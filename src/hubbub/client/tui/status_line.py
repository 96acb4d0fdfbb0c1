"""The line below the messages: how things are, or for a while what a key did."""

import time
from typing import ClassVar

from rich.style import Style
from textual.message import Message as Signal
from textual.timer import Timer

from hubbub.client.tui import store
from hubbub.client.tui.bars import Bar, status
from hubbub.client.tui.rows import Span
from hubbub.client.tui.shown import one_line
from hubbub.client.tui.view import View

TOLD_S = 5.0
"""How long what a key did is told."""
COUNTED_S = 1.0
HINTS_CELLS = 80
"""From this width the keys of rooms and help stand beside anything else."""


class StatusLine(Bar):
    """Follows the view, but for `TOLD_S` seconds shows what it was told."""

    HINTS: ClassVar[tuple[Span, ...]] = (
        Span("  Ctrl+K ", "key"), Span("rooms", "dim"), Span("  F1 ", "key"), Span("help", "dim"),
    )  # fmt: skip

    class Stale(Signal):
        """What it showed has run out; the screen says anew how things are."""

    def __init__(self, styles: dict[str, Style]) -> None:
        super().__init__(styles, "status")
        self._told: Span | None = None
        self._telling: Timer | None = None
        self._typists: Timer | None = None
        self._counting: Timer | None = None

    def tell(self, text: str, style: str) -> None:
        """Says something for a while."""
        if self._telling is not None:
            self._telling.stop()
        self._told = Span(one_line(text), style)
        self._telling = self.set_timer(TOLD_S, self._stop_telling)
        self.put((self._told,))

    def tell_nothing(self) -> None:
        """What was told no longer matters."""
        self._told = None

    def _stop_telling(self) -> None:
        self._told = None
        self.post_message(self.Stale())

    def follow(
        self, view: View, below: int, hint: str | None, retry_in_s: float | None = None
    ) -> None:
        """Shows how things are: rows below the screen; `hint` is about the message chosen.

        `retry_in_s` is how long until the next attempt to come back.
        """
        typists = view.typists(time.monotonic())
        left = status(view, typists, below, retry_in_s)
        if self._told is not None and view.line != "over":
            left = (self._told,)
        elif hint is not None and view.line == "up":
            left = (Span(hint, "bar"),)
        wide = self.app.size.width >= HINTS_CELLS
        self.put(left, self.HINTS if not left or wide else ())
        if typists and self._typists is None:
            self._typists = self.set_timer(store.TYPING_S, self._forget_typists)
        if view.line == "down" and self._counting is None:
            self._counting = self.set_timer(COUNTED_S, self._count_down)

    def _count_down(self) -> None:
        self._counting = None
        self.post_message(self.Stale())

    def _forget_typists(self) -> None:
        self._typists = None
        self.post_message(self.Stale())
