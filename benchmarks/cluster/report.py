"""The tables of docs/scale.md."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import doc
from benchmarks.cluster.loads import Load
from benchmarks.cluster.runner import Row, split_us
from benchmarks.figures import cost_us, middle, per_s, spread
from benchmarks.load.spec import Found

HEAD = (
    "on",
    "a second",
    "± %",
    "CPU µs each",
    "nodes",
    "PostgreSQL",
    "NATS",
    "cores used",
    "load's",
    "p50 ms",
    "p99 ms",
    "batch",
    "commits/s",
    "commit ms",
    "read on",
    "others %",
)
IDLE_HEAD = (
    "on",
    "CPU ms a second",
    "nodes",
    "PostgreSQL",
    "NATS",
    "entered a second",
    "CPU µs for one who enters",
    "nodes",
    "PostgreSQL",
    "others %",
)


def table(rows: Sequence[Row]) -> str:
    """One table a load, in Markdown."""
    parts = []
    for load in dict.fromkeys(row.load for row in rows):
        found = [row for row in rows if row.load is load and row.runs]
        if not found:
            continue
        idle = load.spec.get("posting") == "idle"
        lines = map(_idle_cells if idle else _cells, found)
        parts.append(f"**{load.title}**")
        parts.append(doc.table(IDLE_HEAD if idle else HEAD, lines))
    return "\n\n".join(parts)


def _cells(row: Row) -> tuple[str, ...]:
    count = middle(row, per_s(row))
    batch = middle(row, lambda found: found.batch)
    return (
        row.shape.name,
        f"{count:,.0f}",
        f"{spread(row, per_s(row)) * 100:.0f}",
        f"{middle(row, cost_us(row)):.3g}",
        *(_split(row, part) for part in ("nodes", "postgres", "nats")),
        f"{middle(row, lambda found: found.server_cpu_s / found.window_s):.2f}",
        f"{middle(row, lambda found: found.load_cpu_s / found.window_s):.2f}",
        _ms(middle(row, lambda found: found.p50_ms)),
        _ms(middle(row, lambda found: found.p99_ms)),
        f"{batch:,.0f}" if batch >= 10 else f"{batch:.1f}",
        f"{middle(row, lambda found: posts_per_s(row, found) / found.batch):,.0f}",
        _ms(middle(row, lambda found: found.more["commit_ms"])),
        _read_on(row),
        f"{middle(row, lambda found: found.others_share) * 100:.0f}",
    )


def _read_on(row: Row) -> str:
    # Runs of before it was counted have none.
    if not all("read_on" in run.more for run in row.runs):
        return ""
    return f"{middle(row, lambda found: found.more['read_on']):.0f}"


def posts_per_s(row: Row, found: Found) -> float:
    """Posts that all of their room had."""
    return found.deliveries / found.window_s / float(row.load.spec["members"])


def _split(row: Row, part: str) -> str:
    value = middle(row, lambda found: split_us(row, found)[part])
    return f"{value:.2g}" if 0 < value < 100 else f"{value:.0f}" if value else ""


def _idle_cells(row: Row) -> tuple[str, ...]:
    people = row.load.spec["rooms"] * row.load.spec["members"]
    parts = ("nodes", "postgres", "nats")

    def share(part: str) -> str:
        ms = middle(row, lambda found: found.more.get(f"{part}_s", 0.0) / found.window_s * 1e3)
        return f"{ms:.1f}"

    def entering(part: str) -> float:
        return middle(row, lambda found: found.more.get(f"{part}_enter_s", 0.0) / people * 1e6)

    return (
        row.shape.name,
        f"{middle(row, lambda found: found.server_cpu_s / found.window_s * 1e3):.1f}",
        *map(share, parts),
        f"{middle(row, lambda found: found.joined_per_s):,.0f}",
        f"{sum(map(entering, parts)):,.0f}",
        *(f"{entering(part):,.0f}" for part in parts[:2]),
        f"{middle(row, lambda found: found.others_share) * 100:.0f}",
    )


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


class Saved(msgspec.Struct, frozen=True):
    """A row in a file."""

    load: str
    shape: str
    runs: list[Found]


class File(msgspec.Struct, frozen=True):
    """What is kept of a measurement."""

    rows: list[Saved]
    costs: dict[str, float]


def save(path: Path, rows: Sequence[Row], costs: dict[str, float]) -> None:
    """Every run, and what was measured by itself, as JSON."""
    kept = File([Saved(row.load.key, row.shape.name, row.runs) for row in rows], costs)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))


def merged(
    paths: Sequence[Path], rows: Sequence[Row], costs: dict[str, float], loads: Sequence[Load]
) -> tuple[list[Row], dict[str, float]]:
    """These rows and costs and those of saved files, in the order of the loads and shapes."""
    runs: dict[tuple[str, str], list[Found]] = {}
    for row in rows:
        runs.setdefault((row.load.key, row.shape.name), []).extend(row.runs)
    each: dict[str, list[float]] = {name: [value] for name, value in costs.items()}
    for path in paths:
        kept = msgspec.json.decode(path.read_bytes(), type=File)
        for saved in kept.rows:
            runs.setdefault((saved.load, saved.shape), []).extend(saved.runs)
        for name, value in kept.costs.items():
            each.setdefault(name, []).append(value)
    every = ((load, shape) for load in loads for shape in load.shapes)
    found = [
        Row(load, shape, some)
        for load, shape in every
        if (some := runs.get((load.key, shape.name)))
    ]
    return found, {name: median(values) for name, values in each.items()}
