"""Where people write: several lines, what was said before, completion by Tab."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.document._document import Location
from textual.message import Message as Signal
from textual.strip import Strip
from textual.widgets import TextArea

from hubbub.client.tui.completion import Choice, Offer
from hubbub.client.tui.line_widget import LineWidget
from hubbub.client.tui.shown import fitted, one_line
from hubbub.client.typed import is_secret
from hubbub.protocol.plain import clean

RECALLED = 100
CHOICES_SHOWN = 6
_NEW_LINE = frozenset({"alt+enter", "ctrl+j", "shift+enter", "ctrl+enter"})


class Choices(LineWidget):
    """What the word may become, just above where it is written."""

    def __init__(self, styles: dict[str, Style]) -> None:
        super().__init__(styles, "choices")
        self._choices: tuple[Choice, ...] = ()
        self._chosen: int | None = None

    def put(self, choices: tuple[Choice, ...], chosen: int | None) -> None:
        """Shows some of them around the chosen one; none hides the list."""
        self._choices, self._chosen = choices, chosen
        rows = min(len(choices), CHOICES_SHOWN)
        self.display = bool(rows)
        if rows:
            height = rows + self.gutter.height
            self.styles.height = height
            self.styles.offset = (0, -height)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One choice."""
        width, base = self.size.width, self.base
        first = max(0, (self._chosen or 0) - CHOICES_SHOWN + 1)
        if first + y >= len(self._choices):
            return Strip.blank(width, base)
        choice = self._choices[first + y]
        chosen = first + y == self._chosen
        label = one_line(choice.label)
        if choice.hint:
            cells = min(max(width // 3, 16), 34)
            label = fitted(label, cells) + "  "
        style = self.looks["room-in-view" if chosen else "text"]
        hint = fitted(one_line(choice.hint), max(0, width - len(label) - 2))
        beside = style if chosen else self.looks["dim"]
        strip = Strip([Segment(f" {label}", style), Segment(hint, beside)])
        return strip.adjust_cell_length(width, style if chosen else None).apply_style(base)


class Composer(TextArea):
    """The text being written; nothing that arrives touches it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("ctrl+c", "interrupt", "Copy or clear"),
        ("ctrl+d", "end", "Quit"),
        # As shells have them, and as terminals send Option with an arrow.
        ("alt+b,alt+left", "cursor_word_left", "The word before"),
        ("alt+f,alt+right", "cursor_word_right", "The word after"),
        ("alt+d", "delete_word_right", "Delete the word"),
    ]

    class Sent(Signal):
        """Enter was pressed on a text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Interrupted(Signal):
        """Ctrl+C or Ctrl+D where there is nothing to clear; `end` tells which."""

        def __init__(self, *, end: bool) -> None:
            super().__init__()
            self.end = end

    def __init__(self, choices: Choices, offer: Callable[[str], Offer]) -> None:
        super().__init__(
            id="composer",
            soft_wrap=True,
            compact=True,
            highlight_cursor_line=False,
            max_checkpoints=200,
        )
        # A blinking cursor would be work while idle.
        self.cursor_blink = False
        self._choices = choices
        self._offer_for = offer
        self._offer = Offer()
        self._chosen: int | None = None
        self._start: Location = (0, 0)
        self._completed: str | None = None
        self._said: list[str] = []
        self.fresh: list[str] = []
        """What Up brings back and is not kept for the next time yet."""
        self._recalled: int | None = None
        self._stash = ""

    # --- text in and out

    def fill(self, text: str) -> None:
        """Puts a text there, with the cursor at its end."""
        self.load_text(clean(text))
        self.move_cursor(self.document.end)
        self._recalled = None
        self.close_choices()

    def taken(self, text: str) -> None:
        """What was sent is remembered, and the place is empty again."""
        self.remember(text)
        self.fill("")

    def recall_from(self, said: Iterable[str]) -> None:
        """Lets Up bring back what was said another time, too."""
        self._said = [*said, *self._said][-RECALLED:]

    def remember(self, text: str) -> None:
        """Keeps a text for Up."""
        if text.strip() and text not in self._said[-1:] and not is_secret(text):
            self._said = [*self._said, text][-RECALLED:]
            self.fresh = [*self.fresh, text][-RECALLED:]

    # --- keys

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            self._stop(event)
            if self.text.strip():
                self.post_message(self.Sent(self.text))
        elif event.key in _NEW_LINE:
            self._stop(event)
            self.insert("\n")
        elif event.key in {"tab", "shift+tab"}:
            self._stop(event)
            self._complete(1 if event.key == "tab" else -1)
        else:
            await super()._on_key(event)

    @staticmethod
    def _stop(event: events.Event) -> None:
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        # Whatever a clipboard held must not drive this terminal either.
        self._stop(event)
        text = clean(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        if result := self._replace_via_keyboard(text, *self.selection):
            self.move_cursor(result.end_location)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; above the first row what was said before."""
        if self._chosen is not None:
            self._complete(-1)
        elif not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self._recall(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; below the last row what was said after."""
        if self._chosen is not None:
            self._complete(1)
        elif not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self._recall(1)
        else:
            super().action_cursor_down(select)

    def action_interrupt(self) -> None:
        """Copies what is selected, or clears the line."""
        if self.selected_text:
            self.app.copy_to_clipboard(self.selected_text)
        elif self.text:
            self.taken(self.text)
        else:
            self.post_message(self.Interrupted(end=False))

    def action_end(self) -> None:
        """Deletes, or ends where there is nothing to delete."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Interrupted(end=True))

    # --- recall

    def _recall(self, step: int) -> None:
        if not self._said or (self._recalled is None and step > 0):
            return
        if self._recalled is None:
            self._stash, self._recalled = self.text, len(self._said)
        place = self._recalled + step
        if place < 0:
            return
        at_end = place >= len(self._said)
        text = self._stash if at_end else self._said[place]
        self.fill(text)
        self._recalled = None if at_end else place

    # --- completion

    def on_text_area_changed(self) -> None:
        """Another text, another offer; but not for what completion itself wrote."""
        if self.text == self._completed:
            return
        self._completed = None
        self._chosen = None
        if self.text != self._said_at(self._recalled):
            self._recalled = None
        offer = self._offer_for(self._before())
        self._offer = offer
        self._choices.put(offer.choices if offer.unasked else (), None)

    def _said_at(self, place: int | None) -> str | None:
        return self._said[place] if place is not None else None

    def _before(self) -> str:
        return self.get_text_range((0, 0), self.cursor_location)

    def _complete(self, step: int) -> None:
        if self._chosen is None:
            self._offer = self._offer_for(self._before())
            row, column = self.cursor_location
            self._start = (row, max(0, column - self._offer.chars))
        choices = self._offer.choices
        if not choices:
            return
        if self._chosen is None:
            self._chosen = 0 if step > 0 else len(choices) - 1
        else:
            self._chosen = (self._chosen + step) % len(choices)
        # A server could call somebody what would drive the terminal.
        text = clean(choices[self._chosen].text)
        result = self.replace(text, self._start, self.cursor_location)
        self.move_cursor(result.end_location)
        self._completed = self.text
        only = len(choices) == 1
        self._choices.put(() if only else choices, self._chosen)
        if only:
            self._chosen = None

    @property
    def choosing(self) -> bool:
        """Whether there is a list to close."""
        return self._choices.display

    def close_choices(self) -> None:
        """Puts the list away; what was chosen stays."""
        self._chosen, self._offer = None, Offer()
        self._choices.put((), None)
