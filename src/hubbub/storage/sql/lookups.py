"""What a Storage in a database reads."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from sqlalchemy import Select

from hubbub.model import NotifyLevel, Role
from hubbub.protocol.events import LogEvent, Message, Person
from hubbub.storage.interface import INVITATIONS, SEARCHED, Budget
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
from hubbub.storage.sql import people_queries, queries
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.entries import log_event, text_bytes
from hubbub.storage.sql.rows import (
    automatic,
    invitation,
    json_list,
    membership_record,
    room_record,
    sanction,
    search_forms,
    user_record,
)

SEQ_MAX = 2**63 - 1
SEARCH_S = 60.0
"""How long a search may take for which nobody said so."""


class Lookups:
    """See `hubbub.storage.interface.Storage` for what each call does."""

    def _reading(self) -> AbstractContextManager[Driver]:
        raise NotImplementedError

    def _asking(self) -> AbstractContextManager[Driver]:
        raise NotImplementedError

    def _searching(self, budget: Budget) -> AbstractContextManager[Driver]:
        raise NotImplementedError

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
        """See Storage."""
        backward = after is None
        mark = SEQ_MAX if before is None else before
        query = queries.PAGE_BEFORE if backward else queries.PAGE_AFTER
        with self._reading() as driver:
            found = _room(driver, room, room_id)
            if found is None:
                return LogPage((), False, 1, 0)
            room_id, record = found
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
        """See Storage."""
        with self._searching(budget or Budget(SEARCH_S)) as driver:
            found = _room(driver, room, room_id)
            if found is None:
                return SearchPage((), None)
            room_id, record = found
            end = min(record.last + 1, SEQ_MAX if before is None else before)
            floor = max(record.first, end - entries)
            values = {"room_id": room_id, "before": end, "floor": floor, "limit": limit}
            rows = driver.read(queries.SEARCH, values | search_forms(text))
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
        return None if row is None else replace(room_record(row[1:]), id=row[0])

    def room_members(self, room: str) -> dict[str, Role]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(queries.ROOM_MEMBERS, {"name": room})
            return {user_id: Role(role) for user_id, role in rows}

    def public_rooms(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """See Storage."""
        values = {"after": after or "", "limit": limit}
        with self._asking() as driver:
            return [room_record(row) for row in driver.rows(queries.PUBLIC_ROOMS, values)]

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        """See Storage."""
        values = {"before_ms": before_ms, "limit": limit}
        with self._asking() as driver:
            return [name for (name,) in driver.rows(queries.AGED, values)]

    def direct_members(self, room: str) -> tuple[Person, ...]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(queries.DIRECT_MEMBERS, {"name": room})
            return tuple(Person(user_id, name) for user_id, name in rows)

    def memberships(self, user_id: str) -> list[Membership]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(queries.MEMBERSHIPS, {"user_id": user_id})
            return [membership_record(row) for row in rows]

    def private_rooms(self, user_id: str) -> list[RoomRecord]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(queries.PRIVATE_ROOMS, {"user_id": user_id})
            return [room_record(row) for row in rows]

    def membership(self, user_id: str, room: str) -> Membership | None:
        """See Storage."""
        values = {"user_id": user_id, "name": room}
        with self._asking() as driver:
            row = driver.first(queries.MEMBERSHIP, values)
        return None if row is None else membership_record(row)

    def subscriptions(self, user_id: str) -> list[Subscription]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(people_queries.SUBSCRIPTIONS_OF, {"user_id": user_id})
            return [Subscription(*row) for row in rows]

    def subscribers(self, room: str) -> list[Subscriber]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.read(people_queries.SUBSCRIBERS, {"name": room})
        nodes: dict[tuple[Any, ...], set[str]] = {}
        for *row, node in rows:
            nodes.setdefault(tuple(row), set()).update([] if node is None else [node])
        return [
            Subscriber(Subscription(*row), key, NotifyLevel(level), frozenset(on))
            for (*row, key, level), on in nodes.items()
        ]

    def loud_rooms(self) -> list[str]:
        """See Storage."""
        with self._asking() as driver:
            return [name for (name,) in driver.rows(people_queries.LOUD_ROOMS, {})]

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(people_queries.SESSION_USER, {"token_hash": token_hash, "now_ms": now_ms})

    def account(self, key: str) -> Account | None:
        """See Storage."""
        with self._asking() as driver:
            row = driver.first(people_queries.ACCOUNT, {"name_key": key})
        return None if row is None else Account(user_record(row[:-1]), row[-1])

    def sanctions(self, now_ms: int) -> list[Sanction]:
        """See Storage."""
        with self._asking() as driver:
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
        with self._asking() as driver:
            return [AuditRecord(*row) for row in driver.rows(query, values)]

    def ignored(self, user_id: str) -> list[Person]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(people_queries.IGNORED, {"user_id": user_id})
            return [Person(other, name) for other, name in rows]

    def known_users(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        """See Storage."""
        with self._asking() as driver:
            rows = driver.rows(people_queries.USERS, {"user_ids": json_list(list(ids))})
            return {row[0]: user_record(row) for row in rows}

    def live_sessions(self, user_ids: Sequence[str], now_ms: int) -> set[bytes]:
        """See Storage."""
        values = {"user_ids": json_list(list(user_ids)), "now_ms": now_ms}
        with self._asking() as driver:
            return {of for (of,) in driver.rows(people_queries.LIVE_SESSIONS, values)}

    def accounts(self) -> list[UserRecord]:
        """See Storage."""
        with self._asking() as driver:
            return [user_record(row) for row in driver.rows(people_queries.ACCOUNTS, {})]

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        """See Storage."""
        values = {"user_id": user_id, "now_ms": now_ms}
        with self._asking() as driver:
            return [SessionRecord(*row) for row in driver.rows(people_queries.SESSIONS_OF, values)]

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        """See Storage."""
        values = {"code_hash": code_hash, "now_ms": now_ms}
        with self._asking() as driver:
            row = driver.first(people_queries.INVITATION, values)
        if row is None:
            return None
        return invitation(row)

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        """See Storage."""
        values = {"now_ms": now_ms, "limit": INVITATIONS}
        with self._asking() as driver:
            return [invitation(row) for row in driver.rows(people_queries.INVITATIONS, values)]

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(people_queries.NAME_HOLDER, {"name_key": key, "now_ms": now_ms})

    def _user(self, query: Select[Any], values: dict[str, Any]) -> UserRecord | None:
        with self._asking() as driver:
            row = driver.first(query, values)
        return None if row is None else user_record(row)

    def held_automatic_names(self, now_ms: int) -> set[str]:
        """See Storage."""
        with self._asking() as driver:
            keys = driver.rows(people_queries.USER_NAMES, {"now_ms": now_ms})
            return {key for (key,) in keys if automatic(key)}

    def check_ready(self) -> None:
        """See Storage."""
        with self._reading() as driver:
            driver.read(queries.META, {})


def _room(driver: Driver, name: str, room_id: int) -> tuple[int, RoomRecord] | None:
    """A room and its id, by that id or, where it is 0, by the name."""
    if room_id:
        row = driver.first(queries.ROOM_BY_ID, {"id": room_id})
    else:
        row = driver.first(queries.ROOM, {"name": name})
    return None if row is None else (row[0], room_record(row[1:]))


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
