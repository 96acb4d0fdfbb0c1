"""What every Storage does, on each backend."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hubbub.errors import DatabaseRefused
from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import Message, Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import (
    AppendAudit,
    Appended,
    AppendMessage,
    Change,
    Done,
    Duplicate,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    Gone,
    Made,
    MakeRoom,
    MoveRead,
    NonceUsed,
    Outcome,
    RemoveMember,
    RenameUser,
    RenewSession,
    RoleChanged,
    SaveAccount,
    SaveIgnored,
    SaveInvitation,
    SaveMember,
    SaveNotify,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveSubscription,
    SaveUser,
)
from hubbub.storage.files.check import check
from hubbub.storage.interface import SUBSCRIPTIONS, Storage
from hubbub.storage.records import (
    Account,
    Against,
    Invitation,
    LogPage,
    Sanction,
    SanctionKind,
    SessionRecord,
    Subscription,
    UserRecord,
)
from hubbub.storage.sql.database import Database
from tests.postgres import postgres
from tests.storage.acts import deletion, settled, topic
from tests.storage.memory import MemoryStorage
from tests.torture.sizes import sized

ANN, BOB, CARA = Person("a", "ann"), Person("b", "bob"), Person("c", "cara")
NOW = 1_700_000_000_000

Backend = Callable[[Path], Storage]


def sqlite(folder: Path) -> Storage:
    return open_storage(sqlite_url(folder))


def memory(_folder: Path) -> Storage:
    return MemoryStorage()


def on_postgresql(url: str) -> Database:
    """A log whose instants are those that a test says, and not the database's."""
    storage = open_storage(url)
    assert isinstance(storage, Database)
    storage.backend.clocked = False
    return storage


def postgresql(_folder: Path) -> Storage:
    return on_postgresql(postgres().make())


BACKENDS: dict[str, Backend] = {"sqlite": sqlite, "memory": memory, "postgresql": postgresql}


def marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.real] if name == "postgresql" else []


@pytest.fixture(
    params=[pytest.param(each, id=name, marks=marks(name)) for name, each in BACKENDS.items()]
)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage = request.param(tmp_path)
    yield storage
    storage.close()


def user(person: Person) -> SaveUser:
    return SaveUser(UserRecord(person.id, person.name, person.name, UserKind.GUEST))


def said(text: str, room: str = "lobby", nonce: str = "", sender: Person = ANN) -> AppendMessage:
    return AppendMessage(room, sender, text, nonce=nonce)


def page(storage: Storage, room: str = "lobby", **place: int) -> LogPage:
    return storage.log.page(room, limit=place.pop("limit", 100), limit_bytes=10_000, **place)


def texts(found: LogPage) -> list[str]:
    return [event.text for event in found.events]


def test_each_room_counts_its_events_from_one(storage: Storage) -> None:
    outcomes = storage.commit([said("1"), said("x", "dev"), said("2")], NOW)

    seqs = [(o.event.room, o.event.seq) for o in outcomes if isinstance(o, Appended)]
    assert seqs == [("lobby", 1), ("dev", 1), ("lobby", 2)]


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
@pytest.mark.parametrize("among", [1, 3])
def test_a_change_that_cannot_be_written_leaves_nothing_and_the_next_commit_is_made(
    backend: str, among: int, tmp_path: Path
) -> None:
    log = BACKENDS[backend](tmp_path)
    halves = [said("x\udc9b"), said("x", nonce="\udc9b"), user(Person("\udc9b", "x"))]
    # SQLite has a NUL in a text; the other refuses it by itself.
    nul = [said("x\x00")] if backend == "postgresql" else []
    for bad in [*halves, *nul]:
        with pytest.raises((UnicodeEncodeError, DatabaseRefused)):
            log.commit([*[said("before")] * (among - 1), bad, *[said("after")] * (among - 1)], NOW)

        assert log.rooms.find("lobby") is None
    assert [o.event.seq for o in log.commit([said("1")], NOW) if isinstance(o, Appended)] == [1]
    log.close()


def test_what_was_appended_is_what_is_read(storage: Storage) -> None:
    changes: list[Change] = [
        user(ANN),
        user(BOB),
        AppendMessage("lobby", ANN, "häłło 👋\n\t \\u0000 '\"{}%s", me=True, nonce="1"),
        topic("lobby", BOB, "cake"),
        AppendMessage("@d", ANN, "psst", to=(BOB,)),
    ]

    outcomes = storage.commit(changes, NOW)

    appended = [o.event for o in outcomes if isinstance(o, Appended)]
    assert [*page(storage).events, *page(storage, "@d").events] == appended
    assert appended[0].at == "2023-11-14T22:13:20.000Z"


