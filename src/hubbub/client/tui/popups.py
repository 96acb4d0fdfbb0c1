"""What opens above the conversation, each loaded when the first of it opens."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import Screen

from hubbub.client.tui.items import Field, Item

if TYPE_CHECKING:
    from hubbub.client.tui.finder import Search


class Popups:
    """Lists, forms and texts above a screen."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen

    def choose(
        self, title: str, items: Callable[[str], list[Item]], then: Callable[[str | None], None]
    ) -> None:
        """Opens a list; `items` are those that fit what is typed, `then` gets the value taken.

        It gets None where nothing was taken.
        """
        from hubbub.client.tui.dialogs import Picker

        self._screen.app.push_screen(Picker(title, items), then)

    def ask(
        self, title: str, does: str, then: Callable[[tuple[str, ...]], None], *fields: Field
    ) -> None:
        """Opens a form; `then` gets a line for each field, unless the form was left.

        `does` is what Enter does, in a word or two.
        """
        from hubbub.client.tui.forms import Form

        def answered(lines: tuple[str, ...] | None) -> None:
            if lines is not None:
                then(lines)

        self._screen.app.push_screen(Form(title, does, *fields), answered)

    def read(self, text: str, *, at_end: bool) -> None:
        """Shows a text on the whole screen, from its beginning or its end."""
        from hubbub.client.tui.dialogs import Reader

        self._screen.app.push_screen(Reader(text, at_end=at_end))

    def search(self, room: str, search: "Search", text: str, then: Callable[[int], None]) -> None:
        """Searches a room's whole log; `then` gets the seq of the message that was chosen."""
        from hubbub.client.tui.finder import Finder

        def found(seq: int | None) -> None:
            if seq is not None:
                then(seq)

        self._screen.app.push_screen(Finder(room, search, text), found)

    def help(self, commands: list[tuple[str, str]]) -> None:
        """Shows the keys, and these commands with what they do."""
        from hubbub.client.tui.dialogs import Help

        self._screen.app.push_screen(Help(commands))
