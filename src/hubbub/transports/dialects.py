"""The two dialects of `/chat` as the hub uses them: events and replies to WebSocket frames."""

from collections.abc import Sequence
from typing import assert_never

from hubbub.hub.ports import View
from hubbub.protocol import events, json, plain
from hubbub.protocol.events import Event, Reply
from hubbub.protocol.words import sentence
from hubbub.transports.frames import text_frame


class JsonDialect:
    """`hubbub.v1`: one object a frame; every member gets the same bytes."""

    one_room = False

    def __init__(self) -> None:
        self._view = JsonView()

    def room_view(self, *, notices: bool, ignored: frozenset[str]) -> View:
        """The one view of all: a JSON client hides for itself what it does not want to see."""
        return self._view

    def private_view(self, viewer: str, *, ignored: frozenset[str]) -> View:
        """The same view."""
        return self._view

    def reply(self, reply: Reply) -> bytes:
        """The reply's frame."""
        return text_frame(json.encode(reply))


class JsonView:
    """Events as JSON."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """One frame an event, joined."""
        return b"".join([text_frame(json.encode(event)) for event in events])


class PlainDialect:
    """`hubbub.text`: a line in, a line out."""

    one_room = True

    def __init__(self) -> None:
        self._shared = PlainView(viewer="", notices=False, ignored=frozenset())

    def room_view(self, *, notices: bool, ignored: frozenset[str]) -> View:
        """The view that most share, or one of its own for a session with wishes."""
        if not notices and not ignored:
            return self._shared
        return PlainView(viewer="", notices=notices, ignored=ignored)

    def private_view(self, viewer: str, *, ignored: frozenset[str]) -> View:
        """A view of its own: in whispers the viewer is "you"."""
        return PlainView(viewer=viewer, notices=False, ignored=ignored)

    def reply(self, reply: Reply) -> bytes:
        """A line for what a person must read; a post is answered by the message itself."""
        if isinstance(reply, events.Error):
            return line_frame(plain.refusal(reply.message))
        if isinstance(reply, events.Ran) and reply.text:
            return line_frame(plain.notice(reply.text))
        return b""


class PlainView:
    """Events as lines, less what was not asked for."""

    def __init__(self, *, viewer: str, notices: bool, ignored: frozenset[str]) -> None:
        self._viewer = viewer
        self._notices = notices
        self._ignored = ignored

    def encode(self, events: Sequence[Event]) -> bytes:
        """One frame an event that this view shows, joined."""
        lines = [self._line(event) for event in events]
        return b"".join([line_frame(line) for line in lines if line is not None])

    def _line(self, event: Event) -> str | None:
        match event:
            case events.Message():
                hidden = event.sender.id in self._ignored
                return None if hidden else plain.format_message(event, self._viewer)
            case events.Notice():
                return plain.notice(event.text)
            case events.Entry() | events.Presence():
                return plain.notice(sentence(event)) if self._notices else None
            case (
                events.Typing()
                | events.ReadMarker()
                | events.Count()
                | events.You()
                | events.Standing()
                | events.Replay()
                | events.Gap()
            ):
                return None
            case _:
                assert_never(event)


def line_frame(line: str) -> bytes:
    """A line, or several, as one frame."""
    # Names come from clients as UTF-8, so nothing here can have a lone surrogate.
    return text_frame(line.encode())
