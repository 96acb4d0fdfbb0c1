"""Where each part ends, by its demand: how much of a core, or of the clock, each thing takes.

Nothing here is simulated. A part whose demand for a second is more than a second is at its end,
whatever else there is (the utilization law); `model.py` shows what happens on the way there.
"""

from dataclasses import dataclass

from benchmarks.simulation.costs import Costs
from benchmarks.simulation.node import TRIPS_LOCKED
from benchmarks.simulation.workload import Machines

SWEEP_S = 5.0
SPENT_S = 2.0
FULL = 0.7
"""How much of a part may be in use before what comes has to wait for long."""


@dataclass(frozen=True)
class Place:
    """People as they might be: so many a node, each in one room of `room` people from all nodes.

    Each says something `posts_per_minute` times; `renames_per_hour` also stands for whatever else
    makes every node look at its people: sign-ups, bans, roles.
    """

    nodes: int
    people_per_node: int = 2_000
    room: int = 50
    posts_per_minute: float = 2.0
    renames_per_hour: float = 0.2

    @property
    def people(self) -> int:
        """On all nodes."""
        return self.nodes * self.people_per_node

    @property
    def posts_per_s(self) -> float:
        """On all nodes."""
        return self.people * self.posts_per_minute / 60

    @property
    def nodes_of_room(self) -> int:
        """How many nodes have people of one room."""
        return min(self.nodes, self.room)

    @property
    def looks_per_s(self) -> float:
        """How often every node looks at its people."""
        return self.people * self.renames_per_hour / 3600


@dataclass(frozen=True)
class Demand:
    """Cores that are wanted: of each node, of PostgreSQL, of NATS; by what wants them."""

    posts: float
    heard: float
    node_presence: float
    postgres_posts: float
    postgres_sweeps: float
    postgres_looks: float
    nats: float

    @property
    def node(self) -> float:
        """Of each node."""
        return self.posts + self.heard + self.node_presence

    @property
    def postgres(self) -> float:
        """Of PostgreSQL."""
        return self.postgres_posts + self.postgres_sweeps + self.postgres_looks


def demand(costs: Costs, place: Place) -> Demand:
    """What a place wants. Each post is a commit of its own, which is dearest."""
    posts = place.posts_per_s / 1e6  # so that microseconds become cores
    own = posts / place.nodes
    others = place.nodes_of_room - 1
    post_us = (
        costs.post_us
        + costs.cycle_us
        + costs.node_wake_us
        + costs.commit_us
        + costs.commit_room_us
        + costs.commit_event_us
        + costs.publish_us
        + costs.publish_event_us
    )
    write_us = costs.write_us + costs.event_us
    heard = posts * others / place.nodes
    heard_us = costs.hear_us + costs.hear_event_us + costs.node_wake_us
    rows_per_s = place.people / SWEEP_S / 1e6
    looks = place.looks_per_s / 1e6
    return Demand(
        posts=own * (post_us + place.room * write_us),
        heard=heard * heard_us,
        node_presence=(
            rows_per_s * costs.sweep_row_us
            + costs.sweep_us / SWEEP_S / 1e6
            + looks * place.people_per_node * costs.look_user_us
            + place.people / SPENT_S / 1e6 * costs.spent_heard_us
        ),
        postgres_posts=posts * (costs.pg_commit_us + costs.pg_room_us + costs.pg_event_us),
        postgres_sweeps=place.nodes
        * (rows_per_s * costs.pg_sweep_row_us + costs.pg_sweep_us / SWEEP_S / 1e6),
        postgres_looks=looks * place.people * costs.pg_look_user_us,
        nats=posts * (costs.nats_in_us + others * costs.nats_out_us + costs.nats_wake_us),
    )


def last_nodes(costs: Costs, cores: float, of: str, most: int = 4096) -> int:
    """With how many nodes a place of the usual kind has a part in use up to `FULL`."""
    low, high = 1, most
    while low < high:
        middle = (low + high + 1) // 2
        if getattr(demand(costs, Place(middle)), of) <= FULL * cores:
            low = middle
        else:
            high = middle - 1
    return low


# --- commits


def postgres_posts_per_s(costs: Costs, cores: float, batch: float, rooms: float) -> float:
    """The most posts a second where each commit has so many, in so many rooms."""
    each_us = costs.pg_event_us + (costs.pg_commit_us + rooms * costs.pg_room_us) / batch
    return cores * 1e6 / each_us


def lock_held_s(costs: Costs, batch: float, machines: Machines) -> float:
    """How long a commit of one room holds that room, with nobody else on its cores."""
    ours = costs.commit_us / 2 + costs.commit_room_us + batch * costs.commit_event_us
    theirs = costs.pg_commit_us / 2 + costs.pg_room_us + batch * costs.pg_event_us
    # What one of them does while the other does, too.
    return (max(ours, theirs) + costs.flush_us) / 1e6 + TRIPS_LOCKED * machines.round_trip_s


# --- one hot room


def hot_posts_per_s(
    costs: Costs, nodes: int, members_per_node: int, batch: float, machines: Machines
) -> tuple[float, float]:
    """The most posts a second that the room's lock lets through, and that each node can serve.

    Every node serves its people with each commit, its own and those that it hears of.
    """
    locked = batch / lock_held_s(costs, batch, machines)
    served_us = members_per_node * (costs.write_us + batch * costs.event_us)
    heard_us = costs.hear_us + batch * costs.hear_event_us
    own_us = (
        batch * (costs.post_us + costs.commit_event_us + costs.publish_event_us)
        + costs.cycle_us
        + costs.commit_us
        + costs.commit_room_us
        + costs.publish_us
    )
    each_us = served_us + (own_us + (nodes - 1) * heard_us) / nodes
    return locked, batch * 1e6 / each_us


# --- people who come all at once


def storm_s(costs: Costs, place: Place, machines: Machines) -> tuple[float, float]:
    """Until everybody is back after all nodes were started anew: by the nodes, by PostgreSQL."""
    heard_us = (place.nodes_of_room - 1) * costs.join_heard_us
    by_node = place.people_per_node * (costs.join_us + heard_us) / 1e6
    by_postgres = place.people * costs.pg_join_us / machines.postgres / 1e6
    return by_node, by_postgres
