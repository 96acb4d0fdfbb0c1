"""Those who want in, while others try to keep them out."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from hubbub.errors import Refusal, Unavailable
from hubbub.hub.rules import passwords
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.rules.turns import Piece, Turns
from hubbub.protocol import requests
from tests.hub.conftest import Client, House, running
from tests.hub.test_accounts import PASSWORD, member, refused

pytestmark = pytest.mark.usefixtures("cheap_passwords")

ADDRESSES, EACH = 30, 10


class Held(PasswordHasher):
    """Checks one password a turn, and remembers whose turn it was."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.tried: list[str] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    def verify(self, kept: str | bytes, password: str | bytes) -> bool:
        self.tried.append(str(password))
        self.begun.set()
        self.go.wait()
        return bool(super().verify(kept, password))


@pytest.fixture
def held() -> Held:
    """What checks passwords once `guessing` has begun."""
    return Held()


def somebody_at(house: House, address: str) -> Client:
    client = house.nobody()
    client.session.address = AddressRates(house.hub.parts.limits, address)
    return client


async def guessing(
    house: House, held: Held, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Client], list[asyncio.Task[None]]]:
    """Clients of thirty addresses that have all sent passwords, of which one is being checked."""
    monkeypatch.setattr(passwords, "_hasher", lambda: held)
    guessers = [somebody_at(house, f"10.0.0.{n}") for n in range(ADDRESSES) for _ in range(EACH)]
    guesses = [requests.Hello(name=f"n{n}", password=f"wrong {n}") for n in range(len(guessers))]
    tasks = [
        asyncio.create_task(guesser.send(guess))
        for guesser, guess in zip(guessers, guesses, strict=True)
    ]
    await asyncio.to_thread(held.begun.wait)
    strangers = house.hub.parts.accounts._passwords._strangers
    while len(strangers) < passwords.WAITING:  # noqa: ASYNC110 - nothing tells when all wait
        await asyncio.sleep(0)
    return guessers, tasks


async def test_thirty_addresses_that_try_passwords_keep_nobody_else_from_coming_in(
    house: House, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, secret = await member(house)
    ann.leave()
    guessers, tasks = await guessing(house, held, monkeypatch)

    # A session needs no check, and waits for none.
    back = somebody_at(house, "10.0.1.1")
    await back.send(requests.Hello(token=secret))
    assert back.session.user is not None

    # A password of another address waits for one of each.
    newly = somebody_at(house, "10.0.1.2")
    coming = asyncio.create_task(newly.send(requests.Hello(name="ann", password=PASSWORD)))
    # A member who is here waits for the one that is being checked.
    changing = asyncio.create_task(
        back.send(requests.Command(room="lobby", line=f"/password wrong-{PASSWORD} {PASSWORD}"))
    )
    while not house.hub.parts.accounts._passwords._members:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0)
    held.go.set()
    await asyncio.gather(coming, changing, *tasks)
    assert newly.session.user is not None
    assert held.tried.index(PASSWORD) <= ADDRESSES + 2
    assert held.tried.index(f"wrong-{PASSWORD}") == 1
    codes = [code for guesser in guessers for code in refused(guesser)]
    assert set(codes) == {"bad_password", "unavailable"}
    assert len(codes) == ADDRESSES * EACH


async def test_where_too_many_wait_those_who_have_most_give_way() -> None:
    turns = Turns()
    many = [Piece(lambda: None) for _ in range(3)]
    one, late = Piece(lambda: None), Piece(lambda: None)
    assert [turns.add("a", each, 3) for each in many] == [None] * 3
    assert turns.add("a", late, 3) is late
    assert turns.add("b", one, 3) is many[2]
    assert turns.add("c", late, 3) is many[1]
    assert turns.add("d", Piece(lambda: None), 3) is not None
    many[0].done.cancel()
    assert [turns.next(), turns.next(), turns.next()] == [one, late, None]
    assert len(turns) == 0


async def test_the_cost_of_a_password_is_what_the_machine_does_in_50_ms() -> None:
    costs = [passwords.cost_for(least_ms) for least_ms in (200.0, 30.0, 14.0, 4.0, 1.0)]
    assert costs == [(19_456, 2), (19_456, 2), (65_536, 2), (65_536, 4), (65_536, 8)]
    assert [kib * passes for kib, passes in passwords.COSTS] == sorted(
        kib * passes for kib, passes in passwords.COSTS
    )


async def test_an_unknown_name_costs_what_the_passwords_of_members_cost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await member(house)
    tried: list[str] = []

    class Noting(PasswordHasher):
        def verify(self, kept: str | bytes, password: str | bytes) -> bool:
            tried.append(str(kept).split("$")[3])
            return bool(super().verify(kept, password))

    costly = Noting(time_cost=1, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: costly)
    for name in ("ann", "nobody"):
        await house.nobody().send(requests.Hello(name=name, password="wrong horse!"))
    assert tried == ["m=8,t=1,p=1"] * 2


async def test_one_who_has_gone_is_not_waited_for() -> None:
    turns = Turns()
    gone = Piece(lambda: None)
    turns.add("a", gone, 3)
    gone.done.set_exception(Unavailable("gone"))
    assert gone.done.exception() is not None
    assert turns.next() is None


@pytest.mark.parametrize("registration", [Registration.INVITE, Registration.CLOSED])
@pytest.mark.parametrize("invite", [None, "", "no such invitation"])
async def test_without_an_invitation_nobody_learns_which_names_have_accounts(
    limits: Limits, registration: Registration, invite: str | None
) -> None:
    policy = Policy(registration, guests=False, first_is_owner=True)
    async with running(House(limits, policy=policy)) as house:
        ann = await house.json(name="ann", password=PASSWORD, register=True)
        assert ann.session.user is not None
        answers = []
        for name in ("ann", "ANN", "nobody", "user1"):
            stranger = house.nobody()
            await stranger.send(
                requests.Hello(name=name, password=PASSWORD, register=True, invite=invite)
            )
            plain = house.stranger()
            with pytest.raises(Refusal) as refusal:
                await house.hub.parts.plain_arrivals.register(plain.session, name, PASSWORD, invite)
            answers.append((stranger.objects()[0]["message"], refusal.value.message))
        assert len(set(answers)) == 1
