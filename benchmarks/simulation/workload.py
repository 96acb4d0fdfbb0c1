"""What is asked of a simulated cluster, and what it runs on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple


@dataclass(frozen=True)
class Machines:
    """Cores, and the seconds of a round trip between machines.

    With `shared` all programs, and the load, are on one machine of so many cores. Otherwise each
    node has a core of its own, PostgreSQL and NATS have these, and the load costs nothing.
    """

    shared: float | None = None
    postgres: float = 8.0
    nats: float = 8.0
    round_trip_s: float = 0.0002


HERE = Machines(shared=2.0, round_trip_s=0.0)
"""The machine that the costs were measured on."""


class Local(NamedTuple):
    """How many of a room's people come in by one node."""

    publishers: int
    others: int

    @property
    def members(self) -> int:
        """All of them."""
        return self.publishers + self.others


NOBODY = Local(0, 0)


@dataclass(frozen=True)
class Workload:
    """A load, in the words of `load.spec.Spec`, spread over nodes as that spreads it."""

    rooms: int
    members: int
    publishers: int = 1
    posting: Literal["closed", "open"] = "closed"
    in_flight: int = 1
    rate: float = 0.0
    publishing_nodes: int = 0
    nodes: int = 1

    @classmethod
    def of(cls, spec: Mapping[str, Any], nodes: int, publishing_nodes: int = 0) -> "Workload":
        """What a load asks."""
        taken = {
            name: spec[name]
            for name in ("members", "publishers", "posting", "in_flight", "rate")
            if name in spec
        }
        return cls(
            rooms=spec.get("rooms", 1),
            nodes=nodes,
            publishing_nodes=publishing_nodes,
            **taken,
        )

    @property
    def senders(self) -> int:
        """Publishers in all rooms; number n is in room n % rooms."""
        return self.rooms * self.publishers

    def node_of(self, room: int, place: int) -> int:
        """The node by which a member comes in."""
        some = self.nodes
        if self.publishing_nodes and place < self.publishers:
            some = self.publishing_nodes
        return (room + place) % some

    def node_of_sender(self, sender: int) -> int:
        """The node by which a publisher comes in."""
        return self.node_of(sender % self.rooms, sender // self.rooms)

    @cached_property
    def local(self) -> list[dict[int, Local]]:
        """For each room, the nodes by which its people come in."""
        found: list[dict[int, Local]] = []
        for room in range(self.rooms):
            by_node: dict[int, Local] = {}
            for place in range(self.members):
                node = self.node_of(room, place)
                here = by_node.get(node, NOBODY)
                writes = place < self.publishers
                by_node[node] = Local(here.publishers + writes, here.others + (not writes))
            found.append(by_node)
        return found
