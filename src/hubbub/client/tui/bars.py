"""The line above the messages and the one below them."""

import math

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hubbub.client.sentences import LOCK, why_silent
from hubbub.client.tui.line_widget import LineWidget
from hubbub.client.tui.rows import Span
from hubbub.client.tui.shown import cut, one_line
from hubbub.client.tui.view import View

TYPIST_CELLS = 16
ENTER_A_ROOM = "/join ROOM enters a room"


class Bar(LineWidget):
    """One line with two ends; where both do not fit, the right one goes, or the left is cut."""

    def __init__(self, styles: dict[str, Style], name: str, *, right_first: bool = False) -> None:
        super().__init__(styles, name)
        self._right_first = right_first
        self._left: tuple[Span, ...] = ()
        self._right: tuple[Span, ...] = ()

    def put(self, left: tuple[Span, ...], right: tuple[Span, ...] = ()) -> None:
        """Shows this, if it is not there already."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        base = self.base
        if y > 0:
            return Strip.blank(width, base)
        used = sum(cell_len(span.text) for span in self._left)
        right = [Segment(span.text, self.looks[span.style]) for span in self._right]
        wanted = sum(cell_len(segment.text) for segment in right)
        room = width - 2
        if used + wanted + 2 > room and not self._right_first:
            right, wanted = [], 0
        segments, left_cells = [Segment(" ")], max(0, room - wanted)
        for span in self._left:
            text = cut(span.text, left_cells)
            left_cells -= cell_len(text)
            segments.append(Segment(text, self.looks[span.style]))
        segments += [Segment(" " * max(0, left_cells)), *right, Segment(" ")]
        return Strip(segments).adjust_cell_length(width).apply_style(base)


def heading(view: View, *, narrow: bool) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The room in view, its topic, and where the rooms are hidden what is new in the others."""
    room = view.in_view
    if room is None:
        return (Span("no room", "title"),), ()
    title = one_line(room.title)
    sign = {"direct": "", "private": LOCK}.get(room.kind, "#")
    left = [Span(f"{sign}{title}", "title")]
    marks = (("read-only", room.read_only), ("archived", room.archived))
    left += [Span(f"  {mark}", "warning") for mark, is_so in marks if is_so]
    if room.topic:
        left.append(Span(f"  {one_line(room.topic)}", "bar"))
    unread, mentions = view.unread_elsewhere
    right = []
    if narrow and mentions:
        right.append(Span(f" @{mentions} ", "mentions"))
    if narrow and unread:
        right.append(Span(f" +{unread}", "count"))
    if not narrow:
        right.append(Span(one_line(view.chat.user.name), "own"))
    return tuple(left), tuple(right)


def composer_hint(view: View) -> str:
    """What stands where nothing is written yet."""
    room = view.in_view
    if room is None:
        return ENTER_A_ROOM
    title = one_line(room.title)
    why = why_silent(title, room.may, read_only=room.read_only, archived=room.archived)
    return why or f"Message {title}"


def status(
    view: View, typists: tuple[str, ...], below: int, retry_in_s: float | None = None
) -> tuple[Span, ...]:
    """The one calm line: the connection, then what is unsent, what is below, who is writing."""
    if view.line == "over":
        return (Span(f"✗ Ctrl+Q quits. {one_line(view.status)}", "refusal"),)
    if view.line == "down":
        waiting = f" {_messages(view.unsent)} to send." if view.unsent else ""
        soon = "" if retry_in_s is None else f" Any key tries again, or {math.ceil(retry_in_s)} s."
        why = one_line(view.status).removesuffix(".")
        return (Span(f"◌ Not connected: {why}.{waiting}{soon}", "warning"),)
    if below > 0:
        return (Span(f"↓ {below} more below, Esc goes there", "warning"),)
    if typists:
        names = ", ".join(cut(one_line(name), TYPIST_CELLS) for name in typists[:3])
        others = " and others" if len(typists) > 3 else ""
        verb = "is" if len(typists) == 1 else "are"
        return (Span(f"{names}{others} {verb} writing …", "bar"),)
    return ()


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
