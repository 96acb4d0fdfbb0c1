"""Rooms while people are in them, the connections of these people, and who stands behind them.

Between two awaits `Room.last` is the seq up to which everyone in the audience has been served. In a
cluster the log may be ahead of it: what other nodes commit is served when it has come, in order.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from hubbub.hub.ports import Dialect, Line
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates, TokenBucket
from hubbub.hub.state.audience import Audience, Hold, in_order
from hubbub.hub.state.remote_people import RemotePeople
from hubbub.hub.state.room_roles import RoomRoles
from hubbub.hub.state.stats import Stats
from hubbub.model import Name, Role, RoomKind, UserKind, room_title
from hubbub.protocol.events import Event, LogEvent, Person, Reply, Settings, Topic
from hubbub.storage.changes import Arrive, RoleChanged
from hubbub.storage.records import RoomRecord, UserRecord


class User:
    """Somebody who is here, by one or more sessions."""

    def __init__(
        self,
        user_id: str,
        name: Name,
        limits: Limits,
        kind: UserKind = UserKind.GUEST,
        role: Role = Role.GUEST,
    ) -> None:
        self.id = user_id
        self.name = name
        self._kind = kind
        self._role = role
        self.account_version = 0
        """How often the account was taken: what was read since then may lack something."""
        self.kept = kind is not UserKind.GUEST
        """Whether the user has a session or an account to come back with."""
        self.sessions: set[Session] = set()
        self.searches = 0
        self.away: str | None = None
        self.reply_to: tuple[Person, ...] = ()
        self.stored = False
        self.typing_at_s: dict[str, float] = {}
        self.posts = TokenBucket(limits.posts_per_s, limits.posts_burst)
        self.commands = TokenBucket(limits.commands_per_s, limits.commands_burst)

    @classmethod
    def of(cls, record: UserRecord, limits: Limits) -> "User":
        """A user whom the storage knows."""
        user = cls(record.id, Name(record.name, record.key), limits, record.kind, record.role)
        user.stored = user.kept = True
        return user

    @property
    def person(self) -> Person:
        """The user as events name it now."""
        return Person(self.id, self.name.shown)

    @property
    def record(self) -> UserRecord:
        """The user as it is kept."""
        return UserRecord(self.id, self.name.shown, self.name.key, self.kind, self.role)

    def arrival(self) -> Arrive:
        """The user as other nodes shall know it."""
        addresses = {session.address.key for session in self.sessions}
        return Arrive(self.record, tuple(sorted(addresses)), self.away)

    @property
    def kind(self) -> UserKind:
        """A guest, a member or a bot."""
        return self._kind

    @property
    def role(self) -> Role:
        """The role on the server."""
        return self._role

    def take_account(self, kind: UserKind, role: Role) -> None:
        """Takes the account that a commit has given this user, or that was read.

        The only way to a role: the settlement calls it in the order of the commits, and
        outside_changes.py with what the log has.
        """
        self._kind, self._role = kind, role
        self.account_version += 1


class Session:
    """One connected client: who it is, what it is in, what it wants to see."""

    __slots__ = (
        "_call_off",
        "_line",
        "_stats",
        "address",
        "closed",
        "cookie",
        "device",
        "dialect",
        "epoch",
        "gone",
        "ignored",
        "in_flight",
        "malformed",
        "notices",
        "private_view",
        "refusals",
        "room_view",
        "rooms",
        "said_hello",
        "token_hash",
        "unblocked",
        "user",
        "write",
    )

    def __init__(
        self,
        line: Line,
        dialect: Dialect,
        address: AddressRates,
        stats: Stats,
        device: str = "",
        cookie: str | None = None,
        epoch: str = "",
    ) -> None:
        self._line = line
        self.epoch = epoch
        self._stats = stats
        # A call of its own would be a tenth of a delivery.
        self.write = line.write
        self.dialect = dialect
        self.address = address
        self.device = device
        self.cookie = cookie
        self.user: User | None = None
        self.token_hash: bytes | None = None
        self.rooms: dict[str, Room] = {}
        self.in_flight = 0
        self.malformed = 0
        self.said_hello = False
        self.refusals: TokenBucket | None = None
        self.unblocked: asyncio.Future[None] | None = None
        self.closed = False
        self.gone = False
        """Whether nobody hears any answer; what was sent before that still counts."""
        self._call_off: Callable[[], None] | None = None
        self.notices = False
        self.ignored: dict[str, str] = {}
        self.room_view = dialect.room_view(notices=False, ignored=frozenset())
        self.private_view = self.room_view

    def lose(self) -> None:
        """Takes note that nobody is there any more, and calls off what was only to be answered."""
        self.gone = True
        if self._call_off is not None:
            self._call_off()

    @contextmanager
    def until_gone(self, call_off: Callable[[], None]) -> Iterator[None]:
        """Spans a request that is of no use to one who is gone; one at a time."""
        self._call_off = call_off
        if self.gone:
            call_off()
        try:
            yield
        finally:
            self._call_off = None

    @property
    def full(self) -> bool:
        """Whether more would wait for this client than may."""
        return self._line.full

    def write_ephemeral(self, data: bytes) -> None:
        """Hands over what may be lost; a client near its bound loses it."""
        if not self._line.write_ephemeral(data):
            self._stats.ephemeral_dropped += 1

    def be(self, user: User) -> None:
        """Makes this a session of the user's."""
        self.user = user
        user.sessions.add(self)
        self.refresh_views()

    def refresh_views(self) -> None:
        """Takes changed wishes into account, in the rooms too."""
        ignored = frozenset(self.ignored)
        for room in self.rooms.values():
            room.audience.remove(self)
        self.room_view = self.dialect.room_view(notices=self.notices, ignored=ignored)
        if self.user is not None:
            self.private_view = self.dialect.private_view(self.user.id, ignored=ignored)
        for room in self.rooms.values():
            room.audience.add(self)

    def reply(self, reply: Reply) -> None:
        """Answers a request."""
        data = self.dialect.reply(reply)
        if data:
            self.write(data)

    def send(self, event: Event) -> None:
        """Tells this session alone something that must not be lost."""
        data = self.private_view.encode((event,))
        if data:
            self.write(data)

    def close(self, code: int, reason: str) -> None:
        """Begins to end the connection; the hub must have let go of the session before."""
        self.closed = True
        self._line.close(code, reason)