def test_a_nonce_again_is_a_duplicate_in_the_same_commit_and_in_a_later_one(
    storage: Storage,
) -> None:
    at = "2023-11-14T22:13:20.000Z"
    first = storage.commit([said("hi", nonce="n"), said("hi", nonce="n"), said("ho")], NOW)
    later = storage.commit([said("new"), said("hi", nonce="n"), said("newer")], NOW + 5)

    assert first[1] == later[1] == Duplicate("lobby", 1, at)
    assert texts(page(storage)) == ["hi", "ho", "new", "newer"]
    assert [event.seq for event in page(storage).events] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "other",
    [
        AppendMessage("lobby", ANN, "ho", nonce="n"),
        AppendMessage("dev", ANN, "hi", nonce="n"),
        AppendMessage("lobby", ANN, "hi", me=True, nonce="n"),
    ],
)
def test_a_nonce_for_something_else_is_used(storage: Storage, other: AppendMessage) -> None:
    storage.commit([said("hi", nonce="n")], NOW)

    assert storage.commit([other], NOW) == [NonceUsed()]
    assert storage.rooms.find("dev") is None


def test_what_is_meant_for_another_room_of_that_name_is_not_stored(storage: Storage) -> None:
    (made,) = storage.commit([MakeRoom("ops")], NOW)
    assert isinstance(made, Made)
    late: list[Change] = [
        AppendMessage("ops", ANN, "late", room_id=made.room_id),
        topic("ops", ANN, "late", made.room_id),
        deletion("ops", ANN, 1, made.room_id),
    ]
    rename = settled("ops", ANN, RoomKind.PUBLIC, name="dev")
    followed = storage.commit([rename, *late], NOW)
    assert [o.event.room for o in followed if isinstance(o, Appended)] == ["dev"] * 4
    assert storage.commit([MakeRoom("ops"), said("other", room="ops"), *late], NOW)[2:] == [
        Gone(), Gone(), Gone(),
    ]  # fmt: skip

    page = storage.log.page("ops", limit=9, limit_bytes=99)
    assert [e.text for e in page.events if isinstance(e, Message)] == ["other"]
    page = storage.log.page("ops", room_id=made.room_id, limit=9, limit_bytes=99)
    assert (page.last, {event.room for event in page.events}) == (4, {"ops"})


def test_a_room_leaves_its_last_name_behind_and_no_earlier_one(storage: Storage) -> None:
    storage.commit([said("hi")], NOW)
    first, second = (settled("lobby", ANN, RoomKind.PUBLIC, name=n) for n in ("dev", "new"))
    storage.commit([first, second, MakeRoom("dev")], NOW)
    assert storage.rooms.find("lobby") is None


def test_whoever_writes_is_told_the_ids_of_rooms(storage: Storage) -> None:
    rename = settled("ops", ANN, RoomKind.PUBLIC, name="dev")
    batch: list[Change] = [
        said("hi"), said("hi", room="ops"), rename, MakeRoom("ops"), said("new", room="ops"),
        said("old", room="dev"),
    ]  # fmt: skip
    outcomes = storage.commit(batch, NOW)
    lobby, ops, dev = (storage.rooms.find(name) for name in ("lobby", "ops", "dev"))
    assert lobby is not None and ops is not None and dev is not None  # noqa: PT018
    told = [o.room_id for o in outcomes if isinstance(o, Appended | Made)]
    assert told == [lobby.id, dev.id, dev.id, ops.id, ops.id, dev.id]


def test_what_is_meant_for_a_room_that_is_not_there_is_not_stored(storage: Storage) -> None:
    assert storage.commit([AppendMessage("lobby", ANN, "late", room_id=7)], NOW) == [Gone()]
    assert storage.rooms.find("lobby") is None


def test_a_nonce_belongs_to_its_user(storage: Storage) -> None:
    outcomes = storage.commit([said("hi", nonce="n"), said("hi", nonce="n", sender=BOB)], NOW)

    assert all(isinstance(outcome, Appended) for outcome in outcomes)


def test_pages_go_both_ways_and_tell_whether_there_is_more(storage: Storage) -> None:
    storage.commit([said(str(number)) for number in range(1, 11)], NOW)

    newest = page(storage, limit=3)
    older = page(storage, before=8, limit=3)
    oldest = page(storage, before=4, limit=3)
    after = page(storage, after=2, limit=3)
    last = page(storage, after=7, limit=3)

    assert (texts(newest), newest.more) == (["8", "9", "10"], True)
    assert (texts(older), older.more) == (["5", "6", "7"], True)
    assert (texts(oldest), oldest.more) == (["1", "2", "3"], False)
    assert (texts(after), after.more) == (["3", "4", "5"], True)
    assert (texts(last), last.more) == (["8", "9", "10"], False)
    assert (last.first, last.last) == (1, 10)


def test_a_page_ends_early_where_its_texts_are_long_but_is_never_empty(storage: Storage) -> None:
    storage.commit([said("é" * 30) for _ in range(5)], NOW)

    some = storage.log.page("lobby", after=0, limit=5, limit_bytes=130)
    one = storage.log.page("lobby", limit=5, limit_bytes=1)

    assert ([event.seq for event in some.events], some.more) == ([1, 2], True)
    assert ([event.seq for event in one.events], one.more) == ([5], True)


