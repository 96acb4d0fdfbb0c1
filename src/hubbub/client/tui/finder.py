"""Searching a room's whole log, as far as this user may read it."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from hubbub.client.tui.rows import local_time
from hubbub.client.tui.shown import cut, one_line
from hubbub.errors import HubbubError
from hubbub.protocol.events import Found, Message

Search = Callable[[str, int | None], Awaitable[Found]]
"""Asks for the messages with a text, before a seq where one is given."""
DIALOG_EDGES = 7
BEFORE_MATCH = 12
"""Cells shown before a match that stands far back in its message."""


class Finder(ModalScreen[int | None]):
    """Enter searches, then goes to the chosen message; the last line asks for older ones."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("down", "move(1)", "Down"),
        ("up", "move(-1)", "Up"),
        ("pagedown", "move(8)", "Down"),
        ("pageup", "move(-8)", "Up"),
    ]

    def __init__(self, room: str, search: Search, text: str = "") -> None:
        super().__init__()
        self._room = room
        self._search = search
        self._text = text
        self._found: list[Message] = []
        self._next: int | None = None
        self._asked = ""

    def compose(self) -> ComposeResult:
        """What is searched for, and what was found."""
        with Vertical(id="dialog", classes="wide"):
            placeholder = f"Search all of {one_line(self._room)}, then Enter"
            yield Input(self._text, placeholder=placeholder, id="wanted", compact=True)
            yield OptionList(id="items", compact=True, markup=False)

    def on_mount(self) -> None:
        """Looks at once for what was typed before."""
        self.query_one(Input).cursor_blink = False
        self.query_one(OptionList).can_focus = False
        if self._text.strip():
            self._begin()
        else:
            self._say("Upper and lower case count as one.")

    def on_input_submitted(self) -> None:
        """Searches, or goes where that was done."""
        wanted = self.query_one(Input).value.strip()
        if wanted and wanted != self._asked:
            self._begin()
        else:
            self._take(self.query_one(OptionList).highlighted)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes the line that was clicked."""
        self._take(event.option_index)

    def action_move(self, step: int) -> None:
        """Another line of the list."""
        options = self.query_one(OptionList)
        if self._found:
            last = options.option_count - 1
            options.highlighted = max(0, min((options.highlighted or 0) + step, last))

    def _take(self, place: int | None) -> None:
        if place is None or not self._found:
            return
        if place < len(self._found):
            self.dismiss(self._found[place].seq)
        else:
            self.run_worker(self._go_on(), exclusive=True)

    def _begin(self) -> None:
        self._asked = self.query_one(Input).value.strip()
        self._found, self._next = [], None
        self._say("Searching …")
        self.run_worker(self._go_on(), exclusive=True)

    async def _go_on(self) -> None:
        try:
            page = await self._search(self._asked, self._next)
        except HubbubError as error:
            self._asked = ""
            self._say(str(error))
            return
        place = len(self._found)
        self._found += page.events
        self._next = page.next
        self._list(place)

    def _list(self, place: int) -> None:
        if not self._found and self._next is None:
            self._say("Nothing here has that in it.")
            return
        options = self.query_one(OptionList)
        cells = options.size.width - 2 or self.app.size.width - DIALOG_EDGES
        options.clear_options()
        options.add_options([Option(self._line(message, cells)) for message in self._found])
        if self._next is not None:
            options.add_option(Option(Text("older messages …", "dim")))
        options.highlighted = min(place, options.option_count - 1)

    def _line(self, message: Message, cells: int) -> Text:
        at = local_time(message.at)
        when = f"{at:%d %b %H:%M} " if at is not None else ""
        name = cut(one_line(message.sender.name), 14)
        text, left = one_line(message.text), cells - cell_len(when) - cell_len(name) - 2
        place = text.casefold().find(self._asked.casefold())
        if place > left - len(self._asked):
            text = "…" + text[max(0, place - BEFORE_MATCH) :]
        line = Text(when, "dim", no_wrap=True).append(f"{name}  ", "bold")
        line.append(cut(text, left), "not dim not bold")
        line.highlight_words([self._asked], "bold underline", case_sensitive=False)
        return line

    def _say(self, text: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_option(Option(Text(one_line(text), "dim"), disabled=True))
