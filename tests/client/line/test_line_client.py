"""`hubbub join` as a person and a pipeline use it, against a real server."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbub
from hubbub.client import saved
from hubbub.client.address import parse_address
from tests.client.fake import fake_server
from tests.client.line.screen import JOIN, Terminal, Window, gone
from tests.conftest import Serve, Server, free_port
from tests.deadline import PROGRAM_S, within
from tests.parts import need

pytestmark = pytest.mark.real

TIME = r"\d\d:\d\d "


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need("tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def filtered(server: Server, data: str | bytes, *flags: str) -> subprocess.CompletedProcess[bytes]:
    """What a filter makes of its input."""
    sent = data.encode() if isinstance(data, str) else data
    return subprocess.run(
        [*JOIN, server.url, *flags], input=sent, capture_output=True, timeout=PROGRAM_S
    )


def started(server: Server, *flags: str, stdin: int = subprocess.PIPE) -> "subprocess.Popen[bytes]":
    """A filter that runs beside the test."""
    # Unbuffered: what `readline` took ahead `communicate` would not give.
    return subprocess.Popen(
        [*JOIN, server.url, *flags],
        bufsize=0,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def logged(server: Server, room: str = "lobby") -> list[str]:
    """The texts of a room's log."""
    texts: list[str] = []
    async with hubbub.connect(server.url, rooms=[room]) as chat:
        more, last = True, 0
        while more:
            page = await chat.history(room, after=last, limit=200)
            texts += [event.text for event in page.events]
            more, last = page.more, page.events[-1].seq if page.events else last
    return texts


# --- in a pipe


async def test_lines_in_are_posts_and_messages_come_out_as_lines(server: Server) -> None:
    done = filtered(server, "hi\n\n   \r\nexit\n/etc/passwd\nlast", "--name", "bot")

    assert done.stdout.decode() == "[bot]: hi\n[bot]: exit\n[bot]: /etc/passwd\n[bot]: last\n"
    assert (done.stderr, done.returncode) == (b"", 0)
    assert await logged(server) == ["hi", "exit", "/etc/passwd", "last"]


async def test_json_lines_are_the_event_frames(server: Server) -> None:
    done = filtered(server, "hi\n", "--name", "bot", "--room", "ops", "--json")

    frame = json.loads(done.stdout)
    assert (frame["type"], frame["room"], frame["seq"]) == ("message", "ops", 1)
    assert (frame["from"]["name"], frame["text"]) == ("bot", "hi")


async def test_commands_run_only_when_asked_for(server: Server) -> None:
    done = filtered(server, "/who\n//etc\n/nope\nhi\n", "--name", "bot", "--commands")

    assert done.stdout.decode() == "* -- 1 in lobby: bot\n[bot]: /etc\n[bot]: hi\n"
    assert done.stderr.startswith(b"hubbub: line 3: There is no command /nope")
    assert done.returncode == 1


async def test_a_line_that_is_refused_is_told_and_the_rest_goes_on(server: Server) -> None:
    done = filtered(server, "one\n" + "x" * 20_000 + "\n" + "y" * 2_000_000 + "\ntwo\n")

    assert await logged(server) == ["one", "two"]
    # The server refuses the one, the client the other, so either may be told first.
    second, third = sorted(done.stderr.decode().splitlines())
    assert second.startswith("hubbub: line 2: The text has 20000 bytes, the limit is 16384")
    assert third == "hubbub: line 3: longer than 1048576 bytes; not sent"
    assert done.returncode == 1


async def test_invalid_utf8_is_sent_as_replacement_characters(server: Server) -> None:
    assert filtered(server, b"a\xffb\n").returncode == 0
    assert await logged(server) == ["a\ufffdb"]


async def test_many_lines_arrive_whole_and_in_order_though_the_server_dies(
    server: Server,
) -> None:
    lines = [f"{n} Zeile строка 行 🦊" for n in range(20_000)]
    writer = started(server, "--name", "bot")
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("".join(line + "\n" for line in lines[:1000]).encode())
    writer.stdin.flush()
    first = writer.stdout.readline()
    server.kill()
    server.start()
    out, err = writer.communicate("".join(line + "\n" for line in lines[1000:]).encode(), 50)

    assert (first + out).decode().splitlines() == [f"[bot]: {line}" for line in lines]
    assert await logged(server) == lines
    lost, again = err.decode().splitlines()
    assert re.fullmatch(r"hubbub: connection lost: .*; trying again in \d\.\d s", lost)
    assert (again, writer.returncode) == ("hubbub: connected again", 0)