def test_a_room_that_is_not_kept_has_an_empty_log(storage: Storage) -> None:
    assert page(storage, "nowhere") == LogPage((), False, 1, 0)
    assert storage.rooms.find("nowhere") is None


def test_a_topic_is_the_rooms_from_then_on(storage: Storage) -> None:
    storage.commit([topic("lobby", ANN, "cake"), topic("lobby", BOB, "tea")], NOW)

    room = storage.rooms.find("lobby")

    assert room is not None
    assert (room.topic, room.first, room.last, room.kind) == ("tea", 1, 2, RoomKind.PUBLIC)


def test_the_private_rooms_of_a_user_are_told_from_the_others(storage: Storage) -> None:
    storage.commit([user(ANN), user(BOB), MakeRoom("one", ANN.id), MakeRoom("two", ANN.id)], NOW)
    storage.commit([settled("two", ANN, RoomKind.PRIVATE, name="+two-abc")], NOW)
    assert [room.name for room in storage.members.private_rooms(ANN.id)] == ["+two-abc"]
    assert storage.members.private_rooms(BOB.id) == []


def test_public_rooms_are_listed_by_name_and_direct_ones_never(storage: Storage) -> None:
    storage.commit([user(ANN), user(BOB)], NOW)
    storage.commit([said("x", room) for room in ("b", "a", "ä", "c")], NOW)
    storage.commit([AppendMessage("@d", ANN, "psst", to=(BOB,))], NOW)

    assert [r.name for r in storage.rooms.public(after=None, limit=10)] == ["a", "b", "c", "ä"]
    assert [r.name for r in storage.rooms.public(after="a", limit=2)] == ["b", "c"]


def test_the_users_of_a_direct_room_are_its_members(storage: Storage) -> None:
    storage.commit([user(BOB), user(ANN), AppendMessage("@d", BOB, "psst", to=(ANN,))], NOW)
    storage.commit([RenameUser("b", "Rob", "rob")], NOW)

    assert storage.members.of_direct_room("@d") == (ANN, Person("b", "Rob"))
    (membership,) = storage.members.memberships("a")
    assert (membership.room.name, membership.read) == ("@d", 0)


def test_a_new_member_has_read_what_is_there(storage: Storage) -> None:
    storage.commit([user(ANN), said("1"), said("2"), SaveMember("lobby", "a"), said("3")], NOW)
    storage.commit([SaveMember("lobby", "a"), SaveMember("dev", "a")], NOW)

    assert [(m.room.name, m.read) for m in storage.members.memberships("a")] == [
        ("dev", 0),
        ("lobby", 2),
    ]


def test_a_read_marker_moves_forward_and_not_past_the_end(storage: Storage) -> None:
    storage.commit([user(ANN), SaveMember("lobby", "a"), said("1"), said("2")], NOW)

    def read() -> int:
        membership = storage.members.membership("a", "lobby")
        assert membership is not None
        return membership.read

    storage.commit([MoveRead("lobby", "a", 1)], NOW)
    assert read() == 1
    storage.commit([MoveRead("lobby", "a", 0), MoveRead("dev", "a", 5)], NOW)
    assert read() == 1
    storage.commit([MoveRead("lobby", "a", 99), MoveRead("lobby", "b", 1)], NOW)
    assert read() == 2


def test_a_membership_ends(storage: Storage) -> None:
    storage.commit([user(ANN), SaveMember("lobby", "a"), MoveRead("lobby", "a", 0)], NOW)
    storage.commit([RemoveMember("lobby", "a"), RemoveMember("lobby", "b")], NOW)

    assert storage.members.memberships("a") == []
    assert storage.members.membership("a", "lobby") is None


def test_a_session_leads_to_its_user_until_it_runs_out_or_is_ended(storage: Storage) -> None:
    storage.commit([user(ANN), SaveSession(b"1", "a", 100), SaveSession(b"2", "a", 100)], 0)

    found = storage.people.session_user(b"1", 99)
    assert found is not None
    assert (found.id, found.kind) == ("a", UserKind.GUEST)
    assert storage.people.session_user(b"1", 100) is None
    assert storage.people.session_user(b"3", 0) is None

    storage.commit([SaveSession(b"1", "a", 200), EndSession(b"2"), EndSession(b"3")], 0)
    assert storage.people.session_user(b"1", 150) is not None
    assert storage.people.session_user(b"2", 0) is None


def test_a_name_is_held_as_long_as_a_session_of_its_user(storage: Storage) -> None:
    storage.commit([user(ANN), user(BOB), SaveSession(b"1", "a", 100)], 0)

    holder = storage.people.name_holder("ann", 50)
    assert holder is not None
    assert holder.id == "a"
    assert storage.people.name_holder("ann", 100) is None
    assert storage.people.name_holder("bob", 0) is None


