"""The full-screen client on a real terminal over a real server: keys sent, screens captured."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hubbub
from tests.client.line.screen import JOIN, WAIT_S, Terminal, Window, gone
from tests.conftest import Serve, Server
from tests.deadline import PROGRAM_S, Deadline, within
from tests.parts import need

pytestmark = pytest.mark.real

ESCAPES = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\]8;[^\x1b]*\x1b\\")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def joined(terminal: Terminal, url: str, name: str, **env: str) -> Window:
    window = terminal.run(*JOIN, url, "--name", name, env={"COLORTERM": "truecolor", **env})
    wait_for(window, lambda screen: "Message lobby" in screen)
    return window


def wait_for(window: Window, true: Callable[[str], bool]) -> str:
    deadline = Deadline(WAIT_S)
    while not deadline.over:
        screen = "\n".join(window.screen)
        if true(screen):
            return screen
        time.sleep(0.05)
    raise AssertionError(f"this never showed it:\n{screen}")


def shows(window: Window, *texts: str) -> str:
    return wait_for(window, lambda screen: all(text in screen for text in texts))


def composed(window: Window) -> str:
    """What stands in the composer, at the screen's lower edge."""
    return window.screen[-1][17:].strip()


class Proxy:
    """A small wire between a client and a server that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.up:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def cut(self) -> None:
        self.up = False
        for pair in self._pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    end.close()
        self._pairs.clear()

    def mend(self) -> None:
        self.up = True

    def close(self) -> None:
        self.cut()
        self._listener.close()


async def test_two_people_talk_and_one_comes_back_as_the_same_person(
    server: Server, terminal: Terminal
) -> None:
    ann, bob = joined(terminal, server.url, "ann"), joined(terminal, server.url, "bob")
    ann.enter("hello bob")
    shows(bob, "ann  hello bob")
    bob.enter("/whisper ann psst")
    shows(ann, " 1 lobby", " 2 bob")
    ann.press("M-2")
    shows(ann, "psst", "Message bob")
    ann.enter("what is it?")
    shows(ann, "what is it?")
    bob.press("M-2")
    shows(bob, "what is it?")
    ann.press("C-q")
    ann.shows("code 0")
    kept = terminal.config / "hubbub" / "client.json"
    assert {s["name"] for s in json.loads(kept.read_text())["sessions"][server.url]} == {
        "ann",
        "bob",
    }

    again = terminal.run(*JOIN, server.url, "--name", "ann")
    # Who is there comes after the messages.
    screen = shows(again, "psst", "what is it?", "Message bob", "2 people", "1 lobby")
    assert re.search(r"bob +ann +2 people$", screen.splitlines()[0])
    assert re.search(r"1 lobby +ann$", screen.splitlines()[1])


async def test_composing_while_500_messages_arrive_loses_no_key_and_moves_no_cursor(
    server: Server, terminal: Terminal
) -> None:
    ann = joined(terminal, server.url, "ann")
    words = "the quick brown fox jumps over it"
    async with hubbub.connect(server.url, name="bob") as bob:
        posts = asyncio.create_task(_many(bob, 500))
        for word in words.split(" "):
            await asyncio.to_thread(ann.type, word + " ")
        await posts
    shows(ann, "message 499")

    assert composed(ann) == words
    cursor = terminal.tmux("display", "-p", "-t", "w0", "#{cursor_x} #{cursor_y}").split()
    assert cursor[1] == "59"
    ann.press("Enter")
    wait_for(ann, lambda screen: composed(ann) == "Message lobby")
    async with hubbub.connect(server.url, name="cara") as cara:
        page = await cara.history("lobby", limit=1)
    assert page.events[-1].text == words + " "


async def _many(chat: hubbub.Chat, count: int) -> None:
    for number in range(count):
        await chat.post_soon(f"message {number}")


async def test_a_killed_server_and_a_cut_line_lose_and_repeat_nothing(
    server: Server, terminal: Terminal
) -> None:
    proxy = Proxy(server.port)
    ann = joined(terminal, proxy.url, "ann")
    ann.enter("before")
    async with hubbub.connect(server.url, name="bob") as bob:
        await _texts(bob, 1)
        ann.type("half a sentence")
        proxy.cut()
        shows(ann, "Not connected")
        await bob.post("while the line was cut")
    proxy.mend()
    screen = wait_for(ann, lambda screen: "Not connected" not in screen)
    shows(ann, "while the line was cut")
    server.kill()
    shows(ann, "Not connected")
    ann.press("Enter")
    shows(ann, "half a sentence")
    ann.type("and another")
    server.start()
    wait_for(ann, lambda screen: "Not connected" not in screen)
    async with hubbub.connect(server.url, name="cara") as cara:
        texts = await _texts(cara, 3)

    assert texts == ["before", "while the line was cut", "half a sentence"]
    screen = shows(ann, *texts)
    assert [screen.count(text) for text in texts] == [1, 1, 1]
    assert composed(ann) == "and another"
    proxy.close()


async def _texts(chat: hubbub.Chat, count: int) -> list[str]:
    """What was said in the lobby, once it is at least so much."""
    async with within(WAIT_S):
        while True:
            page = await chat.history("lobby", limit=200)
            if len(page.events) >= count:
                return [event.text for event in page.events]
            await anext(aiter(chat))


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ({"COLORTERM": "truecolor"}, r"(?:[013479]|2[234579]|[34]8[;:]2[;:0-9]+|39|49)"),
        ({"COLORTERM": ""}, r"(?:[013479]|2[234579]|[34]8[;:]5[;:]\d+|39|49|3\d|4\d|9\d|10\d)"),
        ({"COLORTERM": "", "TERM": "xterm"}, r"(?:[0-9]|2[0-9]|3\d|4\d|9\d|10\d)"),
        ({"NO_COLOR": "1"}, r"(?:[0-9]|2[0-9]|39|49)"),
    ],
    ids=["truecolor", "256", "16", "none"],
)
def test_no_more_colours_than_the_terminal_has(
    server: Server, terminal: Terminal, env: dict[str, str], allowed: str
) -> None:
    ann = joined(terminal, server.url, "ann", **env)
    ann.enter("hello")
    shows(ann, "hello")

    for found in ESCAPES.finditer(raw(terminal)):
        codes = found.group(1) or "0"
        assert re.fullmatch(rf"{allowed}(?:[;:]{allowed})*", codes), codes


def raw(terminal: Terminal) -> str:
    return terminal.tmux("capture-pane", "-e", "-p", "-t", "w0")


HOSTILE = {
    "escape": "\x1b[2J\x1b[31mred\x1b]0;title\x07 \x9b31m",
    "bidi": "\u202e\u2066 evil \u2069\u202c עברית مرحبا",
    "zalgo": "z" + "\u0300\u0301\u0316\u0489" * 40 + "algo",
    "joined": "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f 🇩🇪 👍🏽 \u200b\u00ad",
    "wide": "表" * 60,
    "blank": "\u3000\u2028\u2029\u3164\u115f",
    "tabs": "\t\t\ta\tb\r\nnext\rline",
}


async def test_hostile_texts_leave_the_screen_whole(serve: Serve, terminal: Terminal) -> None:
    large = {"HUBBUB_TEXT_BYTES": "200000", "HUBBUB_FRAME_BYTES": "1000000"}
    server = serve("--rate-limits", "off", env=large)
    ann = joined(terminal, server.url, "ann")
    async with hubbub.connect(server.url, name="bob", rooms=["lobby"]) as bob:
        for what, text in HOSTILE.items():
            await bob.post(f"{what}: {text}")
            await bob.command(f"/topic {what} {text}", "lobby")
            await bob.whisper("ann", text)
        await bob.post("long " + "x" * 100_000)
        await bob.post("wide " + "表\u0301" * 20_000)
        await bob.post("one\n" * 300)
        await bob.post("the end")
        shows(ann, "the end")
        assert_whole(terminal, ann)
        for key in ("PPage", "PPage", "PPage", "PPage", "C-Home"):
            ann.press(key)
            assert_whole(terminal, ann)
        shows(ann, "the beginning")
        assert_whole(terminal, ann)
        ann.press("M-2")
        shows(ann, "Message bob")
        assert_whole(terminal, ann)


def assert_whole(terminal: Terminal, window: Window) -> None:
    """The rooms, the heading and the composer are where they belong, and no row is too long."""
    lines = terminal.tmux("capture-pane", "-p", "-t", "w0").splitlines()
    whole = "\n".join(lines)
    assert lines[0].startswith(" hubbub"), lines[0]
    assert lines[1].startswith(" 1 lobby"), lines[1]
    assert lines[-1][17:].strip().startswith("Message"), whole
    # The rooms' column has nothing of anybody's text.
    assert {line[:16].strip() for line in lines[4:]} <= {""}, whole
    shown = ESCAPES.sub("", raw(terminal))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    title = terminal.tmux("display", "-p", "-t", "w0", "#{pane_title}")
    assert "title" not in title


async def test_the_longest_names_fit_beside_the_messages(serve: Serve, terminal: Terminal) -> None:
    server = serve("--rate-limits", "off")
    ann = joined(terminal, server.url, "ann")
    async with hubbub.connect(server.url, name="bob") as bob:
        for number in range(40):
            await bob.command(f"/nick {'名' * 20}{number}")
            await bob.post(f"I am number {number}")
    shows(ann, "I am number 39")
    assert_whole(terminal, ann)


def test_a_saved_server_is_joined_by_its_name(server: Server, terminal: Terminal) -> None:
    work = terminal.run(*JOIN, server.url, "--name", "ann", "--room", "ops", "--save", "work")
    shows(work, "#ops")
    work.press("C-q")
    work.shows("code 0")

    again = terminal.run(*JOIN, "work")
    assert "#ops" in shows(again, "Message ops").splitlines()[0]
    again.press("C-q")
    again.shows("code 0")
    plain = terminal.run(*JOIN, "work", "--plain")
    plain.shows("ops>")


def test_no_server_and_no_terminal_are_told_in_one_line(terminal: Terminal) -> None:
    window = terminal.run(*JOIN, "127.0.0.1:1", "--name", "ann")
    shows(window, "hubbub: Cannot reach 127.0.0.1:1")
    window.shows("code 1")

    pipe = subprocess.run(
        [*JOIN, "127.0.0.1:1"], input=b"", capture_output=True, timeout=PROGRAM_S, check=False
    )
    assert pipe.stderr.startswith(b"hubbub: Cannot reach")


def test_whoever_is_told_to_stop_leaves_the_terminal_as_it_was(
    server: Server, terminal: Terminal
) -> None:
    ann = joined(terminal, server.url, "ann")
    os.kill(ann.program, signal.SIGTERM)

    ann.shows("code 143")
    assert terminal.tmux("display", "-p", "-t", "w0", "#{alternate_on}").strip() == "0"


async def test_a_closed_terminal_ends_it_while_much_arrives_and_keeps_the_draft(
    server: Server, terminal: Terminal
) -> None:
    joined(terminal, server.url, "bob")
    ann = joined(terminal, server.url, "ann")
    ann.type("half a sentence")
    shows(ann, "half a sentence")
    program = ann.program
    async with hubbub.connect(server.url, name="cara") as cara:
        posts = asyncio.create_task(_many(cara, 300))
        await asyncio.to_thread(shows, ann, "message ")
        ann.close()
        await posts
        await asyncio.to_thread(gone, program)
    again = terminal.run(*JOIN, server.url, "--name", "ann", env={"COLORTERM": "truecolor"})
    wait_for(again, lambda screen: "message 299" in screen and composed(again) == "half a sentence")
