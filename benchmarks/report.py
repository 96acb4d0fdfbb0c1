"""The table, and docs/benchmarks.md around it."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import doc, plots
from benchmarks.figures import cost_us, middle, per_s, spread
from benchmarks.load.spec import Found
from benchmarks.loads import Load
from benchmarks.runner import Row
from benchmarks.servers import ALL, NotThere
from benchmarks.targets import TARGETS

HEAD = (
    "server",
    "a second",
    "± %",
    "CPU µs each",
    "± %",
    "p50 ms",
    "p99 ms",
    "max ms",
    "RSS MiB",
    "KiB a connection",
    "batch",
    "others %",
)


def table(rows: Sequence[Row]) -> str:
    """One table a load, in Markdown."""
    parts = []
    for load in dict.fromkeys(row.load for row in rows):
        of_load = [row for row in rows if row.load is load and row.runs]
        if not of_load:
            continue
        parts.append(f"**{load.title}**")
        if load.unit:
            lines = [HEAD, ("---",) + ("---:",) * (len(HEAD) - 1), *map(_cells, of_load)]
        else:
            lines = _times(of_load)
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(parts)


def _cells(row: Row) -> tuple[str, ...]:
    count = middle(row, per_s(row))
    silent = row.load.spec.get("posting") == "idle"
    return (
        row.server.name,
        "" if silent else f"{count:,.0f}",
        "" if silent else f"{spread(row, per_s(row)) * 100:.0f}",
        "" if silent else f"{middle(row, cost_us(row)):.3g}",
        "" if silent else f"{spread(row, cost_us(row)) * 100:.0f}",
        *("" if silent else _ms(value) for value in _latencies(row)),
        f"{middle(row, lambda found: found.rss_mib):.0f}",
        _some(middle(row, lambda found: found.connection_kib), ".1f"),
        "" if silent else _some(middle(row, lambda found: found.batch), ".0f"),
        f"{middle(row, lambda found: found.others_share) * 100:.0f}",
    )


def _latencies(row: Row) -> tuple[float, float, float]:
    return (
        middle(row, lambda found: found.p50_ms),
        middle(row, lambda found: found.p99_ms),
        middle(row, lambda found: found.max_ms),
    )


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _some(value: float, form: str) -> str:
    return format(value, form) if value > 0 else ""


def _times(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    names = list(rows[0].runs[0].more)
    lines: list[tuple[str, ...]] = [("server", "seconds", *names)]
    lines.append(("---", *("---:" for _ in lines[0][1:])))
    for row in rows:
        seconds = middle(row, lambda found: found.window_s)
        more = (median(found.more[name] for found in row.runs) for name in names)
        lines.append((row.server.name, f"{seconds:.2f}", *(f"{value:.2f}" for value in more)))
    return lines


def verdict(rows: Sequence[Row]) -> str:
    """What must be reached, and what was."""
    lines = ["| load | hubbub must be | found | |", "|---|---|---|---|"]
    for target in TARGETS:
        found = target.reached(rows)
        if found is not None:
            held, said = found
            lines.append(
                f"| {target.load} | {target.asked} | {said} | {'yes' if held else '**no**'} |"
            )
    return "\n".join(lines)


def machine(rows: Sequence[Row]) -> str:
    """What it was measured on, and with which versions."""
    lines = [
        f"- {doc.machine()}",
        "- the server on core 0, the load on core 1, over 127.0.0.1; "
        f"medians of {_runs(rows)} runs, in turn",
    ]
    for server in ALL:
        if any(row.server is server for row in rows):
            try:
                lines.append(f"- {server.name}: {server.installed()}")
            except NotThere:
                continue
    return "\n".join(lines)


def _runs(rows: Sequence[Row]) -> str:
    counts = sorted({len(row.runs) for row in rows})
    return f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])


def write(page: Path, rows: Sequence[Row]) -> None:
    """Replaces what stands between the marks in the document, and draws its plots."""
    pictures = plots.draw(page.parent / "pictures", rows)
    body = [
        machine(rows),
        "",
        "## What must be reached",
        "",
        verdict(rows),
        "",
        *(f"{picture}\n" for picture in pictures),
        "## Everything that was measured",
        "",
        table(rows),
    ]
    doc.replace(page, "\n".join(body))


class Saved(msgspec.Struct, frozen=True):
    """A row in a file."""

    load: str
    server: str
    runs: list[Found]


def save(path: Path, rows: Sequence[Row]) -> None:
    """Every run as JSON: for `--with`, or for whoever wants other statistics."""
    saved = [Saved(row.load.key, row.server.name, row.runs) for row in rows]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(saved)))


def merged(paths: Sequence[Path], rows: Sequence[Row], loads: Sequence[Load]) -> list[Row]:
    """These rows and those of saved files, in the order of the loads and servers."""
    runs: dict[tuple[str, str], list[Found]] = {}
    for row in rows:
        runs.setdefault((row.load.key, row.server.name), []).extend(row.runs)
    for path in paths:
        for saved in msgspec.json.decode(path.read_bytes(), type=list[Saved]):
            runs.setdefault((saved.load, saved.server), []).extend(saved.runs)
    every = ((load, server) for load in loads for server in load.servers)
    return [
        Row(load, server, found)
        for load, server in every
        if (found := runs.get((load.key, server.name)))
    ]
