"""Messages that wait for news of the nodes on which their readers were."""

from hubbub.hub.push.deferred import KEPT, Deferred
from hubbub.hub.state.room import Room
from hubbub.model import RoomKind
from hubbub.protocol.events import Message, Person
from hubbub.storage.records import RoomRecord
from tests.hub.conftest import FakeClock

LOBBY = Room(RoomRecord("lobby", RoomKind.PUBLIC, "", 1, 0))
ONE, BOTH = frozenset({"one"}), frozenset({"one", "two"})


def message(text: str) -> Message:
    return Message(room="lobby", seq=1, at="", sender=Person("a", "ann"), text=text)


def taken(deferred: Deferred, *gone: str) -> list[tuple[str, set[str]]]:
    alive = {"one", "two", "three"}.difference(gone)
    return [(said.text, set(users)) for _, said, users in deferred.take_due(alive)]


def test_only_who_was_on_nodes_that_are_all_gone_may_have_missed_it() -> None:
    clock = FakeClock()
    deferred = Deferred(clock, 10.0)
    deferred.keep(LOBBY, message("hi"), {"bob": ONE, "cat": BOTH})
    deferred.keep(LOBBY, message("again"), {"cat": BOTH})
    assert not deferred.due
    assert taken(deferred, "one") == []

    clock.advance(10.0)
    assert deferred.due
    assert taken(deferred, "one") == [("hi", {"bob"})]
    assert taken(deferred, "one", "two") == [], "each is looked at once"


def test_the_oldest_give_way() -> None:
    clock = FakeClock()
    deferred = Deferred(clock, 0.0)
    kept = [deferred.keep(LOBBY, message(str(n)), {"bob": ONE}) for n in range(KEPT + 1)]
    assert kept == [True] * KEPT + [False]
    assert [text for text, _ in taken(deferred, "one")] == [str(n) for n in range(1, KEPT + 1)]
