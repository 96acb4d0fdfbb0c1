"""One server for all tests of a module that do not stop it, and a room of its own for each."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import Server, new_server
from tests.push import PushService, push_service


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings that a module's tests share."""
    server = new_server(tmp_path_factory.mktemp("shared"), "--rate-limits", "off")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def room() -> str:
    """A room that no other test is in."""
    return f"r{secrets.token_hex(6)}"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """A push service on this machine."""
    async with push_service() as service:
        yield service
