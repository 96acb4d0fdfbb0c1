"""Token buckets, and what they refuse to a user, to an address, and to one who goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hubbub.errors import RateLimited
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates, TokenBucket
from hubbub.protocol import requests
from tests.hub.conftest import FakeClock, House


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(per_s=10, burst=2)
    bucket.take(0.0, "posts")
    bucket.take(0.0, "posts")
    with pytest.raises(RateLimited) as refused:
        bucket.take(0.0, "posts")
    assert refused.value.retry_after == pytest.approx(0.5)

    for _ in range(2):
        bucket.take(0.51, "posts")
    with pytest.raises(RateLimited):
        bucket.take(0.51, "posts")


def test_nothing_overtakes_what_a_bucket_refused() -> None:
    bucket = TokenBucket(per_s=1000, burst=1)
    bucket.take(0.0, "posts")
    with pytest.raises(RateLimited):
        bucket.take(0.0001, "posts")

    with pytest.raises(RateLimited) as again:
        bucket.take(0.4, "posts")
    assert again.value.retry_after == pytest.approx(0.1, abs=0.001)
    bucket.take(0.5001, "posts")


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(per_s=1, burst=1)
    bucket.take(0.0, "posts")
    bucket.take(1000.0, "posts")
    with pytest.raises(RateLimited):
        bucket.take(1000.0, "posts")


def test_the_addresses_that_are_remembered_are_bounded_and_those_connected_stay() -> None:
    rates = Rates(Limits(addresses=2, connects_burst=1), FakeClock(), on=True)
    here = rates.of_address("here")
    here.connections = 1
    rates.connect(rates.of_address("gone"))
    rates.of_address("new")

    assert rates.of_address("here") is here
    rates.connect(rates.of_address("gone"))


LIMITS = Limits(
    posts_per_s=2,
    posts_burst=3,
    commands_per_s=2,
    commands_burst=3,
    address_posts_per_s=2,
    address_posts_burst=5,
    failed_sign_ins_per_s=1,
    failed_sign_ins_burst=2,
    flood_refusals=4,
)


@pytest.fixture
async def strict() -> AsyncIterator[House]:
    """A house with tight rates."""
    house = House(LIMITS, rate_limits=True)
    started = asyncio.Event()
    running = asyncio.create_task(house.hub.run(started))
    await started.wait()
    yield house
    house.hub.stop()
    await running
    house.hub.parts.log.close()


def post(number: int) -> requests.Post:
    return requests.Post(id=f"p{number}", room="lobby", text=str(number), nonce=str(number))


async def test_past_the_burst_a_post_is_refused_with_the_wait(strict: House) -> None:
    ann = await strict.json(name="ann")
    for number in range(3):
        assert (await ann.ask(post(number)))["type"] == "ok"

    reply = await ann.ask(post(4))
    assert (reply["code"], reply["temporary"]) == ("rate_limited", True)
    assert 0 < reply["retry_after"] <= 0.5

    strict.clock.advance(reply["retry_after"])
    assert (await ann.ask(post(4)))["type"] == "ok"


async def test_the_users_of_one_address_share_its_rate(strict: House) -> None:
    ann, bob = await strict.json(name="ann"), await strict.json(name="bob")
    for number in range(3):
        assert (await ann.ask(post(number)))["type"] == "ok"
    answers = [(await bob.ask(post(number)))["type"] for number in range(3)]

    assert answers == ["ok", "ok", "error"]


async def test_other_requests_have_a_rate_of_their_own(strict: House) -> None:
    ann = await strict.json(name="ann")
    answers = [(await ann.ask(requests.Ping(id=f"{n}"))).get("code") for n in range(4)]

    assert answers == [None, None, None, "rate_limited"]
    assert (await ann.ask(post(1)))["type"] == "ok"


async def test_one_who_ignores_the_refusals_is_closed_with_4029(strict: House) -> None:
    ann, bob = await strict.json(name="ann"), await strict.json(name="bob")
    for number in range(3 + LIMITS.flood_refusals):
        await ann.say(str(number))
    assert ann.line.closed is None

    await ann.say("the last one")
    await strict.hub.quiet()
    assert ann.line.closed == 4029
    assert len(bob.messages()) == 3


async def test_one_who_waits_as_told_is_never_closed(strict: House) -> None:
    ann = await strict.json(name="ann")
    for number in range(20 * LIMITS.flood_refusals):
        reply = await ann.ask(post(number))
        strict.clock.advance(reply.get("retry_after", 0))

    assert ann.line.closed is None


async def test_a_flood_costs_its_address_connections(strict: House) -> None:
    ann = await strict.json(name="ann")
    before = strict.address.connects.tokens
    for number in range(4 + LIMITS.flood_refusals):
        await ann.say(str(number))

    assert strict.address.connects.tokens == before - 100


async def test_wrong_tokens_are_refused_for_a_while_and_right_ones_cost_nothing(
    strict: House,
) -> None:
    ann = await strict.json(name="ann")
    (welcome,) = [frame for frame in ann.objects() if frame["type"] == "welcome"]
    ann.leave()
    for _ in range(5):
        back = await strict.json(token=welcome["session"])
        assert back.session.user is not None
        back.leave()

    codes = []
    for _ in range(3):
        guesser = strict.nobody()
        codes.append((await guesser.ask(requests.Hello(id="h", token="guess")))["code"])
    assert codes == ["bad_token", "bad_token", "rate_limited"]

    strict.clock.advance(2)
    back = await strict.json(token=welcome["session"])
    assert back.session.user is not None


async def test_where_rates_are_off_nobody_is_refused(house: House) -> None:
    ann = await house.json(name="ann")
    for number in range(2_000):
        await ann.say(str(number))
    await house.hub.quiet()

    assert len(ann.messages()) == 2_000


async def test_coming_back_brings_no_new_burst(strict: House) -> None:
    ann = await strict.json(name="ann")
    for _ in range(strict.hub.parts.limits.posts_burst):
        await ann.say("x")
    await strict.hub.quiet()
    ann.leave()
    again = await strict.json(name="ann2")
    again.objects()
    await again.say("x")
    await strict.hub.quiet()
    assert [frame["code"] for frame in again.objects() if frame["type"] == "error"] == [
        "rate_limited"
    ]

    strict.clock.advance(60)
    later = await strict.json(name="ann3")
    later.objects()
    for _ in range(strict.hub.parts.limits.posts_burst):
        await later.say("x")
    await strict.hub.quiet()
    assert [frame for frame in later.objects() if frame["type"] == "error"] == []


async def test_requests_before_hello_are_counted(strict: House) -> None:
    nobody = strict.nobody()
    for _ in range(100_000):
        await nobody.send(requests.Ping())
        if nobody.line.closed is not None:
            break
    assert nobody.line.closed == 4029
