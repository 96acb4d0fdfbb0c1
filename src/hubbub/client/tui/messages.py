"""The messages of the room in view: a window of rows, a cursor, and where the reader is."""

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message as Signal
from textual.strip import Strip

from hubbub.client.tui import keys
from hubbub.client.tui.line_widget import LineWidget
from hubbub.client.tui.rows import Page, Row
from hubbub.client.tui.transcript import Transcript

if TYPE_CHECKING:
    from hubbub.client.tui.view import View

WHEEL_ROWS = 3
NEAR_ROWS = 20
"""So near to an end of what is loaded, more is asked for."""


class Messages(LineWidget, can_focus=True):
    """Follows the newest message, until somebody scrolls away from it."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.MESSAGE, first=False)
    # Whoever clicks and writes on means the composer.
    FOCUS_ON_CLICK = False

    class Scrolled(Signal):
        """The reader moved, or what is there did."""

    class LinkClicked(Signal):
        """A click on an address."""

        def __init__(self, link: str) -> None:
            super().__init__()
            self.link = link

    def __init__(self, styles: dict[str, Style]) -> None:
        super().__init__(styles, "messages")
        self.transcript = Transcript()
        self.following = True
        self.cursor: str | None = None
        self.query_text = ""
        self._top = 0
        self._room: str | None = None

    # --- what there is

    def show(self, view: "View") -> None:
        """Follows the view; what the reader looks at stays where it is."""
        if self._room is not None and view.current(self._room) == view.room:
            # It may have another name by now: what the reader looks at is the same.
            self._room = view.room
        if view.room != self._room:
            self._room, self.following, self.cursor = view.room, True, None
        anchor = self._anchor()
        user = view.chat.user
        page = Page(max(self.size.width, 10), user.id, user.name, self.query_text)
        self.transcript.show(view, page)
        if self.cursor is not None and self.transcript.span(self.cursor) is None:
            self.cursor = None
        self._restore(anchor)
        self.refresh()

    @property
    def rows(self) -> list[Row]:
        """Every row that could be scrolled to."""
        return self.transcript.rows

    @property
    def top(self) -> int:
        """The number of the first row on the screen."""
        return self._last_top if self.following else min(self._top, self._last_top)

    @property
    def _last_top(self) -> int:
        return max(0, len(self.rows) - self.size.height)

    @property
    def near_top(self) -> bool:
        """Whether the reader will soon need older messages."""
        return self.top < NEAR_ROWS

    @property
    def near_bottom(self) -> bool:
        """Whether the reader is about at the end of what is loaded."""
        return self._last_top - self.top < NEAR_ROWS

    @property
    def rows_below(self) -> int:
        """How much there is below the screen."""
        return self._last_top - self.top

    def _anchor(self) -> tuple[str, int] | None:
        if self.following or not self.rows:
            return None
        top = self.top
        key = self.rows[top].key
        span = self.transcript.span(key)
        return (key, top - span[0]) if span is not None else None

    def _restore(self, anchor: tuple[str, int] | None) -> None:
        if anchor is None:
            return
        span = self.transcript.span(anchor[0])
        if span is not None:
            self._top = min(span[0] + min(anchor[1], span[1] - span[0] - 1), self._last_top)

    # --- where the reader is

    def scroll_rows(self, rows: int) -> None:
        """Moves the window; at the end it follows again."""
        top = max(0, min(self.top + rows, self._last_top))
        self.following = top >= self._last_top
        self._top = top
        self.refresh()
        self.tell_moved()

    def tell_moved(self) -> None:
        """Tells the screen that the reader or the cursor moved."""
        self.post_message(self.Scrolled())

    def scroll_pages(self, pages: int) -> None:
        """Moves by the window's height, less two rows to hold on to."""
        self.scroll_rows(pages * max(1, self.size.height - 2))

    def follow(self) -> None:
        """Goes to the newest message."""
        self.cursor = None
        self.scroll_rows(len(self.rows))

    def reveal(self, key: str) -> None:
        """Scrolls as little as brings an entry onto the screen."""
        span = self.transcript.span(key)
        if span is None:
            return
        first, last = span
        if first < self.top:
            self.scroll_rows(first - self.top)
        elif last > self.top + self.size.height:
            self.scroll_rows(min(last - self.size.height, first) - self.top)
        self.refresh()

    def show_row(self, row: int) -> None:
        """Brings a row to the upper part of the screen."""
        self.scroll_rows(row - 2 - self.top)

    def move_cursor(self, step: int) -> bool:
        """Chooses another message; False where there is none in that direction."""
        entries = [row.key for row in self.rows if row.key and row.tone != "divider"]
        entries = list(dict.fromkeys(entries))
        if not entries:
            return False
        if self.cursor not in entries:
            visible = self.rows[self.top : self.top + self.size.height]
            seen = [row.key for row in visible if row.key in set(entries)]
            self.cursor = seen[-1] if seen else entries[-1]
        else:
            place = entries.index(self.cursor) + step
            if not 0 <= place < len(entries):
                return False
            self.cursor = entries[place]
        self.reveal(self.cursor)
        return True

    # --- the screen

    def render_line(self, y: int) -> Strip:
        """One row, dressed."""
        width = self.size.width
        base = self.base
        # A short conversation stands on the composer, not under the topic.
        number = self.top + y - max(0, self.size.height - len(self.rows))
        if not 0 <= number < len(self.rows):
            return Strip.blank(width, base)
        row = self.rows[number]
        tone = Style()
        if row.key == self.cursor and row.tone != "divider":
            tone = self.looks["cursor-row"]
        elif row.tone == "mention":
            tone = self.looks["mention-row"]
        looks = self.looks
        segments = []
        for span in row.spans:
            style = looks[span.style]
            if span.link is not None:
                style = style.update_link(span.link)
            segments.append(Segment(span.text, tone + style if tone else style))
        strip = Strip(segments).adjust_cell_length(width, tone)
        return strip.apply_style(base)

    def on_resize(self, event: events.Resize) -> None:
        """Another width makes other rows; the screen above asks for them."""
        del event
        self.tell_moved()

    def on_click(self, event: events.Click) -> None:
        """An address is as good as its key."""
        if event.style.link is not None:
            self.post_message(self.LinkClicked(event.style.link))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_rows(WHEEL_ROWS)
