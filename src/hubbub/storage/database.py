"""A Storage in a database: the reads, and the frame around the writes."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select
from sqlalchemy.exc import SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.model import NotifyLevel, Role
from hubbub.protocol.events import LogEvent, Message, Person
from hubbub.storage import migrate, people_queries, queries
from hubbub.storage.changes import Change, DeleteMessage, Outcome
from hubbub.storage.commit import commit
from hubbub.storage.driver import Driver
from hubbub.storage.expiry import expire
from hubbub.storage.interface import INVITATIONS, SEARCHED
from hubbub.storage.personal import forget_user
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
from hubbub.storage.rows import (
    automatic,
    invitation,
    json_list,
    log_event,
    membership_record,
    room_record,
    sanction,
    search_patterns,
    text_bytes,
    user_record,
)
from hubbub.storage.sqlite import SqliteFile

if TYPE_CHECKING:
    from hubbub.storage import Durability

SEQ_MAX = 2**63 - 1
# A guest is kept this long after its SaveUser even while nothing names it yet: its session or its
# direct room may come with a later commit.
GUEST_GRACE_MS = 24 * 60 * 60 * 1000


class Database:
    """The log in a database. See `hubbub.storage.interface.Storage` for what each call does."""

    def __init__(self, file: SqliteFile, durability: "Durability") -> None:
        self._file = file
        self._durability = durability
        self._closed = False
        # The commits and the housekeeping may come from different threads.
        self._writer = threading.Lock()
        self._epoch = ""
        self._data_version: int | None = None
        # From before the start too: another process may have deleted something.
        self._wiped = True

    @classmethod
    def open(cls, url: str, durability: "Durability", *, beside: bool = False) -> "Database":
        """Opens the log at a URL, makes or upgrades it where needed. Raises StorageError, LogInUse.

        With `beside` it is a log that a server has open at the same time.
        """
        # Not by SQLAlchemy's parser: a path may have a `?` in it.
        scheme, _, name = url.partition(":///")
        if scheme != "sqlite" or not name or name == ":memory:":
            raise StorageError(
                f"There is no storage for {url!r}; a log is kept at sqlite:///path/to/file.db."
            )
        file = SqliteFile(Path(name), beside=beside)
        try:
            database = cls(file, durability)
            if not beside:
                database._begin()
        except BaseException:
            file.release()
            raise
        return database

    def _begin(self) -> None:
        with self._connected() as connection, self._file.migrating(connection):
            migrate.upgrade(connection, str(self._file.path))
            known = {key: value for key, value in connection.execute(queries.META)}  # noqa: C416
            epoch = known.get("epoch")
            # A log that was written without a sync at each commit, and not closed, may lack its
            # end: what clients know of it may be other entries by now.
            if epoch is None or known.get("clean") != "yes":
                epoch = secrets.token_hex(8)
            self._epoch = epoch
            clean = "yes" if self._durability == "full" else "no"
            rows = [{"key": "epoch", "value": epoch}, {"key": "clean", "value": clean}]
            connection.execute(queries.SAVE_META, rows)
        if self._durability == "normal":
            # Only now: that the log is open must be on the disk before what may be lost.
            self._file.relax()

    @property
    def epoch(self) -> str:
        """See Storage."""
        return self._epoch

    # --- writing

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """See Storage."""
        if not changes:
            return []
        try:
            with self._writer:
                self._check_open()
                self._wiped = self._wiped or any(isinstance(c, DeleteMessage) for c in changes)
                return commit(self._file.committer, changes, now_ms)
        except SQLAlchemyError as error:
            raise self._file.explain(error) from error

    def renew_sessions(self, ends_ms: Mapping[bytes, int], now_ms: int) -> None:
        """See Storage."""
        if not ends_ms:
            return
        rows = [{"of": of, "end_ms": end, "now_ms": now_ms} for of, end in ends_ms.items()]
        with self._writing() as connection:
            connection.execute(people_queries.RENEW_SESSIONS, rows)

    def purge(self, now_ms: int, addresses_before_ms: int) -> int:
        """See Storage."""
        values = {
            "now_ms": now_ms,
            "saved_before_ms": now_ms - GUEST_GRACE_MS,
            "addresses_before_ms": addresses_before_ms,
        }
        with self._writing() as connection:
            gone = sum(
                connection.execute(purge, values).rowcount for purge in people_queries.PURGES
            )
        if self._wiped:
            # What was said before stands in the file's journal until that is begun anew.
            self._wiped = not self._file.fold()
        return gone

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        """See Storage."""
        count = forget_user(self._writing, user_id, purge=purge)
        self._wiped = not self._file.fold()
        return count

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        """See Storage."""
        with self._writing() as connection:
            return expire(connection, rooms, before_ms, limit)

    def secret(self, key: str, make: Callable[[], str]) -> str:
        """See Storage."""
        with self._writing() as connection:
            known = {key: value for key, value in connection.execute(queries.META)}  # noqa: C416
            if key not in known:
                known[key] = make()
                connection.execute(queries.SAVE_META, [{"key": key, "value": known[key]}])
            return str(known[key])

    # --- reading

    def page(
        self,
        room: str,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        """See Storage."""
        backward = after is None
        mark = SEQ_MAX if before is None else before
        query = queries.PAGE_BEFORE if backward else queries.PAGE_AFTER
        with self._reading() as driver:
            found = driver.first(queries.ROOM, {"name": room})
            if found is None:
                return LogPage((), False, 1, 0)
            room_id, record = found[0], room_record(found[1:])
            first, last = record.first, record.last
            seq = min(mark if after is None else after, SEQ_MAX)
            values = {"room_id": room_id, "seq": seq, "limit": limit}
            events = _read(driver, query, values, room, limit_bytes)
        if backward:
            events.reverse()
            more = bool(events) and events[0].seq > first
        else:
            more = bool(events) and events[-1].seq < last
        return LogPage(tuple(events), more, first, last)

    def search(self, room: str, text: str, *, before: int | None, limit: int) -> SearchPage:
        """See Storage."""
        with self._reading() as driver:
            found = driver.first(queries.ROOM, {"name": room})
            if found is None:
                return SearchPage((), None)
            room_id, record = found[0], room_record(found[1:])
            end = min(record.last + 1, SEQ_MAX if before is None else before)
            floor = max(record.first, end - SEARCHED)
            values = {"room_id": room_id, "before": end, "floor": floor, "limit": limit}
            rows = driver.read(queries.SEARCH, values | search_patterns(text))
        events = [event for row in rows if isinstance(event := log_event(room, row), Message)]
        if len(events) == limit:
            floor = events[-1].seq
        return SearchPage(tuple(events), floor if floor > record.first else None)

    def room(self, name: str) -> RoomRecord | None:
        """See Storage."""
        with self._reading() as driver:
            row = driver.first(queries.ROOM, {"name": name})
            if row is None:
                row = driver.first(queries.ROOM_BY_FORMER_NAME, {"name": name})
        return None if row is None else room_record(row[1:])

    def room_members(self, room: str) -> dict[str, Role]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(queries.ROOM_MEMBERS, {"name": room})
            return {user_id: Role(role) for user_id, role in rows}

    def public_rooms(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """See Storage."""
        values = {"after": after or "", "limit": limit}
        with self._reading() as driver:
            return [room_record(row) for row in driver.rows(queries.PUBLIC_ROOMS, values)]

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        """See Storage."""
        values = {"before_ms": before_ms, "limit": limit}
        with self._reading() as driver:
            return [name for (name,) in driver.rows(queries.AGED, values)]

    def direct_members(self, room: str) -> tuple[Person, ...]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(queries.DIRECT_MEMBERS, {"name": room})
            return tuple(Person(user_id, name) for user_id, name in rows)

    def memberships(self, user_id: str) -> list[Membership]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(queries.MEMBERSHIPS, {"user_id": user_id})
            return [membership_record(row) for row in rows]

    def membership(self, user_id: str, room: str) -> Membership | None:
        """See Storage."""
        values = {"user_id": user_id, "name": room}
        with self._reading() as driver:
            row = driver.first(queries.MEMBERSHIP, values)
        return None if row is None else membership_record(row)

    def subscriptions(self, user_id: str) -> list[Subscription]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(people_queries.SUBSCRIPTIONS_OF, {"user_id": user_id})
            return [Subscription(*row) for row in rows]

    def subscribers(self, room: str) -> list[Subscriber]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(people_queries.SUBSCRIBERS, {"name": room})
            return [
                Subscriber(Subscription(*row), key, NotifyLevel(level)) for *row, key, level in rows
            ]

    def loud_rooms(self) -> list[str]:
        """See Storage."""
        with self._reading() as driver:
            return [name for (name,) in driver.rows(people_queries.LOUD_ROOMS, {})]

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(people_queries.SESSION_USER, {"token_hash": token_hash, "now_ms": now_ms})

    def account(self, key: str) -> Account | None:
        """See Storage."""
        with self._reading() as driver:
            row = driver.first(people_queries.ACCOUNT, {"name_key": key})
        return None if row is None else Account(user_record(row[:-1]), row[-1])

    def sanctions(self, now_ms: int) -> list[Sanction]:
        """See Storage."""
        with self._reading() as driver:
            return [
                sanction(row) for row in driver.rows(people_queries.SANCTIONS, {"now_ms": now_ms})
            ]

    def audit(
        self, *, room: str | None, before: int | None, limit: int, own: Sequence[str] = ()
    ) -> list[AuditRecord]:
        """See Storage."""
        values: dict[str, Any] = {"before": SEQ_MAX if before is None else before, "limit": limit}
        values["own"] = json_list(list(own))
        query = people_queries.AUDIT
        if room is not None:
            query, values["room"] = people_queries.AUDIT_OF_ROOM, room
        with self._reading() as driver:
            return [AuditRecord(*row) for row in driver.rows(query, values)]

    def ignored(self, user_id: str) -> list[Person]:
        """See Storage."""
        with self._reading() as driver:
            rows = driver.rows(people_queries.IGNORED, {"user_id": user_id})
            return [Person(other, name) for other, name in rows]

    def known_users(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        """See Storage."""
        with self._reading() as driver:
            rows = (driver.first(people_queries.USER, {"user_id": user_id}) for user_id in ids)
            return {row[0]: user_record(row) for row in rows if row is not None}

    def live_sessions(self, token_hashes: Sequence[bytes], now_ms: int) -> set[bytes]:
        """See Storage."""
        with self._reading() as driver:
            asked = ((of, {"token_hash": of, "now_ms": now_ms}) for of in token_hashes)
            return {of for of, values in asked if driver.first(people_queries.SESSION_USER, values)}

    def changed_elsewhere(self) -> bool:
        """See Storage."""
        try:
            with self._writer:
                self._check_open()
                (version,) = self._file.committer.run("PRAGMA data_version")[0]
        except SQLAlchemyError as error:
            raise self._file.explain(error) from error
        former, self._data_version = self._data_version, version
        changed = former not in (None, version)
        # What it may have deleted is in the journal until that is emptied.
        self._wiped = self._wiped or changed
        return changed

    def accounts(self) -> list[UserRecord]:
        """See Storage."""
        with self._reading() as driver:
            return [user_record(row) for row in driver.rows(people_queries.ACCOUNTS, {})]

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        """See Storage."""
        values = {"user_id": user_id, "now_ms": now_ms}
        with self._reading() as driver:
            return [SessionRecord(*row) for row in driver.rows(people_queries.SESSIONS_OF, values)]

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        """See Storage."""
        values = {"code_hash": code_hash, "now_ms": now_ms}
        with self._reading() as driver:
            row = driver.first(people_queries.INVITATION, values)
        if row is None:
            return None
        return invitation(row)

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        """See Storage."""
        values = {"now_ms": now_ms, "limit": INVITATIONS}
        with self._reading() as driver:
            return [invitation(row) for row in driver.rows(people_queries.INVITATIONS, values)]

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(people_queries.NAME_HOLDER, {"name_key": key, "now_ms": now_ms})

    def _user(self, query: Select[Any], values: dict[str, Any]) -> UserRecord | None:
        with self._reading() as driver:
            row = driver.first(query, values)
        return None if row is None else user_record(row)

    def held_automatic_names(self, now_ms: int) -> set[str]:
        """See Storage."""
        with self._reading() as driver:
            keys = driver.rows(people_queries.USER_NAMES, {"now_ms": now_ms})
            return {key for (key,) in keys if automatic(key)}

    def check_ready(self) -> None:
        """See Storage."""
        with self._reading() as driver:
            driver.read(queries.META, {})

    # --- the end

    def close(self) -> None:
        """See Storage."""
        with self._writer:
            if self._closed:
                return
            self._closed = True
        try:
            if self._durability == "normal":
                # It is synced, and with it all that was written before.
                with self._file.writer.begin() as connection:
                    connection.execute(queries.SAVE_META, [{"key": "clean", "value": "yes"}])
        except SQLAlchemyError as error:
            raise self._file.explain(error) from error
        finally:
            self._file.release()

    # --- connections

    @contextmanager
    def _reading(self) -> Iterator[Driver]:
        try:
            self._check_open()
            with self._file.reader() as driver, driver.transaction():
                yield driver
        except SQLAlchemyError as error:
            raise self._file.explain(error) from error

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._writer:
                self._check_open()
                with self._file.writer.connect() as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise self._file.explain(error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.begin():
            yield connection

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The log was closed; the server is stopping.")


def _read(
    driver: Driver, query: Select[Any], values: dict[str, Any], room: str, limit_bytes: int
) -> list[LogEvent]:
    """As many entries as fit into `limit_bytes` of text, the first whatever its length."""
    events: list[LogEvent] = []
    size = 0
    for row in driver.rows(query, values):
        event = log_event(room, row)
        size += text_bytes(event)
        if size > limit_bytes and events:
            break
        events.append(event)
    return events
