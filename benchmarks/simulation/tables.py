"""What the simulation says, as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.doc import table
from benchmarks.simulation.checks import Check, check, cpu_us, errors
from benchmarks.simulation.costs import Costs, Measured
from benchmarks.simulation.ends import (
    FULL,
    Place,
    demand,
    hot_posts_per_s,
    last_nodes,
    lock_held_s,
    postgres_posts_per_s,
    storm_s,
)
from benchmarks.simulation.model import Simulation
from benchmarks.simulation.workload import Machines, Workload

NODES = (1, 2, 4, 8, 16, 32, 64)
WARM_S, WINDOW_S = 0.5, 1.5
BATCHES = ((1, 1), (10, 10), (100, 50), (1000, 200))
MACHINES = Machines()


def checked(measured: Measured) -> str:
    """Measured beside simulated, and the errors."""
    checks = check(measured)
    head = (
        *(
            "load",
            "nodes",
            "others %",
            "a second",
            "simulated",
            "error",
            "CPU µs each",
            "simulated",
            "error",
        ),
        *("p50 ms", "simulated", "p99 ms", "simulated", "batch", "simulated"),
    )
    closed = [each for each in checks if not each.open]
    several = [each for each in checks if each.point.nodes > 1]
    rates, cpu = "deliveries a second", "CPU for each delivery"
    sets = (
        (f"{rates}, quiet", [e for e in closed if e.quiet], True),
        (f"{rates}, beside other work", [e for e in closed if not e.quiet], True),
        (f"{cpu}, quiet", [e for e in checks if e.quiet], False),
        (f"{cpu}, all", checks, False),
        (f"{cpu}, several nodes", several, False),
    )
    said = [_error(what, each, rate=rate) for what, each, rate in sets if each]
    return table(head, map(_check, checks)) + "\n\n" + table(("error", "median", "largest"), said)


def _check(each: Check) -> Sequence[str]:
    point, found = each.point, each.simulated
    nodes = (
        f"{point.nodes}, {point.publishing_nodes} writes"
        if point.publishing_nodes
        else (f"{point.nodes}")
    )
    return (
        point.key,
        nodes,
        f"{point.others_share * 100:.0f}",
        _count(point.deliveries_per_s),
        _count(found.deliveries_per_s),
        "" if each.open else _percent(each.rate_error),
        f"{cpu_us(point):.3g}",
        f"{cpu_us(found):.3g}",
        _percent(each.cpu_error),
        *(f"{value:.3g}" for value in (point.p50_ms, found.p50_ms, point.p99_ms, found.p99_ms)),
        *(f"{value:.3g}" for value in (point.batch, found.batch)),
    )


def _error(what: str, checks: Sequence[Check], *, rate: bool) -> Sequence[str]:
    middle, most = errors(checks, lambda each: each.rate_error if rate else each.cpu_error)
    return what, f"{middle * 100:.0f} %", f"{most * 100:.0f} %"


def beyond(measured: Measured) -> str:
    """What no machine at hand can show."""
    costs = measured.costs
    parts = (
        ("A place that grows", _place(costs)),
        ("Everybody posts as fast as they can", _many_rooms(costs)),
        ("One hot room", _hot(costs)),
        ("PostgreSQL's commits", _commits(costs)),
        ("Presence", _presence(costs)),
        ("The ends of a place that grows", _ends(costs)),
    )
    return "\n\n".join(f"**{title}**\n\n{body}" for title, body in parts)


def _place(costs: Costs) -> str:
    head = (
        *("nodes", "people", "posts/s", "deliveries/s", "p50 ms", "p99 ms", "a node's core"),
        *("PostgreSQL's cores", "NATS's cores", "posts a commit", "signs/s a node hears"),
    )
    return table(head, (_place_of(costs, nodes) for nodes in NODES))


def _place_of(costs: Costs, nodes: int) -> Sequence[str]:
    place = Place(nodes)
    workload = Workload(
        rooms=place.people // place.room,
        members=place.room,
        posting="open",
        rate=place.posts_per_s,
        nodes=nodes,
    )
    found = Simulation(costs, workload, MACHINES).run(WARM_S, WINDOW_S)
    return (
        f"{nodes}",
        f"{place.people:,}",
        _count(found.posts_per_s),
        _count(found.deliveries_per_s),
        f"{found.p50_ms:.1f}",
        f"{found.p99_ms:.1f}",
        _percent(found.node_share),
        f"{found.postgres_share:.2f}",
        f"{found.nats_share:.2f}",
        f"{found.batch:.1f}",
        _count(found.each_per_s["heard"] / nodes),
    )


def _many_rooms(costs: Costs) -> str:
    head = (
        *("nodes", "rooms", "deliveries/s", "of one node's", "a node's core"),
        *("PostgreSQL's cores", "NATS's cores", "posts a commit", "p99 ms"),
    )
    lines = []
    alone = 0.0
    for nodes in NODES:
        workload = Workload(rooms=100 * nodes, members=10, in_flight=4, nodes=nodes)
        found = Simulation(costs, workload, MACHINES).run(WARM_S, WINDOW_S)
        alone = alone or found.deliveries_per_s
        lines.append(
            (
                f"{nodes}",
                f"{workload.rooms:,}",
                _count(found.deliveries_per_s),
                f"{found.deliveries_per_s / alone:.1f}",
                _percent(found.node_share),
                f"{found.postgres_share:.1f}",
                f"{found.nats_share:.2f}",
                f"{found.batch:.0f}",
                f"{found.p99_ms:.0f}",
            )
        )
    return table(head, lines)


def _hot(costs: Costs) -> str:
    head = (
        *("nodes", "members", "posts/s", "deliveries/s", "posts a commit", "commits/s"),
        *("a node's core", "p99 ms", "bound by the lock, posts/s", "by the nodes, posts/s"),
    )
    lines = []
    for nodes in NODES:
        workload = Workload(
            rooms=1, members=500 * nodes, publishers=10 * nodes, in_flight=2, nodes=nodes
        )
        found = Simulation(costs, workload, MACHINES).run(WARM_S, WINDOW_S)
        locked, served = hot_posts_per_s(costs, nodes, 500, max(1.0, found.batch), MACHINES)
        lines.append(
            (
                f"{nodes}",
                f"{workload.members:,}",
                _count(found.posts_per_s),
                _count(found.deliveries_per_s),
                f"{found.batch:.1f}",
                _count(found.commits_per_s),
                _percent(found.node_share),
                f"{found.p99_ms:.0f}",
                _count(locked),
                _count(served),
            )
        )
    return table(head, lines)


def _commits(costs: Costs) -> str:
    head = (
        *("posts a commit", "rooms a commit", "posts/s with 2 cores", "with 8", "with 32"),
        *("a room's lock is held, ms", "posts/s of one room"),
    )
    lines = []
    for batch, rooms in BATCHES:
        held_s = lock_held_s(costs, batch, MACHINES)
        each = (postgres_posts_per_s(costs, cores, batch, rooms) for cores in (2, 8, 32))
        lines.append(
            (f"{batch}", f"{rooms}", *map(_count, each), f"{held_s * 1e3:.2f}",
             _count(batch / held_s))
        )  # fmt: skip
    return table(head, lines)


def _presence(costs: Costs) -> str:
    head = (
        *("nodes", "people", "rows swept a second", "PostgreSQL's cores", "a node's core"),
        *("looks/s", "PostgreSQL's cores", "all back after s, by the nodes", "by PostgreSQL"),
    )
    lines = []
    for nodes in NODES:
        place = Place(nodes)
        wanted = demand(costs, place)
        by_node, by_postgres = storm_s(costs, place, MACHINES)
        lines.append(
            (
                f"{nodes}",
                f"{place.people:,}",
                _count(place.people / 5 * nodes),
                f"{wanted.postgres_sweeps:.2f}",
                _percent(wanted.node_presence),
                f"{place.looks_per_s:.1f}",
                f"{wanted.postgres_looks:.2f}",
                f"{by_node:.0f}",
                f"{by_postgres:.0f}",
            )
        )
    return table(head, lines)


def _ends(costs: Costs) -> str:
    parts = (
        ("posts of PostgreSQL", "postgres_posts", MACHINES.postgres),
        ("sweeps of PostgreSQL", "postgres_sweeps", MACHINES.postgres),
        ("looks of PostgreSQL", "postgres_looks", MACHINES.postgres),
        ("PostgreSQL, all together", "postgres", MACHINES.postgres),
        ("NATS", "nats", MACHINES.nats),
        ("a node: what it hears", "heard", 1.0),
        ("a node: presence", "node_presence", 1.0),
        ("a node, all together", "node", 1.0),
    )
    lines = []
    for name, of, cores in parts:
        nodes = last_nodes(costs, cores, of)
        place = Place(nodes)
        most = nodes >= 4096
        lines.append(
            (
                name,
                "never" if most else f"{nodes}",
                "" if most else f"{place.people:,}",
                "" if most else _count(place.posts_per_s),
            )
        )
    return table((f"{FULL:.0%} of its cores are in use with", "nodes", "people", "posts/s"), lines)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{value * 100:.0f} %"
