"""Which client `hubbub join` runs, and what one hands to the other."""

import gc
import os
from pathlib import Path

import pytest

from hubbub.client import join, line, tui
from hubbub.client.options import JoinOptions
from hubbub.client.tui.app import Outcome
from tests.client.fake import fake_server
from tests.client.tui.stage import staged

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)


async def test_the_line_client_takes_over_with_the_name_that_was_given_and_with_gc(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[JoinOptions] = []

    async def full_screen(options: JoinOptions) -> Outcome:
        assert not gc.isenabled()
        return Outcome(plain=True, name="ann")

    async def by_lines(options: JoinOptions) -> int:
        assert gc.isenabled()
        ran.append(options)
        return 7

    monkeypatch.setattr(tui, "run", full_screen)
    monkeypatch.setattr(line, "run", by_lines)
    assert await join.run(JoinOptions(url="127.0.0.1:1")) == 7
    assert (ran[0].name, ran[0].plain) == ("ann", True)


async def test_a_client_that_fails_leaves_gc_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full_screen(options: JoinOptions) -> Outcome:
        raise RuntimeError("broken")

    monkeypatch.setattr(tui, "run", full_screen)
    with pytest.raises(RuntimeError):
        await join.run(JoinOptions(url="127.0.0.1:1"))
    assert gc.isenabled()


async def test_a_server_of_the_tutorials_is_left_to_the_line_client_with_a_name() -> None:
    async with fake_server(json_dialect=False) as fake:
        options = JoinOptions(url=fake.url)
        async with staged(fake, options=options, connected=False) as stage:
            await stage.shows("Your name")
            await stage.say("ann")
            await stage.until(lambda: not stage.app.is_running)
        assert stage.app.return_value == Outcome(plain=True, name="ann")