class Room:
    """The live side of a room; its log is in the storage."""

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
        self._roles = RoomRoles(roles)
        self.made = made
        """Whether there is such a room; otherwise the first who enters makes it."""
        self.connections = 0
        self.people: dict[str, tuple[User, int]] = {}
        self.audience: Audience[Session] = Audience()
        self.waiting = 0
        self.ahead: dict[int, LogEvent] = {}
        """By seq, what is committed and follows something that has not come yet."""
        self.remote = RemotePeople()
        self._both = 0

    @property
    def roles(self) -> RoomRoles:
        """What users are here; see there who may change it."""
        return self._roles

    @property
    def direct(self) -> bool:
        """Whether this is the room of a fixed set of users, who are in it wherever they are."""
        return self.kind is RoomKind.DIRECT

    @property
    def meant(self) -> int:
        """Its id, or 0 while its log is empty: such a one may be taken away and made anew."""
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
        return bool(self.waiting or self.audience.held)

    @property
    def size(self) -> int:
        """How many users are here, by whatever node."""
        return len(self.people) + len(self.remote) - self._both

    @property
    def crowd(self) -> int:
        """How many connections are here, as far as this node knows: of other nodes the users."""
        return self.connections + self.size - len(self.people)

    def has(self, user_id: str) -> bool:
        """Whether a user is here, by whatever node."""
        return user_id in self.people or user_id in self.remote

    def enter(self, session: Session) -> bool:
        """Counts a session in, not yet served; True if its user was not here by this node."""
        user = _user_of(session)
        session.rooms[self.name] = self
        self.connections += 1
        _, sessions = self.people.get(user.id, (user, 0))
        self.people[user.id] = (user, sessions + 1)
        if sessions == 0 and user.id in self.remote:
            self._both += 1
        return sessions == 0

    def depart(self, session: Session) -> bool:
        """Counts a session out; True if its user has no other one here by this node."""
        user = _user_of(session)
        del session.rooms[self.name]
        self.audience.remove(session)
        self.audience.held.pop(session, None)
        self.connections -= 1
        _, sessions = self.people[user.id]
        if sessions > 1:
            self.people[user.id] = (user, sessions - 1)
            return False
        del self.people[user.id]
        if user.id in self.remote:
            self._both -= 1
        user.typing_at_s.pop(self.name, None)
        return True

    def enter_by(self, node: str, user: UserRecord, *, away: bool) -> bool:
        """Takes note of somebody on another node; True if they were not here at all."""
        new, here = self.remote.enter(node, user, away=away), user.id in self.people
        self._both += new and here
        return new and not here

    def leave_by(self, node: str, user_id: str) -> UserRecord | None:
        """Takes note that they left there; who it was, if they are not here any more at all."""
        gone = self.remote.leave(node, user_id)
        if gone is None or user_id not in self.people:
            return gone
        self._both -= 1
        return None

    def hold(self, session: Session) -> Hold:
        """Keeps what comes from now on for a session that is still being told what was before."""
        return self.audience.held.setdefault(session, Hold(self.last))

    def release(self, session: Session) -> list[LogEvent]:
        """What was kept for the session, which is served with everyone else from here on."""
        hold = self.audience.held.pop(session, None)
        if not self.direct and session.rooms.get(self.name) is self:
            self.audience.add(session)
        return [] if hold is None else hold.events

    def begin(self, first: int) -> None:
        """Moves the beginning of the log forward."""
        self.first = max(self.first, first)

    def accept(self, committed: Sequence[LogEvent]) -> list[LogEvent]:
        """Takes entries of the log; those that everyone can be served with now, in order."""
        ready, self.ahead = in_order(committed, self.last, self.ahead)
        for event in ready:
            self._take(event)
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
            for user_id in [*self.people, *self.remote] if closes else ():
                self.roles.apply(RoleChanged(user_id, self.roles.get(user_id, Role.MEMBER)))
            self.read_only, self.archived = event.read_only, event.archived

    def users(self) -> Iterator[User]:
        """Everybody who is here, once each."""
        return (user for user, _ in self.people.values())


def _user_of(session: Session) -> User:
    assert session.user is not None, "a session in a room has a user"
    return session.user
