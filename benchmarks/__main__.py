"""`python -m benchmarks`: measures, and writes docs/benchmarks.md if asked to."""

import sys
from pathlib import Path

import click

from benchmarks import servers
from benchmarks.loads import FULL, QUICK
from benchmarks.runner import Patience, Row, Runner

DOC = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@click.command()
@click.option("--quick", is_flag=True, help="Small loads, one run each, under 90 s.")
@click.option("--load", "keys", multiple=True, help="Only loads whose key is this.")
@click.option("--server", "names", multiple=True, help="Only servers whose name holds this.")
@click.option("--repeats", type=click.IntRange(1, 20), default=None, help="Runs of each (3).")
@click.option("--patient", is_flag=True, help="Wait for, and try again for, a quiet machine.")
@click.option("--save", type=click.Path(path_type=Path), help="Write every run as JSON.")
@click.option(
    "--with",
    "saved",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Add the runs of a saved file; with --load none, measure nothing.",
)
@click.option("--write", is_flag=True, help="Write docs/benchmarks.md and its plots.")
def main(
    quick: bool,
    keys: tuple[str, ...],
    names: tuple[str, ...],
    repeats: int | None,
    patient: bool,
    save: Path | None,
    saved: tuple[Path, ...],
    write: bool,
) -> None:
    """Measures hubbub side by side with its peers."""
    every = QUICK if quick else FULL
    loads = [load for load in every if not keys or load.key in keys]
    chosen = [s for s in servers.ALL if not names or any(name in s.name for name in names)]
    patience = Patience(quiet_s=20, others_share=0.15, repeats=2) if patient else Patience()
    runner = Runner(lambda line: click.echo(line, err=True), patience)
    rows: list[Row] = list(runner.run(loads, chosen, repeats or (1 if quick else 3)))
    failed = any(not row.runs for row in rows)
    from benchmarks import report  # what draws is loaded after what measures

    if save is not None:
        report.save(save, rows)
    rows = report.merged(saved, rows, every)
    click.echo(report.table(rows))
    if not quick:
        click.echo("\n" + report.verdict(rows))
    if write:
        report.write(DOC, rows)
    if failed:
        sys.exit("Some loads could not be run; see above.")


if __name__ == "__main__":
    main()
