"""Keys that arrive at once do what they do one by one; a paste without brackets is one draft."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

import hubbub
from tests.client.fake import FakeServer
from tests.client.line.screen import Terminal
from tests.client.tui.stage import WAIT_S, Stage, guest, staged
from tests.client.tui.test_terminal import composed, joined, shows, wait_for
from tests.conftest import Server
from tests.parts import need

pytestmark = pytest.mark.real


ENTER = "enter"
EDITING = ("left", "right", "home", "end", "backspace", "delete", "ctrl+w", "ctrl+u", "ctrl+j")
SEQUENCES, KEYS = 5, 8


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def at_once(stage: Stage, *keys: str) -> None:
    """Sends keys as one read has them; words of several characters without + are keys' names."""
    for key in keys:
        stage.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(
    ("keys", "said", "draft"),
    [
        ((*"aaa", ENTER, *"bbb", ENTER), ["aaa", "bbb"], ""),
        ((*"wrong", "ctrl+u", *"right"), [], "right"),
        ((*"half", "backspace", "o"), [], "halo"),
        ((*"ab", "left", "left", *"XX"), [], "XXab"),
        ((*"one", ENTER, "up", "backspace"), ["one"], "on"),
        ((*"one", ENTER, "t", "w", "o", "home", "x", ENTER, "y"), ["one", "xtwo"], "y"),
    ],
)
async def test_keys_of_one_read_do_what_they_do_one_by_one(
    fake: FakeServer, keys: tuple[str, ...], said: list[str], draft: str
) -> None:
    async with staged(fake) as stage:
        at_once(stage, *keys, "end", "!")
        await stage.until(lambda: stage.draft.endswith("!"))
        assert stage.draft == f"{draft}!"
        await stage.until(lambda: fake.texts == said)


async def test_any_editing_at_once_ends_as_one_by_one(fake: FakeServer) -> None:
    chance = random.Random(20260301)
    async with staged(fake) as stage:
        for _ in range(SEQUENCES):
            keys = [chance.choice(["a", "b", "c", *EDITING]) for _ in range(KEYS)]
            await stage.press(*keys)
            expected = stage.draft
            stage.screen.composer.fill("")
            at_once(stage, *keys, "ctrl+end", "!")
            await stage.until(lambda: "!" in stage.draft)
            composer = stage.screen.composer
            assert composer.text.replace("!", "", 1) == expected, keys
            composer.fill("")


async def test_keys_after_one_that_opens_a_list_go_to_the_list(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        at_once(stage, "ctrl+k", *"teas", "backspace")
        await stage.until(lambda: isinstance(stage.app.focused, Input))
        focused = stage.app.focused
        assert isinstance(focused, Input)
        await stage.until(lambda: focused.value == "tea")
        assert stage.draft == ""


async def test_what_follows_the_way_to_another_room_is_said_there(server: Server) -> None:
    async with guest(server, "ann", "lobby") as stage:
        stage.app.keyboard.patience_s = WAIT_S
        at_once(stage, *"/join tea", ENTER, *"hot", ENTER)
        at_once(stage, "alt+1", *"cold", ENTER)
        at_once(stage, "ctrl+k", *"te", ENTER, *"sweet", ENTER)
        await stage.until(lambda: stage.draft == "" and "sweet" in stage.text)
        await stage.until(lambda: stage.conversation.view.unsent == 0)
    async with hubbub.connect(server.url, name="bob", rooms=["lobby", "tea"]) as bob:
        lobby, tea = await bob.history("lobby"), await bob.history("tea")
    assert [event.text for event in lobby.events] == ["cold"]
    assert [event.text for event in tea.events] == ["hot", "sweet"]


async def test_a_search_is_narrowed_and_left_in_the_order_of_typing(server: Server) -> None:
    async with hubbub.connect(server.url, name="bob", rooms=["lobby"]) as bob:
        await bob.post("a needle")
        await bob.post("hay")
    async with guest(server, "ann", "lobby") as stage:
        stage.app.keyboard.patience_s = WAIT_S
        at_once(stage, "ctrl+f", "ctrl+f", *"needles", "backspace", ENTER, ENTER)
        await stage.until(lambda: stage.app.screen is stage.screen)
        await stage.until(lambda: stage.screen.messages.cursor == "1")


async def test_a_terminal_types_as_somebody_does_and_pastes_without_brackets(
    server: Server, terminal: Terminal
) -> None:
    ann = joined(terminal, server.url, "ann")
    ann.press("hi", "Enter", "/login ann s3cr3t", "Enter")
    shows(ann, "/login …")
    ann.press("aaa", "Enter", "bbb", "Enter", "C-u", "wrong", "C-u", "other", "Left", "Left", "XX")
    wait_for(ann, lambda _: composed(ann) == "othXXer")
    ann.press("C-u", "C-e", "C-u")
    wait_for(ann, lambda _: composed(ann) == "Message lobby")

    lines = [f"line {number}" for number in range(300)]
    pasted = "\n".join([*lines, "/quit", "/nick eve", "the end"]) + "\n"
    terminal.tmux("set-buffer", pasted)
    terminal.tmux("paste-buffer", "-t", "w0")
    wait_for(ann, lambda _: composed(ann) == "the end")
    ann.press("Enter")
    wait_for(ann, lambda _: composed(ann) == "Message lobby")

    async with hubbub.connect(server.url, name="bob", rooms=["lobby"]) as bob:
        page = await bob.history("lobby")
    texts = [event.text for event in page.events]
    assert texts == ["hi", "aaa", "bbb", pasted.rstrip("\n")]
