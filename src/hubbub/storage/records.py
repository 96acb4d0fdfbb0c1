"""What is kept, as the rest of hubbub knows it. Instants are milliseconds since 1970 (`_ms`)."""

from dataclasses import dataclass, field
from enum import StrEnum

from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import LogEvent, Message

ADDRESS = "address"
"""How a `whom` begins that is one; no name has a blank in it."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user as it is kept; `key` is the compared form of `name`."""

    id: str
    name: str
    key: str
    kind: UserKind
    role: Role = Role.GUEST


@dataclass(frozen=True, slots=True)
class Account:
    """A member or a bot; `password_hash` is in PHC form, None for one who has no password."""

    user: UserRecord
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as its user may see it; `device` is what the client said of itself."""

    token_hash: bytes
    device: str
    created_ms: int
    used_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way to an account; `code_hash` is the SHA-256 of the secret, `uses` are those left."""

    code_hash: bytes
    role: Role
    uses: int
    expires_ms: int
    maker_id: str = ""


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as it is kept, with the seqs of its log; an empty log has `first = last + 1`."""

    name: str
    kind: RoomKind
    topic: str
    first: int
    last: int
    read_only: bool = False
    archived: bool = False
    id: int = field(default=0, compare=False)
    """By which a database knows it under whatever name; 0 where it was not asked for."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A room that a user belongs to, the last seq that the user has read there, what of it is
    pushed to the user, and what the user is there.
    """

    room: RoomRecord
    read: int
    notify: NotifyLevel = NotifyLevel.MENTIONS
    role: Role = Role.MEMBER


class SanctionKind(StrEnum):
    """What a moderator may lay on somebody."""

    BAN = "ban"
    MUTE = "mute"


class Against(StrEnum):
    """By what a sanction knows whom it is for."""

    USER = "user"
    NAME = "name"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Sanction:
    """A ban or a mute that holds until `ends_ms`, for good where that is None.

    `subject` is a user's id, a name in its compared form, or an address as rates count it; `whom`
    what people read. An empty `room` is the whole server. There is one for each kind, room, and
    subject.
    """

    kind: SanctionKind
    room: str
    against: Against
    subject: str
    whom: str
    by: str
    at_ms: int
    ends_ms: int | None
    reason: str = ""

    @property
    def key(self) -> "SanctionKey":
        """What there is one of."""
        return (self.kind, self.room, self.against, self.subject)


SanctionKey = tuple[SanctionKind, str, Against, str]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An act of moderation as it is kept: names as they were, whose they were; `id` counts up."""

    id: int
    at_ms: int
    act: str
    by: str
    whom: str = ""
    room: str = ""
    reason: str = ""
    by_id: str = ""
    whom_id: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that a user has asked to be notified by (RFC 8030, RFC 8291); keys in base64url."""

    endpoint: str
    user_id: str
    p256dh: str
    auth: str
    token_hash: bytes
    """The session that asked for it, by whose end it ends."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription of a room's member: whose, and what of the room is wanted."""

    subscription: Subscription
    name_key: str
    notify: NotifyLevel
    nodes: frozenset[str] = frozenset()
    """Where its user has a client open, of the servers that share the log."""
    ignored: frozenset[str] = frozenset()
    """Of whom its user wants to hear nothing, by their ids."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries oldest first; `more` tells that the log goes on in the direction that was asked."""

    events: tuple[LogEvent, ...]
    more: bool
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Messages newest first; with `next` there may be more before that seq."""

    events: tuple[Message, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is connected to a node of a cluster, as that node knows them."""

    node: str
    user: UserRecord
    addresses: tuple[str, ...] = ()
    away: str | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """A room whose log ends before what was known of it; without a name it is not there at all."""

    room_id: int
    name: str
    known: int
    last: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing a node with a server's log."""

    mark: str
    """Which server that is."""
    another: bool
    """Whether it is another one than the node has used so far."""
    epoch: str
    """The log's, from now on."""
    behind: tuple[Behind, ...]
    """Where the log lacks what this node knows."""
    waiting: tuple[str, ...]
    """The nodes that have not compared themselves with that server yet."""