async def test_order_holds_below_the_servers_rates(serve: Serve) -> None:
    server = serve(env={"HUBBUB_POSTS_PER_S": "200", "HUBBUB_POSTS_BURST": "50"})
    lines = [f"line {n}" for n in range(400)]
    done = filtered(server, "\n".join(lines))

    assert (done.stderr, done.returncode) == (b"", 0)
    assert await logged(server) == lines


async def in_room(chat: hubbub.Chat, name: str) -> None:
    """Waits until somebody is in the lobby."""
    async for event in chat:
        if isinstance(event, hubbub.Presence) and event.user.name == name:
            return


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_without_input_the_conversation_is_followed_until_a_signal(
    server: Server, number: signal.Signals, code: int
) -> None:
    async with hubbub.connect(server.url, name="ann") as chat:
        reader = started(server, "--name", "cat", stdin=subprocess.DEVNULL)
        await in_room(chat, "cat")
        await chat.post("hi")
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"[ann]: hi\n"
        reader.send_signal(number)
        _, err = reader.communicate(timeout=PROGRAM_S)
        assert (err, reader.returncode) == (b"", code)
        # It said goodbye: the name is free at once.
        async with hubbub.connect(server.url, name="cat"):
            pass


async def test_a_reader_that_goes_away_ends_it_quietly(server: Server) -> None:
    async with hubbub.connect(server.url, name="ann") as chat:
        reader = started(server, "--name", "cat", stdin=subprocess.DEVNULL)
        await in_room(chat, "cat")
        assert reader.stdout is not None
        reader.stdout.close()
        await chat.post("hi")
        assert reader.wait(timeout=PROGRAM_S) == 141
        assert reader.stderr is not None
        with reader.stderr as errors:
            assert errors.read() == b""


async def test_each_line_is_sent_as_soon_as_it_comes(server: Server) -> None:
    async with hubbub.connect(server.url, name="ann") as chat:
        log = started(server, "--name", "log")
        assert log.stdin is not None
        for n in range(3):
            log.stdin.write(f"event {n}\n".encode())
            log.stdin.flush()
            async for event in chat:
                if isinstance(event, hubbub.Message):
                    assert event.text == f"event {n}"
                    break
        log.communicate(timeout=PROGRAM_S)
        assert log.returncode == 0


def test_what_cannot_be_joined_is_one_line_and_a_code(server: Server) -> None:
    def ending(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [*JOIN, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROGRAM_S,
        )
        assert done.stdout == ""
        return done.returncode, done.stderr

    code, said = ending(f"127.0.0.1:{free_port()}")
    assert code == 1
    assert said.count("\n") == 1
    assert "nothing listens there" in said
    code, said = ending("ftp://x")
    assert (code, said.count("\n")) == (2, 1)
    code, said = ending(server.url, "--name", "a b")
    assert (code, said.count("\n")) == (1, 1)
    code, said = ending(server.url, "--token", "stale")
    assert (code, said.count("\n")) == (1, 1)


def test_a_filter_goes_where_the_environment_says(server: Server) -> None:
    done = subprocess.run(
        JOIN,
        input=b"x\n",
        capture_output=True,
        timeout=PROGRAM_S,
        env={**os.environ, "HUBBUB_URL": server.url},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b": x\n")


def test_a_filter_that_is_refused_or_told_to_stop_frees_its_name(server: Server) -> None:
    for _ in range(2):
        refused = filtered(server, "x", "--name", "n1", "--room", "@x")
        assert refused.returncode == 1
        assert b"no direct room @x" in refused.stderr
    process = started(server, "--name", "n1", "--json", "--follow")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"x\n")
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PROGRAM_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert filtered(server, "y", "--name", "n1").returncode == 0


