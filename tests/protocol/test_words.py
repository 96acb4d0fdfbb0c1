"""What events say in English: one sentence for each, which the page has too."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from hubbub.protocol import events, plain
from hubbub.protocol.words import sentence

Told = events.Act | events.Unknown | events.Presence
GOLDEN: list[dict[str, Any]] = json.loads(
    Path(__file__).parents[1].joinpath("golden/sentences.json").read_text("utf-8")
)


def told(case: dict[str, Any]) -> Told:
    return msgspec.convert(case["event"], Told)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["sentence"])
def test_an_event_says_what_clients_of_all_kinds_show(case: dict[str, Any]) -> None:
    assert sentence(told(case)) == case["sentence"]


def test_every_kind_of_event_that_has_a_sentence_is_there() -> None:
    assert {type(told(case)) for case in GOLDEN} == set(get_args(Told))
    states = {event.state for case in GOLDEN if isinstance(event := told(case), events.Presence)}
    assert states == {"joined", "left", "renamed", "away", "back"}


def test_a_topic_that_was_removed_is_not_one_that_was_set_in_the_history() -> None:
    removed = events.Topic(
        room="lobby",
        seq=2,
        at="2026-01-31T12:34:56.000Z",
        sender=events.Person("a", "ann"),
        text="",
    )

    assert plain.format_history(removed, "b") == "2026-01-31 12:34 ann removed the topic."
