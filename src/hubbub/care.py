"""The commands that care for the log: `hubbub backup`, `check`.

They need no server; where one runs on the log, it goes on.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from hubbub.errors import ConfigError

Command = TypeVar("Command", bound=Callable[..., None])


def _of_a_log(command: Command) -> Command:
    """The options by which a command finds the log, the same as those of `serve`."""
    data = click.option("--data", metavar="DIR", help="The folder that holds the log.")
    config = click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The settings file, instead of hubbub.toml.",
    )
    return data(config(command))


def _folder(data: str | None, config_file: Path | None) -> Path:
    from hubbub.config import load_settings

    return load_settings({"data": data}, config_file, os.environ).settings.data


def _log(data: str | None, config_file: Path | None) -> Path:
    from hubbub.storage import log_file

    log = log_file(_folder(data, config_file))
    if not log.exists():
        raise ConfigError(f"There is no log {log}; name the folder that has it with --data DIR.")
    return log


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    with click.progressbar(
        length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def told(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield told


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@_of_a_log
def backup(file: Path, data: str | None, config_file: Path | None) -> None:
    """Copies the log to FILE, a new one, while the server goes on.

    To restore it, put it as hubbub.db into an empty data folder and start the server there.
    """
    from hubbub.storage import backup as copying

    log = _log(data, config_file)
    with _progress("Copying") as progress:
        size_bytes = copying.backup(log, file, progress)
    click.echo(f"{file}: {size_bytes:,} bytes")


@click.command()
@_of_a_log
def check(data: str | None, config_file: Path | None) -> None:
    """Reads the whole log and tells what is wrong with it; ends with 1 if anything is."""
    from hubbub.storage import check as checking

    log = _log(data, config_file)
    size, found = checking.check(log)
    for line in found:
        click.echo(line)
    if found:
        click.echo(
            f"hubbub: The log {log} is damaged, or was changed by another program; stop the "
            "server and restore a backup (docs/data.md).",
            err=True,
        )
        sys.exit(1)
    if size is not None:
        click.echo(f"{log}: no fault in {size.events:,} events, {size.rooms:,} rooms")


COMMANDS = (backup, check)
