"""The commands that care for the log: `hubbub backup`, `check`, `export`, `import`, `copy`,
`migrate`.

They need no server; where one runs on the log, it goes on. Only `import`, `copy` and, of a data
folder, `migrate` want it for themselves.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from hubbub.errors import ConfigError, StorageError

Command = TypeVar("Command", bound=Callable[..., None])


DATABASE = "hubbub.care.database"


def of_a_log(command: Command) -> Command:
    """The options by which a command finds the log, the same as those of `serve`."""
    data = click.option("--data", metavar="DIR", help="The folder that holds the log.")
    # Most commands need not know: `place` tells.
    database = click.option(
        "--database",
        metavar="URL",
        expose_value=False,
        callback=lambda context, _option, value: context.meta.__setitem__(DATABASE, value),
        help="The PostgreSQL that holds it instead.",
    )
    config = click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The settings file, instead of hubbub.toml.",
    )
    return data(database(config(command)))


def place(data: str | None, config_file: Path | None) -> Path | str:
    """Where the log of a command is: the data folder, or the URL of a PostgreSQL database."""
    from hubbub.config import load_settings

    given: dict[str, Any] = {"data": data}
    database = click.get_current_context().meta.get(DATABASE)
    if database is not None:
        given["database"] = database
    settings = load_settings(given, config_file, os.environ).settings
    if settings.database is None or (data is not None and database is None):
        # A folder that is named on the command line is meant, whatever the settings say besides.
        return settings.data
    return settings.database


def _log(data: str | None, config_file: Path | None) -> Path | str:
    """The log that is there: its file, or its URL."""
    from hubbub.storage import log_file

    found = place(data, config_file)
    if isinstance(found, str):
        return found
    log = log_file(found)
    if not log.exists():
        raise ConfigError(f"There is no log {log}; name the folder that has it with --data DIR.")
    return log


def _called(log: Path | str) -> str:
    """What a log is called in messages; without a password."""
    return str(log) if isinstance(log, Path) else _bare(log)


def _bare(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"


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
    from hubbub.storage.files import backup as copying

    log = _log(data, config_file)
    if isinstance(log, str):
        raise ConfigError(
            "A log in PostgreSQL is backed up by PostgreSQL: pg_dump --format=custom --file=FILE "
            "URL. `hubbub export` and `hubbub copy` work on it too."
        )
    with _progress("Copying") as progress:
        size_bytes = copying.backup(log, file, progress)
    click.echo(f"{file}: {size_bytes:,} bytes")


@click.command()
@of_a_log
def check(data: str | None, config_file: Path | None) -> None:
    """Reads the whole log and tells what is wrong with it; ends with 1 if anything is."""
    from hubbub.storage.files import check as checking

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
            f"hubbub: The log {_called(log)} is damaged, or was changed by another program; stop "
            "the server and restore a backup (docs/data.md).",
            err=True,
        )
        sys.exit(1)
    if size is not None:
        click.echo(f"{_called(log)}: no fault in {size.events:,} events, {size.rooms:,} rooms")


@click.command()
@click.argument("file", default="-")
@of_a_log
def export(file: str, data: str | None, config_file: Path | None) -> None:
    """Writes the log to FILE, a new one, or to standard output, as lines of JSON.

    Sessions stay behind; whispers do not.
    """
    from hubbub.hub.clock import SystemClock
    from hubbub.storage.files import export as exporting
    from hubbub.storage.files.newfile import new_file

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
    from hubbub.storage.files.importing import import_log

    folder = place(data, config_file)
    if isinstance(folder, str):
        raise ConfigError(
            "An import goes into a data folder: name a new one with --data DIR, and then "
            "`hubbub copy --from DIR --to URL`."
        )
    log = log_file(folder)
    size_bytes = os.fstat(file.fileno()).st_size
    with _progress("Importing") as progress:
        end = import_log(log, file, lambda done: progress(done, max(done, size_bytes)))
    click.echo(f"{log}: {end.events:,} entries, {end.rooms:,} rooms, {end.users:,} users")


@click.command()
@click.option("--from", "source", metavar="URL", required=True, help="The log to be copied.")
@click.option("--to", "target", metavar="URL", required=True, help="Where it goes; empty.")
def copy(source: str, target: str) -> None:
    """Copies a log into another database, and compares the two.

    URL is a data folder, sqlite:///path/file.db, or postgresql://user:password@host/database. No
    server may run on either. All of it or nothing.
    """
    from hubbub.storage.files.copying import copy as copy_log

    os.umask(0o077)
    with _progress("Copying") as progress:
        copied = copy_log(_url(source), _url(target), progress)
    click.echo(
        f"{_bare(target)}: {copied.events:,} entries, {copied.rooms:,} rooms, {copied.users:,} "
        f"users; room by room the same on both sides (SHA-256 {copied.digest[:16]})"
    )


def _url(given: str) -> str:
    from hubbub.storage import sqlite_url

    return given if "://" in given else sqlite_url(Path(given).expanduser().absolute())


@click.command()
@of_a_log
def migrate(data: str | None, config_file: Path | None) -> None:
    """Brings the log to this release's schema, without serving."""
    from hubbub.storage import migrate_log

    os.umask(0o077)
    log = _log(data, config_file)
    former, newest = migrate_log(log if isinstance(log, str) else f"sqlite:///{log.absolute()}")
    if former == newest:
        click.echo(f"{_called(log)}: nothing to do, its schema is {newest}")
    elif former is None:
        click.echo(f"{_called(log)}: a new log with the schema {newest}")
    else:
        click.echo(f"{_called(log)}: from schema {former} to {newest}")


COMMANDS = (backup, check, export, import_, copy, migrate)
