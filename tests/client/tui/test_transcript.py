"""A view as rows of text, without a screen."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from hubbub.client.tui.rows import MOST_ROWS, Page, as_text, links_in
from hubbub.client.tui.store import happened, looked_away, with_ignored, with_timeline
from hubbub.client.tui.timeline import (
    Note,
    Pending,
    Timeline,
    refused,
    with_latest,
    with_note,
    with_pending,
)
from hubbub.client.tui.transcript import Transcript
from hubbub.client.tui.view import View
from hubbub.protocol.events import AnyEntry, Message, Person, Topic, Unknown
from hubbub.protocol.events import Page as LogPage
from tests.client.tui.test_store import ANN, AT, BOB, CARA, said, start

MENTIONS = json.loads((Path(__file__).parents[2] / "golden" / "mentions.json").read_text())
WIDE, NARROW = Page(60, "u1", "ann"), Page(40, "u1", "ann")


def shown(view: View, page: Page = WIDE) -> list[str]:
    transcript = Transcript()
    transcript.show(view, page)
    return [row.text.rstrip() for row in transcript.rows]


def holding(*events: AnyEntry) -> View:
    page = LogPage(events=events, more=False, first=1, last=len(events))
    return with_timeline(start(), "lobby", with_latest(Timeline(), page))


def at(seq: int, time: str, text: str = "x", sender: Person = BOB, **fields: bool) -> Message:
    message = said(seq, text, sender)
    return Message(
        room="lobby",
        seq=seq,
        at=f"2026-03-{time}:00.000Z",
        sender=sender,
        text=message.text,
        **fields,
    )


def test_days_names_and_times_have_their_places() -> None:
    view = holding(
        at(1, "04T17:40", "bye"),
        at(2, "05T09:00", "morning"),
        at(3, "05T09:00", "more"),
        at(4, "05T09:02", "later", BOB),
        at(5, "05T09:02", "yes?", CARA),
        at(6, "05T09:03", "waves", CARA, me=True),
    )

    assert [re.sub("─+", "──", line) for line in shown(view)[1:]] == [
        " ── Wednesday, 4 March 2026 ──",
        " 17:40        bob  bye",
        " ── Thursday, 5 March 2026 ──",
        " 09:00        bob  morning",
        "                   more",
        " 09:02             later",
        " 09:02       cara  yes?",
        " 09:03          •  cara waves",
    ]


def test_narrow_screens_have_names_above_texts() -> None:
    view = holding(at(1, "05T09:00", "morning " * 6), at(2, "05T09:01", "more"))

    assert shown(view, NARROW)[2:] == [
        " bob  09:00",
        " morning morning morning morning",
        " morning morning",
        " more",
    ]


def test_no_row_is_wider_than_its_page() -> None:
    view = holding(at(1, "05T09:00", "日本語" * 40, Person("u7", "名" * 32)), at(2, "05T09:00"))

    for page in (WIDE, NARROW, Page(12, "u1", "ann")):
        assert max(map(cell_len, shown(view, page))) <= page.cells


def test_new_messages_have_a_mark_above_them_once() -> None:
    view = looked_away(holding(at(1, "05T09:00"), at(2, "05T09:00")))
    view = happened(happened(view, said(3), 0, AT), said(4), 0, AT)
    view = replace(view, marks={"lobby": 1})

    lines = shown(view)
    assert sum("new messages" in line for line in lines) == 1
    assert "new messages" in lines[3]


def test_ones_own_messages_are_not_new_to_oneself() -> None:
    view = replace(holding(at(1, "05T09:00"), at(2, "05T09:01", "mine", ANN)), marks={"lobby": 1})

    assert not any("new messages" in line for line in shown(view))


def test_what_is_added_at_the_end_looks_as_if_it_had_always_been_there() -> None:
    events = [
        at(n, f"05T09:{n // 3:02}", f"text {n}", (BOB, CARA)[n // 4 % 2]) for n in range(1, 30)
    ]
    transcript = Transcript()
    for end in range(1, 30):
        transcript.show(holding(*events[:end]), WIDE)

    assert [row.text for row in transcript.rows] == [row.text for row in made(holding(*events))]


def made(view: View) -> list[object]:
    transcript = Transcript()
    transcript.show(view, WIDE)
    return list(transcript.rows)


def test_what_is_not_sent_stands_below_and_goes_again() -> None:
    view = holding(at(1, "05T09:00"))
    waiting = with_pending(view.timeline, Pending("a", AT, "on its way"))
    transcript = Transcript()
    transcript.show(with_timeline(view, "lobby", waiting), WIDE)
    assert transcript.rows[-1].text.endswith("on its way")

    failed = refused(waiting, "a", "You are muted.")
    transcript.show(with_timeline(view, "lobby", failed), WIDE)
    assert transcript.rows[-1].text.strip() == "✗ not sent: You are muted."

    transcript.show(view, WIDE)
    assert transcript.rows[-1].text.endswith("x")


def test_topics_and_notes_stand_aside() -> None:
    topic = Topic(room="lobby", seq=1, at=AT, sender=BOB, text="Tea")
    view = holding(topic)
    noted = with_note(view.timeline, Note("n", AT, "one\ntwo"))

    lines = shown(with_timeline(view, "lobby", noted))
    assert lines[-3:] == [
        " 09:00         --  bob set the topic: Tea",
        " 09:00         --  one",
        "                   two",
    ]


def test_nothing_of_the_ignored_is_there() -> None:
    view = with_ignored(holding(at(1, "05T09:00", "hello", CARA)), "cara")

    assert not any("hello" in line for line in shown(view))


def test_a_long_message_is_cut_and_says_how_to_read_on() -> None:
    lines = shown(holding(at(1, "05T09:00", "line\n" * 500)))

    assert len(lines) < MOST_ROWS + 5
    assert "Enter" in lines[-1]


def test_names_links_code_and_what_is_searched_for_are_marked() -> None:
    text = "ann, see https://example.org/a_(b). and `code` by @bob"
    page = replace(WIDE, cells=120, query="SEE")
    transcript = Transcript()
    transcript.show(holding(at(1, "05T09:00", text)), page)

    row = transcript.rows[-1]
    assert row.tone == "mention"
    looks = {span.text: span.style for span in row.spans}
    assert looks["ann"] == "to-me"
    assert looks["see"] == "found"
    assert looks["`code`"] == "code"
    assert looks["@bob"].startswith("nick-")
    assert [span.link for span in row.spans if span.link] == ["https://example.org/a_(b"]


@pytest.mark.parametrize("case", MENTIONS, ids=lambda case: case["case"])
def test_who_is_named_is_marked_and_nobody_else(case: dict[str, str | bool]) -> None:
    transcript = Transcript()
    page = replace(WIDE, cells=120, own_name=str(case["name"]))
    transcript.show(holding(at(1, "05T09:00", str(case["text"]))), page)

    looks = {span.style for row in transcript.rows for span in row.spans}
    tones = {row.tone for row in transcript.rows}
    assert ("mention" in tones) is case["named"]
    # Of what is shown an address may take more than it should, and a blank of no width is gone.
    assert case["named"] or "to-me" not in looks


def test_a_text_of_nothing_but_marks_has_each_once_and_in_order() -> None:
    transcript = Transcript()
    text = "@a http://x.example/@b @ann `@c` " * 3
    transcript.show(holding(at(1, "05T09:00", text)), replace(WIDE, cells=140))

    marked = [(span.text, span.style.partition("-")[0]) for span in transcript.rows[-1].spans[4:]]
    once = [("@a", "nick"), ("http://x.example/@b", "link"), ("@ann", "to"), ("`@c`", "code")]
    assert [each for each in marked if each[1] != "text"] == once * 3


def test_links_are_found_without_what_ends_a_sentence() -> None:
    assert links_in("at http://a.example/x?y=1, or <https://b.example>.") == [
        "http://a.example/x?y=1",
        "https://b.example",
    ]


def test_what_was_done_to_a_room_is_copied_in_the_words_that_are_shown() -> None:
    removed = Topic(room="lobby", seq=1, at="2026-03-05T09:00:00.000Z", sender=BOB, text="")
    later = Unknown(room="lobby", seq=2, at=removed.at, sender=BOB, kind="engraved")
    words = "bob did something that this release of hubbub does not know."

    assert shown(holding(removed, later), Page(90, "u1", "ann"))[-2:] == [
        " 09:00             --  bob removed the topic.",
        f" 09:00             --  {words}",
    ]
    assert [as_text(each) for each in (removed, later)] == [
        "09:00 -- bob removed the topic.",
        f"09:00 -- {words}",
    ]
