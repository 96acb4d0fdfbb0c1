"""Coming in with an account by the line client and by a filter, on a server without guests."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.accounts import PASSWORD, account
from tests.client.line.screen import JOIN, Terminal
from tests.conftest import Serve, Server
from tests.deadline import PROGRAM_S
from tests.parts import need

pytestmark = pytest.mark.real


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def club(serve: Serve) -> Server:
    """A server that ann owns, where everybody may sign up and nobody is a guest."""
    server = serve("--registration", "open", "--guests", "off", "--rate-limits", "off")
    account(server, "ann", "--owner")
    return server


def test_an_account_is_made_a_room_entered_and_a_signed_out_session_forgotten(
    terminal: Terminal, club: Server
) -> None:
    dora = terminal.run(*JOIN, "--plain", club.url)
    dora.shows(r"Your name .*")
    dora.enter("dora")
    dora.shows("! There are no guests here.*", r"Enter to sign in, or `new` to make an account:")
    dora.enter("new")
    dora.shows(r".*: new", "A new password:")
    dora.enter(PASSWORD)
    dora.shows(r"\* -- You are dora in lobby\..*")
    kept = terminal.config / "hubbub" / "client.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert '"dora"' in kept.read_text()

    dora.enter("/room new den private")
    dora.shows(r"\* -- den is made.*", "🔒den>")
    dora.enter(f" /password {PASSWORD} another")
    dora.shows(r"! That has a password in it.*", ".*>")
    dora.enter("/logout")
    dora.shows("! Connection lost: You are signed out here.", ".*", "code 1")
    assert PASSWORD not in "\n".join(dora.screen)
    assert json.loads(kept.read_text()) == {}


def test_a_filter_comes_in_by_a_token_of_the_environment(club: Server, tmp_path: Path) -> None:
    added = subprocess.run(
        [*club.program, "user", "add", "rss", "--bot", *club.log_flags],
        check=True,
        capture_output=True,
        text=True,
        env=club.env,
    )
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "HUBBUB_TOKEN": added.stdout.strip()}
    joined = subprocess.run(
        [*JOIN, club.url], input=b"news\n", capture_output=True, timeout=PROGRAM_S, env=env
    )

    assert (joined.returncode, joined.stdout) == (0, b"[rss]: news\n")
    assert not list(tmp_path.glob("hubbub/client.json"))
    refused = subprocess.run(
        [*JOIN, club.url],
        input=b"news\n",
        capture_output=True,
        timeout=PROGRAM_S,
        env={**env, "HUBBUB_TOKEN": ""},
    )
    assert refused.returncode == 1
    assert b"There are no guests here" in refused.stderr
