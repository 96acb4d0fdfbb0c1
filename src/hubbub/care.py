"""The commands that care for the log: `hubbub backup`, `check`, `export`, `import`.

They need no server; where one runs on the log, it goes on. Only an import wants it for itself.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import click

from hubbub.errors import ConfigError, StorageError

Command = TypeVar("Command", bound=Callable[..., None])


def of_a_log(command: Command) -> Command:
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
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield told


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@of_a_log
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
@of_a_log
def check(data: str | None, config_file: Path | None) -> None:
    """Reads the whole log and tells what is wrong with it; ends with 1 if anything is."""
    from hubbub.storage import check as checking

    log = _log(data, config_file)
    try:
        size, found = checking.check(log)
    except StorageError as error:
        click.echo(f"hubbub: {error}", err=True)
        sys.exit(2)
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


@click.command()
@click.argument("file", default="-")
@of_a_log
def export(file: str, data: str | None, config_file: Path | None) -> None:
    """Writes the log to FILE, a new one, or to standard output, as lines of JSON.

    Sessions stay behind; whispers do not.
    """
    from hubbub.hub.clock import SystemClock
    from hubbub.storage import export as exporting
    from hubbub.storage.newfile import new_file

    log, now_ms = _log(data, config_file), SystemClock().now_ms()
    if file == "-":
        out = sys.stdout.buffer
        try:
            exporting.export(log, out.write, now_ms)
            out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(f"The export was cut off: {error.strerror}.") from error
        return
    with new_file(Path(file)) as path, path.open("wb") as out, _progress("Exporting") as progress:
        end = exporting.export(log, out.write, now_ms, progress)
    click.echo(f"{file}: {end.events:,} entries, {end.rooms:,} rooms, {end.users:,} users")


@click.command("import")
@click.argument("file", type=click.File("rb"))
@of_a_log
def import_(file: BinaryIO, data: str | None, config_file: Path | None) -> None:
    """Makes a log of FILE, which `hubbub export` wrote (- is standard input).

    All of it or nothing, into a data folder that has no log yet, or an empty one.
    """
    from hubbub.storage import log_file
    from hubbub.storage.importing import import_log

    log = log_file(_folder(data, config_file))
    size_bytes = os.fstat(file.fileno()).st_size
    with _progress("Importing") as progress:
        end = import_log(log, file, lambda done: progress(done, max(done, size_bytes)))
    click.echo(f"{log}: {end.events:,} entries, {end.rooms:,} rooms, {end.users:,} users")


COMMANDS = (backup, check, export, import_)
