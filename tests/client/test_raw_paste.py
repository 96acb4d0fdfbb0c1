"""What a terminal sends without a pause is a paste if it has three lines or more, else keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.raw_paste import AFTER_PASTE_S, END, LONG_CHARS, START, RawPastes, read_burst

PAUSE_S = 1.0
PASTED = re.compile(re.escape(START) + "(.*?)" + re.escape(END), re.DOTALL)
WORDS = st.text("ab /é表\t", min_size=1, max_size=6)
CONTROLS = st.sampled_from(["\x15", "\x7f", "\x1b[D", "\x1bOA", "\x1bf", "\x1b\r", "\x1b"])
BRACKETED = st.text("a\r/", max_size=8).map(lambda text: START + text + END)


def fed(*bursts: str, gap_s: float = PAUSE_S) -> str:
    pastes = RawPastes()
    return "".join(pastes.feed(burst, number * gap_s) for number, burst in enumerate(bursts))


@pytest.mark.parametrize(
    "keys",
    [
        "h",
        "\r",
        "\r\r\r",
        "hi\r/login ann s3cr3t\r",
        "aaa\rbbb\r",
        "wrong\x15right",
        "half\x7fo",
        "abcd\x1b[D\x1b[DXX",
        "one\rtwo\x15three\rfour\r",
        START + "a\rb\rc\rd" + END,
        START + "/quit\r",
    ],
)
def test_keys_are_passed_on_as_they_are(keys: str) -> None:
    assert fed(keys) == keys


@pytest.mark.parametrize(
    ("burst", "pasted"),
    [
        ("1\r2\r3\r4\r5\r", "1\n2\n3\n4\n5"),
        ("1\n2\n3", "1\n2\n3"),
        ("1\r\n2\r\n3\r\n", "1\n2\n3"),
        ("para\r\rgraph\r", "para\n\ngraph"),
        ("hello\r/quit\r/logout\r", "hello\n/quit\n/logout"),
    ],
)
def test_three_lines_at_once_are_one_paste(burst: str, pasted: str) -> None:
    assert fed(burst) == START + pasted + END


@given(st.lists(WORDS, min_size=3, max_size=9), st.sampled_from(["\r", "\n", "\r\n"]), st.data())
def test_a_paste_in_pieces_is_the_same_draft_and_has_no_enter(
    lines: list[str], line_end: str, data: st.DataObject
) -> None:
    lines[0] = "x" * LONG_CHARS
    text = line_end.join(lines) + line_end
    first = line_end.join(lines[:3]) + line_end
    cut = data.draw(st.integers(len(first), len(text)))
    if line_end == "\r\n" and text[cut - 1 : cut + 1] == line_end:
        cut += 1
    rest = text[cut:]
    out = fed(text[:cut], *([rest] if rest.strip("\r\n") else []), gap_s=AFTER_PASTE_S / 2)
    assert PASTED.sub("", out) == ""
    assert "".join(PASTED.findall(out)) == "\n".join(lines)


def test_lines_that_a_script_types_after_a_paste_are_keys() -> None:
    assert fed("1\r2\r3\r", "hi\r", "ho\r", gap_s=0.005).endswith(f"{END}hi\rho\r")


def test_enter_alone_sends_what_was_just_pasted_and_a_pause_ends_a_paste() -> None:
    paste = "1\r2\r3" + "x" * LONG_CHARS + "\r"
    assert fed(paste, "\r", gap_s=0.01).endswith(END + "\r")
    assert fed(paste, "/nick bob\r").endswith(END + "/nick bob\r")
    assert fed(paste, "\x15", "x\r", gap_s=0.01).endswith(END + "\x15x\r")


@given(st.lists(st.one_of(WORDS, st.just("\r"), CONTROLS, BRACKETED), max_size=12), st.data())
def test_only_brackets_are_added_and_only_line_ends_are_changed(
    parts: list[str], data: st.DataObject
) -> None:
    burst = "".join(parts)
    cut = data.draw(st.integers(0, len(burst)))
    out = fed(burst[:cut], burst[cut:], gap_s=0.01)

    def plain(text: str) -> str:
        return re.sub(r"[\r\n]", "", text.replace(START, "").replace(END, ""))

    assert plain(out) == plain(burst)


@given(st.text("a\r\x1b[20~1", max_size=12))
def test_brackets_that_come_in_two_reads_are_seen(inside: str) -> None:
    bracketed = f"{START}{inside}{END}"
    for cut in range(len(bracketed)):
        assert fed(bracketed[:cut], bracketed[cut:], gap_s=0.01) == bracketed


def test_lines_that_come_at_once_are_read_together_and_a_script_is_not_followed() -> None:
    def burst(*reads: str) -> tuple[str, int]:
        left = list(reads)
        return read_burst(lambda: left.pop(0), lambda _: bool(left)), len(left)

    assert burst("x", "y\r") == ("x", 1)
    assert burst("a\r", "b\rc") == ("a\rb\rc", 0)
    assert burst("1\r", "2\r", "3\r", "4\r") == ("1\r2\r", 2)
    assert burst("1\r2\r3\r", "4\r5\r6\r", "7\r") == ("1\r2\r3\r4\r5\r6\r7\r", 0)
    long = "x" * LONG_CHARS
    assert burst("1\r", long, "2\r", "3\r") == (f"1\r{long}2\r", 1)
