"""The command `hubbub cluster up`, and what it prints."""

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubbub.version import __version__

if TYPE_CHECKING:
    from hubbub.trial.cluster import Trial
    from hubbub.trial.part import Part

DEFAULT_PORT = 8080
MOST_NODES = 16


@click.group()
def cluster() -> None:
    """Tries several nodes on one log, on this machine."""


@cluster.command()
@click.option("--nodes", type=click.IntRange(1, MOST_NODES), default=2, help="How many (2).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    help="The port before the nodes (8080); 0 takes any free one.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder that holds everything of it (trial in the data folder).",
)
@click.option(
    "--rate-limits",
    type=click.Choice(["on", "off"]),
    help="off lifts every rate and the connection limit per address.",
)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def up(
    nodes: int, port: int, data: Path | None, rate_limits: str | None, flags: tuple[str, ...]
) -> None:
    """Starts PostgreSQL, NATS and nodes on this machine, with one port before them.

    It needs hubbub[trial]. FLAGS, after --, go to every `hubbub serve`. Ctrl+C stops all of it;
    the data stay for the next time.
    """
    from hubbub.config import load_settings
    from hubbub.trial.cluster import Plan, run

    folder = data or load_settings({}, None, os.environ).settings.data / "trial"
    if rate_limits is not None:
        flags = ("--rate-limits", rate_limits, *flags)
    click.echo("Starting PostgreSQL, NATS and the nodes ...")
    run(Plan(folder.expanduser(), port, nodes, flags), _announce, _tell)


def _announce(trial: "Trial") -> None:
    from hubbub.trial.front import HOST
    from hubbub.trial.postgres import NAME
    from hubbub.trial.wheels import postgres_program

    url = f"http://{HOST}:{trial.port}"
    join = "hubbub join" if trial.port == DEFAULT_PORT else f"hubbub join {HOST}:{trial.port}"
    first, database = trial.nodes[0], trial.postgres
    pass_file, psql = (shlex.quote(str(p)) for p in (trial.pass_file, postgres_program("psql")))
    settings = shlex.quote(str(trial.settings_file))
    lines = [
        "",
        f"hubbub {__version__}: one log, and {url} before its nodes",
        "",
        *map(_row, (*trial.nodes, database, trial.nats)),
        "",
        "Join, as often as you like; each new connection gets the next node:",
        f"  browser     {url}",
        f"  terminal    {join}",
        f"  anything    npx wscat -c ws://{HOST}:{trial.port}/chat",
        f"  one node    hubbub join {HOST}:{first.program.port}",
        "",
        "Look at the log, and care for it:",
        f"  PGPASSFILE={pass_file} {psql} \\",
        f"    -h {HOST} -p {database.program.port} -U {NAME} {NAME}",
        f"  hubbub user add NAME --owner --config {settings}",
        "",
        "Try, while people talk; what died is started again after a moment:",
        f"  kill -9 {first.pid:<7}     node 1 dies, and its people go on at another",
        f"  kill {first.pid:<7}        node 1 is stopped in order",
        f"  kill -9 {trial.nats.pid:<7}     nothing wakes the nodes: they hear of each other late",
        f"  kill -9 {database.pid:<7}     nothing can be said until it is back; nothing is lost",
        "",
        "The port before the nodes passes bytes on and tells nobody's address: to the rates of",
        "the nodes all people are one address. For load, start it with --rate-limits off.",
        "Everything listens on this machine alone. Ctrl+C stops all of it; what was said stays in",
        f"{trial.settings_file.parent}.",
        "",
    ]
    click.echo("\n".join(lines))


def _row(part: "Part") -> str:
    program = part.program
    return f"  {program.name:<10}  pid {part.pid:<7}  port {program.port:<5}  log {program.log}"


def _tell(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {line}")