def test_a_members_name_is_held_without_a_session(storage: Storage) -> None:
    storage.commit([SaveUser(UserRecord("m", "Mia", "mia", UserKind.MEMBER))], 0)

    assert storage.people.name_holder("mia", 0) is not None


def test_automatic_names_that_are_held_are_known(storage: Storage) -> None:
    for number, name in enumerate(("user7", "user12", "users", "user", "user3")):
        person = UserRecord(name, name, name, UserKind.GUEST)
        storage.commit([SaveUser(person), SaveSession(bytes([number]), name, 100 - number)], 0)

    assert storage.people.held_automatic_names(50) == {"user7", "user12", "user3"}
    assert storage.people.held_automatic_names(97) == {"user7", "user12"}


def test_sessions_in_use_are_renewed_and_never_shortened(storage: Storage) -> None:
    saved = [SaveSession(b"1", "a", 100, "a phone"), SaveSession(b"2", "a", 900)]
    storage.commit([user(ANN), *saved, SaveSession(b"3", "a", 100)], 10)

    storage.care.renew_sessions({b"1": 500, b"2": 500, b"unknown": 500}, 20)

    assert storage.people.session_user(b"1", 499) is not None
    assert storage.people.session_user(b"1", 500) is None
    assert storage.people.session_user(b"2", 899) is not None
    assert storage.people.session_user(b"3", 100) is None
    assert storage.people.sessions_of("a", 499) == [
        SessionRecord(b"1", "a phone", 10, 20, 500),
        SessionRecord(b"2", "", 10, 10, 900),
    ]


def test_a_session_keeps_its_device_and_its_beginning(storage: Storage) -> None:
    renewed = RenewSession(b"1", 200)
    storage.commit([user(ANN), SaveSession(b"1", "a", 100, "a phone"), renewed], 10)
    storage.commit([renewed, RenewSession(b"1", 300)], 20)

    assert storage.people.sessions_of("a", 0) == [SessionRecord(b"1", "a phone", 10, 20, 300)]


def test_a_session_that_was_ended_is_not_renewed_into_being(storage: Storage) -> None:
    storage.commit([user(ANN), SaveSession(b"1", "a", 100)], 0)
    storage.commit([EndSession(b"1"), RenewSession(b"1", 200)], 1)
    storage.commit([RenewSession(b"1", 200)], 2)

    assert storage.people.session_user(b"1", 3) is None


def test_all_sessions_but_one_are_ended_in_their_order(storage: Storage) -> None:
    saved = [SaveSession(token, "a", 100) for token in (b"1", b"2", b"3")]
    other = SaveSession(b"of bob", "b", 100)
    storage.commit([user(ANN), user(BOB), other, *saved[:2]], 0)
    storage.commit([saved[2], EndSessions("a", b"2"), SaveSession(b"4", "a", 100)], 1)

    assert {each.token_hash for each in storage.people.sessions_of("a", 0)} == {b"2", b"4"}
    assert len(storage.people.sessions_of("b", 0)) == 1
    storage.commit([EndSessions("a")], 2)
    assert storage.people.sessions_of("a", 0) == []


def test_accounts_have_a_role_and_may_have_a_password(storage: Storage) -> None:
    mia = UserRecord("m", "Mia", "mia", UserKind.MEMBER, Role.OWNER)
    bot = UserRecord("r", "rss", "rss", UserKind.BOT, Role.MEMBER)
    guest = UserRecord("g", "Mia", "mia", UserKind.GUEST)
    assert storage.people.accounts() == []
    storage.commit([SaveUser(bot), SaveUser(guest), SaveUser(mia), SavePassword("m", "old")], 0)
    storage.commit([SavePassword("m", "new")], 1)

    assert storage.people.account("mia") == Account(mia, "new")
    assert storage.people.account("rss") == Account(bot, None)
    assert storage.people.account("ann") is None
    assert storage.people.accounts() == [mia, bot]
    assert storage.people.name_holder("mia", 0) == mia


def test_an_invitation_ends_with_its_uses_or_its_time(storage: Storage) -> None:
    invitation = Invitation(b"code", Role.MEMBER, 1, 100, "m")
    storage.commit([SaveInvitation(invitation)], 0)
    assert storage.people.invitation(b"code", 99) == invitation
    assert storage.people.invitation(b"code", 100) is None
    assert storage.people.invitation(b"guess", 0) is None

    storage.commit([SaveInvitation(dataclasses.replace(invitation, uses=0))], 1)
    assert storage.people.invitation(b"code", 0) is None
    storage.care.purge(2, 0)
    assert storage.people.invitation(b"code", 0) is None


def test_changes_of_one_commit_count_in_their_order(storage: Storage) -> None:
    storage.commit(
        [
            user(ANN),
            SaveMember("lobby", "a"),
            RemoveMember("lobby", "a"),
            said("1"),
            SaveMember("lobby", "a"),
            SaveSession(b"1", "a", 10),
            EndSession(b"1"),
            EndSession(b"2"),
            SaveSession(b"2", "a", 10),
        ],
        0,
    )

    assert [m.read for m in storage.members.memberships("a")] == [1]
    assert storage.people.session_user(b"1", 0) is None
    assert storage.people.session_user(b"2", 0) is not None


