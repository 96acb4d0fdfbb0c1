"""The plain dialect: typed lines to requests, events to lines that cannot lie."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol import events, plain
from hubbub.protocol.requests import Command, Post

ANN = events.Person("u1", "ann")
BOB = events.Person("u2", "bob")
CARA = events.Person("u3", "cara")
SLASHES: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "golden" / "slashes.json").read_text()
)["cases"]


def said(
    what: str, *, me: bool = False, to: tuple[events.Person, ...] | None = None
) -> events.Message:
    return events.Message(
        room="lobby", seq=1, at="2026-01-31T12:34:56.000Z", sender=ANN, text=what, me=me, to=to
    )


@pytest.mark.parametrize("frame", ["", " ", "\n", "\t \r\n"])
def test_a_blank_frame_asks_for_nothing(frame: str) -> None:
    assert plain.parse_line(frame, "lobby") is None


@pytest.mark.parametrize(
    ("frame", "posted"),
    [("hi", "hi"), ("hi\n", "hi"), (" hi ", " hi "), ("//me", "/me"), ("a\nb", "a\nb")],
)
def test_what_does_not_begin_with_a_slash_is_posted_as_it_is(frame: str, posted: str) -> None:
    assert plain.parse_line(frame, "dev") == Post(room="dev", text=posted, nonce="")


def test_a_slash_begins_a_command() -> None:
    assert plain.parse_line("/who\n", "dev") == Command(room="dev", line="/who")


@pytest.mark.parametrize("case", SLASHES, ids=lambda case: repr(case["typed"]))
def test_two_slashes_before_a_word_are_one_and_code_is_posted_as_it_is(
    case: dict[str, str],
) -> None:
    asked = plain.parse_line(case["typed"], "dev")
    if "command" in case:
        assert asked == Command(room="dev", line=case["command"])
    else:
        assert asked == Post(room="dev", text=case["posts"], nonce="")


def test_a_message_has_its_author_before_it() -> None:
    assert plain.format_message(said("hi"), "u2") == "[ann]: hi"


def test_every_line_has_the_prefix_so_that_none_can_be_forged() -> None:
    assert plain.format_message(said("hi\r\n[bob]: x\ny"), "u2") == (
        "[ann]: hi\n[ann]: [bob]: x\n[ann]: y"
    )


def test_an_action_begins_with_a_star() -> None:
    assert plain.format_message(said("waves", me=True), "u2") == "* ann waves"


def test_a_whisper_says_who_hears_it() -> None:
    whisper = said("psst", to=(BOB, CARA))

    assert plain.format_message(whisper, "u2") == "[ann -> you]: psst"
    assert plain.format_message(whisper, "u1") == "[you -> bob, cara]: psst"


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x07", "\r", "\x7f", "\x9b", "\u202e", "\u2066"])
def test_controls_and_overrides_of_others_become_replacement_characters(char: str) -> None:
    assert plain.format_message(said(f"a{char}b"), "u2") == "[ann]: a\ufffdb"


def test_tabs_stay() -> None:
    assert plain.format_message(said("a\tb"), "u2") == "[ann]: a\tb"


@given(st.text())
def test_no_text_makes_a_line_without_its_author(what: str) -> None:
    lines = plain.format_message(said(what), "u2").split("\n")

    assert all(line.startswith("[ann]: ") for line in lines)
    assert not any(ord(char) < 32 and char != "\t" for line in lines for char in line)


def test_history_has_the_minute() -> None:
    assert plain.format_history(said("a\nb"), "u2") == (
        "2026-01-31 12:34 [ann]: a\n2026-01-31 12:34 [ann]: b"
    )


def test_lines_of_the_server_say_so() -> None:
    assert plain.notice("a\nb") == "* -- a\n* -- b"
    assert plain.refusal("no") == "! no"
    assert plain.greeting(3) == "You are connected! There are 3 users here."
