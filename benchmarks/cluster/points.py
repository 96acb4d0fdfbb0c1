"""From the runs of loads to the points and the costs that the simulation reads."""

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import structs

from benchmarks.cluster.least import explain
from benchmarks.cluster.runner import Row
from benchmarks.load.spec import Found
from benchmarks.simulation.costs import Costs, Point
from benchmarks.simulation.model import Simulation
from benchmarks.simulation.workload import Machines, Workload

FIT_ROUNDS = 4
WARM_S, WINDOW_S = 0.5, 1.0
UNKNOWN = ("post_us", "write_us", "event_us", "cycle_us")
LIKELY = {"post_us": 45.0, "write_us": 9.0, "event_us": 0.05, "cycle_us": 300.0}
JOINING = "rooms"
"""The load by whose members it is told what one who comes in costs."""
FEW, MANY = "idle-few", "idle"
SWEEPS_PER_S = 0.2


def points(rows: Sequence[Row]) -> list[Point]:
    """One for each load and number of nodes, but for what is idle."""
    return [
        _point(row)
        for row in rows
        if row.runs and row.load.spec.get("posting") != "idle" and row.shape.nodes
    ]


def _point(row: Row) -> Point:
    members = row.load.spec["members"]

    def deliveries(found: Found) -> float:
        return max(1.0, found.deliveries)

    def each_us(name: str) -> float:
        return median(found.more[name] / deliveries(found) * 1e6 for found in row.runs)

    def middle(name: str) -> float:
        return float(median(getattr(found, name) for found in row.runs))

    return Point(
        key=row.load.key,
        title=row.load.title,
        nodes=row.shape.nodes,
        publishing_nodes=row.shape.publishing,
        spec=dict(row.load.spec),
        deliveries_per_s=median(f.deliveries / f.window_s for f in row.runs),
        posts_per_s=median(f.deliveries / f.window_s / members for f in row.runs),
        reads_per_s=median(
            f.deliveries / f.window_s / f.more["messages_per_read"] for f in row.runs
        ),
        node_us=each_us("nodes_s"),
        postgres_us=each_us("postgres_s"),
        nats_us=each_us("nats_s"),
        load_us=median(f.load_cpu_s / deliveries(f) * 1e6 for f in row.runs),
        p50_ms=middle("p50_ms"),
        p99_ms=middle("p99_ms"),
        batch=middle("batch"),
        others_share=middle("others_share"),
    )


def costs(
    rows: Sequence[Row], small: Mapping[str, float], machines: Machines
) -> tuple[Costs, list[Point]]:
    """What explains the runs on one node, besides what was measured by itself (`small`)."""
    found = points(rows)
    alone = [point for point in found if point.nodes == 1]
    known = Costs(**{**small, **LIKELY, **_load(alone), **_presence(rows)})
    for _ in range(FIT_ROUNDS):
        known = structs.replace(known, **_node(known, alone, machines))
    return known, found


def _load(alone: Sequence[Point]) -> dict[str, float]:
    # In an open loop the load waits without sleep, which is no cost of what it reads.
    closed = [point for point in alone if point.spec.get("posting") != "open"]
    counts = [
        {
            "load_read_us": point.reads_per_s,
            "load_event_us": point.deliveries_per_s,
            "load_post_us": point.posts_per_s,
        }
        for point in closed
    ]
    return explain(counts, [point.load_us * point.deliveries_per_s for point in closed])


def _node(known: Costs, alone: Sequence[Point], machines: Machines) -> dict[str, float]:
    counts, left = [], []
    for point in alone:
        workload = Workload.of(point.spec, point.nodes, point.publishing_nodes)
        simulated = Simulation(known, workload, machines).run(WARM_S, WINDOW_S).each_per_s
        commits = point.posts_per_s / point.batch
        # How many rooms a commit has is not measured, nor how often the node was idle before.
        rooms = simulated["commit_rooms"] / max(1.0, simulated["commits"])
        wakes = simulated["wakes"] / max(1.0, simulated["commits"])
        explained = commits * (
            known.commit_us
            + rooms * (known.commit_room_us + known.publish_us)
            + wakes * known.node_wake_us
        ) + point.posts_per_s * (known.commit_event_us + known.publish_event_us)
        counts.append(
            {
                "post_us": point.posts_per_s,
                "write_us": point.reads_per_s,
                "event_us": point.deliveries_per_s,
                "cycle_us": commits,
            }
        )
        left.append(max(1.0, point.node_us * point.deliveries_per_s - explained))
    return explain(counts, left)


# --- people who come, and who are there


def _presence(rows: Sequence[Row]) -> dict[str, float]:
    by_shape = {row.shape.nodes: row for row in rows if row.load.key == JOINING and row.runs}
    least, most = min(n for n in by_shape if n), max(by_shape)
    one, more = (_joined(by_shape[nodes]) for nodes in (least, most))
    others = max(1, most - least)
    return {
        "join_us": one["nodes"],
        "pg_join_us": one["postgres"],
        "nats_join_us": more["nats"],
        "join_heard_us": max(0.0, more["nodes"] - one["nodes"]) / others,
        **_sweeps(rows),
    }


def _joined(row: Row) -> dict[str, float]:
    people = row.load.spec["rooms"] * row.load.spec["members"]
    return {
        part: median(found.more[f"{part}_enter_s"] for found in row.runs) / people * 1e6
        for part in ("nodes", "postgres", "nats")
    }


def _sweeps(rows: Sequence[Row]) -> dict[str, float]:
    """From nodes with many and with few people, who say nothing: each sweep reads all of them."""
    found: dict[str, float] = {}
    for part, prefix in (("nodes", ""), ("postgres", "pg_")):
        few, many = (_idle_us(rows, key, part) for key in (FEW, MANY))
        more = max(1.0, many[0] - few[0])
        row_us = max(0.0, many[1] - few[1]) / more
        found[f"{prefix}sweep_row_us"] = row_us
        found[f"{prefix}sweep_us"] = max(0.0, few[1] - few[0] * row_us)
    return found


def _idle_us(rows: Sequence[Row], key: str, part: str) -> tuple[float, float]:
    """People in all, and microseconds of CPU from one sweep of a node to the next."""
    idle = [row for row in rows if row.load.key == key and row.runs and row.shape.nodes]
    if not idle:
        return 0.0, 0.0
    row = max(idle, key=lambda row: row.shape.nodes)
    people = row.load.spec["rooms"] * row.load.spec["members"]
    per_s = median(found.more[f"{part}_s"] / found.window_s for found in row.runs)
    return people, per_s / row.shape.nodes / SWEEPS_PER_S * 1e6