def test_a_connect_storm_is_one_commit(storage: Storage) -> None:
    changes: list[Change] = []
    for number in range(2_000):
        name = f"n{number}"
        changes += [
            SaveUser(UserRecord(name, name, name, UserKind.GUEST)),
            SaveSession(name.encode(), name, 100),
            SaveMember("lobby", name),
        ]

    assert storage.commit(changes, 0) == [Done()] * 6_000
    assert storage.people.name_holder("n1999", 0) is not None


def test_a_nonce_compares_who_is_spoken_to_and_not_what_they_are_called(storage: Storage) -> None:
    whisper = AppendMessage("@d", ANN, "psst", to=(BOB,), nonce="n")
    storage.commit([user(ANN), user(BOB), whisper], NOW)

    again = replace(whisper, to=(Person("b", "Rob"),))
    other = replace(whisper, to=(CARA,))

    at = "2023-11-14T22:13:20.000Z"
    assert storage.commit([again, other], NOW) == [Duplicate("@d", 1, at), NonceUsed()]


def test_a_seq_past_all_numbers_is_past_the_end(storage: Storage) -> None:
    storage.commit([said("hi")], NOW)

    assert texts(page(storage, after=10**30)) == []
    assert texts(page(storage, before=10**30)) == ["hi"]


def subscription(number: int, user: str = "a", token: bytes | None = None) -> Subscription:
    return Subscription(
        f"https://push.example/{number}",
        user,
        f"p256dh-{number}",
        f"auth-{number}",
        token or user.encode(),
    )


def test_a_browser_is_told_as_long_as_the_session_lasts_that_asked_for_it(
    storage: Storage,
) -> None:
    member = SaveUser(UserRecord("a", "ann", "ann", UserKind.GUEST))
    tokens = [SaveSession(token, "a", NOW + 1000) for token in (b"1", b"2", b"3", b"4")]
    storage.commit([member, *tokens, SaveMember("ops", "a")], NOW)
    browsers = [subscription(n, token=str(n).encode()) for n in (1, 2, 3, 4)]
    save_subscriptions(storage, *browsers)

    def told() -> list[str]:
        found = storage.push.subscribers("ops")
        return sorted(each.subscription.endpoint[-1] for each in found)

    assert told() == ["1", "2", "3", "4"]
    storage.commit([EndSession(b"1")], NOW)
    assert told() == ["2", "3", "4"]
    assert browsers[0] not in storage.push.subscriptions("a")
    storage.commit([EndSessions("a", b"2")], NOW)
    assert told() == ["2"]
    assert storage.push.subscriptions("a") == [browsers[1]]
    storage.commit([EndSessions("a"), SaveSession(b"5", "a", NOW + 1000, succeeds=b"2")], NOW)
    assert told() == ["2"]
    assert storage.push.subscriptions("a") == [subscription(2, token=b"5")]


def save_subscriptions(storage: Storage, *wanted: Subscription) -> None:
    for number, each in enumerate(wanted):
        storage.commit([SaveSubscription(each)], NOW + number)


def test_a_user_is_notified_by_the_browsers_that_were_saved_last(storage: Storage) -> None:
    save_subscriptions(storage, *(subscription(n) for n in range(SUBSCRIPTIONS + 2)))
    found = storage.push.subscriptions("a")

    assert found == [subscription(n) for n in range(SUBSCRIPTIONS + 1, 1, -1)]


def test_a_browser_belongs_to_whoever_was_there_last_and_ends_for_its_own_user(
    storage: Storage,
) -> None:
    save_subscriptions(storage, subscription(1, "a"), subscription(1, "b"))
    storage.commit([EndSubscription(subscription(1).endpoint, "a")], NOW)
    assert storage.push.subscriptions("a") == []
    assert storage.push.subscriptions("b") == [subscription(1, "b")]
    storage.commit([EndSubscription(subscription(1).endpoint, "b")], NOW)
    assert storage.push.subscriptions("b") == []


