"""The simulation beside what was measured: how far it can be believed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.simulation.costs import Measured, Point
from benchmarks.simulation.model import Result, Simulation
from benchmarks.simulation.workload import Machines, Workload

WARM_S, WINDOW_S = 1.0, 3.0
OTHERS_SHARE = 0.15


@dataclass(frozen=True)
class Check:
    """One point, measured and simulated."""

    point: Point
    simulated: Result

    @property
    def open(self) -> bool:
        """Whether the rate was given, so that only what it took can differ."""
        return self.point.spec.get("posting") == "open"

    @property
    def quiet(self) -> bool:
        """Whether the machine had next to nothing else to do: a rate says little otherwise."""
        return self.point.others_share <= OTHERS_SHARE

    @property
    def rate_error(self) -> float:
        """How much more deliveries a second the simulation has, as a part of the measured."""
        return self.simulated.deliveries_per_s / self.point.deliveries_per_s - 1

    @property
    def cpu_error(self) -> float:
        """The same of the CPU of nodes, PostgreSQL and NATS for each delivery."""
        return cpu_us(self.simulated) / cpu_us(self.point) - 1


def cpu_us(found: Point | Result) -> float:
    """CPU of all parts for each delivery."""
    return found.node_us + found.postgres_us + found.nats_us


def check(measured: Measured) -> list[Check]:
    """Simulates every point on the machine that it was measured on."""
    machines = Machines(shared=measured.cores, round_trip_s=0.0)
    found = []
    for point in measured.points:
        workload = Workload.of(point.spec, point.nodes, point.publishing_nodes)
        simulated = Simulation(measured.costs, workload, machines).run(WARM_S, WINDOW_S)
        found.append(Check(point, simulated))
    return found


def errors(checks: Sequence[Check], of: Callable[[Check], float]) -> tuple[float, float]:
    """The median and the largest, whichever way they go. Raises StatisticsError for no check."""
    sizes = [abs(of(each)) for each in checks]
    return median(sizes), max(sizes)
