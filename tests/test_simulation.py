"""The simulation of clusters keeps the laws of queues, and meets what was measured on one node."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from msgspec import structs

from benchmarks.cluster.least import explain
from benchmarks.simulation import costs as costs_file
from benchmarks.simulation.cores import Clock, Cores, Disk, Locks, Program
from benchmarks.simulation.costs import Costs, Point
from benchmarks.simulation.ends import (
    FULL,
    Place,
    demand,
    last_nodes,
    lock_held_s,
    postgres_posts_per_s,
)
from benchmarks.simulation.model import Result, Simulation
from benchmarks.simulation.workload import HERE, Machines, Workload
from tests.torture.sizes import sized

pytestmark = pytest.mark.long

MEASURED = costs_file.load()
COSTS = MEASURED.costs
APART = Machines()
WARM_S, WINDOW_S = sized((0.1, 0.2), (0.2, 0.4))
ROOMS = Workload(rooms=40, members=10, in_flight=4)
HOT = Workload(rooms=1, members=100, publishers=8, in_flight=4)
ERROR = 0.35
"""What the simulation may be off by at one point; docs/scale.md tells what it is off by."""


@cache
def simulated(workload: Workload, machines: Machines = HERE, costs: Costs = COSTS) -> Result:
    return Simulation(costs, workload, machines).run(WARM_S, WINDOW_S)


def on(workload: Workload, nodes: int, **more: Any) -> Workload:
    return replace(workload, nodes=nodes, **more)


# --- cores, disks and locks


@pytest.fixture
def clock() -> Clock:
    return Clock()


def noting(clock: Clock, ends_s: list[float]) -> Callable[[], None]:
    return lambda: ends_s.append(round(clock.now_s, 9))


def test_programs_share_a_core_evenly(clock: Clock) -> None:
    cores, ends_s = Cores(clock, 1), list[float]()
    Program(cores).work(1.0, noting(clock, ends_s))
    Program(cores).work(3.0, noting(clock, ends_s))
    clock.run(10)

    assert ends_s == [2.0, 4.0]


def test_no_program_has_more_than_one_core(clock: Clock) -> None:
    cores, ends_s = Cores(clock, 2), list[float]()
    program = Program(cores)
    program.work(1.0, noting(clock, ends_s))
    program.work(1.0, noting(clock, ends_s))
    clock.run(10)

    assert ends_s == [1.0, 2.0]
    assert program.used_s == 2.0


def test_a_program_that_was_idle_takes_longer_to_begin(clock: Clock) -> None:
    program, ends_s = Program(Cores(clock, 1), 0.5), list[float]()
    program.work(1.0, noting(clock, ends_s))
    program.work(1.0, noting(clock, ends_s))
    clock.run(5)
    program.work(1.0, noting(clock, ends_s))
    clock.run(10)

    assert ends_s == [1.5, 2.5, 6.5]
    assert program.wakes == 2


def test_what_waits_for_the_disk_goes_together(clock: Clock) -> None:
    disk, ends_s = Disk(clock, 1.0), list[float]()
    for _ in range(3):
        disk.sync(noting(clock, ends_s))
    clock.run(10)

    assert ends_s == [1.0, 2.0, 2.0]
    assert disk.syncs == 2


def test_locks_are_had_in_turn_and_nobody_waits_in_a_circle() -> None:
    locks, had = Locks(), list[str]()
    locks.take([1, 2], lambda: had.append("first"))
    locks.take([2, 3], lambda: had.append("second"))
    locks.take([1, 3], lambda: had.append("third"))
    assert had == ["first"]

    locks.give([1, 2])
    assert had == ["first", "third"]
    locks.give([1, 3])
    assert had == ["first", "third", "second"]


# --- laws


@pytest.mark.parametrize("workload", [ROOMS, on(ROOMS, 3), HOT, on(HOT, 4)], ids=str)
def test_what_is_in_flight_is_the_rate_times_the_time_to_an_answer(workload: Workload) -> None:
    found = simulated(workload)

    in_flight = found.posts_per_s * found.answer_s
    assert in_flight == pytest.approx(workload.senders * workload.in_flight, rel=0.1)


@pytest.mark.parametrize("workload", [ROOMS, on(ROOMS, 4), on(HOT, 2)], ids=str)
def test_no_more_is_used_than_there_is(workload: Workload) -> None:
    found = simulated(workload)

    each_us = found.node_us + found.postgres_us + found.nats_us + found.load_us
    assert found.deliveries_per_s * each_us / 1e6 <= 2.05
    assert found.node_share <= 1.01


def test_everybody_in_a_room_gets_what_is_posted() -> None:
    found = simulated(on(ROOMS, 3))

    assert found.deliveries_per_s == pytest.approx(found.posts_per_s * ROOMS.members, rel=0.1)


def test_below_its_bound_an_open_loop_gets_all_that_is_due() -> None:
    found = simulated(on(ROOMS, 2, posting="open", rate=200.0))

    assert found.deliveries_per_s == pytest.approx(200 * ROOMS.members, rel=0.05)
    assert found.p99_ms < 50


def test_a_room_has_no_more_commits_than_its_lock_lets_through() -> None:
    found = simulated(on(HOT, 8), APART)

    assert found.commits_per_s <= 1.01 / lock_held_s(COSTS, found.batch, APART)


def test_postgres_takes_no_more_posts_than_its_cores_are_worth() -> None:
    machines = Machines(postgres=0.25)
    found = simulated(on(ROOMS, 8), machines)
    rooms = found.each_per_s["commit_rooms"] / found.commits_per_s

    bound = postgres_posts_per_s(COSTS, machines.postgres, found.batch, rooms)
    assert found.posts_per_s <= 1.05 * bound


# --- what may only rise, or fall


def test_more_nodes_with_cores_of_their_own_carry_more_rooms() -> None:
    rates = [
        simulated(on(ROOMS, nodes, rooms=40 * nodes), APART).deliveries_per_s for nodes in (1, 2, 4)
    ]
    assert rates == sorted(rates)


def test_on_the_same_cores_more_nodes_take_more_cpu_for_each_delivery() -> None:
    found = [simulated(on(ROOMS, nodes, posting="open", rate=100.0)) for nodes in (1, 2, 4)]
    costs = [each.node_us + each.postgres_us + each.nats_us for each in found]

    assert costs == sorted(costs)


def test_more_cores_never_carry_less() -> None:
    rates = [
        simulated(on(ROOMS, 2), Machines(shared=cores, round_trip_s=0.0)).deliveries_per_s
        for cores in (1.0, 2.0, 4.0)
    ]
    assert rates == sorted(rates)


def test_a_slower_disk_never_makes_one_room_faster() -> None:
    rates = [
        simulated(on(HOT, 2), APART, structs.replace(COSTS, flush_us=us)).posts_per_s
        for us in (100.0, 1_000.0, 10_000.0)
    ]
    assert rates == sorted(rates, reverse=True)


def test_a_run_is_the_same_each_time() -> None:
    first, second = (Simulation(COSTS, on(ROOMS, 3)).run(0.1, 0.2) for _ in range(2))

    assert first == second


# --- where it ends


def test_a_place_wants_more_of_everything_with_each_node() -> None:
    wanted = [demand(COSTS, Place(nodes)) for nodes in (1, 4, 16, 64)]

    for part in ("heard", "node_presence", "postgres_posts", "postgres_sweeps", "nats"):
        values = [getattr(each, part) for each in wanted]
        assert values == sorted(values), part


def test_presence_grows_with_the_square_of_the_nodes() -> None:
    few, many = (demand(COSTS, Place(nodes)).postgres_sweeps for nodes in (100, 200))

    assert many / few == pytest.approx(4, rel=0.15)


def test_the_last_nodes_that_fit_are_the_last() -> None:
    nodes = last_nodes(COSTS, 8.0, "postgres")

    assert demand(COSTS, Place(nodes)).postgres <= FULL * 8
    assert demand(COSTS, Place(nodes + 1)).postgres > FULL * 8


# --- what was measured


def test_costs_that_explain_runs_are_found_again() -> None:
    true = {"post": 40.0, "write": 9.0, "event": 0.0}
    counts = [
        {"post": 1.0, "write": 10.0, "event": 10.0},
        {"post": 1.0, "write": 1.0, "event": 100.0},
        {"post": 10.0, "write": 1.0, "event": 1.0},
        {"post": 3.0, "write": 30.0, "event": 5.0},
    ]
    took = [sum(true[name] * count for name, count in row.items()) for row in counts]

    assert explain(counts, took) == pytest.approx(true, abs=0.01)


def test_no_cost_is_below_zero() -> None:
    costs = explain([{"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 2.0}], [10.0, 5.0])

    assert min(costs.values()) == 0.0
    assert max(costs.values()) > 0.0


@pytest.mark.parametrize(
    "point",
    # How much an open load gathers into a commit depends on what else the machine did.
    [point for point in MEASURED.points if point.nodes == 1 and "open" not in point.key],
    ids=lambda point: point.key,
)
def test_one_node_takes_what_was_measured(point: Point) -> None:
    machines = Machines(shared=MEASURED.cores, round_trip_s=0.0)
    found = simulated(Workload.of(point.spec, 1), machines)

    took_us = point.node_us + point.postgres_us + point.nats_us
    takes_us = found.node_us + found.postgres_us + found.nats_us
    assert takes_us == pytest.approx(took_us, rel=ERROR)
