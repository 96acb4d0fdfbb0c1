"""Who is on which node, in which rooms, by which names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from hubbub.model import UserKind
from hubbub.storage.changes import (
    Arrive,
    Depart,
    EnterRoom,
    ExitRoom,
    HoldName,
    NodeChange,
    ReleaseName,
)
from hubbub.storage.records import Present, UserRecord
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import JsonItem, claim, json_list, listed, others, upsert
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.people import user_record
from hubbub.storage.sql.schema import held_names, present, present_in, sessions, users
from hubbub.storage.sql.standing import Standing

_names = listed("names")
_ids = listed("user_ids")
_of_node = bindparam("of_node", type_=Text())
_strings = msgspec.json.Decoder(tuple[str, ...])

# --- a node that is taken out

DELETE_PRESENT_OF = delete(present).where(present.c.node_id == _of_node)
DELETE_PRESENT_IN_OF = delete(present_in).where(present_in.c.node_id == _of_node)
DELETE_HELD_OF = delete(held_names).where(held_names.c.node_id == _of_node)
# Locked, so that a user who leaves that other node at this moment has left or leaves afterwards.
HELD_ELSEWHERE = (
    select(held_names.c.name_key, held_names.c.user_id, present.c.node_id)
    .join_from(held_names, present, present.c.user_id == held_names.c.user_id)
    .where(
        held_names.c.node_id == _of_node,
        present.c.node_id != _of_node,
        present.c.name_key == held_names.c.name_key,
    )
    .order_by(held_names.c.name_key, present.c.node_id)
    .with_for_update(read=True, key_share=True, of=present)
)

# --- names

_claims = listed("claims")
_key = JsonItem(_claims.c.value, literal_column("0"))
_user = JsonItem(_claims.c.value, literal_column("1"))
_taken = exists().where(
    users.c.name_key == _key,
    users.c.id != _user,
    or_(
        users.c.kind != UserKind.GUEST.value,
        exists().where(
            sessions.c.user_id == users.c.id,
            sessions.c.expires_ms > bindparam("now_ms", type_=BigInteger()),
        ),
    ),
)
HOLD_NAMES = claim(
    held_names,
    select(_key, _user, bindparam("node", type_=Text())).where(~_taken).order_by(_key),
    "node_id",
    "user_id",
)
PRESENT_ELSEWHERE = (
    select(present.c.user_id, present.c.name_key, present.c.node_id)
    .where(present.c.user_id.in_(select(_ids.c.value)), present.c.node_id != bindparam("node"))
    .order_by(present.c.user_id, present.c.node_id)
    .with_for_update(read=True, key_share=True)
)
_hold = and_(
    held_names.c.name_key == bindparam("of_key"),
    held_names.c.user_id == bindparam("of_user"),
    held_names.c.node_id == _of_node,
)
MOVE_NAME = update(held_names).where(_hold).values(node_id=bindparam("to_node"))
RELEASE_NAME = delete(held_names).where(_hold)
OWN_NAMES = select(held_names.c.name_key, held_names.c.user_id).where(
    or_(
        held_names.c.node_id == bindparam("node"),
        held_names.c.user_id.in_(
            select(present.c.user_id).where(present.c.node_id == bindparam("node"))
        ),
    )
)

# --- who is where

SAVE_PRESENT = upsert(present, others(present))
DELETE_PRESENT = delete(present).where(
    present.c.node_id == _of_node, present.c.user_id == bindparam("of_user")
)
ENTER = upsert(present_in)
EXIT = delete(present_in).where(
    present_in.c.room == bindparam("of_room"),
    present_in.c.node_id == _of_node,
    present_in.c.user_id == bindparam("of_user"),
)
EXIT_ALL = delete(present_in).where(
    present_in.c.node_id == _of_node, present_in.c.user_id == bindparam("of_user")
)
DELETE_PRESENT_IN = delete(present_in).where(present_in.c.room == bindparam("of_room"))
MOVE_PRESENT_IN = (
    update(present_in)
    .where(present_in.c.room == bindparam("of_room"))
    .values(room=bindparam("to_room"))
)

_present = (
    present.c.node_id,
    present.c.user_id,
    present.c.name,
    present.c.name_key,
    present.c.kind,
    present.c.role,
    present.c.away,
    present.c.addresses,
)
PRESENT = (
    select(present_in.c.room, *_present)
    .join_from(
        present_in,
        present,
        and_(
            present.c.node_id == present_in.c.node_id,
            present.c.user_id == present_in.c.user_id,
        ),
    )
    .where(present_in.c.room.in_(select(_names.c.value)))
    .order_by(present_in.c.room, present.c.name_key, present.c.user_id, present.c.node_id)
)
WHEREABOUTS = (
    select(*_present)
    .where(present.c.user_id.in_(select(_ids.c.value)))
    .order_by(present.c.user_id, present.c.node_id)
)
OWN_USERS = (
    select(*_present).where(present.c.node_id == bindparam("node")).order_by(present.c.user_id)
)
PRESENT_BY_NAME = (
    select(present.c.user_id, present.c.name, present.c.name_key, present.c.kind, present.c.role)
    .where(present.c.name_key == bindparam("name_key"))
    .order_by(present.c.user_id, present.c.node_id)
    .limit(1)
)
ALL_USERS_IN = select(
    present_in.c.room, func.count(present_in.c.user_id.distinct())
).group_by(present_in.c.room)  # fmt: skip
USERS_IN = ALL_USERS_IN.where(present_in.c.room.in_(select(_names.c.value)))


class SqlPresence:
    """Who is where, in a database; see `hubbub.storage.shared.PresenceReads`."""

    def __init__(self, connections: Connections, standing: Standing) -> None:
        self._connections = connections
        self._standing = standing

    def in_rooms(self, rooms: Sequence[str]) -> list[tuple[str, Present]]:
        """See PresenceReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(PRESENT, {"names": json_list(list(rooms))})
            return [(room, _present_record(row)) for room, *row in rows]

    def users_in(self, rooms: Sequence[str] | None = None) -> dict[str, int]:
        """See PresenceReads."""
        query, values = ALL_USERS_IN, dict[str, Any]()
        if rooms is not None:
            query, values = USERS_IN, {"names": json_list(list(rooms))}
        with self._connections.asking() as driver:
            return {row[0]: row[1] for row in driver.rows(query, values)}

    def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """See PresenceReads."""
        with self._connections.asking() as driver:
            values = {"user_ids": json_list(list(user_ids))}
            return [_present_record(row) for row in driver.rows(WHEREABOUTS, values)]

    def by_name(self, key: str) -> UserRecord | None:
        """See PresenceReads."""
        with self._connections.asking() as driver:
            row = driver.first(PRESENT_BY_NAME, {"name_key": key})
        return None if row is None else user_record(row)

    def own_users(self) -> list[Present]:
        """See PresenceReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(OWN_USERS, {"node": self._standing.node})
            return [_present_record(row) for row in rows]

    def own_names(self) -> dict[str, str]:
        """See PresenceReads."""
        with self._connections.asking() as driver:
            return {row[0]: row[1] for row in driver.rows(OWN_NAMES, {"node": self._standing.node})}


Claim = tuple[int, HoldName | ReleaseName]
"""A change of who holds a name, with its place among the commit's changes."""


