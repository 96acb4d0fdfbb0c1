"""`python -m benchmarks.cluster`: measures, and writes docs/scale.md and the costs if asked to."""

import sys
import tempfile
from dataclasses import replace
from os import cpu_count
from pathlib import Path
from statistics import median

import click

from benchmarks import doc
from benchmarks.cluster import commits, report, signs
from benchmarks.cluster.loads import FULL, QUICK, Load
from benchmarks.cluster.parts import Database, postgres_version
from benchmarks.cluster.points import costs
from benchmarks.cluster.runner import Row, Runner, await_quiet
from benchmarks.runner import Patience
from benchmarks.servers import NATS, NotThere
from benchmarks.simulation.costs import Measured
from benchmarks.simulation.costs import save as save_costs
from benchmarks.simulation.workload import Machines
from hubbub.logs import configure

DOC = Path(__file__).parent.parent.parent / "docs" / "scale.md"


@click.command()
@click.option("--quick", is_flag=True, help="Small loads, one run each, under 40 s.")
@click.option("--load", "keys", multiple=True, help="Only loads whose key is this.")
@click.option("--nodes", multiple=True, type=int, help="Only on so many nodes; 0 is SQLite.")
@click.option("--repeats", type=click.IntRange(1, 20), default=None, help="Runs of each (3).")
@click.option("--small/--no-small", default=True, help="Measure single commits and signs too.")
@click.option("--patient", is_flag=True, help="Wait for, and try again for, a quiet machine.")
@click.option("--save", type=click.Path(path_type=Path), help="Write every run as JSON.")
@click.option(
    "--with",
    "saved",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Add the runs of a saved file; with --load none, measure nothing.",
)
@click.option("--write", is_flag=True, help="Write docs/scale.md and benchmarks/costs.json.")
def main(
    quick: bool,
    keys: tuple[str, ...],
    nodes: tuple[int, ...],
    repeats: int | None,
    small: bool,
    patient: bool,
    save: Path | None,
    saved: tuple[Path, ...],
    write: bool,
) -> None:
    """Measures several servers on one log beside one server by itself."""
    configure("warning", "text")
    every = QUICK if quick else FULL
    loads = [_on(load, nodes) for load in every if not keys or load.key in keys]
    patience = Patience(quiet_s=300, others_share=0.15, repeats=2) if patient else Patience()
    rows: list[Row] = []
    by_itself: dict[str, float] = {}
    times = repeats or (1 if quick else 3)
    small = small and not quick and "none" not in keys
    try:
        if loads or small:
            rows, by_itself = _measure(loads, times, patience, small=small)
    except NotThere as error:
        sys.exit(str(error))
    if save is not None:
        report.save(save, rows, by_itself)
    failed = any(not row.runs for row in rows)
    rows, by_itself = report.merged(saved, rows, by_itself, every)
    click.echo(report.table(rows))
    if write:
        _write(rows, by_itself)
    if failed:
        sys.exit("Some loads could not be run; see above.")


def _on(load: Load, nodes: tuple[int, ...]) -> Load:
    shapes = tuple(shape for shape in load.shapes if not nodes or shape.nodes in nodes)
    return replace(load, shapes=shapes)


def _measure(
    loads: list[Load], repeats: int, patience: Patience, *, small: bool
) -> tuple[list[Row], dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as name:
        folder = Path(name)
        database = Database(folder)
        try:
            by_itself = _small(folder, database, repeats, patience) if small else {}
            runner = Runner(database, folder, _tell, patience)
            return list(runner.run(loads, repeats)), by_itself
        finally:
            database.stop()


def _small(folder: Path, database: Database, repeats: int, patience: Patience) -> dict[str, float]:
    found = []
    for number in range(repeats):
        run = folder / f"signs{number}"
        run.mkdir()
        await_quiet(patience)
        found.append(signs.measure(run) | commits.measure(database))
        _tell("  ".join(f"{name} {value:.3g}" for name, value in found[-1].items()))
    return {name: median(each[name] for each in found) for name in found[0]}


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _write(rows: list[Row], by_itself: dict[str, float]) -> None:
    cores = cpu_count() or 1
    found, points = costs(rows, by_itself, Machines(shared=cores, round_trip_s=0.0))
    measured = Measured(machine=doc.machine(), cores=cores, costs=found, points=points)
    save_costs(measured)
    runs = sorted({len(row.runs) for row in rows})
    head = (
        f"- {measured.machine}\n"
        f"- PostgreSQL {postgres_version()}, nats-server {NATS.installed().lstrip('v')}; "
        f"everything on the same {cores} cores, over 127.0.0.1, the load too\n"
        f"- medians of {runs[0]}{f' to {runs[-1]}' if len(runs) > 1 else ''} runs, in turn"
    )
    doc.replace(DOC, f"{head}\n\n{report.table(rows)}")


if __name__ == "__main__":
    main()
