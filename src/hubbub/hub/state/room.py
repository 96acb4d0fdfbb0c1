"""A room while people are in it: who is here, where its log ends, what waits for whom.

Between two awaits `last` is the seq up to which everyone in the audience has been served. In a
cluster the log may be ahead of it: what other nodes commit is served when it has come, in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from hubbub.model import Role, RoomKind, room_title
from hubbub.protocol.events import LogEvent, Person, Settings, Topic
from hubbub.storage.changes import RoleChanged
from hubbub.storage.records import RoomRecord, UserRecord

if TYPE_CHECKING:
    from hubbub.hub.ports import View
    from hubbub.hub.state.session import Session, User


AHEAD = 2_000
"""How many entries are kept that came before what they follow; the log has the rest."""


@dataclass(frozen=True, slots=True)
class Roles:
    """All who are something in a room, as Storage.room_members has read it."""

    by_user: Mapping[str, Role]


class Guest:
    """Somebody who is in a room by other nodes than this one."""

    __slots__ = ("away", "nodes", "user")

    def __init__(self, user: UserRecord, *, away: bool) -> None:
        self.user = user
        self.away = away
        self.nodes: set[str] = set()


class Hold:
    """What came for a session since `last`, while it is still being told what was before."""

    __slots__ = ("events", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self.events: list[LogEvent] = []


class Room:
    """The live side of a room; its log is in the storage."""

    __slots__ = (
        "_both",
        "_roles",
        "ahead",
        "archived",
        "audience",
        "connections",
        "elsewhere",
        "first",
        "id",
        "joining",
        "kind",
        "last",
        "made",
        "name",
        "participants",
        "people",
        "read_only",
        "roles_version",
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
        self.id = record.id
        """By which the log knows it under whatever name; 0 where this node does not know."""
        self.name = record.name
        self.kind = record.kind
        self.topic = record.topic
        self.first = record.first
        self.last = record.last
        self.read_only = record.read_only
        self.archived = record.archived
        self.participants = participants
        self._roles = dict(roles or {})
        self.roles_version = 0
        """How often they were applied: what was read since an earlier one may lack something."""
        self.made = made
        """Whether there is such a room; otherwise the first who enters makes it."""
        self.connections = 0
        self.people: dict[str, tuple[User, int]] = {}
        self.audience: dict[View, set[Session]] = {}
        self.joining: dict[Session, Hold] = {}
        self.waiting = 0
        self.ahead: dict[int, LogEvent] = {}
        """By seq, what is committed and follows something that has not come yet."""
        self.elsewhere: dict[str, Guest] = {}
        """By user, who is here by other nodes; some of them by this one too."""
        self._both = 0

    @property
    def roles(self) -> Mapping[str, Role]:
        """By user: of a private room all who may enter it, of another those above member."""
        return MappingProxyType(self._roles)

    def apply(self, outcome: RoleChanged | Roles) -> set[str]:
        """Takes what a commit has made of somebody, or what was read of all; whose role changed.

        The only way to a role here: the settlement calls it in the order of the commits, and
        room_roles.py with what the log has.
        """
        self.roles_version += 1
        match outcome:
            case RoleChanged(user_id, role):
                return {user_id} if self._set_role(user_id, role) else set()
            case Roles(by_user):
                users = by_user.keys() | self._roles.keys()
                return {i for i in users if self._set_role(i, by_user.get(i))}
            case _:
                assert_never(outcome)

    def _set_role(self, user_id: str, role: Role | None) -> bool:
        was = self._roles.pop(user_id, None)
        if role is not None:
            self._roles[user_id] = role
        return was is not role

    @property
    def direct(self) -> bool:
        """Whether this is the room of a fixed set of users, who are in it wherever they are."""
        return self.kind is RoomKind.DIRECT

    @property
    def meant(self) -> int:
        """Its id, or 0 while nothing is in its log: one that is empty is taken away when nobody is
        there, and made anew by whoever comes.
        """
        return self.id if self.last else 0

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
        return not self.private or user_id in self._roles

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

    @property
    def size(self) -> int:
        """How many users are here, by whatever node."""
        return len(self.people) + len(self.elsewhere) - self._both

    @property
    def crowd(self) -> int:
        """How many connections are here, as far as this node knows: of other nodes the users."""
        return self.connections + self.size - len(self.people)

    def has(self, user_id: str) -> bool:
        """Whether a user is here, by whatever node."""
        return user_id in self.people or user_id in self.elsewhere

    def enter(self, session: "Session") -> bool:
        """Counts a session in, not yet served; True if its user was not here by this node."""
        user = session.user
        assert user is not None, "a session enters rooms after it has a user"
        session.rooms[self.name] = self
        self.connections += 1
        _, sessions = self.people.get(user.id, (user, 0))
        self.people[user.id] = (user, sessions + 1)
        if sessions == 0 and user.id in self.elsewhere:
            self._both += 1
        return sessions == 0

    def depart(self, session: "Session") -> bool:
        """Counts a session out; True if its user has no other one here by this node."""
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
        if user.id in self.elsewhere:
            self._both -= 1
        user.typing_at_s.pop(self.name, None)
        return True

    def enter_elsewhere(self, node: str, user: UserRecord, *, away: bool) -> bool:
        """Takes note of somebody on another node; True if they were not here at all."""
        guest = self.elsewhere.get(user.id)
        known = guest is not None or user.id in self.people
        if guest is None:
            guest = self.elsewhere[user.id] = Guest(user, away=away)
            self._both += user.id in self.people
        guest.user, guest.away = user, away
        guest.nodes.add(node)
        return not known

    def leave_elsewhere(self, node: str, user_id: str) -> UserRecord | None:
        """Takes note that they left there; who it was, if they are not here any more at all."""
        guest = self.elsewhere.get(user_id)
        if guest is None:
            return None
        guest.nodes.discard(node)
        if guest.nodes:
            return None
        del self.elsewhere[user_id]
        if user_id in self.people:
            self._both -= 1
            return None
        return guest.user

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

    def accept(self, committed: Sequence[LogEvent]) -> list[LogEvent]:
        """Takes entries of the log; those that everyone can be served with now, in order.

        What was served before is left out, and what follows an entry that is not here yet waits.
        """
        ready: list[LogEvent] = []
        for event in committed:
            if event.seq == self.last + 1:
                self._take(event)
                ready.append(event)
            elif event.seq > self.last and len(self.ahead) < AHEAD:
                self.ahead[event.seq] = event
        while self.ahead:
            following = self.ahead.pop(self.last + 1, None)
            if following is None:
                self.ahead = {seq: e for seq, e in self.ahead.items() if seq > self.last}
                break
            self._take(following)
            ready.append(following)
        return ready

    def _take(self, event: LogEvent) -> None:
        """Moves the end of the log to an entry, and the room to what it says."""
        self.last = event.seq
        self.made = True
        if isinstance(event, Topic):
            self.topic = event.text
        elif isinstance(event, Settings):
            closes = event.kind is RoomKind.PRIVATE and not self.private
            self.kind = RoomKind(event.kind)
            # Whoever is there stays, and is written down as a member by the node that closed it.
            for user_id in [*self.people, *self.elsewhere] if closes else ():
                self.apply(RoleChanged(user_id, self._roles.get(user_id, Role.MEMBER)))
            self.read_only, self.archived = event.read_only, event.archived

    def users(self) -> Iterator["User"]:
        """Everybody who is here, once each."""
        return (user for user, _ in self.people.values())
