"""People who have an account on a server, made by `hubbub user add` in this process."""

from click.testing import CliRunner

from hubbub.cli import cli
from tests.conftest import Server

PASSWORD = "a-few-good-words"


def account(server: Server, name: str, *flags: str) -> None:
    """Makes an account at the server's own machine, the first of which owns the server."""
    command = ["user", "add", name, "--password-stdin", *flags, *server.log_flags]
    done = CliRunner().invoke(cli, command, input=f"{PASSWORD}\n", env=server.env)
    assert done.exit_code == 0, done.output
