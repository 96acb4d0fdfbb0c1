"""Messages that wait for news of the nodes on which their readers were."""

from hubbub.hub.push.deferred import KEPT, Withheld
from hubbub.hub.state.room import Room
from hubbub.model import RoomKind
from hubbub.protocol.events import Message, Person
from hubbub.storage.records import RoomRecord
from tests.hub.conftest import FakeClock

LOBBY = Room(RoomRecord("lobby", RoomKind.PUBLIC, "", 1, 0))
ONE, BOTH = frozenset({"one"}), frozenset({"one", "two"})


def message(text: str) -> Message:
    return Message(room="lobby", seq=1, at="", sender=Person("a", "ann"), text=text)


def taken(withheld: Withheld, *gone: str) -> list[tuple[str, set[str]]]:
    alive = {"one", "two", "three"}.difference(gone)
    return [(said.text, set(users)) for _, said, users in withheld.take_due(alive)]


def test_only_who_was_on_nodes_that_are_all_gone_may_have_missed_it() -> None:
    clock = FakeClock()
    withheld = Withheld(clock, 10.0)
    withheld.keep(LOBBY, message("hi"), {"bob": ONE, "cat": BOTH})
    withheld.keep(LOBBY, message("again"), {"cat": BOTH})
    assert not withheld.due
    assert taken(withheld, "one") == []

    clock.advance(10.0)
    assert withheld.due
    assert taken(withheld, "one") == [("hi", {"bob"})]
    assert taken(withheld, "one", "two") == [], "each is looked at once"


def test_the_oldest_give_way() -> None:
    clock = FakeClock()
    withheld = Withheld(clock, 0.0)
    kept = [withheld.keep(LOBBY, message(str(n)), {"bob": ONE}) for n in range(KEPT + 1)]
    assert kept == [True] * KEPT + [False]
    assert [text for text, _ in taken(withheld, "one")] == [str(n) for n in range(1, KEPT + 1)]
