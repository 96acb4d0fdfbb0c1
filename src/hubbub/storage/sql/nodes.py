"""What a commit changes about its node: who is there, in which rooms, by which names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from hubbub.storage.changes import (
    Arrive,
    Depart,
    EnterRoom,
    ExitRoom,
    HoldName,
    NodeChange,
    ReleaseName,
)
from hubbub.storage.sql import node_queries
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.rows import json_list, present_row

Claim = tuple[int, HoldName | ReleaseName]
"""A change of who holds a name, with its place among the commit's changes."""


@dataclass(slots=True)
class Nodes:
    """These changes of one commit, by the node `node`."""

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
                self.users[user.id] = present_row(self.node, user, addresses, away)
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
            driver.write(node_queries.DELETE_PRESENT_IN, [{"of_room": name}])
            driver.write(node_queries.MOVE_PRESENT_IN, [{"of_room": former, "to_room": name}])
        self._write_users(driver)
        self._write_rooms(driver)
        return [place for claims in _rounds(self.claims)
                for place in self._write_names(driver, claims, now_ms)]  # fmt: skip

    def _write_users(self, driver: Driver) -> None:
        departed = [{"of_node": self.node, "of_user": user_id} for user_id in sorted(self.departed)]
        if departed:
            driver.write(node_queries.EXIT_ALL, departed)
        gone = [row for row in departed if self.users[row["of_user"]] is None]
        if gone:
            driver.write(node_queries.DELETE_PRESENT, gone)
        there = [row for _, row in sorted(self.users.items()) if row is not None]
        if there:
            driver.write(node_queries.SAVE_PRESENT, there)

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
            driver.write(node_queries.EXIT, left)
        if entered:
            driver.write(node_queries.ENTER, entered)

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
        held = {key for (key,) in driver.read(node_queries.HOLD_NAMES, values)}
        return [place for key, place in asked.items() if key not in held]

    def _release(self, driver: Driver, owners: dict[str, str]) -> None:
        values = {"user_ids": json_list(sorted(set(owners.values()))), "node": self.node}
        # Only by that name: what a user is no longer called, no node keeps for them.
        elsewhere: dict[tuple[str, str], str] = {}
        for user_id, key, node in driver.rows(node_queries.PRESENT_ELSEWHERE, values):
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
            driver.write(node_queries.MOVE_NAME, moved)
        # One that was moved is this node's no more, and stays.
        driver.write(node_queries.RELEASE_NAME, holds)


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
