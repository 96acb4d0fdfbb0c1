"""What hubbub asks of a place to keep its log; nothing here knows of a database.

All calls are plain synchronous code, made from threads: `commit` from one thread at a time, the
reads from any. Instants are milliseconds since 1970 (`_ms`). Every call may raise
`hubbub.errors.StorageError`, and then has changed nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import LogEvent, Message, Person

ADDRESS = "address"
"""How a `whom` begins that is one; no name has a blank in it."""
SUBSCRIPTIONS = 10
"""How many browsers of one user are notified."""
INVITATIONS = 200
"""How many invitations are listed."""
SEARCHED = 100_000
"""How many entries of a log one search looks at."""

# --- what is kept


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
    """An act of moderation as it is kept: names as they were, `id` counts up."""

    id: int
    at_ms: int
    act: str
    by: str
    whom: str = ""
    room: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that a user has asked to be notified by (RFC 8030, RFC 8291); keys in base64url."""

    endpoint: str
    user_id: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription of a room's member: whose, and what of the room is wanted."""

    subscription: Subscription
    name_key: str
    notify: NotifyLevel


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


# --- what is changed: one commit takes any number of these, in order


class AppendMessage(Struct, frozen=True):
    """A message that wants the next seq of its room; the room is made if absent.

    `to` stands in direct rooms and names the others; making such a room makes them and the
    sender its members. An empty `nonce` is none; others are unique for the sender.
    """

    room: str
    sender: Person
    text: str
    me: bool = False
    to: tuple[Person, ...] | None = None
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class AppendTopic:
    """A topic that wants the next seq of its room; the room is made if absent."""

    room: str
    sender: Person
    text: str


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """Takes the text of the message `target` away and says so by the next seq of its room."""

    room: str
    sender: Person
    target: int


@dataclass(frozen=True, slots=True)
class ChangeRoom:
    """What a room is from its next seq on; made if absent. With `name` it gets that name.

    Its former name goes on leading to it as long as no room has that one. A name that another
    room has changes nothing (`NameUsed`).
    """

    room: str
    sender: Person
    kind: RoomKind
    read_only: bool = False
    archived: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SaveUser:
    """Makes or updates a user."""

    user: UserRecord


@dataclass(frozen=True, slots=True)
class SaveSession:
    """Makes a session; `token_hash` is the SHA-256 of the secret."""

    token_hash: bytes
    user_id: str
    expires_ms: int
    device: str = ""


@dataclass(frozen=True, slots=True)
class RenewSession:
    """Moves the end of a session forward and notes that it was in use, if it is there."""

    token_hash: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True)
class EndSession:
    """Deletes a session, if it is there."""

    token_hash: bytes


@dataclass(frozen=True, slots=True)
class EndSessions:
    """Deletes all sessions of a user but one."""

    user_id: str
    but: bytes = b""


@dataclass(frozen=True, slots=True)
class SavePassword:
    """Sets the password of an account."""

    user_id: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class SaveInvitation:
    """Makes an invitation, or changes how many uses are left; one without any is deleted."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class SaveMember:
    """Makes a user a member of a room, made if absent, with what is there counted as read.

    Does nothing for one who is a member, but for a `role` that is given.
    """

    room: str
    user_id: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Ends a membership, if it is there."""

    room: str
    user_id: str


@dataclass(frozen=True, slots=True)
class SaveNotify:
    """Sets what of a room is pushed to one of its members."""

    room: str
    user_id: str
    level: NotifyLevel


@dataclass(frozen=True, slots=True)
class SaveSubscription:
    """Makes or updates a subscription; a user has at most `SUBSCRIPTIONS`, of which the oldest
    give way.
    """

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class EndSubscription:
    """Deletes a subscription of that user's, if it is there."""

    endpoint: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MoveRead:
    """Moves a member's read marker forward, to the log's end at most; never backward."""

    room: str
    user_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class SaveSanction:
    """Makes a sanction, in place of the one with the same key."""

    sanction: Sanction


@dataclass(frozen=True, slots=True)
class EndSanction:
    """Deletes a sanction, if it is there."""

    key: SanctionKey


@dataclass(frozen=True, slots=True)
class AppendAudit:
    """Writes down an act of moderation, for good."""

    act: str
    by: str
    whom: str = ""
    room: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SaveIgnored:
    """Notes whom a member ignores, or with `ignored` false no longer does."""

    user_id: str
    ignored_id: str
    ignored: bool = True


Change = (
    AppendMessage
    | AppendTopic
    | DeleteMessage
    | ChangeRoom
    | SaveUser
    | SaveSession
    | RenewSession
    | EndSession
    | EndSessions
    | SavePassword
    | SaveInvitation
    | SaveMember
    | RemoveMember
    | MoveRead
    | SaveNotify
    | SaveSubscription
    | EndSubscription
    | SaveSanction
    | EndSanction
    | AppendAudit
    | SaveIgnored
)

# --- what became of a change


