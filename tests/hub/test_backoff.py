"""Whom notices leave alone, and for how long."""

from hubbub.hub.push.backoff import FIRST_S, KEPT, LONGEST_S, Backoff
from tests.hub.conftest import FakeClock


def test_failures_that_are_let_pass_cost_no_rest() -> None:
    backoff = Backoff(FakeClock(), patience=2)
    for resting in (False, False, True):
        backoff.failed("fcm")
        assert backoff.resting("fcm") is resting
    assert not backoff.resting("another")


def test_rests_double_to_an_end_and_are_forgotten_when_all_is_well() -> None:
    clock = FakeClock()
    backoff = Backoff(clock, patience=0)
    lengths = []
    for _ in range(10):
        backoff.failed("ann")
        begun = clock.steady
        while backoff.resting("ann"):
            clock.advance(FIRST_S / 2)
        lengths.append(clock.steady - begun)
    assert lengths[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert lengths[-1] == LONGEST_S
    backoff.went_well("ann")
    backoff.failed("ann")
    clock.advance(FIRST_S)
    assert not backoff.resting("ann")


def test_the_failures_that_are_remembered_are_bounded() -> None:
    backoff = Backoff(FakeClock(), patience=0)
    for number in range(KEPT + 1):
        backoff.failed(str(number))
    assert not backoff.resting("0")
    assert backoff.resting("1")
