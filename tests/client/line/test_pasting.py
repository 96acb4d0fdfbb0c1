"""What is typed at once and what is pasted without brackets, in the line client on a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbub
from tests.client.line.screen import JOIN, Terminal
from tests.conftest import Server
from tests.parts import need

pytestmark = pytest.mark.real


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


async def test_lines_typed_at_once_are_said_and_a_paste_without_brackets_is_one_draft(
    server: Server, terminal: Terminal
) -> None:
    ann = terminal.run(*JOIN, server.url, "--name", "ann", "--plain")
    ann.shows("lobby>")
    ann.press("aaa", "Enter", "wrong", "C-u", "bbb", "Enter")
    ann.shows(".*: bbb", "lobby>")
    lines = [f"line {number}" for number in range(300)]
    pasted = "\n".join([*lines, "/quit", "/nick eve", "the end"]) + "\n"
    terminal.tmux("set-buffer", pasted)
    terminal.tmux("paste-buffer", "-t", "w0")
    ann.shows("the end")
    ann.press("Enter")
    ann.shows(".*the end", "lobby>")

    async with hubbub.connect(server.url, name="bob", rooms=["lobby"]) as bob:
        page = await bob.history("lobby")
    assert [event.text for event in page.events] == ["aaa", "bbb", pasted.rstrip("\n")]
