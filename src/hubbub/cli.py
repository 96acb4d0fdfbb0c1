"""The command line: `hubbub serve`, `join`, `doctor`, `config`, and those of care.py.

Each command loads what it needs when it runs, so that a client does not wait for the server's
libraries.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from hubbub import care, people
from hubbub.errors import ConfigError, HubbubError
from hubbub.trial import command as trial
from hubbub.version import __version__

if TYPE_CHECKING:
    from hubbub.server import Running


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="hubbub")
def cli() -> None:
    """Group chat that one command starts and anything can join."""


for command in care.COMMANDS:
    cli.add_command(command)
cli.add_command(people.user)
cli.add_command(trial.cluster)


def main() -> None:
    """Runs the command line; every error of hubbub's own ends with one line and a code."""
    try:
        cli()
    except ConfigError as error:
        _fail(error, 2)
    except HubbubError as error:
        _fail(error, 1)


def _fail(error: HubbubError, code: int) -> NoReturn:
    from hubbub.protocol.plain import clean

    for line in str(error).splitlines():
        # A server may have written it.
        click.echo(f"hubbub: {clean(line)}", err=True)
    sys.exit(code)


@cli.command()
@click.option("--host", metavar="H", help="The address to listen on (127.0.0.1).")
@click.option("--port", metavar="P", help="The port to listen on (8080); 0 takes any free one.")
@click.option("--data", metavar="DIR", help="The folder that holds the log.")
@click.option("--database", metavar="URL", help="A PostgreSQL that several servers may share.")
@click.option("--bus", metavar="URL", help="The NATS by which they hear of each other at once.")
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The settings file, instead of hubbub.toml.",
)
@click.option(
    "--rate-limits",
    type=click.Choice(["on", "off"]),
    help="off lifts every rate and the connection limit per address.",
)
@click.option(
    "--durability",
    type=click.Choice(["full", "normal"]),
    help="full survives a power cut, normal a killed server.",
)
@click.option(
    "--registration",
    type=click.Choice(["open", "invite", "closed"]),
    help="How one becomes a member (open on the loopback, else invite).",
)
@click.option(
    "--guests",
    type=click.Choice(["on", "off"]),
    help="Whether one may come in without an account.",
)
@click.option("--tls-cert", metavar="FILE", help="Serve https with this certificate (PEM).")
@click.option("--tls-key", metavar="FILE", help="The certificate's key.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
@click.option("--log-format", metavar="FORMAT", help="auto, text or json.")
def serve(config_file: Path | None, **flags: str | None) -> None:
    """Serves the chat until it is told to stop."""
    from hubbub.config import load_settings
    from hubbub.logs import configure
    from hubbub.server import run

    settings = load_settings(flags, config_file, os.environ).settings
    configure(settings.log_level, settings.log_format)
    run(settings, _banner)


def _banner(running: "Running") -> None:
    host = f"[{running.host}]" if ":" in running.host else running.host
    # Nobody can dial "any address"; from this machine the loopback reaches it.
    near = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104
    address = f"{near}:{running.port}"
    http, ws = ("https", "wss") if running.secure else ("http", "ws")
    join = f"https://{address}" if running.secure else address
    default = join == "127.0.0.1:8080"
    lines = [
        f"hubbub {__version__} listens on {http}://{host}:{running.port}",
        "",
        f"  log       {running.log_url.removeprefix('sqlite:///')}",
        f"  terminal  hubbub join{'' if default else ' ' + join}",
        f"  anything  npx wscat -c {ws}://{address}/chat",
        f"  more      {http}://{address}",
        "",
        "Ctrl+C stops it.",
    ]
    click.echo("\n".join(lines))
    if running.set_up is not None:
        click.echo(
            "\nNobody owns this server yet. Whoever opens this link first, within a day, does:\n"
            f"  {running.set_up}\n"
            "Or make the owner here: hubbub user add NAME --owner"
        )
    if not _loopback(running.host):
        click.echo(
            "\nIt answers to its addresses, to this machine's name and to allowed_hosts: add the\n"
            "name by which others reach it to hubbub.toml or HUBBUB_ALLOWED_HOSTS."
        )
    if not running.secure and not _loopback(running.host):
        who = "whoever can reach this address may join, and " if running.guests else ""
        click.echo(
            f"\nWarning: {who}everything travels unencrypted, passwords too.\n"
            "Give it a certificate (--tls-cert, --tls-key), or put it behind a proxy that has one."
        )
    sys.stdout.flush()


def _loopback(host: str) -> bool:
    import ipaddress

    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


@cli.command()
@click.argument("url", required=False, envvar="HUBBUB_URL")
@click.option("--name", metavar="NAME", help="Your name; without it you are asked.")
@click.option(
    "--room", "rooms", metavar="ROOM", multiple=True, help="The room to enter; may be repeated."
)
@click.option(
    "--token",
    metavar="TOKEN",
    envvar="HUBBUB_TOKEN",
    help="The session to come back with, also HUBBUB_TOKEN.",
)
@click.option("--invite", metavar="CODE", help="An invitation, by which you become a member.")
@click.option(
    "--save", metavar="NAME", help="Keep this server, name and rooms: then `hubbub join NAME`."
)
@click.option("--plain", is_flag=True, help="The line client; a pipe always has it.")
@click.option("--json", is_flag=True, help="Print events as JSON, one a line.")
@click.option(
    "--follow/--no-follow",
    default=None,
    help="Go on, or not, after the end of standard input.",
)
@click.option(
    "--commands/--no-commands",
    default=None,
    help="Run, or post, lines that begin with a slash; a pipe posts them.",
)
def join(
    url: str | None,
    name: str | None,
    rooms: tuple[str, ...],
    token: str | None,
    invite: str | None,
    save: str | None,
    plain: bool,
    json: bool,
    follow: bool | None,
    commands: bool | None,
) -> None:
    """Joins the chat at URL: host[:port], http(s)://..., ws(s)://.../chat, or a saved name.

    On a terminal it fills the screen (docs/clients.md).

    In a pipe it is a filter: lines of standard input are posted, and it ends when all of them
    are acknowledged; to another pipe it prints what it hears.
    """
    import asyncio

    from hubbub.client.join import run
    from hubbub.client.options import JoinOptions

    if url is not None and invite is None and "/#invite=" in url:
        # The link of an invitation, as it was sent.
        url, _, invite = url.partition("/#invite=")
    options = JoinOptions(
        url=url,
        name=name,
        rooms=rooms,
        token=token,
        invite=invite,
        save=save,
        plain=plain,
        json=json,
        follow=follow,
        commands=commands,
    )
    sys.exit(asyncio.run(run(options)))


@cli.command()
@click.argument("url", required=False, envvar="HUBBUB_URL")
def doctor(url: str | None) -> None:
    """Tells what is between here and the server at URL, and what to do about it."""
    import asyncio

    sys.exit(asyncio.run(_examine(url)))


async def _examine(url: str | None) -> int:
    from hubbub.client.doctor import examine

    code = 0
    async for check in examine(url):
        click.echo(f"{'ok    ' if check.ok else 'FAILED'}  {check.name:<6}  {check.detail}")
        code = code if check.ok else 1
    return code


@cli.command()
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The settings file, instead of hubbub.toml.",
)
@click.option("--example", "show_example", is_flag=True, help="Print a commented hubbub.toml.")
def config(config_file: Path | None, show_example: bool) -> None:
    """Prints the settings in force, and where each came from."""
    from hubbub.config import example, load_settings

    if show_example:
        click.echo(example(), nl=False)
        return
    loaded = load_settings({}, config_file, os.environ)
    rows = [
        (name, _shown(getattr(loaded.settings, name)), source)
        for name, source in loaded.sources.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    value_width = max(len(value) for _, value, _ in rows)
    for name, value, source in rows:
        click.echo(f"{name:<{width}}  {value:<{value_width}}  {source}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    from hubbub.config import without_secrets

    return "none" if value is None else without_secrets(str(value))
