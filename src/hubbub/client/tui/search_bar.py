"""The line in which a word to search for is typed."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from hubbub.client.tui import keys

HINT = "Search what is loaded; Ctrl+F again: all of the room"


class SearchBar(Input):
    """Up, Enter and Down go from match to match while it is written in."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.SEARCHING, first=False)

    def __init__(self) -> None:
        super().__init__(placeholder=HINT, id="search", compact=True)
        # A blinking cursor would be work while idle.
        self.cursor_blink = False
