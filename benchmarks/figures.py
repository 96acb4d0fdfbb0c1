"""What the runs of a row come to: medians, and how far apart they were."""

from collections.abc import Callable, Iterable
from statistics import median
from typing import Protocol

from benchmarks.load.spec import Found
from benchmarks.runner import Row

Figure = Callable[[Found], float]


class Counted(Protocol):
    """A load that says what it counts: deliveries, posts or pages."""

    @property
    def unit(self) -> str:
        """Its plural."""
        ...


class Measured(Protocol):
    """The runs of a load on whatever it was."""

    @property
    def load(self) -> Counted:
        """What was asked."""
        ...

    @property
    def runs(self) -> list[Found]:
        """What was found."""
        ...


def per_s(row: Measured) -> Figure:
    """Deliveries, posts or pages a second, whichever the load is about."""
    return lambda found: _count(row, found) / found.window_s


def cost_us(row: Measured) -> Figure:
    """Microseconds of the server's user and system time for each of these."""
    return lambda found: found.server_cpu_s / max(1, _count(row, found)) * 1e6


def core_per_s(row: Measured) -> Figure:
    """How many a second the server would reach with a core to itself."""
    return lambda found: _count(row, found) / max(1e-9, found.server_cpu_s)


def _count(row: Measured, found: Found) -> int:
    return found.deliveries if row.load.unit == "deliveries" else found.posts


def middle(row: Measured, figure: Figure) -> float:
    """The median over the runs."""
    return median(figure(found) for found in row.runs)


def spread(row: Measured, figure: Figure) -> float:
    """The distance of the extremes as a share of the median."""
    values = sorted(figure(found) for found in row.runs)
    return (values[-1] - values[0]) / max(1e-9, median(values))


def find(rows: Iterable[Row], key: str, server: str) -> Row | None:
    """The row of a load and a server, if it was run."""
    for row in rows:
        if row.load.key == key and row.server.name == server and row.runs:
            return row
    return None
