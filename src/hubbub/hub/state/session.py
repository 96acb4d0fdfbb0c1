"""One connected client, and the user who stands behind one or more of them.

This module does not know anything about sockets: a transport gives each session its `Line` and
its `Dialect`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hubbub.hub.ports import Dialect, Line
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates, TokenBucket
from hubbub.hub.state.stats import Stats
from hubbub.model import Name, Role, UserKind
from hubbub.protocol.events import Event, Person, Reply, Self
from hubbub.storage.changes import Arrive
from hubbub.storage.records import UserRecord

if TYPE_CHECKING:
    import asyncio

    from hubbub.hub.state.room import Room

COME_AGAIN, SIGNED_OUT, BANNED, TOO_SLOW, FLOODING = 1012, 4001, 4003, 4008, 4029


class User:
    """Somebody who is here, by one or more sessions."""

    __slots__ = (
        "_kind",
        "_role",
        "account_version",
        "away",
        "commands",
        "id",
        "kept",
        "name",
        "posts",
        "reply_to",
        "searches",
        "sessions",
        "stored",
        "typing_at_s",
    )

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
        """How often the account was taken: what was read since an earlier one may lack something.
        """
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

    @property
    def as_self(self) -> Self:
        """The user as it is told of itself."""
        return Self(self.id, self.name.shown, self.kind, self.role)

    def arrival(self) -> Arrive:
        """The user as other nodes shall know it."""
        addresses = sorted({session.address.key for session in self.sessions})
        return Arrive(self.record, tuple(addresses), self.away)

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
            room.remove_from_audience(self)
        self.room_view = self.dialect.room_view(notices=self.notices, ignored=ignored)
        if self.user is not None:
            self.private_view = self.dialect.private_view(self.user.id, ignored=ignored)
        for room in self.rooms.values():
            room.add_to_audience(self)

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
