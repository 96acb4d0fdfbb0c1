"""Durations as people type them; the page's tests read the same golden file."""

import json
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import BadRequest
from hubbub.protocol.durations import LONGEST_S, parse_duration, short_duration, show_duration
from hubbub.protocol.requests import DurationS

GOLDEN = Path(__file__).parent.parent / "golden" / "durations.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[repr(case["typed"]) for case in CASES])
def test_a_duration_is_read_as_the_page_reads_it(case: dict[str, Any]) -> None:
    if case.get("out_of_range"):
        with pytest.raises(BadRequest, match="at most ten years"):
            parse_duration(case["typed"])
    else:
        assert parse_duration(case["typed"]) == case["seconds"]


@pytest.mark.parametrize("seconds", [1, 90, 3600, 172_800, LONGEST_S])
def test_what_is_shown_of_a_duration_is_read_as_the_same(seconds: int) -> None:
    assert parse_duration(show_duration(seconds)) == seconds
    assert parse_duration(short_duration(seconds)) == seconds
    assert " " not in short_duration(seconds)


def test_the_longest_is_what_a_request_takes() -> None:
    (limits,) = DurationS.__metadata__
    assert (limits.ge, limits.le) == (1, LONGEST_S)