@dataclass(slots=True)
class BatchPresence:
    """What one commit changes about those who are on the node `node`."""

    node: str
    users: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """None stands for one who is no longer there."""
    departed: dict[str, None] = field(default_factory=dict)
    rooms: dict[tuple[str, str], bool] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Rooms that have another name, former and new, in order."""

    def rename(self, was: str, name: str) -> None:
        """Takes note of a room's new name."""
        self.moved.append((was, name))
        for key in [key for key in self.rooms if key[0] == was]:
            self.rooms[name, key[1]] = self.rooms.pop(key)

    def take(self, place: int, change: NodeChange) -> None:
        """Works out what a change comes to after those before it; rooms have their last names."""
        match change:
            case HoldName() | ReleaseName():
                self.claims.append((place, change))
            case Arrive(user, addresses, away):
                self.users[user.id] = _present_row(self.node, user, addresses, away)
            case Depart(user_id):
                self.users[user_id] = None
                self.departed[user_id] = None
                self.rooms = {key: there for key, there in self.rooms.items() if key[1] != user_id}
            case EnterRoom(room, user_id):
                self.rooms[room, user_id] = True
            case ExitRoom(room, user_id):
                self.rooms[room, user_id] = False
            case _:
                assert_never(change)

    def write(self, driver: Driver, now_ms: int) -> list[int]:
        """Executes what the changes came to; the places of the names that others hold."""
        if not (self.users or self.rooms or self.claims or self.moved):
            return []
        for former, name in self.moved:
            driver.write(DELETE_PRESENT_IN, [{"of_room": name}])
            driver.write(MOVE_PRESENT_IN, [{"of_room": former, "to_room": name}])
        self._write_users(driver)
        self._write_rooms(driver)
        return [place for claims in _rounds(self.claims)
                for place in self._write_names(driver, claims, now_ms)]  # fmt: skip

    def _write_users(self, driver: Driver) -> None:
        departed = [{"of_node": self.node, "of_user": user_id} for user_id in sorted(self.departed)]
        if departed:
            driver.write(EXIT_ALL, departed)
        gone = [row for row in departed if self.users[row["of_user"]] is None]
        if gone:
            driver.write(DELETE_PRESENT, gone)
        there = [row for _, row in sorted(self.users.items()) if row is not None]
        if there:
            driver.write(SAVE_PRESENT, there)

    def _write_rooms(self, driver: Driver) -> None:
        rooms = sorted(self.rooms.items())
        left = [
            {"of_room": room, "of_node": self.node, "of_user": user_id}
            for (room, user_id), there in rooms
            if not there
        ]
        entered = [
            {"room": room, "node_id": self.node, "user_id": user_id}
            for (room, user_id), there in rooms
            if there
        ]
        if left:
            driver.write(EXIT, left)
        if entered:
            driver.write(ENTER, entered)

    def _write_names(self, driver: Driver, claims: Sequence[Claim], now_ms: int) -> list[int]:
        released = sorted(c.key for _, c in claims if isinstance(c, ReleaseName))
        owners = {change.key: change.user_id for _, change in claims}
        if released:
            self._release(driver, {key: owners[key] for key in released})
        asked = {change.key: place for place, change in claims if isinstance(change, HoldName)}
        if not asked:
            return []
        wanted = [(key, owners[key]) for key in sorted(asked)]
        values = {"claims": json_list(wanted), "node": self.node, "now_ms": now_ms}
        held = {key for (key,) in driver.read(HOLD_NAMES, values)}
        return [place for key, place in asked.items() if key not in held]

    def _release(self, driver: Driver, owners: dict[str, str]) -> None:
        values = {"user_ids": json_list(sorted(set(owners.values()))), "node": self.node}
        # Only by that name: what a user is no longer called, no node keeps for them.
        elsewhere: dict[tuple[str, str], str] = {}
        for user_id, key, node in driver.rows(PRESENT_ELSEWHERE, values):
            elsewhere.setdefault((user_id, key), node)
        holds = [
            {"of_key": key, "of_user": user_id, "of_node": self.node}
            for key, user_id in owners.items()
        ]
        moved = [
            {**hold, "to_node": elsewhere[hold["of_user"], hold["of_key"]]}
            for hold in holds
            if (hold["of_user"], hold["of_key"]) in elsewhere
        ]
        if moved:
            driver.write(MOVE_NAME, moved)
        # One that was moved is this node's no more, and stays.
        driver.write(RELEASE_NAME, holds)


