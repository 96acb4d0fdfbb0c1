"""When clients try to come back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import hubbub
from hubbub.client.backoff import Backoff
from hubbub.client.calls import Bounds
from hubbub.client.retry import Retry
from tests.client.fake import FakeServer, fake_server
from tests.client.line.screen import JOIN, Terminal
from tests.client.tui.stage import staged
from tests.deadline import within
from tests.parts import need

FAR_S = 100_000.0


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody comes back without being asked to."""
    monkeypatch.setattr(Backoff, "delay_s", lambda *_: FAR_S)


def test_in_the_first_two_minutes_no_wait_is_longer_than_five_seconds() -> None:
    backoff = Backoff()
    waits = [backoff.delay_s(attempt, 1.0, away_s=119.0) for attempt in (0, 1, 2, 3, 4, 1000)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert backoff.delay_s(1000, 1.0, away_s=120.0) == 30.0
    assert Backoff(most_s=0.2).delay_s(1000, 1.0) == 0.2


async def test_who_floods_comes_back_as_after_a_long_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.SystemRandom.random", lambda _: 1.0)
    retry = Retry(Backoff())
    retry.flooded()
    assert retry.delay_s() == 16.0
    retry.steady()
    assert retry.delay_s() == 0.5


async def test_what_is_asked_for_comes_at_once_but_not_before_the_server_wants_it() -> None:
    retry, loop = Retry(Backoff()), asyncio.get_running_loop()
    assert retry.in_s is None
    begun_s = loop.time()
    waiting = asyncio.create_task(retry.wait(FAR_S, least_s=0.3))
    await asyncio.sleep(0)
    assert retry.in_s is not None
    assert FAR_S - 100 < retry.in_s <= FAR_S
    retry.now()
    async with within(20):
        await waiting
    assert loop.time() - begun_s >= 0.3
    assert retry.in_s is None


@pytest.mark.real
@pytest.mark.usefixtures("far")
async def test_a_program_can_ask_to_come_back_now(fake: FakeServer) -> None:
    async with within(20), hubbub.connect(fake.url, bounds=Bounds(give_up_s=2 * FAR_S)) as chat:
        assert chat.retry_in_s is None
        fake.cut_all()
        lost = await anext(chat)
        assert isinstance(lost, hubbub.Disconnected)
        await asyncio.sleep(0)
        chat.retry_now()
        assert isinstance(await anext(chat), hubbub.Reconnected)


@pytest.mark.real
@pytest.mark.usefixtures("far")
async def test_any_key_of_the_full_screen_client_tries_again_and_it_counts_down(
    fake: FakeServer,
) -> None:
    async with staged(fake) as stage:
        fake.cut_all()
        await stage.shows("Any key tries again, or")
        await stage.pilot.press("x")
        await stage.until(lambda: len(fake.hellos) == 2)
        await stage.lacks("Not connected")


@pytest.mark.real
async def test_the_line_client_counts_down_and_enter_tries_again(
    fake: FakeServer, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("tmux")
    terminal = Terminal(tmp_path)  # type: ignore[arg-type]
    try:
        far = "from hubbub.client.backoff import Backoff; from hubbub.__main__ import main; "
        far += f"Backoff.delay_s = lambda *_: {FAR_S}; main()"
        command = [JOIN[0], "-c", far, "join", "--plain", fake.url, "--name", "ann"]
        window = terminal.run(*command)
        await asyncio.to_thread(window.shows, "lobby> ?")
        fake.cut_all()
        counting = r"Trying again in \d+ s; Enter tries now\."
        await asyncio.to_thread(window.shows, counting, r"lobby \(not connected\)> ?")
        window.press("Enter")
        await asyncio.to_thread(window.shows, ".*Connected again.*", "lobby> ?")
        assert len(fake.hellos) == 2
    finally:
        terminal.close()
