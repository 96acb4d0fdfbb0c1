"""What an action may do to the screen, and the screen to the program around it."""

from typing import TYPE_CHECKING, Protocol

from textual.widget import Widget
from textual.widgets import Input

from hubbub.client.saved import Preferences
from hubbub.client.tui.composer import Composer
from hubbub.client.tui.messages import Messages
from hubbub.client.tui.popups import Popups
from hubbub.client.tui.view import View

if TYPE_CHECKING:
    from hubbub.client.tui.conversation import Conversation


class Program(Protocol):
    """What outlives the screen: what somebody prefers, what is kept, the end."""

    @property
    def preferences(self) -> Preferences:
        """What is kept of how somebody likes it."""

    @property
    def theme_names(self) -> list[str]:
        """Every theme that can be chosen."""

    def choose_theme(self, name: str | None) -> None:
        """Takes other colours, and keeps them; None leaves them."""

    def toggle_bell(self) -> None:
        """Rings for mentions and whispers, or not."""

    def toggle_mouse(self) -> None:
        """Uses the mouse or not, from the next start."""

    def prefer_people(self, *, shown: bool) -> None:
        """Shows the people at every width, or at none."""

    def keep_draft_soon(self, room: str) -> None:
        """The draft of a room has changed."""

    def leave(self) -> None:
        """Ends everything; the session is kept."""


class Stage(Protocol):
    """The chat screen, as the actions know it."""

    @property
    def program(self) -> Program:
        """The program around the screen."""

    @property
    def conversation(self) -> "Conversation | None":
        """What is asked of the server; None until there is a connection."""

    @property
    def view(self) -> View | None:
        """What there is to show."""

    @property
    def composer(self) -> Composer:
        """Where people write."""

    @property
    def messages(self) -> Messages:
        """The messages of the room in view, and the cursor among them."""

    @property
    def search_bar(self) -> Input:
        """The line in which a word to search for is typed."""

    @property
    def popups(self) -> Popups:
        """Lists, forms and texts above the screen."""

    @property
    def focused(self) -> Widget | None:
        """The widget that gets the keys."""

    def put_status(self, text: str, style: str = "bar") -> None:
        """Says something in the line below the messages, for a while."""

    def toggle_rooms(self) -> None:
        """Shows or hides the list of rooms."""

    def toggle_people(self) -> None:
        """Shows or hides the list of people."""

    def copy(self, text: str) -> None:
        """Puts a text on the clipboard."""

    def redraw(self) -> None:
        """Draws everything anew."""

    def run(self, action: str) -> None:
        """Runs an action as its key would; `action` is written as in `keys.py`."""
