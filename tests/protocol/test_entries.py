"""What a log consists of, declared once: the kinds, and their bytes on the wire."""

from pathlib import Path
from typing import get_args

import pytest

from hubbub.protocol import events, json

FRAMES = Path(__file__).parents[1].joinpath("golden/frames.jsonl").read_bytes().splitlines()


def test_every_kind_of_entry_has_its_number() -> None:
    assert set(events.KINDS.values()) == set(get_args(events.LogEvent))
    assert len(events.KINDS) == len(get_args(events.LogEvent))


def test_whatever_is_no_message_is_an_act() -> None:
    assert set(get_args(events.Act)) == set(get_args(events.LogEvent)) - {events.Message}


def test_the_numbers_stay_what_they_were() -> None:
    first = {0: events.Message, 1: events.Topic, 3: events.Deleted, 4: events.Settings}

    assert events.KINDS.items() >= first.items()
    assert 2 not in events.KINDS, "2 is a message that was deleted"


@pytest.mark.parametrize("kind", get_args(events.LogEvent))
def test_an_entry_begins_with_what_every_entry_has(kind: type[events.LogEvent]) -> None:
    assert issubclass(kind, events.Entry)
    assert kind.__struct_fields__[:4] == ("room", "seq", "at", "sender")


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_has_the_bytes_that_it_has_always_had(frame: bytes) -> None:
    event = json.decode_frame(frame)

    assert isinstance(event, events.LogEvent)
    assert json.encode(event) == frame


def test_the_golden_frames_are_of_every_kind() -> None:
    assert {type(json.decode_frame(frame)) for frame in FRAMES} == set(get_args(events.LogEvent))
