"""Who are you? Asked before there is a conversation: a name, and where it may help a password."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from hubbub.client.tui.forms import Choice
from hubbub.client.tui.shown import shown
from hubbub.client.typed import is_farewell

ASK_NAME = "Your name, or Enter for any"
ASK_MEMBERS_NAME = "Your name"
AS_MEMBER, AS_NEW = "Your password, as a member", "A new password"
NEW, OLD = "Ctrl+N  I am new here: make an account", "Ctrl+N  I have an account"

Asking = Literal["name", "member", "new"]
"""For a name alone, or for a password too: a member's, or one for a new account."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who somebody is; an empty name takes an automatic one, an empty password is none.

    `new` makes an account of the two.
    """

    name: str
    password: str = ""
    new: bool = False


class Naming(ModalScreen[Answer | None]):
    """A name, and where it may be needed a password; None ends it all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Quit"),
        ("ctrl+c", "dismiss(None)", "Quit"),
        ("ctrl+d", "dismiss(None)", "Quit"),
        ("ctrl+n", "turn", "New here, or not"),
        ("down", "app.focus_next", "Down"),
        ("up", "app.focus_previous", "Up"),
    ]

    def __init__(
        self,
        server: str,
        refusal: str = "",
        *,
        name: str = "",
        asks: Asking = "name",
        former: str = "",
        may_be_new: bool = False,
    ) -> None:
        """`former` was refused without a password; `may_be_new` offers to make an account."""
        super().__init__()
        self._server = server
        self._refusal = refusal
        self._name_before = name
        self._asks: Asking = asks
        self._former = former
        self._may_be_new = may_be_new
        self._new = False

    def compose(self) -> ComposeResult:
        """A question, and why it is asked again."""
        ask = ASK_MEMBERS_NAME if self._may_be_new or self._asks == "new" else ASK_NAME
        with Vertical(id="dialog"):
            yield Static(f"Joining {self._server}", id="naming-title", markup=False)
            yield Input(self._name_before, placeholder=ask, id="wanted", compact=True)
            if self._asks != "name":
                asked = AS_NEW if self._asks == "new" else AS_MEMBER
                yield Input(placeholder=asked, password=True, id="password", compact=True)
            yield Static(shown(self._refusal), id="naming-refusal", markup=False)
            if self._may_be_new:
                yield Choice(NEW, "turn", id="naming-new", markup=False)

    def on_mount(self) -> None:
        """A cursor where something is missing; a name that was refused is replaced by typing."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#naming-refusal").display = bool(self._refusal)
        if self._name_before and self._asks != "name" and not self._former:
            self.query_one("#password", Input).focus()

    def action_turn(self) -> None:
        """Makes an account of what is filled in, or signs in with it."""
        if self._may_be_new:
            self._new = not self._new
            asked = AS_NEW if self._new else AS_MEMBER
            self.query_one("#password", Input).placeholder = asked
            self.query_one("#naming-new", Choice).update(OLD if self._new else NEW)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The name is taken as typed, but for what ends a talk; the server judges it."""
        name = self.query_one("#wanted", Input).value
        if is_farewell(name):
            self.dismiss(None)
        elif self._wants_password(name) and event.input.id == "wanted":
            self.query_one("#password", Input).focus()
        else:
            typed = "" if self._asks == "name" else self.query_one("#password", Input).value
            self.dismiss(Answer(name.strip(), typed, self._new))

    def _wants_password(self, name: str) -> bool:
        # Another name than the one that somebody holds may go without.
        return self._asks != "name" and (not self._former or name.strip() == self._former)
