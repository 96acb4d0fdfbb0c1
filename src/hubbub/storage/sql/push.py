"""The browsers that people are notified by."""

from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import bindparam, delete, exists, select

from hubbub.model import NotifyLevel
from hubbub.storage.changes import EndSubscription, SaveSubscription
from hubbub.storage.interface import SUBSCRIPTIONS
from hubbub.storage.records import Subscriber, Subscription
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import others, upsert
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.schema import (
    ignored,
    members,
    present,
    rooms,
    sessions,
    subscriptions,
    users,
)

_subscription = (
    subscriptions.c.endpoint,
    subscriptions.c.user_id,
    subscriptions.c.p256dh,
    subscriptions.c.auth,
    subscriptions.c.token_hash,
)
SUBSCRIPTIONS_OF = (
    select(*_subscription)
    .where(subscriptions.c.user_id == bindparam("user_id"))
    .order_by(subscriptions.c.saved_ms.desc(), subscriptions.c.endpoint)
)
SUBSCRIBERS = (
    select(*_subscription, users.c.name_key, members.c.notify, present.c.node_id)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .join(subscriptions, subscriptions.c.user_id == members.c.user_id)
    .join(users, users.c.id == members.c.user_id)
    .outerjoin(present, present.c.user_id == members.c.user_id)
    .where(
        rooms.c.name == bindparam("name"),
        members.c.notify != NotifyLevel.NONE.value,
        # Whose session has ended is not called until the next purge either.
        exists().where(
            sessions.c.token_hash == subscriptions.c.token_hash,
            sessions.c.user_id == subscriptions.c.user_id,
        ),
    )
)
IGNORED_BY_SUBSCRIBERS = (
    select(ignored.c.user_id, ignored.c.ignored_id)
    .distinct()
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .join(subscriptions, subscriptions.c.user_id == members.c.user_id)
    .join(ignored, ignored.c.user_id == members.c.user_id)
    .where(rooms.c.name == bindparam("name"), members.c.notify != NotifyLevel.NONE.value)
)
LOUD_ROOMS = select(rooms.c.name).where(
    rooms.c.id.in_(
        select(members.c.room_id)
        .join_from(subscriptions, members, members.c.user_id == subscriptions.c.user_id)
        .where(members.c.notify == NotifyLevel.ALL.value)
    )
)
SAVE_SUBSCRIPTIONS = upsert(subscriptions, others(subscriptions))
_kept = subscriptions.alias("kept")
DELETE_OLDEST_SUBSCRIPTIONS = delete(subscriptions).where(
    subscriptions.c.user_id == bindparam("of_user"),
    subscriptions.c.endpoint.not_in(
        select(_kept.c.endpoint)
        .where(_kept.c.user_id == bindparam("of_user"))
        .order_by(_kept.c.saved_ms.desc(), _kept.c.endpoint)
        .limit(SUBSCRIPTIONS)
    ),
)
DELETE_SUBSCRIPTIONS = delete(subscriptions).where(
    subscriptions.c.endpoint == bindparam("of"), subscriptions.c.user_id == bindparam("of_user")
)


class SqlPush:
    """The browsers in a database; see `hubbub.storage.interface.PushReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def subscriptions(self, user_id: str) -> list[Subscription]:
        """See PushReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(SUBSCRIPTIONS_OF, {"user_id": user_id})
            return [Subscription(*row) for row in rows]

    def subscribers(self, room: str) -> list[Subscriber]:
        """See PushReads."""
        with self._connections.reading() as driver:
            rows = driver.read(SUBSCRIBERS, {"name": room})
            pairs = driver.read(IGNORED_BY_SUBSCRIBERS, {"name": room}) if rows else []
        nodes: dict[tuple[Any, ...], set[str]] = {}
        for *row, node in rows:
            nodes.setdefault(tuple(row), set()).update([] if node is None else [node])
        unheard: dict[str, set[str]] = {}
        for user_id, other in pairs:
            unheard.setdefault(user_id, set()).add(other)
        found = [
            (Subscription(*row), key, NotifyLevel(level), frozenset(on))
            for (*row, key, level), on in nodes.items()
        ]
        return [
            Subscriber(*each, ignored=frozenset(unheard.get(each[0].user_id, ()))) for each in found
        ]

    def loud_rooms(self) -> list[str]:
        """See PushReads."""
        with self._connections.asking() as driver:
            return [name for (name,) in driver.rows(LOUD_ROOMS, {})]


@dataclass(slots=True)
class BatchPush:
    """What one commit changes about them."""

    subscriptions: dict[str, Subscription | str] = field(default_factory=dict)
    """By endpoint; the user's id stands for one that ends."""

    def take(self, change: SaveSubscription | EndSubscription) -> None:
        """Works out what a change comes to after those before it."""
        match change:
            case SaveSubscription(subscription):
                self.subscriptions[subscription.endpoint] = subscription
            case EndSubscription(endpoint, user_id):
                self.subscriptions[endpoint] = user_id
            case _:
                assert_never(change)

    def write(self, driver: Driver, now_ms: int) -> None:
        """Executes what the changes came to."""
        saved, ended = [], []
        for endpoint, entry in self.subscriptions.items():
            if isinstance(entry, str):
                ended.append({"of": endpoint, "of_user": entry})
            else:
                saved.append(
                    {
                        "endpoint": endpoint,
                        "user_id": entry.user_id,
                        "p256dh": entry.p256dh,
                        "auth": entry.auth,
                        "saved_ms": now_ms,
                        "token_hash": entry.token_hash,
                    }
                )
        if ended:
            driver.write(DELETE_SUBSCRIPTIONS, ended)
        if saved:
            driver.write(SAVE_SUBSCRIPTIONS, saved)
            of_users = [{"of_user": user_id} for user_id in {row["user_id"] for row in saved}]
            driver.write(DELETE_OLDEST_SUBSCRIPTIONS, of_users)
