"""The lists beside the messages: rooms with what is new in them, and people."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message as Signal
from textual.strip import Strip

from hubbub.client.state import RoomView
from hubbub.client.tui.line_widget import LineWidget
from hubbub.client.tui.rows import Span, nick_style
from hubbub.client.tui.shown import fitted, one_line
from hubbub.client.tui.view import View
from hubbub.protocol.events import Self

_Line = tuple[tuple[Span, ...], str | None]


class Sidebar(LineWidget):
    """Lines, scrolled so that one of them is on the screen; a click gives what it stands for."""

    class Chosen(Signal):
        """Somebody clicked on a line."""

        def __init__(self, what: str, of: "Sidebar") -> None:
            super().__init__()
            self.what = what
            self.of = of

    def __init__(self, styles: dict[str, Style], name: str) -> None:
        super().__init__(styles, name)
        self.lines: list[_Line] = []
        self._top = 0
        self._current = 0
        self._made_for: tuple[object, ...] = ()

    def put(self, lines: list[_Line], current: int = 0) -> None:
        """Shows these lines, the current one among them."""
        self.lines, self._current = lines, current
        height = max(1, self.size.height)
        self._top = max(0, min(self._top, len(lines) - height))
        if not self._top <= current < self._top + height:
            self._top = max(0, min(current - height // 2, len(lines) - height))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        number, width = self._top + y, self.size.width
        base = self.base
        if number >= len(self.lines):
            return Strip.blank(width, base)
        segments = [Segment(span.text, self.looks[span.style]) for span in self.lines[number][0]]
        return Strip(segments).adjust_cell_length(width).apply_style(base)

    def on_click(self, event: events.Click) -> None:
        """A line is as good as its key."""
        number = self._top + event.y
        what = self.lines[number][1] if number < len(self.lines) else None
        if what is not None:
            self.post_message(self.Chosen(what, self))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self._top = max(0, self._top - 3)
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self._top = max(0, min(self._top + 3, len(self.lines) - self.size.height))
        self.refresh()

    def changed(self, *made_for: object) -> bool:
        """Whether there is something new to put: views are compared by identity."""
        former, self._made_for = self._made_for, made_for
        return len(former) != len(made_for) or any(
            one is not other and not (isinstance(one, int | str) and one == other)
            for one, other in zip(former, made_for, strict=True)
        )


class RoomList(Sidebar):
    """Rooms by their numbers, unread and mentions at the right."""

    def show(self, view: View, server: str) -> None:
        """Follows the view."""
        cells = max(self.size.width, 8)
        if not self.changed(view.chat.rooms, view.order, view.room, server, cells, id(self.looks)):
            return
        lines: list[_Line] = [((Span(f" {fitted(one_line(server), cells - 1)}", "dim"),), None)]
        current, kind = 0, "public"
        for number, name in enumerate(view.order, start=1):
            room = view.chat.rooms[name]
            if room.kind == "direct" != kind:
                kind = "direct"
                lines.append(((), None))
            if name == view.room:
                current = len(lines)
            lines.append((room_line(room, number, cells, in_view=name == view.room), name))
        self.put(lines, current)


class People(Sidebar):
    """Who is in the room."""

    def show(self, room: RoomView | None, own: Self) -> None:
        """Follows a room."""
        own_name = own.name
        cells = max(self.size.width - 2, 4)
        known = (room.members, room.away, room.users) if room is not None else ()
        if not self.changed(own_name, cells, id(self.looks), *known):
            return
        if room is None:
            self.put([])
            return
        people = dict(room.members)
        if room.kind == "direct":
            people[own.id] = own.name
        members = sorted(people.items(), key=lambda member: member[1].casefold())
        count = max(room.users or 0, len(members))
        title = "1 person" if count == 1 else f"{count:,} people"
        lines: list[_Line] = [((Span(f" {fitted(title, cells)}", "dim"),), None)]
        for user_id, name in members:
            style = "own" if name == own_name else nick_style(name)
            away = user_id in room.away
            shown = fitted(f"{one_line(name)}{' (away)' if away else ''}", cells)
            lines.append(((Span(f" {shown}", "dim" if away else style),), name))
        if count > len(members):
            more = f"and {count - len(members):,} more"
            lines.append(((Span(f" {fitted(more, cells)}", "dim"),), None))
        self.put(lines)


def room_line(room: RoomView, number: int, cells: int, *, in_view: bool) -> tuple[Span, ...]:
    """A room in the list."""
    count, count_style = "", "count"
    if room.mentions:
        sign = "" if room.kind == "direct" else "@"
        count, count_style = f" {sign}{_few(room.mentions)} ", "mentions"
    elif room.unread:
        count = f" {_few(room.unread)} "
    key = f"{number:>2} " if number <= 10 else "   "
    style = "room-in-view" if in_view else "room-unread" if room.unread else "room"
    name = fitted(one_line(room.label), cells - len(key) - cell_len(count))
    number_style = "room-in-view" if in_view else "number"
    tail = (Span(count, count_style),) if count else ()
    return (Span(key[:2], number_style), Span(f" {name}", style), *tail)


def _few(count: int) -> str:
    return str(count) if count < 1000 else "999+"
