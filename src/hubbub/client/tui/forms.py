"""A question with a few lines to fill in, or with none: then it is asked whether it is meant."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from hubbub.client.tui.items import Field
from hubbub.client.tui.shown import shown


class Form(ModalScreen[tuple[str, ...] | None]):
    """Enter goes to the next line, on the last one it does it; Esc does not.

    What cannot be taken is refused below its line, and stays as it was typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("enter", "submit", "Do it"),
        ("down", "app.focus_next", "Down"),
        ("up", "app.focus_previous", "Up"),
    ]

    def __init__(self, title: str, does: str, *fields: Field) -> None:
        """`does` is what Enter does, in a word or two."""
        super().__init__()
        self._title = title
        self._does = does
        self._fields = fields

    def compose(self) -> ComposeResult:
        """The question, its lines, and what the keys do; clicks do the same."""
        with Vertical(id="dialog"):
            yield Static(shown(self._title), id="form-title", markup=False)
            for field in self._fields:
                yield Input(field.value, placeholder=field.label, classes="field", compact=True)
                yield Static("", classes="field-refusal", markup=False)
            with Vertical(id="form-keys"):
                yield Choice("Enter  " + self._does, "submit", id="form-yes", markup=False)
                yield Choice("Esc    Leave it", "dismiss(None)", id="form-no", markup=False)

    def on_mount(self) -> None:
        """A cursor that does not blink, where the first thing is missing."""
        self.query(".field-refusal").set(display=False)
        inputs = list(self.query(Input))
        for line in inputs:
            line.cursor_blink = False
        if inputs:
            inputs[0].focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong with a line is told until it is another one."""
        self._tell(self._place(event.input), "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The next line, or all of it."""
        inputs = list(self.query(Input))
        place = self._place(event.input)
        if place + 1 < len(inputs):
            if not self._refuses(place):
                inputs[place + 1].focus()
        else:
            self.action_submit()

    def action_submit(self) -> None:
        """Does it, if everything can be taken; else goes to the first line that cannot."""
        for place, line in enumerate(self.query(Input)):
            if self._refuses(place):
                line.focus()
                return
        self.dismiss(tuple(_filled_in(line) for line in self.query(Input)))

    def _place(self, line: Input) -> int:
        return list(self.query(Input)).index(line)

    def _refuses(self, place: int) -> bool:
        why = self._fields[place].refusal(_filled_in(self.query(Input)[place]))
        self._tell(place, why)
        return bool(why)

    def _tell(self, place: int, why: str) -> None:
        refusal = self.query(".field-refusal")[place]
        assert isinstance(refusal, Static)
        refusal.update(why)
        refusal.display = bool(why)


def _filled_in(line: Input) -> str:
    return " ".join(line.value.split())


class Choice(Static):
    """A line that does by a click what its key does."""

    def __init__(self, text: str, act: str, *, id: str, markup: bool) -> None:  # noqa: A002
        super().__init__(text, id=id, markup=markup)
        self._act = act

    async def on_click(self) -> None:
        """As its key."""
        await self.screen.run_action(self._act)
