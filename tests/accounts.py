"""`hubbub user` on a server's log, in this process: a program of its own takes 0.5 s to load."""

import sys
from dataclasses import dataclass

from click.testing import CliRunner

from hubbub.cli import cli, main
from tests.conftest import Server

PASSWORD = "a-few-good-words"


def account(server: Server, name: str, *flags: str) -> None:
    """Makes an account at the server's own machine, the first of which owns the server."""
    command = ["user", "add", name, "--password-stdin", *flags, *server.log_flags]
    done = CliRunner().invoke(cli, command, input=f"{PASSWORD}\n", env=server.env)
    assert done.exit_code == 0, done.output


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def user(server: Server, *words: str, secret: str = "") -> Ended:
    """Runs `hubbub user ...` as a person does at the server's own machine."""
    typed, sys.argv = sys.argv, ["hubbub", "user", *words, *server.log_flags]
    try:
        with CliRunner().isolation(secret and f"{secret}\n", server.env) as (out, err, _):
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
            assert isinstance(code, int)
            return Ended(code, out.getvalue().decode(), err.getvalue().decode())
    finally:
        sys.argv = typed
