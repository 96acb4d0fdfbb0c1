"""Events to what a screen shows; no network."""

from hubbub.client.changes import Disconnected, Reconnected, Renamed, Restarted, RoomRefused
from hubbub.client.state import (
    ChatState,
    apply,
    left,
    mark_read,
    welcomed,
    with_members,
    with_people,
)
from hubbub.errors import RoomFull
from hubbub.protocol.events import (
    Count,
    Message,
    Notice,
    Person,
    Presence,
    RoomState,
    Self,
    ServerInfo,
    Settings,
    Standing,
    Topic,
    Welcome,
    You,
)
from hubbub.protocol.replies import Member

ANN, BOB, CARA = Person("u1", "ann"), Person("u2", "bob"), Person("u3", "cara")


def start() -> ChatState:
    return welcomed(
        Welcome(
            user=Self("u1", "ann", "guest", "guest"),
            session="s",
            epoch="e",
            server=ServerInfo("hubbub", "0"),
            ping_s=20,
            rooms=(RoomState("lobby", "public", "Tea", 1, 4, 2, 2, "guest"),),
            commands=(),
            limits={},
        )
    )


def said(seq: int, sender: Person = BOB, to: tuple[Person, ...] | None = None) -> Message:
    room = "lobby" if to is None else "@d"
    return Message(room=room, seq=seq, at="", sender=sender, text="x", to=to)


def test_a_welcome_brings_rooms_with_topic_and_unread() -> None:
    view = start().rooms["lobby"]

    assert (view.topic, view.last, view.read, view.unread) == ("Tea", 4, 2, 2)


def test_messages_of_others_count_as_unread_until_they_are_read() -> None:
    state = apply(apply(apply(start(), said(5)), said(6, ANN)), said(7))
    assert state.rooms["lobby"].unread == 4

    state = mark_read(state, "lobby", 6)
    assert state.rooms["lobby"].unread == 1
    assert mark_read(state, "lobby", 3) is state


def test_an_event_seen_twice_counts_once() -> None:
    state = apply(apply(start(), said(5)), said(5))

    assert state.rooms["lobby"].unread == 3


def test_names_come_from_members_messages_and_presence_and_go_with_them() -> None:
    state = with_members(start(), "lobby", (Member("u1", "ann", "guest", False),))
    state = apply(state, said(5))
    state = apply(state, Presence(room="lobby", user=CARA, state="joined"))
    assert state.names == {"bob", "cara"}

    state = apply(state, Presence(room="lobby", user=BOB, state="left"))
    renamed = Presence(room="lobby", user=Person("u3", "carla"), state="renamed", was="cara")
    assert apply(state, renamed).names == {"carla"}


def test_ones_own_new_name_is_ones_own() -> None:
    renamed = Presence(room="lobby", user=Person("u1", "anna"), state="renamed", was="ann")

    assert apply(start(), renamed).user.name == "anna"


def test_a_direct_room_is_called_by_its_people() -> None:
    state = apply(start(), said(1, BOB, (ANN, CARA)))

    assert state.rooms["@d"].title == "bob, cara"
    assert with_people(start(), said(1, BOB, (ANN,))).rooms["@d"].title == "bob"
    state = apply(state, said(2, ANN, (BOB, CARA)))
    state = with_members(state, "@d", (Member("u1", "ann", "guest", False),))
    assert state.rooms["@d"].title == "bob, cara"
    assert state.rooms["@d"].kind == "direct"


def test_topic_count_and_notice_change_what_they_speak_of() -> None:
    state = apply(start(), Topic(room="lobby", seq=5, at="", sender=BOB, text="Coffee"))
    state = apply(state, Count(room="lobby", users=900))

    assert (state.rooms["lobby"].topic, state.rooms["lobby"].users) == ("Coffee", 900)
    assert apply(state, Notice(text="x")) is state


def test_the_line_and_the_log_may_go_and_come_back() -> None:
    state = apply(start(), Disconnected("gone", 1.0))
    assert not state.connected
    assert apply(state, Reconnected()).connected
    assert apply(state, Restarted("lobby")).rooms["lobby"].last == 0
    assert apply(state, RoomRefused("lobby", RoomFull("full"))).rooms == {}
    assert left(state, "lobby").rooms == {}


def test_settings_and_standing_say_what_a_room_is_and_what_one_may_there() -> None:
    state = apply(
        start(),
        Settings(room="lobby", seq=5, at="", sender=BOB, kind="private", read_only=True),
    )
    state = apply(state, Standing(room="lobby", role="moderator", may=("kick",)))
    state = apply(state, Standing(room="elsewhere", role="owner", may=("kick",)))

    room = state.rooms["lobby"]
    assert (room.kind, room.read_only, room.archived, room.last) == ("private", True, False, 5)
    assert (room.role, room.may) == ("moderator", ("kick",))
    assert set(state.rooms) == {"lobby"}


def test_a_renamed_room_is_the_same_and_its_former_name_is_nobodys() -> None:
    state = apply(start(), said(5))
    state = apply(state, Renamed("lobby", "+tea-room-k3f9x2"))
    state = apply(state, Presence(room="lobby", user=ANN, state="left"))

    assert set(state.rooms) == {"+tea-room-k3f9x2"}
    room = state.rooms["+tea-room-k3f9x2"]
    assert (room.title, room.last, room.unread) == ("tea-room", 5, 3)


def test_becoming_a_member_brings_other_rights() -> None:
    you = Self("u1", "ann", "member", "moderator")
    state = apply(start(), You(user=you, may=("ban",)))

    assert (state.user, state.may) == (you, ("ban",))