def test_the_subscribers_of_a_room_are_its_members_who_want_to_hear_of_it(
    storage: Storage,
) -> None:
    users = [SaveUser(UserRecord(p.id, p.name, p.name, UserKind.GUEST)) for p in (ANN, BOB, CARA)]
    levels = {ANN: NotifyLevel.ALL, BOB: NotifyLevel.MENTIONS, CARA: NotifyLevel.NONE}
    storage.commit(
        [*users, *(SaveMember("ops", p.id) for p in levels), SaveMember("dev", CARA.id)], NOW
    )
    save_subscriptions(storage, *(subscription(n, p.id) for n, p in enumerate(levels)))
    storage.commit([SaveNotify("ops", p.id, level) for p, level in levels.items()], NOW)
    assert storage.push.subscribers("ops") == storage.push.subscribers("dev") == [], (
        "nobody has a session"
    )
    tokens = [SaveSession(p.id.encode(), p.id, NOW + 1000) for p in levels]
    storage.commit(tokens, NOW)

    found = {each.name_key: each for each in storage.push.subscribers("ops")}
    assert {key: each.notify for key, each in found.items()} == {
        "ann": NotifyLevel.ALL,
        "bob": NotifyLevel.MENTIONS,
    }
    assert found["bob"].subscription == subscription(1, "b")
    storage.commit([SaveIgnored("b", "a"), SaveIgnored("b", "c"), SaveIgnored("c", "a")], NOW)
    unheard = {each.name_key: each.ignored for each in storage.push.subscribers("ops")}
    assert unheard == {"ann": frozenset(), "bob": {"a", "c"}}
    assert [each.name_key for each in storage.push.subscribers("dev")] == ["cara"]
    assert storage.push.subscribers("nowhere") == []
    assert storage.push.loud_rooms() == ["ops"]
    assert [m.notify for m in storage.members.memberships("a")] == [NotifyLevel.ALL]
    storage.commit([EndSession(b"a")], NOW)
    assert [each.name_key for each in storage.push.subscribers("ops")] == ["bob"]


def test_a_secret_is_made_once(storage: Storage) -> None:
    assert storage.care.secret("vapid", lambda: "first") == "first"
    assert storage.care.secret("vapid", lambda: "second") == "first"


def test_the_beginning_of_a_log_goes_and_no_hole_is_left(storage: Storage) -> None:
    storage.commit([said("1"), said("2"), said("x", "dev")], NOW)
    storage.commit([said("3"), said("4")], NOW + 10)

    assert sorted(storage.care.aged(NOW + 1, limit=5)) == ["dev", "lobby"]
    assert len(storage.care.aged(NOW + 1, limit=1)) == 1
    begins = storage.care.expire(["lobby", "dev", "nowhere"], NOW + 1, limit=100)

    assert begins == {"lobby": 3, "dev": 2}
    assert storage.care.aged(NOW + 1, limit=5) == []
    assert page(storage).first == 3
    assert texts(page(storage)) == texts(page(storage, after=0)) == ["3", "4"]
    assert page(storage, before=4).more is False
    assert page(storage, "dev") == LogPage((), False, 2, 1)
    storage.commit([said("y", "dev")], NOW)
    assert [event.seq for event in page(storage, "dev").events] == [2]


def test_what_follows_an_entry_that_stays_stays_too(storage: Storage) -> None:
    for number, at_ms in enumerate([1, 9, 2, 3]):
        storage.commit([said(str(number))], NOW + at_ms)

    assert storage.care.expire(["lobby"], NOW + 5, limit=100) == {"lobby": 2}
    assert storage.care.expire(["lobby"], NOW + 5, limit=100) == {}
    assert storage.care.aged(NOW + 5, limit=5) == []
    assert texts(page(storage)) == ["1", "2", "3"]


def test_no_more_goes_at_once_than_was_asked_for(storage: Storage) -> None:
    storage.commit([said(str(number), room) for room in ("a", "b") for number in range(3)], NOW)

    left = 6
    while rooms := storage.care.aged(NOW + 1, limit=5):
        begins = storage.care.expire(rooms, NOW + 1, limit=2)
        left -= 2
        stored = sum(len(page(storage, room).events) for room in ("a", "b"))
        assert stored == left
        assert all(page(storage, room).first == first for room, first in begins.items())
    assert left == 0


def test_a_nonce_goes_with_its_message(storage: Storage) -> None:
    whisper = AppendMessage("@d", ANN, "psst", to=(BOB,), nonce="w")
    storage.commit([user(ANN), user(BOB), said("old", nonce="n"), whisper], NOW)
    storage.commit([said("kept", nonce="k")], NOW + 10)

    storage.care.expire(["lobby", "@d"], NOW + 5, limit=100)

    outcomes = storage.commit([said("new", nonce="n"), whisper, said("kept", nonce="k")], NOW + 10)
    assert [type(outcome) for outcome in outcomes] == [Appended, Appended, Duplicate]
    assert storage.members.of_direct_room("@d") == (ANN, BOB)


