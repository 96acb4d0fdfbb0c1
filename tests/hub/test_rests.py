"""Whom notices leave alone, and for how long."""

from hubbub.hub.push.backoff import FIRST_S, KEPT, LONGEST_S, Rests
from tests.hub.conftest import FakeClock


def test_failures_that_are_let_pass_cost_no_rest() -> None:
    rests = Rests(FakeClock(), patience=2)
    for resting in (False, False, True):
        rests.failed("fcm")
        assert rests.resting("fcm") is resting
    assert not rests.resting("another")


def test_rests_double_to_an_end_and_are_forgotten_when_all_is_well() -> None:
    clock = FakeClock()
    rests = Rests(clock, patience=0)
    lengths = []
    for _ in range(10):
        rests.failed("ann")
        begun = clock.steady
        while rests.resting("ann"):
            clock.advance(FIRST_S / 2)
        lengths.append(clock.steady - begun)
    assert lengths[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert lengths[-1] == LONGEST_S
    rests.went_well("ann")
    rests.failed("ann")
    clock.advance(FIRST_S)
    assert not rests.resting("ann")


def test_the_rests_that_are_remembered_are_bounded() -> None:
    rests = Rests(FakeClock(), patience=0)
    for number in range(KEPT + 1):
        rests.failed(str(number))
    assert not rests.resting("0")
    assert rests.resting("1")
