"""Anybody's text in a known number of cells."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hubbub.client.tui.shown import cut, fitted, one_line, shown, wrapped
from hubbub.client.tui.terminal_widths import mend_widths


def test_vowel_signs_have_the_cells_that_terminals_give_them() -> None:
    mend_widths()
    assert [cell_len(text) for text in ("हिन्दी", "क्षि", "தமிழ்", "e\u0301", "表", "…")] == [
        5,
        3,
        4,
        1,
        2,
        1,
    ]


def test_letters_that_nobody_sees_are_seen() -> None:
    assert shown("a\u3164\uffa0\u115fb") == "a\ufffd\ufffd\ufffdb"


def rows(text: str, cells: int) -> list[str]:
    return [text[first:last] for first, last in wrapped(text, cells)]


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("hello world this is", 8, ["hello", "world", "this is"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        ("word " + "x" * 12, 10, ["word", "x" * 10, "xx"]),
        ("日本語テキスト", 7, ["日本語", "テキス", "ト"]),
        ("  indented", 10, ["  indented"]),
        # An indentation that leaves its word no room goes, as a blank between rows does.
        ("    0", 4, ["0"]),
        ("   日本語", 4, ["日本", "語"]),
        ("      0", 4, ["", "  0"]),
        ("", 5, [""]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
    ],
)
def test_words_wrap_where_they_must(text: str, cells: int, expected: list[str]) -> None:
    assert rows(text, cells) == expected


@given(st.text(max_size=80), st.integers(4, 30))
def test_no_row_is_wider_than_its_screen_and_nothing_but_blanks_is_lost(
    text: str, cells: int
) -> None:
    line = shown(text).replace("\n", " ")
    pieces = rows(line, cells)

    assert all(cell_len(piece) <= cells for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(line.split())


@given(st.text(max_size=60))
def test_nothing_shown_can_drive_a_terminal(text: str) -> None:
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    left = {char for char in shown(text) if unicodedata.category(char) in unsafe}

    assert left <= {"\n", "\u200c"}


@given(st.text(max_size=60), st.integers(0, 20))
def test_what_is_cut_or_fitted_has_the_width_it_was_given(text: str, cells: int) -> None:
    assert cell_len(cut(one_line(text), cells)) <= cells
    assert cell_len(fitted(one_line(text), cells)) == cells


def test_escapes_overrides_joiners_and_heaps_of_marks_lose_their_effect() -> None:
    assert shown("\x1b[31mred") == "\ufffd[31mred"
    assert shown("a\u202eb") == "a\ufffdb"
    assert shown("👨\u200d👩\u200d👧") == "👨👩👧"
    assert shown("❤\ufe0f 👍\U0001f3fd") == "❤ 👍"
    assert shown("a" + "\u0301" * 50) == "a" + "\u0301" * 3
    assert shown("a\tb\u2028c") == "a    b\nc"
    assert shown("עברית नमस्ते ไทย") == "עברית नमस्ते ไทย"


def test_a_line_of_a_hundred_thousand_letters_is_wrapped_in_one_pass() -> None:
    assert len(wrapped("x" * 100_000, 50)) == 2_000
