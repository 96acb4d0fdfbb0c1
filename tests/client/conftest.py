"""A server with a door, for tests of people, roles and moderation."""

from collections.abc import Iterator

import pytest

from tests.accounts import account
from tests.conftest import Server, new_server


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
