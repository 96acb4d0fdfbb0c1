"""Who gets the events of a room as they come, and who is still told what was before; pure."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from hubbub.hub.ports import View
from hubbub.protocol.events import LogEvent

AHEAD = 2_000
"""How many entries are kept that came before what they follow; the log has the rest."""


class Viewer(Protocol):
    """A session, as far as an audience knows one."""

    room_view: View


ViewerT = TypeVar("ViewerT", bound=Viewer)


class Hold:
    """What came for a session since `last`, while it is still being told what was before."""

    __slots__ = ("events", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self.events: list[LogEvent] = []


class Audience(Generic[ViewerT]):
    """Sessions by how the events look to them, so that each view is encoded once."""

    __slots__ = ("by_view", "held")

    def __init__(self) -> None:
        self.by_view: dict[View, set[ViewerT]] = {}
        self.held: dict[ViewerT, Hold] = {}
        """Those who are not served yet."""

    def everyone(self) -> set[ViewerT]:
        """All who are served."""
        return {session for sessions in self.by_view.values() for session in sessions}

    def serves(self, session: ViewerT) -> bool:
        """Whether a session gets events as they come."""
        return session in self.by_view.get(session.room_view, ())

    def add(self, session: ViewerT) -> None:
        """Serves a session from now on, unless it is still held."""
        if session not in self.held:
            self.by_view.setdefault(session.room_view, set()).add(session)

    def remove(self, session: ViewerT) -> None:
        """Serves a session no longer."""
        sessions = self.by_view.get(session.room_view)
        if sessions is not None:
            sessions.discard(session)
            if not sessions:
                del self.by_view[session.room_view]


def in_order(
    committed: Sequence[LogEvent], last: int, ahead: dict[int, LogEvent]
) -> tuple[list[LogEvent], dict[int, LogEvent]]:
    """Those of these entries of a log that follow `last` without a hole, and what waits by then.

    What was served before is left out. `ahead` has, by seq, what follows an entry that is not here
    yet.
    """
    ready: list[LogEvent] = []
    for event in committed:
        if event.seq == last + 1:
            last = event.seq
            ready.append(event)
        elif event.seq > last and len(ahead) < AHEAD:
            ahead[event.seq] = event
    while ahead:
        following = ahead.pop(last + 1, None)
        if following is None:
            return ready, {seq: event for seq, event in ahead.items() if seq > last}
        last = following.seq
        ready.append(following)
    return ready, ahead