ROOMS = st.sampled_from(["lobby", "dev"])
USERS = st.sampled_from(["a", "b"])
MESSAGES = st.builds(
    AppendMessage,
    room=ROOMS,
    sender=st.sampled_from([ANN, BOB]),
    text=st.sampled_from(["x", "y"]),
    me=st.booleans(),
    nonce=st.sampled_from(["", "1", "2", "3"]),
)
WHISPERS = st.builds(
    AppendMessage,
    room=st.just("@d"),
    sender=st.just(ANN),
    text=st.sampled_from(["x", "y"]),
    to=st.sampled_from([(BOB,), (BOB, CARA)]),
    nonce=st.sampled_from(["", "1", "2"]),
)
SANCTIONS = st.builds(
    Sanction,
    st.sampled_from([SanctionKind.BAN, SanctionKind.MUTE]),
    st.sampled_from(["", "lobby"]),
    st.just(Against.USER),
    USERS,
    st.just("bob"),
    st.just("ann"),
    st.just(NOW),
    st.sampled_from([None, NOW + 5]),
)
CHANGES = st.one_of(
    MESSAGES,
    WHISPERS,
    st.builds(topic, room=ROOMS, sender=st.just(ANN), text=st.sampled_from(["cake", "tea"])),
    st.builds(SaveMember, room=ROOMS, user_id=USERS),
    st.builds(RemoveMember, room=st.sampled_from(["lobby", "dev", "@d"]), user_id=USERS),
    st.builds(MoveRead, room=ROOMS, user_id=USERS, seq=st.integers(0, 9)),
    st.builds(SaveSession, st.sampled_from([b"1", b"2"]), USERS, st.integers(1, 5)),
    st.builds(EndSession, st.sampled_from([b"1", b"2"])),
    st.builds(RenewSession, st.sampled_from([b"1", b"2"]), st.integers(1, 5)),
    st.builds(EndSessions, USERS, st.sampled_from([b"", b"1"])),
    st.builds(SavePassword, USERS, st.sampled_from(["x", "y"])),
    st.builds(SaveMember, ROOMS, USERS, st.sampled_from([Role.OWNER, Role.MEMBER])),
    st.builds(deletion, ROOMS, st.just(BOB), st.integers(1, 4)),
    # What is private has a name that says so.
    st.builds(
        settled,
        ROOMS,
        st.just(ANN),
        st.just(RoomKind.PUBLIC),
        st.booleans(),
        st.booleans(),
        ROOMS,
    ),
    st.builds(settled, ROOMS, st.just(ANN), st.just(RoomKind.PRIVATE), name=st.just("+x")),
    st.builds(RenameUser, USERS, st.just("rob"), st.just("rob")),
    st.builds(MakeRoom, ROOMS, st.none() | USERS),
    st.builds(SaveAccount, USERS, st.just(UserKind.MEMBER), st.sampled_from([Role.OWNER])),
    st.builds(SaveSanction, SANCTIONS),
    st.builds(EndSanction, SANCTIONS.map(lambda held: held.key)),
    st.builds(AppendAudit, st.just("mute"), st.just("ann"), st.just("bob"), ROOMS),
    st.builds(SaveIgnored, USERS, USERS, st.booleans()),
    st.builds(
        SaveUser,
        st.sampled_from([UserRecord("b", n, n, UserKind.GUEST) for n in ("bob", "rob")]),
    ),
)


def everything(storage: Storage) -> list[object]:
    rooms = ["lobby", "dev", "@d", "+x"]
    pages = [page(storage, room, **place) for room in rooms for place in PLACES]
    users = [storage.people.session_user(token, now) for token in (b"1", b"2") for now in range(5)]
    holders = [storage.people.name_holder(key, 2) for key in ("ann", "bob", "rob")]
    people = [storage.members.memberships(person.id) for person in (ANN, BOB, CARA)]
    kept = [storage.rooms.find(room) for room in rooms]
    found = [storage.log.search(room, "x", before=None, limit=2) for room in rooms]
    roles = [storage.members.of_room(room) for room in rooms]
    held = sorted(storage.order.sanctions(NOW), key=str), storage.order.sanctions(NOW + 9)
    acts = [
        storage.order.audit(room=room, before=3, limit=9, own=["+x"]) for room in (None, *rooms)
    ]
    ignored = [storage.order.ignored(user_id) for user_id in ("a", "b")]
    public = storage.rooms.public(after=None, limit=9)
    moderation = [found, roles, held[0], sorted(held[1], key=str), acts, ignored, public]
    return [pages, users, holders, people, kept, storage.members.of_direct_room("@d"), moderation]


def expired(storage: Storage, number: int, kept: int, limit: int) -> object:
    """What goes of one room after another, and which rooms still begin with what is too old."""
    before_ms = NOW + number - kept
    rooms = sorted(storage.care.aged(before_ms, limit=9))
    begins = [storage.care.expire([room], before_ms, limit=limit) for room in rooms]
    return rooms, begins, sorted(storage.care.aged(before_ms, limit=9))


def test_a_search_looks_at_so_many_entries_and_tells_where_to_go_on(storage: Storage) -> None:
    storage.commit([user(ANN), *(said(f"Hay {number}") for number in range(10))], NOW)
    page = storage.log.search("lobby", "hay", before=None, limit=9, entries=4)
    assert ([event.seq for event in page.events], page.next) == ([10, 9, 8, 7], 7)
    page = storage.log.search("lobby", "hay", before=page.next, limit=2, entries=4)
    assert ([event.seq for event in page.events], page.next) == ([6, 5], 5)
    page = storage.log.search("lobby", "hay 4", before=5, limit=9, entries=4)
    assert ([event.seq for event in page.events], page.next) == ([], None)


