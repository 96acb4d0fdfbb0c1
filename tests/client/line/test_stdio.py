"""Bytes to lines, what is typed, what is shown: the line client without a terminal."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.line.look import Look, colour_allowed, colour_of, local_time, plain_line
from hubbub.client.line.manner import End, manner
from hubbub.client.line.stdio import Line, LineSplitter, read_lines, write_all
from hubbub.client.options import JoinOptions
from hubbub.client.typed import (
    GoFrom,
    GoTo,
    Ignore,
    Notices,
    Quit,
    Run,
    Say,
    Typed,
    Unignore,
    Wrong,
    is_farewell,
    read_typed,
)
from hubbub.protocol.events import Message, Notice, Person, Presence, Topic
from tests.deadline import within

BOB = Person("u2", "bob")


def test_lines_end_with_lf_or_crlf_and_the_last_one_needs_no_end() -> None:
    splitter = LineSplitter()
    lines = splitter.feed(b"one\r\ntw") + splitter.feed(b"o\n\nfour") + splitter.finish()

    assert lines == [Line(1, "one"), Line(2, "two"), Line(3, ""), Line(4, "four")]


def test_invalid_utf8_becomes_replacement_characters() -> None:
    assert LineSplitter().feed(b"a\xffb\n") == [Line(1, "a\ufffdb")]


def test_a_line_over_the_bound_is_passed_over_and_the_next_one_is_whole() -> None:
    splitter = LineSplitter(line_bytes=10)
    lines = splitter.feed(b"x" * 8) + splitter.feed(b"y" * 8) + splitter.feed(b"z\nnext\n")

    assert lines == [Line(1, None), Line(2, "next")]
    assert splitter.feed(b"x" * 11) == []
    assert splitter.finish() == [Line(3, None)]


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_lines_do_not_depend_on_how_the_bytes_arrive(pieces: list[bytes]) -> None:
    split, whole = LineSplitter(), LineSplitter()
    parts = [line for piece in pieces for line in split.feed(piece)] + split.finish()

    assert parts == whole.feed(b"".join(pieces)) + whole.finish()


async def test_a_pipe_is_read_line_by_line_as_they_come() -> None:
    reader, writer = os.pipe()
    try:
        lines = read_lines(reader)
        for word in (b"one\n", b"two\n"):
            write_all(writer, word)
            async with within(5):
                assert [line.text for line in await anext(lines)] == [word.decode().strip()]
        os.close(writer)
        async with within(5):
            assert [found async for found in lines] == []
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("hi", Say("hi")),
        ("  hi ", Say("  hi ")),
        ("//etc is a folder", Say("/etc is a folder")),
        ("", None),
        ("   ", None),
        ("exit", Quit()),
        (" EXIT ", Quit()),
        ("exit the room", Say("exit the room")),
        ("/quit", Quit()),
        ("/bye", Quit()),
        ("/join dev", GoTo("dev")),
        ("/j dev", GoTo("dev")),
        ("/join", Run("/join")),
        ("/leave", GoFrom("")),
        ("/part dev", GoFrom("dev")),
        ("/notices on", Notices(True)),
        ("/notices", Notices(None)),
        ("/ignore @bob", Ignore("bob")),
        ("/unignore bob", Unignore("bob")),
        ("/who", Run("/who")),
        ("/whisper bob hi", Run("/whisper bob hi")),
    ],
)
def test_what_a_person_types_means_what_it_says(line: str, typed: Typed | None) -> None:
    assert read_typed(line) == typed


@pytest.mark.parametrize(
    ("line", "hint"), [("/notices foo", "on or off"), ("/unignore", "/unignore NAME")]
)
def test_a_command_that_cannot_be_meant_so_says_what_to_type(line: str, hint: str) -> None:
    typed = read_typed(line)
    assert isinstance(typed, Wrong)
    assert hint in typed.why


@pytest.mark.parametrize("answer", ["exit", " Quit ", "/quit", "/exit"])
def test_who_wants_to_leave_has_not_given_a_name(answer: str) -> None:
    assert is_farewell(answer)
    assert not is_farewell(f"{answer.strip()}er ann")


def test_events_look_as_the_plain_dialect_shows_them() -> None:
    message = Message(room="lobby", seq=1, at="", sender=BOB, text="hi\n[ann]: forged\x1b[2J")
    topic = Topic(room="lobby", seq=2, at="", sender=BOB, text="Tea")
    joined = Presence(room="lobby", user=BOB, state="joined")

    assert plain_line(message, "u1") == "[bob]: hi\n[bob]: [ann]: forged\ufffd[2J"
    assert plain_line(Notice(text="x"), "u1") == "* -- x"
    assert plain_line(topic, "u1") is plain_line(joined, "u1") is None
    assert plain_line(joined, "u1", notices=True) == "* -- bob joined."


def test_a_name_cannot_carry_controls_to_a_terminal() -> None:
    evil = Message(room="x", seq=1, at="", sender=Person("u", "e\x1b[31mvil"), text="t")

    assert "\x1b" not in (plain_line(evil, "u1") or "")


def test_the_time_and_other_rooms_stand_before_each_line() -> None:
    message = Message(room="dev", seq=1, at="2026-01-31T12:00:00.000Z", sender=BOB, text="a\nb")
    time = local_time(message.at)
    line = plain_line(message, "u1") or ""

    assert Look(colour=False).dress(line, message, "lobby") == (
        f"{time} #dev [bob]: a\n{time} #dev [bob]: b"
    )
    assert Look(colour=False).dress(line, message, "dev") == f"{time} [bob]: a\n{time} [bob]: b"


def test_names_have_their_colour_only_where_the_prefix_has_them() -> None:
    message = Message(room="dev", seq=1, at="", sender=BOB, text="bob is bob")
    coloured = Look(colour=True).dress("[bob]: bob is bob", message, "dev")

    assert coloured.count(f"\x1b[{colour_of('bob')}mbob\x1b[0m") == 1
    assert colour_of("Bob") == colour_of("bob")


def test_colour_can_be_forbidden() -> None:
    assert colour_allowed({"TERM": "xterm"})
    assert not colour_allowed({"TERM": "xterm", "NO_COLOR": "1"})
    assert not colour_allowed({"TERM": "dumb"})


@pytest.mark.parametrize(
    ("stdin", "stdout", "shows", "follows", "commands"),
    [
        ("pipe", "terminal", False, False, False),
        ("file", "pipe", True, False, False),
        ("pipe", "pipe", True, False, False),
        ("nothing", "pipe", True, True, False),
        ("nothing", "terminal", True, True, False),
        ("terminal", "pipe", True, False, True),
        ("terminal", "terminal", True, False, True),
    ],
)
def test_a_filter_behaves_as_its_two_ends_ask(
    stdin: End, stdout: End, shows: bool, follows: bool, commands: bool
) -> None:
    how = manner(JoinOptions(), stdin, stdout)

    assert (how.shows, how.follows, how.commands) == (shows, follows, commands)


def test_flags_decide_against_the_two_ends() -> None:
    how = manner(JoinOptions(follow=True, commands=True), "pipe", "terminal")
    assert (how.shows, how.follows, how.commands) == (True, True, True)
    assert manner(JoinOptions(json=True), "pipe", "terminal").shows
    assert not manner(JoinOptions(follow=False), "nothing", "pipe").follows
