"""Entries of logs as rows, and back."""

from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.errors import StorageError
from hubbub.model import parse_instant
from hubbub.protocol.events import (
    Deleted,
    Entry,
    LogEvent,
    Message,
    Person,
    Settings,
    Topic,
)
from hubbub.storage.sql.entries import event_row, log_event

ANN, BOB = Person("a", "ann"), Person("b", "bob")
AT = "2026-01-31T12:00:00.000Z"
AT_MS = parse_instant(AT)
BASE: dict[str, Any] = {"room": "lobby", "seq": 7, "at": AT, "sender": ANN}
# Rows as releases from before there was one codec wrote them: seq, kind, at_ms, ..., others.
ROWS = [
    (Message(**BASE, text="hi"), (7, 0, AT_MS, "a", "ann", "hi", 0, None)),
    (Message(**BASE, text="waves", me=True), (7, 0, AT_MS, "a", "ann", "waves", 1, None)),
    (
        Message(**BASE, text="psst", to=(BOB,)),
        (7, 0, AT_MS, "a", "ann", "psst", 0, '[{"id":"b","name":"bob"}]'),
    ),
    (Message(**BASE, text="", deleted=True), (7, 2, AT_MS, "a", "ann", "", 0, None)),
    (Topic(**BASE, text="cake"), (7, 1, AT_MS, "a", "ann", "cake", 0, None)),
    (Deleted(**BASE, target=3), (7, 3, AT_MS, "a", "ann", "3", 0, None)),
    (Settings(**BASE, kind="public"), (7, 4, AT_MS, "a", "ann", '{"kind":"public"}', 0, None)),
    (
        Settings(**BASE, kind="private", read_only=True, archived=True, was="hall"),
        (
            *(7, 4, AT_MS, "a", "ann"),
            '{"kind":"private","read_only":true,"archived":true,"was":"hall"}',
            *(0, None),
        ),
    ),
]


def read_back(event: LogEvent) -> LogEvent:
    _, *row, _ = event_row(1, event, parse_instant(event.at), "")
    return log_event(event.room, row)


def entries(kind: type[LogEvent]) -> st.SearchStrategy[LogEvent]:
    own = {
        name: st.from_type(hint)
        for name, hint in get_type_hints(kind).items()
        if name in kind.__struct_fields__[len(Entry.__struct_fields__) :]
    }
    seqs, people = st.integers(1, 2**62), st.builds(Person, st.text(), st.text())
    own |= {"to": st.none() | st.tuples(people)} if "to" in own else {}
    return st.builds(kind, room=st.just("lobby"), seq=seqs, at=st.just(AT), sender=people, **own)


@pytest.mark.parametrize(("event", "row"), ROWS)
def test_a_row_is_what_it_has_always_been(event: LogEvent, row: tuple[object, ...]) -> None:
    assert event_row(1, event, AT_MS, "") == (1, *row, None)
    assert log_event("lobby", row) == event


@given(st.one_of(*(entries(kind) for kind in get_args(LogEvent))))
def test_every_kind_of_entry_comes_back_as_it_went_in(event: LogEvent) -> None:
    again = read_back(event)

    assert again == event
    assert type(again) is type(event)


def test_the_rows_from_before_are_of_every_kind() -> None:
    assert {type(event) for event, _ in ROWS} == {Message, Topic, Deleted, Settings}


def test_an_entry_of_a_kind_that_is_not_known_is_no_message() -> None:
    with pytest.raises(StorageError, match=r"entry 7 of lobby is of kind 99.*a newer one wrote it"):
        log_event("lobby", (7, 99, AT_MS, "a", "ann", '{"x":1}', 0, None))


@pytest.mark.parametrize("text", ["", "{", '"x"', '{"kind":1}', "[]"])
def test_an_entry_that_cannot_be_read_says_which_it_is(text: str) -> None:
    with pytest.raises(StorageError, match=r"entry 7 of lobby cannot be read: .*hubbub check"):
        log_event("lobby", (7, 3, AT_MS, "a", "ann", text, 0, None))
