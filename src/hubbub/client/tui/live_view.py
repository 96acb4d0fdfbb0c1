"""The view as it is now, which the parts of a conversation read and replace."""

from collections.abc import Callable
from datetime import UTC, datetime

from hubbub.client.tui import store
from hubbub.client.tui.timeline import NoteKind, Timeline
from hubbub.client.tui.view import View


class LiveView:
    """The present `View`. `changed` is called after each that differs from the one before."""

    def __init__(self, view: View, changed: Callable[[], None]) -> None:
        self.view = view
        self.changed = changed

    def show(self, view: View) -> None:
        """Replaces the view."""
        if view is not self.view:
            self.view = view
            self.changed()

    def note(self, text: str, kind: NoteKind = "info", room: str | None = None) -> None:
        """Shows this person a line, in a room or in the one in view."""
        place = room if room in self.view.chat.rooms else None
        self.show(store.noted(self.view, text, now(), kind, place))

    def timeline(self, room: str) -> Timeline:
        """What is loaded of a room; nothing of a room that is not in the view."""
        return self.view.timelines.get(room, Timeline())


def now() -> str:
    """This moment as the server would write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
