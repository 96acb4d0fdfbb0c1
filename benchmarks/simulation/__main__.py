"""`python -m benchmarks.simulation`: prints what the model says, and how far it can be believed."""

from pathlib import Path

import click

from benchmarks import doc
from benchmarks.simulation import tables
from benchmarks.simulation.costs import FILE, load

DOC = Path(__file__).parent.parent.parent / "docs" / "scale.md"


@click.command()
@click.option("--costs", "file", type=click.Path(path_type=Path, exists=True), default=FILE)
@click.option("--checks", is_flag=True, help="Only what was measured too.")
@click.option("--write", is_flag=True, help="Write docs/scale.md.")
def main(file: Path, checks: bool, write: bool) -> None:
    """Simulates clusters with the measured costs."""
    measured = load(file)
    checked = tables.checked(measured)
    click.echo(checked)
    if checks:
        return
    beyond = tables.beyond(measured)
    click.echo("\n" + beyond)
    if write:
        doc.replace(DOC, f"{checked}\n\n{beyond}", "modelled")


if __name__ == "__main__":
    main()
