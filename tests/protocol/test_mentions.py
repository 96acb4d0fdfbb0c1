"""Whom a text names."""

import json
from pathlib import Path

import pytest

from hubbub.model import user_name
from hubbub.protocol.mentions import NAMES_MOST, could_mention, mentions, mentions_in

CASES = json.loads((Path(__file__).parents[1] / "golden" / "mentions.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_text_names_whom_the_golden_file_says(case: dict[str, str | bool]) -> None:
    text, key = str(case["text"]), user_name(str(case["name"])).key
    assert (key in mentions(text)) is case["named"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_what_names_somebody_is_worth_reading(case: dict[str, str | bool]) -> None:
    assert could_mention(str(case["text"])) or not case["named"]


def test_a_place_is_the_name_with_its_sign() -> None:
    text = "`@bob` und @Bobさん"
    assert [(text[start:end], key) for start, end, key in mentions_in(text)] == [
        ("@Bob", "bob"),
        ("@Bobさん", "bobさん"),
    ]


def test_a_text_of_nothing_but_names_is_read_up_to_a_bound() -> None:
    assert len(mentions_in(" ".join(f"@u{number}" for number in range(5000)))) == NAMES_MOST


@pytest.mark.parametrize("piece", ["@", "`", "\\`", "a.", "a://", "@aあ", "~~~\n", "-@", "(", "x@"])
def test_odd_texts_are_read_to_the_end(piece: str) -> None:
    mentions(piece * (16_384 // len(piece)))