class Appended(Struct, frozen=True):
    """The entry as it now stands in the log."""

    event: LogEvent


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The sender used that nonce before for the very same message, which stands there."""

    room: str
    seq: int
    at: str


@dataclass(frozen=True, slots=True)
class NonceUsed:
    """The sender used that nonce before for another message; nothing was stored."""


@dataclass(frozen=True, slots=True)
class NameUsed:
    """Another room has that name; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is no entry of a log was made."""


Outcome = Appended | Duplicate | NonceUsed | NameUsed | Done


class Storage(Protocol):
    """A place that keeps rooms, their logs, and who is in them."""

    @property
    def epoch(self) -> str:
        """The name of this log; a log that may have lost its end has another one."""
        ...

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """Makes all changes durable in one transaction, or none; one outcome for each, in order.

        Duplicates of an earlier nonce, also of one in the same call, are found before seqs are
        given, so that a room's seqs have no holes. `now_ms` becomes the `at` of every entry.
        """
        ...

    def page(
        self,
        room: str,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        """Entries after or before a seq, or the last ones: at most `limit`, and at least one.

        With `after` those that follow it most closely; otherwise the newest ones before `before`.
        The page ends early where the texts pass `limit_bytes` of UTF-8. A room that is not kept
        has an empty log (first 1, last 0).
        """
        ...

    def search(self, room: str, text: str, *, before: int | None, limit: int) -> SearchPage:
        """Messages of a room with a text in them, those before a seq, at most `limit`.

        Upper and lower case are one for ASCII letters, and for others where the text is all of one
        case. It looks at `SEARCHED` entries at most, so that a search has a bound too.
        """
        ...

    def room(self, name: str) -> RoomRecord | None:
        """The room of that name, or the one that was called so and is called otherwise now."""
        ...

    def public_rooms(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """Public rooms that are not archived in the order of their names (by code points), those
        past `after`.
        """
        ...

    def room_members(self, room: str) -> dict[str, Role]:
        """The users of a private room with their roles; of another those above member."""
        ...

    def sanctions(self, now_ms: int) -> list[Sanction]:
        """All bans and mutes that hold, the oldest first."""
        ...

    def audit(self, *, room: str | None, before: int | None, limit: int) -> list[AuditRecord]:
        """What moderators did, newest first, of everywhere or of one room."""
        ...

    def ignored(self, user_id: str) -> list[Person]:
        """Whom a member ignores, with the names that they have now."""
        ...

    def changed_elsewhere(self) -> bool:
        """Whether another process has written to the log since the last call; called from the
        commit thread.
        """
        ...

    def known_users(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        """Those of these users who are kept."""
        ...

    def live_sessions(self, token_hashes: Sequence[bytes], now_ms: int) -> set[bytes]:
        """Those of these sessions that are kept and have not run out."""
        ...

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        """The invitations that can be used, in the order in which they run out."""
        ...

    def direct_members(self, room: str) -> tuple[Person, ...]:
        """The users of a direct room, with the names they have now, in the order of their ids."""
        ...

    def memberships(self, user_id: str) -> list[Membership]:
        """The rooms of a user, in the order of their names."""
        ...

    def membership(self, user_id: str, room: str) -> Membership | None:
        """One room of a user, if the user is its member."""
        ...

    def subscriptions(self, user_id: str) -> list[Subscription]:
        """The browsers that a user is notified by."""
        ...

    def subscribers(self, room: str) -> list[Subscriber]:
        """The browsers of a room's members who have a session and want anything of the room."""
        ...

    def loud_rooms(self) -> list[str]:
        """Rooms of which a member wants everything pushed."""
        ...

    def secret(self, key: str, make: Callable[[], str]) -> str:
        """The secret of the server that is kept under a key; made where there is none.

        Called before anything is committed.
        """
        ...

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """Whose session that is; None where it is unknown or has run out."""
        ...

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        """The user who holds a name by an account or by a session that has not run out."""
        ...

    def held_automatic_names(self, now_ms: int) -> set[str]:
        """The keys `user<digits>` that are held by sessions that have not run out."""
        ...

    def account(self, key: str) -> Account | None:
        """The account that has a name, with its password."""
        ...

    def accounts(self) -> list[UserRecord]:
        """Every account, in the order of the compared names."""
        ...

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        """A user's sessions that have not run out, the last used first."""
        ...

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        """An invitation that has uses left and has not run out."""
        ...

    def renew_sessions(self, ends_ms: Mapping[bytes, int], now_ms: int) -> None:
        """Moves the end of these sessions, by their token hashes, forward, and notes that they
        were in use; called from the commit thread.
        """
        ...

    def purge(self, now_ms: int, addresses_before_ms: int) -> int:
        """Deletes sessions that ran out, their guests' memberships, guests whom nothing names any
        more, and empty rooms without members; called from the commit thread. How many rows went.

        A guest without a session is kept for a day after its last SaveUser. Of messages that were
        deleted nothing is on the disk after this, of acts before `addresses_before_ms` no address.
        """
        ...

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        """Takes a user out of the log, in many small transactions: what they said stays under
        `DELETED_USER`, or with `purge` loses its text. How many entries were theirs.
        """
        ...

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        """Rooms whose log begins with an entry from before that instant, at most `limit`."""
        ...

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        """Deletes the beginnings of these rooms' logs, at most `limit` entries in all, with their
        nonces; called from the commit thread. Where each log that was cut begins now.

        An entry goes only if it and all before it in its room are older than `before_ms`.
        """
        ...

    def check_ready(self) -> None:
        """Raises StorageError where the log cannot be read."""
        ...

    def close(self) -> None:
        """Ends all connections; under `durability = "normal"` also notes the clean end."""
        ...