def test_a_filter_comes_by_the_session_that_another_client_has_kept_of_its_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    async def kept() -> tuple[str, str]:
        async with hubbub.connect(server.url, name="ann", keep_session=True) as chat:
            return chat.user.id, chat.session

    ann, token = asyncio.run(kept())
    stranger = filtered(server, "x", "--name", "ann")
    assert stranger.returncode == 1
    assert b"If it is yours, come by its session" in stranger.stderr

    address = parse_address(server.url)
    session = saved.Session(token, "ann")
    saved.change(lambda file: saved.with_session(file, address, session))
    said = filtered(server, "x", "--name", "ann", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["from"] == {"id": ann, "name": "ann"}
    # The session is the other client's: it is there the next time, too.
    assert filtered(server, "x", "--name", "ann").returncode == 0

    stale = saved.Session("stale", "bob")
    saved.change(lambda file: saved.with_session(file, address, stale))
    assert filtered(server, "x", "--name", "bob").returncode == 0
    assert saved.session_for(saved.load(), address, "bob") is None


async def test_a_tutorials_server_gets_lines_and_gives_lines() -> None:
    async with fake_server(json_dialect=False) as tutorial:
        process = await asyncio.create_subprocess_exec(
            *JOIN,
            tutorial.url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(b"hi\n"), PROGRAM_S)
    assert out == b"[user0]: hi\n"
    assert b"knows only plain text" in err
    assert process.returncode == 0


async def test_in_a_pipe_to_a_tutorials_server_commands_stay_here() -> None:
    async with fake_server(json_dialect=False) as tutorial:
        process = await asyncio.create_subprocess_exec(
            *[*JOIN, tutorial.url, "--commands", "--name", "ann", "--room", "dev"],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        lines = b"/login ann s3cr3t\n//x\n/w lena secret\n"
        out, err = await asyncio.wait_for(process.communicate(lines), PROGRAM_S)
    assert out == b"[user0]: /x\n"
    assert b"line 1: not sent: /login \xe2\x80\xa6 (This server knows no commands" in err
    assert b"line 3: not sent: /w lena secret (" in err
    assert b"It has no use for --name and --room." in err
    assert b"s3cr3t" not in err
    assert process.returncode == 1


# --- on a terminal


def joined(terminal: Terminal, server: Server, name: str) -> Window:
    window = terminal.run(*JOIN, "--plain", server.url, "--name", name)
    window.shows("lobby>")
    return window


def test_a_half_typed_line_survives_fifty_messages(terminal: Terminal, server: Server) -> None:
    ann, cara = joined(terminal, server, "ann"), joined(terminal, server, "cara")
    ann.type("half typed")
    ann.shows("lobby> half typed")
    for n in range(50):
        cara.enter(f"message {n}")
        # Three lines at once would be a paste.
        cara.shows(TIME + rf"\[cara\]: message {n}", "lobby>")
    screen = ann.shows(TIME + r"\[cara\]: message 49", "lobby> half typed")

    assert [re.sub("^" + TIME, "", line) for line in screen] == [
        "* -- You are ann in lobby. /help lists the commands.",
        *(f"[cara]: message {n}" for n in range(50)),
        "lobby> half typed",
    ]
    ann.enter(" and now whole")
    cara.shows(TIME + r"\[ann\]: half typed and now whole")


@pytest.mark.parametrize("way", ["exit", "EXIT", "/quit", "C-d", "C-c"])
def test_every_way_out_ends_with_the_farewell(terminal: Terminal, server: Server, way: str) -> None:
    ann = joined(terminal, server, "ann")
    if way == "C-c":
        ann.type("typed for nothing")
        ann.press("C-c")
        ann.shows(r"\^C once more, or \^D, ends hubbub\.")
        ann.shows("lobby>")
        ann.press("C-c")
    elif way == "C-d":
        ann.press(way)
    else:
        ann.enter(way)
    screen = ann.shows(r"code \d+")

    assert screen[-2:] == ["Connection closed. Goodbye!", f"code {130 if way == 'C-c' else 0}"]


def test_leaving_while_the_server_is_away_tells_what_was_not_sent(
    terminal: Terminal, server: Server
) -> None:
    ann = joined(terminal, server, "ann")
    server.kill()
    ann.shows(r"lobby \(not connected\)>")
    for line in ("first", "/me waves", "second"):
        ann.type(line)
        # Three lines at once would be a paste.
        ann.shows(rf"lobby \(not connected\)> {line}")
        ann.press("Enter")
    ann.shows("/me waves")
    begin = time.monotonic()
    ann.press("C-d")
    screen = ann.shows("code 1")

    assert time.monotonic() - begin < 8
    assert screen[-6:-1] == [
        "* -- Waiting up to 4 s for the server to take what was said.",
        "! Not sent, as far as the server has told: first",
        "! Not sent, as far as the server has told: /me waves",
        "! Not sent, as far as the server has told: second",
        "Connection closed. Goodbye!",
    ]


def test_what_was_said_just_before_leaving_is_sent(terminal: Terminal, server: Server) -> None:
    ann, bob = joined(terminal, server, "ann"), joined(terminal, server, "bob")
    terminal.tmux("send-keys", "-t", "w0", "one", "Enter", "two", "Enter", "C-d")
    ann.shows("code 0")
    bob.shows(TIME + r"\[ann\]: one", TIME + r"\[ann\]: two")


def test_whoever_is_told_to_stop_leaves_the_terminal_whole_and_comes_back(
    terminal: Terminal, server: Server
) -> None:
    ann = joined(terminal, server, "ann")
    ann.enter("/join dev")
    ann.shows("dev>")
    os.kill(ann.program, signal.SIGTERM)
    assert ann.shows("code 143")[-2] == "Connection closed. Goodbye!"
    again = terminal.run(*JOIN, "--plain", server.url)
    again.shows(r"\* -- You are ann in dev\. .*")


async def test_a_closed_terminal_ends_it_and_keeps_who_one_was(
    terminal: Terminal, server: Server
) -> None:
    joined(terminal, server, "bob")
    ann = joined(terminal, server, "ann")
    program = ann.program
    async with hubbub.connect(server.url, name="cara") as cara:
        ann.close()
        async with within(20):
            async for event in cara:
                if isinstance(event, hubbub.Presence) and event.state == "left":
                    break
        await asyncio.to_thread(gone, program)
    again = terminal.run(*JOIN, "--plain", server.url, "--name", "ann")
    await asyncio.to_thread(again.shows, r"\* -- You are ann in lobby\. .*")


@pytest.mark.parametrize(
    ("answer", "kind"), [("exit", "xterm"), ("C-d", "xterm"), ("/quit", "dumb")]
)
def test_leaving_at_the_question_for_a_name_gives_none(
    terminal: Terminal, server: Server, answer: str, kind: str
) -> None:
    window = terminal.run(*JOIN, "--plain", server.url, env={"TERM": kind})
    window.shows(r"Your name \(Enter for an automatic one\):")
    if answer == "C-d":
        window.press(answer)
    else:
        window.enter(answer)
    assert window.shows("code 0")[-2].endswith("Connection closed. Goodbye!")
    assert not (terminal.config / "hubbub").exists()


def test_a_guest_comes_back_under_the_same_name(terminal: Terminal, server: Server) -> None:
    ann = joined(terminal, server, "ann")
    ann.press("C-d")
    ann.shows("code 0")

    joined(terminal, server, "ann")


def test_a_name_that_is_taken_is_asked_for_again(terminal: Terminal, server: Server) -> None:
    joined(terminal, server, "ann")
    elsewhere = {"XDG_CONFIG_HOME": str(terminal.config / "elsewhere")}
    other = terminal.run(*JOIN, "--plain", server.url, env=elsewhere)
    other.shows(r"Your name \(Enter for an automatic one\):")
    other.enter("Ann")
    other.shows(r"! .*")
    other.enter("cara")
    other.shows(r"\* -- You are cara in lobby\..*")


def test_enter_alone_takes_an_automatic_name(terminal: Terminal, server: Server) -> None:
    window = terminal.run(*JOIN, "--plain", server.url)
    window.shows(r"Your name \(Enter for an automatic one\):")
    window.press("Enter")
    window.shows(r"\* -- You are user\d+ in lobby\..*")


def test_a_killed_server_is_told_and_nothing_is_lost_or_repeated(
    terminal: Terminal, server: Server
) -> None:
    ann, cara = joined(terminal, server, "ann"), joined(terminal, server, "cara")
    cara.enter("before")
    ann.shows(TIME + r"\[cara\]: before")
    server.kill()
    ann.shows(r"\* -- Connection lost: .*; trying again in \d\.\d s")
    ann.shows(r"lobby \(not connected\)>")
    cara.shows(r"lobby \(not connected\)>")
    cara.enter("meanwhile")
    cara.shows(r"\* -- Not connected; this will be sent afterwards\.")
    server.start()
    screen = ann.shows(TIME + r"\[cara\]: meanwhile")

    said = [re.sub("^" + TIME, "", line) for line in screen]
    assert said.count("[cara]: before") == said.count("[cara]: meanwhile") == 1
    assert said.count("* -- Connected again.") == 1


def test_the_last_page_of_history_and_the_topic_come_first(
    terminal: Terminal, server: Server
) -> None:
    ann = joined(terminal, server, "ann")
    for n in range(60):
        ann.enter(f"old {n}")
        ann.shows(TIME + rf"\[ann\]: old {n}", "lobby>")
    ann.enter("/topic Tea")
    ann.shows(r"\* -- The topic of lobby is now: Tea")
    cara = joined(terminal, server, "cara")
    screen = cara.shows(TIME + r"\[ann\]: old 59")

    assert screen[:2] == [
        "* -- You are cara in lobby. /help lists the commands.",
        "* -- Topic: Tea",
    ]
    assert [line for line in screen if line.endswith("old 20")]
    assert not [line for line in screen if line.endswith("old 5")]


def test_whispers_rooms_and_completion_work_by_hand(terminal: Terminal, server: Server) -> None:
    ann, cara = joined(terminal, server, "ann"), joined(terminal, server, "cara")
    cara.enter("hi")
    ann.shows(TIME + r"\[cara\]: hi")
    ann.type("/whis")
    ann.press("Tab")
    ann.shows("lobby> /whisper")
    ann.type(" ca")
    ann.press("Tab")
    ann.shows("lobby> /whisper cara")
    ann.enter(" psst")
    cara.shows(TIME + r"\[ann -> you\]: psst")
    ann.shows(TIME + r"\[you -> cara\]: psst")
    ann.enter("/join dev")
    ann.shows("dev>")
    cara.enter("still here")
    ann.shows(TIME + r"#lobby \[cara\]: still here")
    ann.enter("/leave")
    ann.shows("lobby>")


def test_input_history_is_kept_for_its_owner_only(
    terminal: Terminal, server: Server, tmp_path: Path
) -> None:
    ann = joined(terminal, server, "ann")
    ann.enter("to be remembered")
    ann.shows(TIME + r"\[ann\]: to be remembered")
    ann.press("C-d")
    ann.shows("code 0")
    again = joined(terminal, server, "ann")
    again.press("Up")
    again.shows("lobby> to be remembered")
    (history,) = tmp_path.rglob("history")
    assert history.stat().st_mode & 0o777 == 0o600


def test_a_dumb_terminal_has_plain_lines_both_ways(terminal: Terminal, server: Server) -> None:
    window = terminal.run(*JOIN, server.url, env={"TERM": "dumb"})
    window.shows(r"Your name \(Enter for an automatic one\):")
    window.enter("ann")
    window.enter("hi")
    window.shows(r"\[ann\]: hi")
    window.enter("exit")
    assert window.shows("code 0")[-2:] == ["Connection closed. Goodbye!", "code 0"]


async def test_a_tutorials_server_may_go_and_come_back(terminal: Terminal) -> None:
    async with fake_server(json_dialect=False) as tutorial:
        window = terminal.run(*JOIN, "--plain", tutorial.url, "--name", "ann")
        await asyncio.to_thread(window.shows, ".*This server knows only plain text.*")
        await asyncio.to_thread(window.shows, "> ?")
        window.enter("/login ann s3cr3t")
        await asyncio.to_thread(window.shows, "! Not sent: /login … .*", ".*")
        window.enter("//x")
        screen = await asyncio.to_thread(window.shows, r"\[user0\]: /x")
        assert any("It has no use for --name." in line for line in screen)
        assert not any("s3cr3t" in line for line in screen)
        await tutorial.stop()
        await asyncio.to_thread(window.shows, r".*Connection lost: .*[^.]; trying again in .*")
        window.enter("lost")
        await asyncio.to_thread(window.shows, "! Not sent: lost .*")
        await tutorial.start()
        await asyncio.to_thread(window.shows, ".*Connected again.*")
        window.enter("hi")
        await asyncio.to_thread(window.shows, r"\[user0\]: hi")
        window.press("C-d")
        await asyncio.to_thread(window.shows, "code 0")


def test_colours_are_left_away_where_they_are_not_wanted(
    terminal: Terminal, server: Server
) -> None:
    ann = terminal.run(*JOIN, "--plain", server.url, "--name", "ann", env={"NO_COLOR": "1"})
    ann.shows("lobby>")
    ann.enter("hi")
    ann.shows(TIME + r"\[ann\]: hi")
    coloured = terminal.tmux("capture-pane", "-p", "-e", "-t", "w0")
    assert "\x1b[9" not in coloured
    assert "\x1b[3" not in coloured
