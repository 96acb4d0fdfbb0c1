"""What the runs of a row come to: medians, and how far apart they were."""

from collections.abc import Callable, Iterable
from statistics import median

from benchmarks.load.spec import Found
from benchmarks.runner import Row

Figure = Callable[[Found], float]


def per_s(row: Row) -> Figure:
    """Deliveries, posts or pages a second, whichever the load is about."""
    return lambda found: _count(row, found) / found.window_s


def cost_us(row: Row) -> Figure:
    """Microseconds of the server's user and system time for each of these."""
    return lambda found: found.server_cpu_s / max(1, _count(row, found)) * 1e6


def core_per_s(row: Row) -> Figure:
    """How many a second the server would reach with a core to itself."""
    return lambda found: _count(row, found) / max(1e-9, found.server_cpu_s)


def _count(row: Row, found: Found) -> int:
    return found.deliveries if row.load.unit == "deliveries" else found.posts


def middle(row: Row, figure: Figure) -> float:
    """The median over the runs."""
    return median(figure(found) for found in row.runs)


def spread(row: Row, figure: Figure) -> float:
    """The distance of the extremes as a share of the median."""
    values = sorted(figure(found) for found in row.runs)
    return (values[-1] - values[0]) / max(1e-9, median(values))


def find(rows: Iterable[Row], key: str, server: str) -> Row | None:
    """The row of a load and a server, if it was run."""
    for row in rows:
        if row.load.key == key and row.server.name == server and row.runs:
            return row
    return None
