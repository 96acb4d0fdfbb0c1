"""What hubbub asks of a place to keep its log; nothing here knows of a database.

All calls are plain synchronous code, made from threads: `commit` from one thread at a time, the
reads from any. Instants are milliseconds since 1970 (`_ms`). Every call may raise
`hubbub.errors.StorageError`, and then has changed nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import LogEvent, Person

SUBSCRIPTIONS = 10
"""How many browsers of one user are notified."""

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


@dataclass(frozen=True, slots=True)
class Membership:
    """A room that a user belongs to, the last seq that the user has read there, and what of it
    is pushed to the user.
    """

    room: RoomRecord
    read: int
    notify: NotifyLevel = NotifyLevel.MENTIONS


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
    """Makes a user a member of a public room, made if absent, with what is there counted as read.

    Does nothing for one who is a member.
    """

    room: str
    user_id: str


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


Change = (
    AppendMessage
    | AppendTopic
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
class Done:
    """A change that is no entry of a log was made."""


Outcome = Appended | Duplicate | NonceUsed | Done


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

    def room(self, name: str) -> RoomRecord | None:
        """The room of that name."""
        ...

    def public_rooms(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """Public rooms in the order of their names (by code points), those past `after`."""
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

    def purge(self, now_ms: int) -> int:
        """Deletes sessions that ran out, their guests' memberships, guests whom nothing names any
        more, and empty rooms without members; called from the commit thread. How many rows went.

        A guest without a session is kept for a day after its last SaveUser.
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