def test_a_search_takes_case_as_one_and_marks_of_patterns_as_they_are(storage: Storage) -> None:
    said_ = ["100% Sure_", "100 sure", "ÄPFEL und Birnen", "äpfel", "a\\b", "日本"]
    storage.commit([user(ANN), *(said(text) for text in said_)], NOW)

    def found(text: str) -> list[int]:
        return [
            event.seq for event in storage.log.search("lobby", text, before=None, limit=9).events
        ]

    assert found("100%") == [1]
    assert found("sURE_") == [1]
    assert found("sure") == [2, 1]
    assert found("äpfel") == [4, 3]
    assert found("ÄPFEL UND") == [3]
    assert found("A\\B") == [5]
    assert found("本") == [6]


def test_a_search_goes_by_the_id_of_a_room_whatever_it_is_called(storage: Storage) -> None:
    storage.commit([user(ANN), said("needle", room="one"), said("needle", room="two")], NOW)
    record = storage.rooms.find("one")
    assert record is not None
    page = storage.log.search("uno", "needle", room_id=record.id, before=None, limit=9)
    assert [event.room for event in page.events] == ["uno"]


PLACES: list[dict[str, int]] = [{}, {"limit": 2}, {"before": 3, "limit": 1}, {"after": 1}]


@pytest.fixture(scope="module")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with its three users, to be copied: making one takes longer than an example."""
    folder = tmp_path_factory.mktemp("empty")
    database = sqlite(folder)
    database.commit([user(ANN), user(BOB), user(CARA)], NOW)
    database.close()
    return folder / "hubbub.db"


# What goes after a batch: of how many batches before it, and at most how much.
EXPIRIES = st.none() | st.tuples(st.integers(0, 3), st.integers(0, 9))


HISTORIES = st.lists(st.tuples(st.lists(CHANGES, max_size=12), EXPIRIES), max_size=5)
History = list[tuple[list[Change], tuple[int, int] | None]]


def without_ids(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes without the ids of rooms, which each database gives by itself."""
    return [Appended(o.event) if isinstance(o, Appended) else o for o in outcomes]


def same_as_the_model(database: Storage, batches: History) -> None:
    model = memory(Path())
    model.commit([user(ANN), user(BOB), user(CARA)], NOW)
    for number, (batch, expiry) in enumerate(batches):
        outcomes = database.commit(batch, NOW + number)
        assert without_ids(outcomes) == without_ids(model.commit(batch, NOW + number))
        if expiry is not None:
            assert expired(database, number, *expiry) == expired(model, number, *expiry)
    assert everything(database) == everything(model)
    for room in ("lobby", "dev", "@d", "+x"):
        log = page(database, room)
        seqs = [event.seq for event in log.events]
        assert seqs == list(range(log.first, log.last + 1))


@pytest.mark.long
@given(HISTORIES)
@settings(max_examples=sized(20, 120))
def test_the_database_does_what_the_model_does(empty_log: Path, batches: History) -> None:
    with TemporaryDirectory() as folder:
        copyfile(empty_log, Path(folder) / "hubbub.db")
        database = sqlite(Path(folder))
        try:
            same_as_the_model(database, batches)
            assert check(log_file(Path(folder)))[1] == []
        finally:
            database.close()


@pytest.mark.real
@given(HISTORIES)
@settings(max_examples=sized(20, 80))
def test_postgresql_does_what_the_model_does(batches: History) -> None:
    database = on_postgresql(postgres().make())
    try:
        database.commit([user(ANN), user(BOB), user(CARA)], NOW)
        same_as_the_model(database, batches)
    finally:
        database.close()


def test_what_a_membership_makes_of_somebody_is_told_where_it_is_a_role(storage: Storage) -> None:
    users = [SaveUser(UserRecord(i, i, i, UserKind.GUEST)) for i in "ab"]
    storage.commit([*users, MakeRoom("den", "a")], 0)

    def came(*changes: Change) -> list[Outcome]:
        return storage.commit(list(changes), 0)

    assert came(SaveMember("den", "b"), SaveMember("den", "b", Role.MODERATOR)) == [
        Done(),
        RoleChanged("b", Role.MODERATOR),
    ]
    assert came(SaveMember("den", "b")) == [Done()]
    assert came(SaveMember("den", "b", Role.MEMBER)) == [RoleChanged("b", None)]
    assert came(RemoveMember("den", "b"), RemoveMember("den", "a")) == [
        Done(),
        RoleChanged("a", None),
    ]
    closed = settled("den", ANN, RoomKind.PRIVATE, name="+den-x")
    came(SaveMember("den", "b", Role.MODERATOR))
    assert came(closed, SaveMember("den", "b"))[1:] == [RoleChanged("b", Role.MODERATOR)]
    assert came(SaveMember("+den-x", "a"), RemoveMember("+den-x", "a")) == [
        RoleChanged("a", Role.MEMBER),
        RoleChanged("a", None),
    ]
    assert came(RemoveMember("nowhere", "a")) == [Done()]
