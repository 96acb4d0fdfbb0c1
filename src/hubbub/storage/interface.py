"""What hubbub asks of a place to keep its log; nothing here knows of a database.

A `Storage` has a part for each noun, whose name tells what is asked: `storage.people.account(key)`.
All calls are plain synchronous code, made from threads: `commit` from one thread at a time, the
reads from any. Instants are milliseconds since 1970 (`_ms`). Every call may raise
`hubbub.errors.StorageError`, and then has changed nothing. What is kept is in `records.py`, what a
commit takes in `changes.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from hubbub.model import Role
from hubbub.protocol.events import Person
from hubbub.storage.changes import Change, Outcome
from hubbub.storage.records import (
    Account,
    AuditRecord,
    Invitation,
    LogPage,
    Membership,
    RoomRecord,
    Sanction,
    SearchPage,
    SessionRecord,
    Subscriber,
    Subscription,
    UserRecord,
)

SUBSCRIPTIONS = 10
"""How many browsers of one user are notified."""
INVITATIONS = 200
"""How many invitations are listed."""
SEARCHED = 100_000
"""How many entries of a log one search looks at."""


class Budget:
    """The time that the parts of one search may take together; waiting between them is free.

    One thread at a time runs a part; `call_off` may come from another one.
    """

    def __init__(self, left_s: float) -> None:
        self.left_s = left_s
        self._end_s: float | None = None
        self._called_off = False

    @property
    def over(self) -> bool:
        """Whether what runs is to end now."""
        late = self.left_s <= 0 if self._end_s is None else time.monotonic() >= self._end_s
        return self._called_off or late

    @property
    def left_ms(self) -> int:
        """What is left, at least 1: a database may take 0 for no limit at all."""
        now_s = time.monotonic()
        left_s = self.left_s if self._end_s is None else self._end_s - now_s
        return max(1, int(left_s * 1000))

    def call_off(self) -> None:
        """Ends what runs, and lets no other part begin: nobody waits for it."""
        self._called_off = True

    @contextmanager
    def running(self) -> Iterator[None]:
        """Spans a part that counts."""
        self._end_s = time.monotonic() + self.left_s
        try:
            yield
        finally:
            self.left_s = self._end_s - time.monotonic()
            self._end_s = None


class LogReads(Protocol):
    """The rooms' logs."""

    def page(
        self,
        room: str,
        *,
        room_id: int = 0,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        """Entries after or before a seq, or the last ones: at most `limit`, and at least one.

        With `after` those that follow it most closely; otherwise the newest ones before `before`.
        The page ends early where the texts pass `limit_bytes` of UTF-8. A room that is not kept
        has an empty log (first 1, last 0). With `room_id`, as in RoomRecord, it is the log of that
        room, whatever it is called by now; its entries are told as those of `room`.
        """
        ...

    def search(
        self,
        room: str,
        text: str,
        *,
        room_id: int = 0,
        before: int | None,
        limit: int,
        entries: int = SEARCHED,
        budget: Budget | None = None,
    ) -> SearchPage:
        """Messages of a room with a text in them, those before a seq, at most `limit`.

        Upper and lower case are one for ASCII letters, and for others where the text is all of one
        case. It looks at so many entries at most, has connections of its own, and is ended where
        the budget is over: raises OutOfTime. `room_id` as in `page`.
        """
        ...


class RoomReads(Protocol):
    """The rooms."""

    def find(self, name: str) -> RoomRecord | None:
        """The room of that name, or the one that was called so and is called otherwise now."""
        ...

    def public(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """Public rooms that are not archived in the order of their names (by code points), those
        past `after`.
        """
        ...


class MemberReads(Protocol):
    """Who belongs to which room, and as what."""

    def of_room(self, room: str) -> dict[str, Role]:
        """The users of a private room with their roles; of another those above member."""
        ...

    def of_direct_room(self, room: str) -> tuple[Person, ...]:
        """The users of a direct room, with the names they have now, in the order of their ids."""
        ...

    def memberships(self, user_id: str) -> list[Membership]:
        """The rooms of a user, in the order of their names."""
        ...

    def private_rooms(self, user_id: str) -> list[RoomRecord]:
        """The private ones of these: of all the rooms that one passed through, few are."""
        ...

    def membership(self, user_id: str, room: str) -> Membership | None:
        """One room of a user, if the user is its member."""
        ...


class PeopleReads(Protocol):
    """Users, their sessions and passwords, and the invitations."""

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

    def known(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        """Those of these users who are kept."""
        ...

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        """A user's sessions that have not run out, the last used first."""
        ...

    def live_sessions(self, user_ids: Sequence[str], now_ms: int) -> set[bytes]:
        """The sessions of these users that have not run out, by their token hashes."""
        ...

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        """An invitation that has uses left and has not run out."""
        ...

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        """The invitations that can be used, in the order in which they run out."""
        ...


class OrderReads(Protocol):
    """Bans and mutes, the audit log, and who ignores whom."""

    def sanctions(self, now_ms: int) -> list[Sanction]:
        """All bans and mutes that hold, the oldest first."""
        ...

    def audit(
        self, *, room: str | None, before: int | None, limit: int, own: Sequence[str] = ()
    ) -> list[AuditRecord]:
        """What moderators did, newest first, of everywhere or of one room; of private rooms only
        what was done in `own`.
        """
        ...

    def ignored(self, user_id: str) -> list[Person]:
        """Whom a member ignores, with the names that they have now."""
        ...


class PushReads(Protocol):
    """The browsers that people are notified by."""

    def subscriptions(self, user_id: str) -> list[Subscription]:
        """The browsers that a user is notified by."""
        ...

    def subscribers(self, room: str) -> list[Subscriber]:
        """The browsers of a room's members who have a session and want anything of the room, and
        whom those ignore.
        """
        ...

    def loud_rooms(self) -> list[str]:
        """Rooms of which a member wants everything pushed."""
        ...


class Care(Protocol):
    """What is kept in order by the server itself, and what the log tells of itself."""

    def changed_elsewhere(self) -> bool:
        """Whether another process has written to the log since the last call; called from the
        commit thread.
        """
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

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        """Rooms whose log begins with an entry from before that instant, at most `limit`."""
        ...

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        """Deletes the beginnings of these rooms' logs, at most `limit` entries in all, with their
        nonces; called from the commit thread. Where each log that was cut begins now.

        An entry goes only if it and all before it in its room are older than `before_ms`.
        """
        ...

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        """Takes a user out of the log, in many small transactions: what they said stays under
        `DELETED_USER`, or with `purge` loses its text. How many entries were theirs.
        """
        ...

    def secret(self, key: str, make: Callable[[], str]) -> str:
        """The secret of the server that is kept under a key; made where there is none.

        Called before anything is committed.
        """
        ...

    def check_ready(self) -> None:
        """Raises StorageError where the log cannot be read."""
        ...


class Storage(Protocol):
    """A place that keeps rooms, their logs, and who is in them."""

    @property
    def epoch(self) -> str:
        """The name of this log; a log that may have lost its end has another one."""
        ...

    @property
    def log(self) -> LogReads:
        """See LogReads."""
        ...

    @property
    def rooms(self) -> RoomReads:
        """See RoomReads."""
        ...

    @property
    def members(self) -> MemberReads:
        """See MemberReads."""
        ...

    @property
    def people(self) -> PeopleReads:
        """See PeopleReads."""
        ...

    @property
    def order(self) -> OrderReads:
        """See OrderReads."""
        ...

    @property
    def push(self) -> PushReads:
        """See PushReads."""
        ...

    @property
    def care(self) -> Care:
        """See Care."""
        ...

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """Makes all changes durable in one transaction, or none; one outcome for each, in order.

        Duplicates of an earlier nonce, also of one in the same call, are found before seqs are
        given, so that a room's seqs have no holes. `now_ms` becomes the `at` of every entry.
        """
        ...

    def close(self) -> None:
        """Ends all connections; under `durability = "normal"` also notes the clean end."""
        ...
