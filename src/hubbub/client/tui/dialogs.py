"""What opens above the conversation: a list to choose from, a text to read, the keys.

Loaded when the first of them opens, and not while the client starts.
"""

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from hubbub.client.tui.items import Item
from hubbub.client.tui.keys import help_rows
from hubbub.client.tui.shown import cut, fitted, one_line

OFFERED = 200
HINT_CELLS = 30
DIALOG_CELLS, DIALOG_EDGES = 64, 7
"""As in hubbub.tcss: the width of a dialog, its padding, border and scrollbar."""


class Picker(ModalScreen[str | None]):
    """A list that typing narrows; Enter takes, Esc does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("ctrl+k", "dismiss(None)", "Close"),
        ("down", "move(1)", "Down"),
        ("up", "move(-1)", "Up"),
        ("pagedown", "move(8)", "Down"),
        ("pageup", "move(-8)", "Up"),
    ]

    def __init__(
        self, title: str, items: Callable[[str], list[Item]], *, empty: str = "Nothing fits."
    ) -> None:
        super().__init__()
        self._title = title
        self._items_for = items
        self._empty = empty
        self._items: list[Item] = []

    def compose(self) -> ComposeResult:
        """A line to type in, and the list."""
        with Vertical(id="dialog"):
            yield Input(placeholder=self._title, id="wanted", compact=True)
            yield OptionList(id="items", compact=True, markup=False)

    def on_mount(self) -> None:
        """Everything, before anything is typed."""
        self.query_one(Input).cursor_blink = False
        self.query_one(OptionList).can_focus = False
        self._narrow("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another word, another list."""
        self._narrow(event.value)

    def _narrow(self, wanted: str) -> None:
        options = self.query_one(OptionList)
        self._items = self._items_for(wanted)[:OFFERED]
        options.clear_options()
        if not self._items:
            options.add_option(Option(Text(self._empty, "dim"), disabled=True))
            return
        cells = min(DIALOG_CELLS, self.app.size.width * 94 // 100) - DIALOG_EDGES
        options.add_options([Option(_labelled(item, cells)) for item in self._items])
        options.highlighted = 0

    def action_move(self, step: int) -> None:
        """Another line of the list."""
        options = self.query_one(OptionList)
        if self._items:
            place = (options.highlighted or 0) + step
            options.highlighted = max(0, min(place, len(self._items) - 1))

    def on_input_submitted(self) -> None:
        """Takes the line."""
        place = self.query_one(OptionList).highlighted
        self.dismiss(self._items[place].value if self._items and place is not None else None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes the line that was clicked."""
        if event.option_index < len(self._items):
            self.dismiss(self._items[event.option_index].value)


def _labelled(item: Item, cells: int) -> Text:
    hint = cut(one_line(item.hint), min(HINT_CELLS, cells // 2))
    text = Text(fitted(one_line(item.label), max(0, cells - cell_len(hint) - 2)), no_wrap=True)
    return text.append(f"  {hint}", "dim") if hint else text


class Reader(ModalScreen[None]):
    """A text on the whole screen without frames: for the terminal's own selecting, and by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
        ("f4", "dismiss(None)", "Close"),
        ("alt+s", "dismiss(None)", "Close"),
        ("ctrl+c", "copy", "Copy"),
        ("c", "copy", "Copy"),
        ("y", "copy", "Copy"),
    ]

    def __init__(self, text: str, *, at_end: bool = True) -> None:
        super().__init__()
        self._text = text
        self._at_end = at_end

    def compose(self) -> ComposeResult:
        """The text and one line that tells what to do."""
        yield TextArea(
            self._text,
            read_only=True,
            show_cursor=True,
            compact=True,
            highlight_cursor_line=False,
            id="reading",
        )
        yield Static("Shift+arrows select, C copies, Esc closes", id="reading-keys", markup=False)

    def on_mount(self) -> None:
        """The newest is at the end."""
        area = self.query_one(TextArea)
        area.cursor_blink = False
        if self._at_end:
            area.move_cursor(area.document.end)
        area.focus()

    def action_copy(self) -> None:
        """Copies what is selected, or the line with the cursor."""
        area = self.query_one(TextArea)
        text = area.selected_text or str(area.document.get_line(area.cursor_location[0]))
        self.app.copy_to_clipboard(text)
        self.query_one("#reading-keys", Static).update(f"Copied {len(text):,} characters")


class Help(ModalScreen[None]):
    """The keys, and the server's commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("f1", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
    ]

    def __init__(self, commands: list[tuple[str, str]]) -> None:
        super().__init__()
        self._commands = commands

    def compose(self) -> ComposeResult:
        """Sections of two columns."""
        with VerticalScroll(id="help"):
            sections = [*help_rows(), ("Commands", self._commands)]
            width = min(max(len(left) for _, rows in sections for left, _ in rows), 24)
            for title, rows in sections:
                yield Static(Text(title, "bold"), classes="help-title")
                table = Table.grid(padding=(0, 2, 0, 0), expand=True)
                table.add_column(width=width)
                table.add_column(ratio=1)
                for left, right in rows:
                    table.add_row(one_line(left), Text(one_line(right), "dim"))
                yield Static(table)

    def on_mount(self) -> None:
        """Arrows scroll at once."""
        self.query_one("#help").focus()
