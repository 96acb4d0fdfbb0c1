"""Each event once and in order, whatever order they arrive in; without a network."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.changes import Reconnected, Renamed, Restarted
from hubbub.client.inbox import PAGE_EVENTS, Inbox
from hubbub.protocol.events import Gap, Message, Notice, Page, Person, Replay

BOB = Person("u9", "bob")


def message(seq: int, room: str = "lobby") -> Message:
    return Message(room=room, seq=seq, at="", sender=BOB, text=str(seq))


def page(first: int, last: int, log_last: int) -> Page:
    events = tuple(message(seq) for seq in range(first, last + 1))
    return Page(events=events, more=last < log_last, first=1, last=log_last)


def drained(inbox: Inbox) -> list[object]:
    found: list[object] = []
    while (event := inbox.get()) is not None:
        found.append(event.seq if isinstance(event, Message) else event)
    return found


def test_an_event_that_is_here_already_is_dropped() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 5)
    for seq in (4, 5, 6, 6, 7):
        inbox.put(message(seq))

    assert drained(inbox) == [6, 7]
    assert inbox.seen == {"lobby": 7}


def test_after_a_hole_live_events_wait_for_the_pages_between() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 0)
    inbox.put(message(1))
    inbox.put(message(5))
    assert inbox.to_page() == ("lobby", 1)
    inbox.put(message(6))
    inbox.put_page("lobby", page(2, 4, 6))
    assert inbox.to_page() == ("lobby", 4)
    inbox.put_page("lobby", page(5, 6, 6))
    assert inbox.to_page() is None
    inbox.put(message(7))

    assert drained(inbox) == [1, 2, 3, 4, 5, 6, 7]


def test_a_full_queue_drops_events_and_pages_them_when_there_is_space() -> None:
    inbox = Inbox(PAGE_EVENTS + 50)
    inbox.follow("lobby", 0)
    for seq in range(1, 1001):
        inbox.put(message(seq))
    assert inbox.to_page() is None
    seen = drained(inbox)
    while (behind := inbox.to_page()) is not None:
        start = behind[1] + 1
        inbox.put_page("lobby", page(start, min(start + 199, 1000), 1000))
        seen += drained(inbox)

    assert seen == list(range(1, 1001))


def test_a_full_queue_loses_ephemeral_events_only() -> None:
    inbox = Inbox(1)
    for _ in range(PAGE_EVENTS * 3):
        inbox.put(Notice(text="x"))
    inbox.tell(Reconnected())

    assert len(drained(inbox)) == PAGE_EVENTS + 1


def test_a_gap_is_paged_from_its_first_missing_seq() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 10)
    inbox.put_gap(Gap(room="lobby", have=10, next=11, last=500))

    assert inbox.to_page() == ("lobby", 10)


def test_a_gap_that_begins_behind_us_is_a_log_that_starts_afresh() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 10)
    inbox.put_gap(Gap(room="lobby", have=10, next=1, last=2))
    inbox.put_page("lobby", page(1, 2, 2))

    assert drained(inbox) == [Restarted("lobby"), 1, 2]


def test_a_gap_may_be_jumped_over() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 10)
    inbox.put_gap(Gap(room="lobby", have=10, next=11, last=500), page=False)
    inbox.put(message(501))

    assert drained(inbox) == [501]


def test_what_retention_took_does_not_hold_up_the_rest() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 3)
    inbox.put(message(20))
    inbox.put_page("lobby", Page(events=(message(15), message(16)), more=True, first=15, last=20))
    assert inbox.to_page() == ("lobby", 16)
    inbox.put_page("lobby", page(17, 20, 20))

    assert drained(inbox) == [15, 16, 17, 18, 19, 20]


def test_a_first_page_does_not_ask_for_what_came_before_it() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", None)
    events = tuple(message(seq) for seq in (31, 32, 33))
    inbox.put_replay(Replay(room="lobby", events=events, more=True))

    assert inbox.to_page() is None
    assert drained(inbox) == [31, 32, 33]


def test_a_replay_that_ends_early_is_continued_by_pages() -> None:
    inbox = Inbox(1000)
    inbox.follow("lobby", 30)
    events = tuple(message(seq) for seq in (31, 32, 33))
    inbox.put_replay(Replay(room="lobby", events=events, more=True))

    assert inbox.to_page() == ("lobby", 33)


def test_a_room_nobody_named_is_followed_from_its_first_event_on() -> None:
    inbox = Inbox(1000)
    inbox.put(message(7, "@d1"))

    assert inbox.resume() == {"@d1": 7}
    inbox.forget("@d1")
    assert inbox.resume() == {}


@given(st.data())
def test_any_mix_of_live_events_pages_and_reading_gives_each_event_once(
    data: st.DataObject,
) -> None:
    inbox = Inbox(PAGE_EVENTS + 5)
    inbox.follow("lobby", 0)
    seen: list[object] = []
    log_last = 0
    for _ in range(60):
        match data.draw(st.sampled_from(["live", "lost", "page", "read"])):
            case "live":
                for _ in range(data.draw(st.integers(1, 60))):
                    log_last += 1
                    inbox.put(message(log_last))
            case "lost":
                log_last += data.draw(st.integers(1, 300))
            case "page":
                if (behind := inbox.to_page()) is not None:
                    start = behind[1] + 1
                    size = data.draw(st.integers(1, 200))
                    inbox.put_page("lobby", page(start, min(start + size - 1, log_last), log_last))
            case _:
                seen += drained(inbox)
    log_last += 1
    inbox.put(message(log_last))
    seen += drained(inbox)
    while (behind := inbox.to_page()) is not None:
        start = behind[1] + 1
        inbox.put_page("lobby", page(start, min(start + 199, log_last), log_last))
        seen += drained(inbox)

    assert seen == list(range(1, log_last + 1))


def test_a_room_goes_on_under_its_new_name_and_the_reader_is_told_first() -> None:
    inbox = Inbox(1000)
    inbox.follow("old", 0)
    inbox.put(message(1, "old"))
    assert inbox.rename("old", "new")
    assert not inbox.rename("old", "new")
    inbox.put(message(2, "new"))

    assert inbox.resume() == {"new": 2}
    assert drained(inbox) == [1, Renamed("old", "new"), 2]
    assert inbox.seen == {"new": 2}


def test_a_new_name_is_told_however_full_the_queue_is() -> None:
    inbox = Inbox(1)
    inbox.follow("old", 0)
    for seq in range(1, PAGE_EVENTS + 10):
        inbox.put(message(seq, "old"))
    inbox.rename("old", "new")

    assert drained(inbox)[-1] == Renamed("old", "new")
    assert inbox.to_page() == ("new", PAGE_EVENTS + 1)


def test_a_name_that_another_room_has_taken_renames_nothing() -> None:
    inbox = Inbox(1000)
    inbox.follow("a", 3)
    inbox.follow("b", 7)

    assert not inbox.rename("a", "b")
    assert inbox.resume() == {"a": 3, "b": 7}
