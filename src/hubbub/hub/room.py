"""A room while people are in it: who is here, where its log ends, what waits for whom.

Between two awaits `last` is the seq up to which everyone in the audience has been served.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hubbub.model import Role, RoomKind, room_title
from hubbub.protocol.events import LogEvent, Person, Settings, Topic
from hubbub.storage.records import RoomRecord

if TYPE_CHECKING:
    from hubbub.hub.session import Session, User, View


class Hold:
    """What came for a session since `last`, while it is still being told what was before."""

    __slots__ = ("events", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self.events: list[LogEvent] = []


class Room:
    """The live side of a room; its log is in the storage."""

    __slots__ = (
        "archived",
        "audience",
        "connections",
        "first",
        "joining",
        "kind",
        "last",
        "made",
        "name",
        "participants",
        "people",
        "read_only",
        "roles",
        "topic",
        "waiting",
    )

    def __init__(
        self,
        record: RoomRecord,
        participants: tuple[Person, ...] = (),
        roles: Mapping[str, Role] | None = None,
        *,
        made: bool = True,
    ) -> None:
        self.name = record.name
        self.kind = record.kind
        self.topic = record.topic
        self.first = record.first
        self.last = record.last
        self.read_only = record.read_only
        self.archived = record.archived
        self.participants = participants
        self.roles = dict(roles or {})
        """By user: of a private room all who may enter it, of another those above member."""
        self.made = made
        """Whether there is such a room; otherwise the first who enters makes it."""
        self.connections = 0
        self.people: dict[str, tuple[User, int]] = {}
        self.audience: dict[View, set[Session]] = {}
        self.joining: dict[Session, Hold] = {}
        self.waiting = 0

    @property
    def direct(self) -> bool:
        """Whether this is the room of a fixed set of users, who are in it wherever they are."""
        return self.kind is RoomKind.DIRECT

    @property
    def title(self) -> str:
        """What people call it."""
        return room_title(self.name)

    @property
    def private(self) -> bool:
        """Whether only those who were invited may know of it."""
        return self.kind is RoomKind.PRIVATE

    def visible_to(self, user_id: str) -> bool:
        """Whether that user may know that there is such a room."""
        if self.direct:
            return any(person.id == user_id for person in self.participants)
        return not self.private or user_id in self.roles

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Keeps the room in memory for the length of a block."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    @property
    def in_use(self) -> bool:
        """Whether somebody waits for a commit or a page of this room."""
        return bool(self.waiting or self.joining)

    def serves(self, session: "Session") -> bool:
        """Whether the session gets the room's events as they come."""
        return session in self.audience.get(session.room_view, ())

    def enter(self, session: "Session") -> bool:
        """Counts a session in, not yet served; True if its user was not here before."""
        user = session.user
        assert user is not None, "a session enters rooms after it has a user"
        session.rooms[self.name] = self
        self.connections += 1
        _, sessions = self.people.get(user.id, (user, 0))
        self.people[user.id] = (user, sessions + 1)
        return sessions == 0

    def depart(self, session: "Session") -> bool:
        """Counts a session out; True if its user has no other one here."""
        user = session.user
        assert user is not None, "a session in a room has a user"
        del session.rooms[self.name]
        self.remove_from_audience(session)
        self.joining.pop(session, None)
        self.connections -= 1
        _, sessions = self.people[user.id]
        if sessions > 1:
            self.people[user.id] = (user, sessions - 1)
            return False
        del self.people[user.id]
        user.typing_at_s.pop(self.name, None)
        return True

    def hold(self, session: "Session") -> Hold:
        """Keeps what comes from now on for a session that is still being told what was before."""
        return self.joining.setdefault(session, Hold(self.last))

    def release(self, session: "Session") -> list[LogEvent]:
        """What was kept for the session, which is served with everyone else from here on."""
        hold = self.joining.pop(session, None)
        if not self.direct and session.rooms.get(self.name) is self:
            self.add_to_audience(session)
        return [] if hold is None else hold.events

    def add_to_audience(self, session: "Session") -> None:
        """Serves a session from now on, unless it is still held."""
        if session not in self.joining:
            self.audience.setdefault(session.room_view, set()).add(session)

    def remove_from_audience(self, session: "Session") -> None:
        """Serves a session no longer."""
        sessions = self.audience.get(session.room_view)
        if sessions is not None:
            sessions.discard(session)
            if not sessions:
                del self.audience[session.room_view]

    def begin(self, first: int) -> None:
        """Moves the beginning of the log forward."""
        self.first = max(self.first, first)

    def take(self, event: LogEvent) -> None:
        """Moves the end of the log to a committed event, and the room to what it says."""
        self.last = event.seq
        if isinstance(event, Topic):
            self.topic = event.text
        elif isinstance(event, Settings):
            self.kind = RoomKind(event.kind)
            self.read_only, self.archived = event.read_only, event.archived
            self.made = True

    def users(self) -> Iterator["User"]:
        """Everybody who is here, once each."""
        return (user for user, _ in self.people.values())
