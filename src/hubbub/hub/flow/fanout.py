"""Fan-out: each room's new events are encoded once per view and given to a member in one write.

Nothing here waits. An event that cannot be written is left out, for those who see it alike.
Sessions whose line is full are noted and handled after the loop, so that the sets that are walked
do not change.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from structlog import get_logger

from hubbub.hub.faults import contained
from hubbub.hub.ports import View
from hubbub.hub.state.room import Room, Session, User
from hubbub.hub.state.stats import Stats
from hubbub.protocol.events import EphemeralEvent, Event, LogEvent, Message

log = get_logger(__name__)

Replies = dict[Session, list[bytes]]


class Fanout:
    """Writes to sessions; `evict` is told of each one that is too slow."""

    def __init__(
        self,
        users: Mapping[str, User],
        stats: Stats,
        evict: Callable[[Session], None],
        *,
        held_events: int,
    ) -> None:
        self._users = users
        self._held_events = held_events
        self._stats = stats
        self._evict = evict

    def deliver(self, batch: Mapping[Room, list[LogEvent]], replies: Replies) -> None:
        """Serves every member of these rooms, and joins to that what answers its own requests."""
        slow: list[Session] = []
        for room, events in batch.items():
            with contained("a room was not served", room=room.name):
                if room.direct:
                    self._deliver_direct(room, events, replies, slow)
                else:
                    self._deliver_room(room, events, replies, slow)
        for session, answers in replies.items():
            data = b"".join(answers)
            if data and not session.closed and not session.write(data):
                slow.append(session)
        self._evict_all(slow)

    def broadcast(self, room: Room, event: EphemeralEvent, but: Session | None = None) -> None:
        """Tells the members of a room something that may be lost."""
        for view, sessions in room.audience.by_view.items():
            data = _encoded(view, (event,))
            if data:
                for session in sessions:
                    if session is not but:
                        session.write_ephemeral(data)

    def broadcast_all(
        self, room: Room, events: Sequence[EphemeralEvent], heard: Mapping[Session, int]
    ) -> None:
        """The same for several events in one write; some have `heard` so many of them."""
        for view, sessions in room.audience.by_view.items():
            data = _encoded(view, events)
            for session in sessions:
                first = heard.get(session)
                rest = data if first is None else _encoded(view, events[first:])
                if rest:
                    session.write_ephemeral(rest)

    def tell(self, sessions: Iterable[Session], event: EphemeralEvent) -> None:
        """Tells these sessions something that may be lost."""
        encoded: dict[View, bytes] = {}
        for session in sessions:
            view = session.private_view
            data = encoded.get(view)
            if data is None:
                data = encoded[view] = _encoded(view, (event,))
            if data:
                session.write_ephemeral(data)

    def give(self, session: Session, data: bytes) -> None:
        """Writes what must not be lost to one session."""
        if data and not session.closed and not session.write(data):
            self._evict_all([session])

    def _deliver_room(
        self, room: Room, events: list[LogEvent], replies: Replies, slow: list[Session]
    ) -> None:
        for session in room.audience.held:
            self._hold(room, session, events, slow)
        for view, sessions in room.audience.by_view.items():
            data = _encoded(view, events)
            if not data:
                continue
            self._stats.deliveries += len(sessions) * len(events)
            # Senders first: while the others are served they write what the next commit takes.
            senders = [session for session in sessions if session in replies]
            slow.extend(s for s in senders if not s.write(data + b"".join(replies.pop(s))))
            slow.extend(s for s in sessions.difference(senders) if not s.write(data))

    def _deliver_direct(
        self, room: Room, events: list[LogEvent], replies: Replies, slow: list[Session]
    ) -> None:
        encoded: dict[View, bytes] = {}
        for person in room.participants:
            user = self._users.get(person.id)
            for session in user.sessions if user is not None else ():
                if session in room.audience.held:
                    self._hold(room, session, events, slow)
                    continue
                view = session.private_view
                data = encoded.get(view)
                if data is None:
                    data = encoded[view] = _encoded(view, events)
                data += b"".join(replies.pop(session, ()))
                self._stats.deliveries += len(events)
                if data and not session.write(data):
                    slow.append(session)
            if user is not None:
                self._note_reply_to(user, events)

    def _hold(
        self, room: Room, session: Session, events: list[LogEvent], slow: list[Session]
    ) -> None:
        held = room.audience.held[session].events
        held.extend(events)
        if len(held) > self._held_events:
            slow.append(session)

    def _note_reply_to(self, user: User, events: list[LogEvent]) -> None:
        for event in events:
            if isinstance(event, Message) and event.sender.id != user.id:
                others = (person for person in event.to or () if person.id != user.id)
                user.reply_to = (event.sender, *others)

    def _evict_all(self, slow: list[Session]) -> None:
        for session in slow:
            if not session.closed:
                self._stats.too_slow += 1
                with contained("one who is too slow was not closed"):
                    self._evict(session)


def _encoded(view: View, events: Sequence[Event]) -> bytes:
    """The frames of these events, but for any that cannot be written."""
    try:
        return view.encode(events)
    except Exception as error:
        if len(events) > 1:
            half = len(events) // 2
            return _encoded(view, events[:half]) + _encoded(view, events[half:])
        kinds = [type(event).__name__ for event in events]
        log.exception("an event cannot be written", fault=type(error).__name__, events=kinds)
        return b""
