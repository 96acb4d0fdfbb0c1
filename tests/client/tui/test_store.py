"""Events and wishes to what the full-screen client shows, without a network."""

from dataclasses import replace

import msgspec

from hubbub.client.changes import ChatEvent, Disconnected, Reconnected, Renamed, RoomRefused
from hubbub.client.state import RoomView
from hubbub.client.tui.store import (
    arrived,
    entered,
    gone_from,
    happened,
    left,
    looked_at,
    looked_away,
    next_room,
    noted,
    read_up_to,
    welcomed_again,
    with_draft,
    with_ignored,
    with_notices,
    with_reading,
    with_timeline,
    without_ignored,
)
from hubbub.client.tui.timeline import Note, Timeline, with_latest
from hubbub.client.tui.view import View
from hubbub.errors import RoomFull
from hubbub.protocol.events import (
    Message,
    Notice,
    Page,
    Person,
    Presence,
    RoomState,
    Self,
    ServerInfo,
    Typing,
    Welcome,
)

AT = "2026-03-05T09:00:00.000Z"
ANN, BOB, CARA = Person("u1", "ann"), Person("u2", "bob"), Person("u3", "cara")


def welcome(*rooms: RoomState) -> Welcome:
    return Welcome(
        user=Self("u1", "ann", "guest", "guest"),
        session="s",
        epoch="e",
        server=ServerInfo("hubbub", "0"),
        ping_s=20,
        rooms=rooms,
        commands=(),
        limits={},
    )


def room(name: str, last: int = 10, read: int = 10, kind: str = "public") -> RoomState:
    return RoomState(name, kind, "", 1, last, read, last - read, "guest")


def start(*rooms: RoomState) -> View:
    rooms = rooms or (room("lobby"), room("dev"), room("@d", kind="direct"))
    return arrived(welcome(*rooms), tuple(state.room for state in rooms))


def said(
    seq: int,
    text: str = "x",
    sender: Person = BOB,
    place: str = "lobby",
    to: tuple[Person, ...] | None = None,
) -> Message:
    return Message(room=place, seq=seq, at=AT, sender=sender, text=text, to=to)


def after(view: View, *events: ChatEvent, now_s: float = 0.0) -> View:
    for event in events:
        view = happened(view, event, now_s, AT)
    return view


def loaded(view: View, last: int = 10, place: str = "lobby") -> View:
    page = Page(events=tuple(said(n) for n in range(1, last + 1)), more=False, first=1, last=last)
    return with_timeline(view, place, with_latest(Timeline(), page))


def counts(view: View, name: str) -> tuple[int, int]:
    return view.chat.rooms[name].unread, view.chat.rooms[name].mentions


def test_the_first_room_is_in_view_and_direct_rooms_come_last() -> None:
    view = start(room("@d", kind="direct"), room("lobby"), room("dev"))

    assert view.room == "lobby"
    assert view.order == ("lobby", "dev", "@d")


def test_unread_and_mentions_count_by_room() -> None:
    view = after(
        start(),
        said(11, "hello", place="dev"),
        said(12, "Ann: look", place="dev"),
        said(13, "planned", place="dev"),
        said(11, "psst", place="@d", to=(ANN,)),
        said(14, "mine", ANN, "dev"),
    )

    assert counts(view, "dev") == (3, 1)
    assert counts(view, "@d") == (1, 1)
    assert view.unread_elsewhere == (4, 2)
    assert view.alerts == 2
    assert counts(read_up_to(view, "dev", 14), "dev") == (0, 0)


def test_an_event_seen_twice_alerts_once() -> None:
    assert after(start(), said(11, "@ann"), said(11, "@ann")).alerts == 1


def test_a_new_room_of_whispers_appears_below_the_others() -> None:
    view = after(start(room("lobby")), said(1, "psst", CARA, "@x", (ANN,)))

    assert view.order == ("lobby", "@x")
    assert view.chat.rooms["@x"].title == "cara"
    assert counts(view, "@x") == (1, 1)


def test_a_room_that_is_looked_at_has_its_mark_where_reading_stopped() -> None:
    view = looked_at(start(room("lobby"), room("dev", 10, 7)), "dev")

    assert (view.room, view.mark) == ("dev", 7)


def test_what_comes_while_nobody_looks_is_new() -> None:
    view = looked_away(loaded(start()))

    assert after(view, said(11)).mark == 10


def test_whoever_answers_has_read() -> None:
    view = after(looked_away(loaded(start())), said(11), said(12, "mine", ANN))

    assert view.mark is None


def test_what_comes_before_ones_eyes_has_no_mark() -> None:
    assert after(loaded(start()), said(11)).mark is None
    assert after(with_reading(loaded(start()), reading=True), said(11)).mark == 10


def test_drafts_belong_to_their_rooms() -> None:
    view = with_draft(with_draft(start(), "lobby", "one"), "dev", "two")
    assert dict(view.drafts) == {"lobby": "one", "dev": "two"}

    assert dict(with_draft(view, "lobby", "").drafts) == {"dev": "two"}
    assert looked_at(view, "dev").drafts == view.drafts


def test_alt_arrows_go_round_and_unread_goes_to_mentions_first() -> None:
    view = after(start(), said(11, place="dev"), said(11, "x", place="@d", to=(ANN,)))

    assert (next_room(view, 1), next_room(view, -1)) == ("dev", "@d")
    assert next_room(view, 1, unread=True) == "@d"
    assert next_room(start(), 1, unread=True) is None
    assert next_room(View(start().chat), 1) is None


def test_a_room_that_is_left_gives_way_to_its_neighbour() -> None:
    view = left(start(), "lobby")
    assert (view.room, view.order) == ("dev", ("dev", "@d"))

    assert left(left(view, "dev"), "@d").room is None