def _rounds(claims: Sequence[Claim]) -> list[list[Claim]]:
    """The claims in as few parts as leave those of one name in their order."""
    rounds: list[list[Claim]] = []
    seen: dict[str, int] = {}
    for place, change in claims:
        number = seen.get(change.key, 0)
        seen[change.key] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append((place, change))
    return rounds


def take_out(connection: Connection, node: str) -> None:
    """Deletes what a node said of people; a name goes to another node where its user is too."""
    of_node = {"of_node": node}
    connection.execute(DELETE_PRESENT_IN_OF, of_node)
    connection.execute(DELETE_PRESENT_OF, of_node)
    elsewhere: dict[str, dict[str, str]] = {}
    for key, user_id, other in connection.execute(HELD_ELSEWHERE, of_node):
        moved = {"of_key": key, "of_user": user_id, "of_node": node, "to_node": other}
        elsewhere.setdefault(key, moved)
    if elsewhere:
        connection.execute(MOVE_NAME, list(elsewhere.values()))
    connection.execute(DELETE_HELD_OF, of_node)


def _present_row(
    node: str, user: UserRecord, addresses: Sequence[str], away: str | None
) -> dict[str, Any]:
    """The row that somebody who is on a node becomes."""
    return {
        "node_id": node,
        "user_id": user.id,
        "name": user.name,
        "name_key": user.key,
        "kind": user.kind.value,
        "role": user.role.value,
        "away": away,
        "addresses": json_list(list(addresses)),
    }


def _present_record(row: Sequence[Any]) -> Present:
    """Somebody who is on a node, of a row of the columns of `_present`."""
    node, *user, away, addresses = row
    return Present(node, user_record(user), _strings.decode(addresses), away)
