"""The order of what is said, without a network; time is a number."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.outgoing import Entry, Outgoing


def entry(name: str, *, again: bool = True, paced: bool = True) -> Entry:
    return Entry(name, name.encode(), paced, again)


def filled(names: str, window: int = 32) -> Outgoing:
    outgoing = Outgoing(window, 60.0)
    for name in names:
        outgoing.add(entry(name))
    return outgoing


def written(outgoing: Outgoing, now_s: float = 0.0) -> str:
    sent = ""
    while (found := outgoing.next(now_s)) is not None:
        sent += found.id
    return sent


def test_no_more_than_the_window_is_on_the_wire() -> None:
    outgoing = filled("abcdef", window=3)

    assert written(outgoing) == "abc"
    assert outgoing.wait_s(0.0) is None
    outgoing.answered("a")
    assert written(outgoing) == "d"


def test_a_lost_line_puts_everything_unanswered_back_in_order() -> None:
    outgoing = filled("abcdef", window=4)
    written(outgoing)
    outgoing.answered("a")

    assert outgoing.line_lost() == []
    assert written(outgoing) == "bcde"


def test_what_must_not_be_sent_twice_is_lost_with_the_line_unless_it_never_went() -> None:
    outgoing = Outgoing(2, 60.0)
    for name in "abc":
        outgoing.add(entry(name, again=False))
    written(outgoing)

    assert outgoing.line_lost() == ["a", "b"]
    assert written(outgoing) == "c"


def test_after_a_temporary_refusal_nothing_goes_until_all_is_answered_then_in_order() -> None:
    outgoing = filled("abcdef", window=4)
    written(outgoing)

    assert outgoing.refused("c", 0.5, 0.0)
    assert written(outgoing) == ""
    assert outgoing.refused("b", 0.4, 0.0)
    outgoing.answered("a")
    assert written(outgoing) == ""
    assert outgoing.refused("d", 0.5, 0.0)
    assert written(outgoing, 0.3) == ""
    assert outgoing.wait_s(0.3) == 0.2
    assert written(outgoing, 0.5) == "b"
    outgoing.answered("b")
    assert written(outgoing, 0.5) == "c"


def test_a_refused_request_is_given_up_when_its_patience_ends() -> None:
    outgoing = Outgoing(4, 1.0)
    outgoing.add(entry("a"))
    now_s = 0.0
    for _ in range(2):
        assert written(outgoing, now_s) == "a"
        assert outgoing.refused("a", 0.5, now_s)
        now_s += 0.5
    assert written(outgoing, now_s) == "a"
    assert not outgoing.refused("a", 0.5, now_s)
    assert len(outgoing) == 0


def test_posts_keep_below_the_rate_and_spare_a_windows_worth_of_the_burst() -> None:
    outgoing = filled("abcdefghijkl", window=4)
    outgoing.pace(2.0, 8, 0.0)

    sent = ""
    for _ in range(3):
        sent += (part := written(outgoing, 0.0))
        for name in part:
            outgoing.answered(name)
    assert sent == "abcd"
    wait_s = outgoing.wait_s(0.0)
    assert wait_s is not None
    assert 0.5 <= wait_s < 0.51
    assert written(outgoing, wait_s) == "e"


@given(st.data())
def test_whatever_happens_every_post_is_accepted_in_the_order_of_the_calls(
    data: st.DataObject,
) -> None:
    outgoing = Outgoing(data.draw(st.integers(1, 8)), 1e9)
    for n in range(30):
        outgoing.add(entry(f"{n:02}"))
    wire: list[str] = []
    accepted: list[str] = []
    now_s = refusing_until_s = 0.0
    for _ in range(5000):
        while (found := outgoing.next(now_s)) is not None:
            wire.append(found.id)
        if not wire:
            if not len(outgoing):
                break
            now_s += 0.1
            continue
        match data.draw(st.sampled_from(["accept", "accept", "accept", "refuse", "cut"])):
            case "cut":
                # The server has taken a prefix of the wire, and knows it by the nonces.
                taken = data.draw(st.integers(0, len(wire))) if now_s >= refusing_until_s else 0
                accepted += [name for name in wire[:taken] if name not in accepted]
                wire.clear()
                outgoing.line_lost()
            case "refuse":
                refusing_until_s = now_s + 0.2
                outgoing.refused(wire.pop(0), 0.2, now_s)
            case _ if now_s < refusing_until_s:
                outgoing.refused(wire.pop(0), refusing_until_s - now_s, now_s)
            case _:
                name = wire.pop(0)
                if name not in accepted:
                    accepted.append(name)
                outgoing.answered(name)
    assert accepted == [f"{n:02}" for n in range(30)]