def test_no_other_room_takes_the_place_of_one_that_goes_away_by_itself() -> None:
    view = gone_from(start(), "lobby")
    assert (view.room, view.order) == (None, ("dev", "@d"))
    assert looked_at(view, "dev").room == "dev"


def test_ones_own_leaving_elsewhere_closes_the_room_here() -> None:
    view = after(loaded(start()), Presence(room="dev", user=ANN, state="left"))

    assert "dev" not in view.order
    note = view.timeline.entries[-1]
    assert isinstance(note, Note)
    assert note.text == "You are no longer in dev."


def test_who_writes_is_told_for_a_while_and_until_it_is_said() -> None:
    view = after(start(), Typing(room="lobby", user=BOB), now_s=100.0)
    assert view.typists(103.0) == ("bob",)
    assert view.typists(107.0) == ()

    assert after(view, said(11)).typists(103.0) == ()
    assert after(view, Typing(room="lobby", user=ANN), now_s=100.0).typists(101.0) == ("bob",)


def test_a_lost_line_is_one_status_and_counts_go_on_after_it() -> None:
    view = after(start(), said(11, place="dev"), Disconnected("the server is gone", 0.5))
    assert (view.line, view.status) == ("down", "the server is gone")

    back = welcome(room("lobby"), room("dev", 14, 10))
    view = welcomed_again(after(view, Reconnected()), back, AT)
    missed = after(view, *(said(n, "@ann!", place="dev") for n in (12, 13, 14)))
    assert (missed.line, missed.status) == ("up", "")
    assert counts(missed, "dev") == (4, 3)


def test_a_room_that_is_refused_on_coming_back_says_so() -> None:
    view = after(loaded(start()), RoomRefused("dev", RoomFull("full")))

    assert "dev" not in view.order
    assert isinstance(view.timeline.entries[-1], Note)


def test_who_is_ignored_counts_nothing_and_rings_nothing() -> None:
    view = after(start(), said(11, sender=CARA, place="dev"))
    view = after(with_ignored(view, "Cara"), said(12, "ann", CARA, "dev"))

    assert counts(view, "dev") == (1, 0)
    assert view.alerts == 0
    assert view.ignores(said(13, sender=Person("u3", "another_name")))
    assert not without_ignored(view, "cara").ignores(said(13, sender=CARA))


def test_comings_and_goings_are_notes_where_they_are_wanted() -> None:
    joined = Presence(room="lobby", user=CARA, state="joined")
    assert after(loaded(start()), joined).timeline.entries == loaded(start()).timeline.entries

    note = after(loaded(with_notices(start(), on=True)), joined).timeline.entries[-1]
    assert isinstance(note, Note)
    assert note.text == "cara joined."


def test_a_notice_of_the_servers_is_a_note_in_the_room_in_view() -> None:
    note = after(loaded(start()), Notice(text="Back in 5 minutes")).timeline.entries[-1]

    assert isinstance(note, Note)
    (nowhere,) = noted(replace(start(), room=None), "x", AT).timeline.entries
    assert isinstance(nowhere, Note)


def test_a_room_entered_twice_keeps_its_counts() -> None:
    view = after(start(), said(11, place="dev"))
    view = entered(view, RoomView("dev", topic="Code", last=11))

    assert counts(view, "dev") == (1, 0)
    assert view.chat.rooms["dev"].topic == "Code"


def test_people_who_are_away_are_known_until_they_are_back() -> None:
    view = after(start(), Presence(room="lobby", user=BOB, state="away"))
    assert view.chat.rooms["lobby"].away == {"u2"}

    view = after(view, Presence(room="lobby", user=BOB, state="back"))
    assert view.chat.rooms["lobby"].away == frozenset()


def test_a_room_that_is_renamed_keeps_everything_under_its_new_name() -> None:
    view = with_draft(start(room("lobby"), room("dev", 12, 9)), "dev", "half a")
    view = looked_at(view, "dev")
    timeline = view.timeline
    view = happened(view, Renamed("dev", "devel"), 0.0, AT)
    left_it = Presence(room="dev", user=ANN, state="left")
    view = happened(view, left_it, 0.0, AT)

    assert (view.room, view.order) == ("devel", ("lobby", "devel"))
    assert (view.timeline, view.drafts, view.mark) == (timeline, {"devel": "half a"}, 9)
    assert view.chat.rooms["devel"].unread == 3
    assert (view.current("dev"), view.current("devel"), view.current("x")) == (
        "devel",
        "devel",
        "x",
    )


def test_a_second_new_name_is_followed_and_a_new_room_of_the_old_name_is_itself() -> None:
    view = start(room("lobby"), room("a"))
    view = happened(view, Renamed("a", "b"), 0.0, AT)
    view = happened(view, Renamed("b", "c"), 0.0, AT)
    assert view.current("a") == "c"

    view = entered(view, RoomView("a"))
    assert view.current("a") == "a"


def test_whom_the_server_knows_to_be_ignored_is_ignored_from_the_start() -> None:
    greeting = msgspec.structs.replace(welcome(room("lobby")), ignored=(BOB,))
    view = arrived(greeting, ("lobby",))

    assert view.ignores(said(11))


def test_a_welcome_after_a_break_tells_what_the_rooms_are_now() -> None:
    now = msgspec.structs.replace(room("lobby"), read_only=True, role="moderator", may=("kick",))
    view = welcomed_again(start(), welcome(now), AT)

    lobby = view.chat.rooms["lobby"]
    assert (lobby.read_only, lobby.role, lobby.may) == (True, "moderator", ("kick",))
