"""A config folder and a time zone of the tests' own."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.client.fake import FakeServer, fake_server


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    """A server that speaks just enough."""
    async with fake_server() as server:
        yield server
