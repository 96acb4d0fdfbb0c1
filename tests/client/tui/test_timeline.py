"""A room's window of its log, without a network."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.tui.timeline import (
    SLACK_ENTRIES,
    Note,
    Pending,
    Timeline,
    posted,
    put_aside,
    refused,
    restarted,
    with_event,
    with_latest,
    with_newer,
    with_note,
    with_older,
    with_part,
    with_pending,
)
from hubbub.protocol.events import Deleted, LogEvent, Message, Page, Person, Posted

AT = "2026-03-05T09:00:00.000Z"
ANN, BOB = Person("u1", "ann"), Person("u2", "bob")


def said(seq: int, text: str = "x", sender: Person = BOB) -> Message:
    return Message(room="lobby", seq=seq, at=AT, sender=sender, text=text)


def page(first: int, last: int, *, end: int | None = None, begin: int = 1) -> Page:
    events = tuple(said(seq) for seq in range(first, last + 1))
    return Page(events=events, more=False, first=begin, last=end or last)


def live(timeline: Timeline, event: LogEvent, bound: int = 50, reading: bool = False) -> Timeline:
    return with_event(timeline, event, "u1", bound=bound, reading=reading)


def seqs(timeline: Timeline) -> list[int]:
    return [entry.seq for entry in timeline.entries if not isinstance(entry, Note)]


def opened(first: int = 1, last: int = 10) -> Timeline:
    return with_latest(Timeline(), page(first, last))


def test_what_happens_is_added_once_and_in_order() -> None:
    timeline = live(live(live(opened(), said(11)), said(11)), said(12))

    assert seqs(timeline) == list(range(1, 13))
    assert not timeline.has_older
    assert not timeline.has_newer


def test_a_window_that_was_never_opened_only_counts() -> None:
    timeline = live(Timeline(last=4), said(5))

    assert (timeline.entries, timeline.last) == ((), 5)


def test_older_pages_join_without_a_hole_and_without_a_repeat() -> None:
    timeline = with_older(opened(51, 60), page(41, 52, end=60), 500)

    assert seqs(timeline) == list(range(41, 61))
    assert timeline.has_older


def test_a_window_is_bounded_while_it_pages_back_and_on() -> None:
    timeline = with_latest(Timeline(), page(49_901, 50_000))
    most = 0
    while timeline.has_older:
        oldest = timeline.oldest or 0
        timeline = with_older(timeline, page(max(1, oldest - 100), oldest - 1, end=50_000), 500)
        most = max(most, len(timeline.entries))
    assert most <= 500 + SLACK_ENTRIES
    assert timeline.has_newer

    while timeline.has_newer:
        newest = timeline.newest or 0
        following = page(newest + 1, min(50_000, newest + 100), end=50_000)
        timeline = with_newer(timeline, following, 500)
        assert seqs(timeline) == list(range(timeline.oldest or 0, (timeline.newest or 0) + 1))
        most = max(most, len(timeline.entries))
    assert (timeline.newest, most <= 500 + SLACK_ENTRIES) == (50_000, True)


def test_whoever_reads_above_keeps_what_is_there() -> None:
    timeline = opened(1, 50)
    for seq in range(51, 400):
        timeline = live(timeline, said(seq), bound=60, reading=True)

    assert (timeline.oldest, timeline.has_newer, timeline.last) == (1, True, 399)


def test_whoever_follows_lets_the_oldest_go() -> None:
    timeline = opened(1, 50)
    for seq in range(51, 400):
        timeline = live(timeline, said(seq), bound=60)

    assert timeline.newest == 399
    assert len(timeline.entries) <= 60 + SLACK_ENTRIES


def test_events_beyond_a_window_that_is_not_at_the_end_are_not_put_into_it() -> None:
    timeline = live(with_older(opened(51, 60), page(41, 50, end=60), 500), said(61))
    behind = live(with_latest(timeline, page(1, 10, end=70)), said(71))

    assert seqs(behind) == list(range(1, 11))
    assert behind.last == 71


def test_a_log_that_lost_its_beginning_has_nothing_older() -> None:
    timeline = with_older(opened(51, 60), Page(events=(), more=False, first=51, last=60), 500)

    assert not timeline.has_older


def test_an_empty_room_is_loaded_and_takes_its_first_message() -> None:
    timeline = with_latest(Timeline(), Page(events=(), more=False, first=1, last=0))

    assert seqs(live(timeline, said(1))) == [1]


def test_a_room_out_of_view_keeps_its_newest_and_one_left_far_above_nothing() -> None:
    assert len(put_aside(opened(1, 900)).entries) <= 200
    assert put_aside(with_latest(Timeline(), page(1, 10, end=70))).entries == ()


def test_a_log_that_begins_afresh_keeps_only_what_is_not_sent() -> None:
    timeline = restarted(with_pending(opened(), Pending("a", AT, "hi")))

    assert (timeline.entries, len(timeline.unsent), timeline.loaded) == ((), 1, False)


def test_notes_stand_between_messages_and_end_no_window() -> None:
    timeline = live(with_note(opened(), Note("n", AT, "hello")), said(11))

    assert seqs(timeline) == list(range(1, 12))
    assert [isinstance(entry, Note) for entry in timeline.entries][-2:] == [True, False]


# --- what this user said


def test_a_message_is_there_at_once_and_gives_way_to_its_event() -> None:
    timeline = with_pending(opened(), Pending("a", AT, "hi"))
    assert [p.text for p in timeline.unsent] == ["hi"]

    timeline = live(timeline, said(11, "hi", ANN))
    assert timeline.unsent == ()
    assert posted(timeline, "a", Posted(room="lobby", seq=11, at=AT)).pending == ()


def test_an_answer_before_the_event_keeps_it_until_the_event_is_there() -> None:
    timeline = with_pending(opened(), Pending("a", AT, "hi"))
    timeline = posted(timeline, "a", Posted(room="lobby", seq=12, at=AT))
    assert len(live(timeline, said(11, "hi", BOB)).unsent) == 1

    timeline = live(live(timeline, said(11)), said(12, "hi", ANN))
    assert timeline.pending == ()


def test_a_twin_from_another_client_hides_it_only_until_the_answer() -> None:
    timeline = with_pending(opened(), Pending("a", AT, "hi"))
    timeline = live(timeline, said(11, "hi", ANN))
    timeline = posted(timeline, "a", Posted(room="lobby", seq=12, at=AT))
    assert len(timeline.unsent) == 1

    assert live(timeline, said(12, "hi", ANN)).pending == ()


def test_what_is_refused_stays_and_says_why() -> None:
    timeline = refused(with_pending(opened(), Pending("a", AT, "hi")), "a", "You are muted.")
    assert [p.refused for p in timeline.unsent] == ["You are muted."]

    assert len(live(timeline, said(11, "hi", ANN)).unsent) == 1


def test_equal_messages_give_way_one_by_one() -> None:
    timeline = opened()
    for key in "abc":
        timeline = with_pending(timeline, Pending(key, AT, "+1"))
    for seq, left in ((11, 2), (12, 1), (13, 0)):
        timeline = live(timeline, said(seq, "+1", ANN))
        assert len(timeline.unsent) == left


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["older", "newer", "latest", "aside", "note"]),
        st.tuples(st.just("said"), st.integers(1, 40), st.booleans()),
    ),
    max_size=40,
)


@given(st.integers(0, 120), STEPS)
def test_whatever_happens_a_window_is_a_bounded_run_of_the_log(
    log: int, steps: list[str | tuple[str, int, bool]]
) -> None:
    bound, timeline = 30, Timeline(last=log)
    for step in steps:
        match step:
            case ("said", int(count), bool(reading)):
                for _ in range(count):
                    log += 1
                    timeline = live(timeline, said(log), bound, reading)
            case "older" if timeline.loaded:
                end = (timeline.oldest or 1) - 1
                timeline = with_older(timeline, page(max(1, end - 19), end, end=log), bound)
            case "newer" if timeline.loaded:
                begin = (timeline.newest or 0) + 1
                timeline = with_newer(timeline, page(begin, min(log, begin + 19), end=log), bound)
            case "latest":
                timeline = with_latest(timeline, page(max(1, log - 19), log))
            case "aside":
                timeline = put_aside(timeline)
            case "note":
                timeline = with_note(timeline, Note("n", AT, "x"), bound)
        here = seqs(timeline)
        assert here == list(range(here[0], here[-1] + 1) if here else ())
        assert len(timeline.entries) <= bound + SLACK_ENTRIES + 40
        assert timeline.last == log
        assert timeline.has_newer == bool(timeline.loaded and here and here[-1] < log)


def deleted(seq: int, target: int) -> Deleted:
    return Deleted(room="lobby", seq=seq, at=AT, sender=BOB, target=target)


def emptied(timeline: Timeline) -> list[int]:
    entries = (entry for entry in timeline.entries if isinstance(entry, Message))
    return [entry.seq for entry in entries if entry.deleted and not entry.text]


def test_a_message_that_is_deleted_keeps_its_place_without_its_text() -> None:
    timeline = live(opened(), deleted(11, 4))

    assert emptied(timeline) == [4]
    assert seqs(timeline) == list(range(1, 12))


def test_what_a_later_page_deletes_is_deleted_in_the_window() -> None:
    later = Page(events=(said(11), deleted(12, 9)), more=False, first=1, last=12)

    assert emptied(with_newer(with_latest(Timeline(), page(1, 10, end=12)), later, 50)) == [9]


def test_what_is_deleted_while_the_reader_is_far_above_is_deleted_there() -> None:
    timeline = live(opened(1, 60), deleted(61, 2), bound=50, reading=True)

    assert emptied(timeline) == [2]


def test_another_part_of_the_log_takes_the_place_of_the_window() -> None:
    timeline = with_part(opened(90, 100), page(1, 20, end=100))

    assert (seqs(timeline), timeline.has_newer, timeline.has_older) == (
        list(range(1, 21)),
        True,
        False,
    )
