"""What nodes of a cluster ask of the log they share; on both databases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub.errors import NodeLost
from hubbub.model import Role, RoomKind, UserKind
from hubbub.protocol.events import Person
from hubbub.storage import sqlite_url
from hubbub.storage.changes import (
    Appended,
    AppendMessage,
    Arrive,
    Depart,
    Done,
    EndSession,
    EnterRoom,
    ExitRoom,
    HoldName,
    Made,
    MakeRoom,
    NameUsed,
    ReleaseName,
    SaveMember,
    SaveSession,
    SaveSubscription,
    SaveUser,
)
from hubbub.storage.records import Present, Subscription, UserRecord
from hubbub.storage.shared import SharedStorage
from hubbub.storage.sql.database import Database
from hubbub.storage.sql.purge import GUEST_GRACE_MS
from tests.postgres import postgres
from tests.storage.acts import settled

ANN = UserRecord("a", "Ann", "ann", UserKind.GUEST)
BOB = UserRecord("b", "bob", "bob", UserKind.MEMBER, Role.MEMBER)
SOON_MS = 10 * 365 * 24 * 60 * 60 * 1000
NOW = 1_700_000_000_000

Nodes = Callable[[str], SharedStorage]


def positions(node: SharedStorage, rooms: Sequence[str]) -> dict[str, int]:
    """The last seq of each room that is called so, or was until a moment ago."""
    ids = node.nodes.room_ids(rooms)
    places = node.nodes.places(list(ids.values()))
    assert {name: room_id for room_id, (name, _) in places.items()} == ids
    return {name: last for name, last in places.values()}  # noqa: C416


def silent(node: SharedStorage, name: str) -> None:
    """Makes a node look as if it had not renewed its lease for an hour."""
    assert isinstance(node, Database)
    with node.connections.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE nodes SET seen_ms = seen_ms - 3600000 WHERE id = '{name}'"
        )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nodes]:
    """Makes nodes on one log."""
    opened: list[Database] = []
    url = sqlite_url(tmp_path) if request.param == "sqlite" else postgres().make()

    def node(name: str) -> SharedStorage:
        beside = bool(opened) and request.param == "sqlite"
        storage = Database.open(url, "full", beside=beside)
        opened.append(storage)
        if name:
            storage.nodes.join(name)
        return storage

    yield node
    for storage in opened:
        storage.close()


@pytest.fixture
def one(nodes: Nodes) -> SharedStorage:
    """A node."""
    return nodes("one")


@pytest.fixture
def two(nodes: Nodes, one: SharedStorage) -> SharedStorage:
    """Another node."""
    return nodes("two")


def said(text: str, room: str = "lobby") -> AppendMessage:
    return AppendMessage(room, Person("a", "Ann"), text)


# --- rooms


def test_a_room_is_made_once_with_its_owner(one: SharedStorage, two: SharedStorage) -> None:
    outcomes = one.commit([MakeRoom("ops", "a"), MakeRoom("ops", "b"), MakeRoom("x")], NOW)
    assert outcomes == [Made(new=True), Made(new=False), Made(new=True)]
    again = two.commit([MakeRoom("ops", "b")], NOW)
    assert again == [Made(new=False)]

    ids = one.nodes.room_ids(["ops", "x"])
    told = [made.room_id for made in [*outcomes, *again] if isinstance(made, Made)]
    assert told == [ids["ops"], ids["ops"], ids["x"], ids["ops"]]

    assert one.members.of_room("ops") == {"a": Role.OWNER}
    assert one.members.of_room("x") == {}


def test_a_new_room_takes_the_name_that_another_one_left(
    one: SharedStorage, two: SharedStorage
) -> None:
    person = Person("a", "Ann")
    one.commit([said("old", "ops"), settled("ops", person, RoomKind.PUBLIC, name="dev")], NOW)
    outcomes = two.commit([said("late", "ops"), MakeRoom("ops"), said("new", "ops")], NOW)

    rooms = [outcome.event.room for outcome in outcomes if isinstance(outcome, Appended)]
    assert rooms == ["dev", "ops"]
    assert positions(one, ["dev", "ops", "nowhere"]) == {"dev": 3, "ops": 1}


def test_what_is_on_its_way_to_a_room_that_was_closed_does_not_come_in(
    one: SharedStorage, two: SharedStorage
) -> None:
    person = Person("a", "Ann")
    closed = settled("ops", person, RoomKind.PRIVATE, name="+ops-1")
    one.commit([said("secret", "ops"), closed], NOW)
    two.commit([SaveMember("ops", "stranger"), said("hello", "ops")], NOW)

    assert one.members.of_room("+ops-1") == {}
    assert positions(one, ["+ops-1", "ops"]) == {"+ops-1": 2, "ops": 1}


def test_many_rooms_are_looked_up_at_once(one: SharedStorage) -> None:
    whisper = AppendMessage("@d", Person("a", "Ann"), "psst", to=(Person("b", "bob"),))
    one.commit([SaveUser(ANN), SaveUser(BOB), said("1"), said("2"), whisper], NOW)
    one.commit([SaveMember("ops", "a", Role.OWNER), SaveMember("ops", "b")], NOW)

    assert positions(one, ["lobby", "@d", "nowhere"]) == {"lobby": 2, "@d": 1}
    assert one.nodes.direct_positions(["a", "c"]) == one.nodes.direct_positions(["b"]) == {"@d": 1}
    assert one.nodes.direct_positions([]) == {}
    ids = one.nodes.room_ids(["ops", "lobby"])
    found = one.nodes.roles([*ids.values(), 999])
    assert found == {ids["ops"]: {"a": Role.OWNER}, ids["lobby"]: {}}


def test_numbers_for_names_are_given_once(one: SharedStorage, two: SharedStorage) -> None:
    assert [each.nodes.next_user_number() for each in (one, two, one)] == [0, 1, 2]


# --- who is where


def test_everybody_sees_who_is_in_a_room_and_by_which_node(
    one: SharedStorage, two: SharedStorage
) -> None:
    one.commit([Arrive(ANN, ("::1",), "lunch"), EnterRoom("lobby", "a"), EnterRoom("dev", "a")], 0)
    two.commit([Arrive(BOB), EnterRoom("lobby", "b"), Arrive(ANN), EnterRoom("lobby", "a")], 0)

    found = two.presence.in_rooms(["lobby", "nowhere"])
    assert found == [
        ("lobby", Present("one", ANN, ("::1",), "lunch")),
        ("lobby", Present("two", ANN)),
        ("lobby", Present("two", BOB)),
    ]
    assert one.presence.users_in() == {"dev": 1, "lobby": 2}
    assert one.presence.users_in(["lobby", "nowhere"]) == {"lobby": 2}
    assert [each.node for each in one.presence.whereabouts(["a", "x"])] == ["one", "two"]
    assert one.presence.by_name("bob") == BOB
    assert one.presence.by_name("nobody") is None
    assert one.presence.own_users() == [Present("one", ANN, ("::1",), "lunch")]


def test_who_departs_is_nowhere_by_that_node(one: SharedStorage, two: SharedStorage) -> None:
    for node in (one, two):
        node.commit([Arrive(ANN), EnterRoom("lobby", "a"), EnterRoom("dev", "a")], 0)
    one.commit([ExitRoom("dev", "a"), Depart("a"), ExitRoom("lobby", "a")], 0)
    again = [Depart("a"), Arrive(replace(ANN, name="Anna", key="anna")), EnterRoom("ops", "a")]

    assert two.presence.users_in() == {"lobby": 1, "dev": 1}
    assert [each.node for each in one.presence.whereabouts(["a"])] == ["two"]
    two.commit(again, 0)
    assert one.presence.users_in() == {"ops": 1}
    assert [each.user.name for each in one.presence.whereabouts(["a"])] == ["Anna"]


def test_who_is_in_a_room_stays_in_it_when_it_has_another_name(
    one: SharedStorage, two: SharedStorage
) -> None:
    renamed = settled("lobby", Person("a", "Ann"), RoomKind.PUBLIC, name="hall")
    two.commit([said("hi"), Arrive(BOB), EnterRoom("lobby", "b")], 0)
    one.commit([Arrive(ANN), EnterRoom("lobby", "a"), renamed, ExitRoom("lobby", "a")], 0)
    two.commit([EnterRoom("lobby", "c")], 0)

    assert one.presence.users_in() == {"hall": 2}


def test_what_somebody_is_in_is_not_purged(one: SharedStorage, two: SharedStorage) -> None:
    one.commit([SaveUser(ANN), MakeRoom("ops"), MakeRoom("dev")], 0)
    one.commit([Arrive(ANN), EnterRoom("ops", "a")], 0)
    later = 2 * GUEST_GRACE_MS + max(NOW * 2, SOON_MS)

    two.care.purge(later, 0)
    assert positions(one, ["ops", "dev"]) == {"ops": 0}
    assert one.people.known(["a"]) == {"a": ANN}
    one.commit([Depart("a")], 0)
    two.care.purge(later, 0)
    assert positions(one, ["ops"]) == {}
    assert one.people.known(["a"]) == {}


def test_where_a_subscriber_has_a_client_open_is_known(
    one: SharedStorage, two: SharedStorage
) -> None:
    browsers = [
        Subscription(f"https://push.example/{n}", "b", "p256dh", "auth", b"1") for n in range(2)
    ]
    one.commit([SaveUser(BOB), SaveSession(b"1", "b", SOON_MS), SaveMember("ops", "b")], 0)
    one.commit([SaveSubscription(each) for each in browsers], 0)
    assert [each.nodes for each in one.push.subscribers("ops")] == [frozenset()] * 2

    one.commit([Arrive(BOB)], 0)
    two.commit([Arrive(BOB)], 0)
    assert [each.nodes for each in one.push.subscribers("ops")] == [{"one", "two"}] * 2
    two.commit([Depart("b")], 0)
    assert [each.nodes for each in one.push.subscribers("ops")] == [{"one"}] * 2


# --- leases


def test_a_node_is_taken_out_when_it_is_silent(one: SharedStorage, two: SharedStorage) -> None:
    two.commit([Arrive(BOB), EnterRoom("lobby", "b"), HoldName("bob", "b")], 0)
    assert one.nodes.end_lost(60_000) == []
    silent(one, "two")
    silent(one, "one")

    assert one.nodes.ids() == {"one", "two"}
    assert one.nodes.end_lost(60_000) == ["two"]
    assert one.nodes.ids() == {"one"}
    assert one.nodes.end_lost(60_000) == []
    assert one.presence.users_in() == {}
    assert one.presence.whereabouts(["b"]) == []
    assert one.commit([HoldName("bob", "a")], 0) == [Done()]
    assert two.nodes.renew_lease() is False
    assert one.nodes.renew_lease() is True
    assert two.nodes.end_lost(60_000) == []


def test_nothing_of_a_node_that_was_taken_out_is_stored(
    one: SharedStorage, two: SharedStorage
) -> None:
    silent(one, "two")
    one.nodes.end_lost(60_000)

    with pytest.raises(NodeLost, match=r"two.*took it out"):
        two.commit([said("from the grave"), Arrive(BOB)], NOW)
    assert one.rooms.find("lobby") is None
    two.nodes.join("two")
    two.commit([said("here again")], NOW)
    assert positions(one, ["lobby"]) == {"lobby": 1}


def test_who_leaves_or_joins_again_leaves_nobody_behind(
    one: SharedStorage, two: SharedStorage
) -> None:
    for node in (one, two):
        node.commit([Arrive(ANN), EnterRoom("lobby", "a")], 0)
    two.commit([HoldName("ann", "a")], 0)
    two.nodes.leave()

    assert [each.node for each in one.presence.whereabouts(["a"])] == ["one"]
    assert one.presence.own_names() == {"ann": "a"}, "the name follows its user"
    one.nodes.join("one")
    assert one.presence.whereabouts(["a"]) == []
    assert one.presence.own_names() == {}
    two.nodes.leave()
    assert two.commit([said("without a node")], NOW)


# --- names


def test_a_name_is_held_by_one_user(one: SharedStorage, two: SharedStorage) -> None:
    assert one.commit([HoldName("ann", "a")], 0) == [Done()]
    assert two.commit([HoldName("ann", "b")], 0) == [NameUsed()]
    assert one.commit([ReleaseName("ann", "b"), HoldName("ann", "b")], 0) == [Done(), NameUsed()]
    assert two.commit([ReleaseName("ann", "a"), HoldName("ann", "b")], 0) == [Done(), NameUsed()]

    released = [ReleaseName("ann", "a"), HoldName("ann", "b"), HoldName("ann", "a")]
    assert one.commit(released, 0) == [Done(), Done(), NameUsed()]
    assert one.presence.own_names() == {"ann": "b"}


def test_a_name_goes_to_the_node_that_asked_last_and_stays_with_one_that_has_its_user(
    one: SharedStorage, two: SharedStorage
) -> None:
    for node in (one, two):
        assert node.commit([Arrive(ANN), HoldName("ann", "a")], 0) == [Done(), Done()]
    assert (one.presence.own_names(), two.presence.own_names()) == ({"ann": "a"}, {"ann": "a"})

    two.commit([ReleaseName("ann", "a"), Depart("a")], 0)
    assert (one.presence.own_names(), two.presence.own_names()) == ({"ann": "a"}, {})
    one.commit([ReleaseName("ann", "a"), Depart("a")], 0)
    assert (one.presence.own_names(), two.presence.own_names()) == ({}, {})


def test_whoever_is_on_two_nodes_keeps_the_name_that_they_have(
    one: SharedStorage, two: SharedStorage
) -> None:
    for node in (one, two):
        node.commit([Arrive(ANN), HoldName("ann", "a")], 0)
    bea = replace(ANN, name="bea", key="bea")
    for node in (one, two):
        node.commit([HoldName("bea", "a"), Arrive(bea), ReleaseName("ann", "a")], 0)
    assert one.presence.own_names() == two.presence.own_names() == {"bea": "a"}
    assert two.commit([HoldName("ann", "b")], 0) == [Done()]


def test_a_name_with_an_account_or_a_session_is_its_own_users_alone(
    one: SharedStorage, two: SharedStorage
) -> None:
    session = SaveSession(b"1", "a", NOW + SOON_MS)
    one.commit([SaveUser(ANN), session, SaveUser(BOB)], NOW)

    names = [HoldName("ann", "x"), HoldName("bob", "x"), HoldName("ann", "a"), HoldName("bob", "b")]
    assert two.commit(names, NOW) == [NameUsed(), NameUsed(), Done(), Done()]
    two.commit([ReleaseName("ann", "a"), EndSession(b"1")], NOW)
    assert two.commit([HoldName("ann", "x")], NOW) == [Done()]


def test_a_thousand_names_are_held_at_once(one: SharedStorage) -> None:
    keys = [f"user{number}" for number in range(1_000)]
    holds = [HoldName(key, key) for key in keys]
    assert one.commit([*holds, *(Arrive(replace(ANN, id=key)) for key in keys)], 0) == (
        [Done()] * 2_000
    )
    assert len(one.presence.own_names()) == 1_000
    one.commit([*(ReleaseName(key, key) for key in keys), *(Depart(key) for key in keys)], 0)
    assert one.presence.own_names() == {}


def test_a_block_runs_alone(one: SharedStorage) -> None:
    with one.nodes.alone("accounts"):
        one.commit([said("within")], NOW)
    with one.nodes.alone("accounts"):
        pass


def test_sessions_of_users_are_looked_up_at_once(one: SharedStorage) -> None:
    sessions = [SaveSession(b"1", "a", 100), SaveSession(b"2", "a", 50), SaveSession(b"3", "b", 99)]
    one.commit([SaveUser(ANN), SaveUser(BOB), *sessions, SaveSession(b"4", "c", 99)], 0)

    assert one.people.live_sessions(["a", "b", "x"], 60) == {b"1", b"3"}
    assert one.people.live_sessions([], 60) == set()
    assert one.people.known(["a", "x", "b"]) == {"a": ANN, "b": BOB}


def test_a_log_without_nodes_takes_what_it_always_took(nodes: Nodes) -> None:
    alone = nodes("")
    assert alone.commit([said("hi")], NOW)
