"""A server with a door, for tests of people, roles and moderation."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.conftest import Server, new_server

PASSWORD = "correct horse battery"


def account(server: Server, name: str, *flags: str) -> None:
    """Makes an account at the server's own machine."""
    command = [*server.program, "user", "add", name, "--password-stdin", *flags]
    done = subprocess.run(
        [*command, *server.log_flags],
        input=PASSWORD.encode(),
        capture_output=True,
        env=server.env,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that ann owns, with bob and cara as members; guests may come in."""
    folder = tmp_path_factory.mktemp("house")
    server = new_server(folder, "--registration", "open", "--rate-limits", "off")
    server.start()
    try:
        account(server, "ann", "--owner")
        account(server, "bob")
        account(server, "cara")
        yield server
    finally:
        server.kill()
