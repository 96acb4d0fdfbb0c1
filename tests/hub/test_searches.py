"""Searches: apart from what people wait for, within their time, and only so many at once."""

import asyncio
from typing import Any

import pytest

from hubbub.hub.rules.limits import Limits
from hubbub.hub.talk.searches import FIRST_ENTRIES
from hubbub.protocol import requests
from tests.hub.conftest import Client, House, running

SEARCH = requests.Search(room="lobby", text="needle")
HELD = Limits(search_timeout_s=60)
"""Searches that a test holds up end when it says so."""


async def begun(house: House, count: int) -> None:
    """Returns when so many searches have their places."""
    while house.hub.parts.searches.running < count:  # noqa: ASYNC110 - nothing tells when they have
        await asyncio.sleep(0)


def codes(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["code"] for frame in frames if frame["type"] == "error"]


@pytest.mark.parametrize("limits", [HELD])
async def test_nobody_waits_for_the_searches_of_others(house: House) -> None:
    guests = [await house.json(name=f"guest{number}") for number in range(5)]
    house.storage.search_go.clear()
    asking = [asyncio.create_task(guest.send(SEARCH)) for guest in guests]
    await begun(house, len(guests))

    ann = await house.json(name="ann")
    await ann.say("hello")
    page = await ann.ask(requests.History(room="lobby"))
    await house.hub.parts.log.read(house.storage.care.check_ready)
    assert [event["text"] for event in page["events"]] == ["hello"]
    assert not any(task.done() for task in asking)

    house.storage.search_go.set()
    await asyncio.gather(*asking)
    assert house.hub.parts.searches.running == 0


async def test_a_search_goes_on_part_by_part_to_the_beginning_of_the_log(house: House) -> None:
    ann = await house.json(name="ann")
    count = 2 * FIRST_ENTRIES
    for number in range(count):
        await ann.say("needle" if number % 100 == 0 else "hay")
    await house.hub.quiet()
    ann.objects()

    found = await ann.ask(SEARCH)
    assert [event["seq"] for event in found["events"]] == [201, 101, 1]
    assert "next" not in found
    assert len(house.storage.searched) > 1

    first = await ann.ask(requests.Search(room="lobby", text="needle", limit=2))
    assert ([event["seq"] for event in first["events"]], first["next"]) == ([201, 101], 101)


@pytest.mark.parametrize("limits", [Limits(search_timeout_s=0.1)])
async def test_a_search_whose_time_is_over_gives_what_it_found_and_where_to_go_on(
    house: House,
) -> None:
    ann = await house.json(name="ann")
    for number in range(2 * FIRST_ENTRIES):
        await ann.say(f"needle {number}")
    await house.hub.quiet()
    ann.objects()
    # The first part is answered, and the next one stands still for as long as it may.
    house.storage.search_parts = 1
    found = await ann.ask(requests.Search(room="lobby", text="needle", limit=200))
    assert len(found["events"]) == FIRST_ENTRIES
    assert found["next"] == found["events"][-1]["seq"] == FIRST_ENTRIES + 1

    house.storage.search_parts = None
    rest = await ann.ask(requests.Search(room="lobby", text="needle", before=found["next"]))
    assert rest["events"][0]["seq"] == FIRST_ENTRIES


@pytest.mark.parametrize("limits", [Limits(search_timeout_s=0.1)])
async def test_a_search_that_gets_nowhere_in_its_time_is_refused_for_now(house: House) -> None:
    ann = await house.json(name="ann")
    await ann.say("needle")
    house.storage.search_go.clear()
    reply = await ann.ask(SEARCH)
    assert (reply["code"], reply["temporary"], reply["retry_after"]) == ("unavailable", True, 1.0)
    assert "try again" in reply["message"]


@pytest.mark.parametrize("limits", [HELD])
async def test_a_search_is_called_off_when_its_asker_hangs_up(house: House) -> None:
    ann = await house.json(name="ann")
    house.storage.search_go.clear()
    asking = asyncio.create_task(ann.send(SEARCH))
    await asyncio.to_thread(house.storage.search_begun.wait)
    ann.session.lose()
    await asking
    assert house.hub.parts.searches.running == 0

    # What was sent behind it finds nobody either, and takes no time of others'.
    house.storage.searched.clear()
    await ann.send(SEARCH)
    assert house.storage.searched == []


@pytest.mark.parametrize("limits", [HELD])
async def test_a_search_is_called_off_when_the_server_ends_its_connection(house: House) -> None:
    ann = await house.json(name="ann")
    house.storage.search_go.clear()
    asking = asyncio.create_task(ann.send(SEARCH))
    await asyncio.to_thread(house.storage.search_begun.wait)
    house.hub.parts.attendance.end(ann.session, 4003, "banned")
    await asking
    assert house.hub.parts.searches.running == 0


async def crowd(house: House, *clients: Client) -> tuple[list[str], list[dict[str, Any]]]:
    """All of them search at once, but for the last, whose refusal it gives."""
    *first, last = clients
    house.storage.search_go.clear()
    asking = [asyncio.create_task(each.send(SEARCH)) for each in first]
    await begun(house, len(first))
    last.objects()
    await last.send(SEARCH)
    refusals = last.objects()
    house.storage.search_go.set()
    await asyncio.gather(*asking)
    await last.send(SEARCH)
    assert codes(last.objects()) == [], "there is a place again"
    return codes(refusals), refusals


BOUNDED = Limits(search_timeout_s=60, searches=3, searches_per_address=2, searches_per_user=1)


async def test_one_person_searches_so_often_at_once_and_no_more() -> None:
    async with running(House(BOUNDED, rate_limits=True)) as house:
        ann = await house.json(name="ann")
        (welcome,) = [frame for frame in ann.objects() if frame["type"] == "welcome"]
        again = await house.json(token=welcome["session"])
        found, refusals = await crowd(house, ann, again)
        assert found == ["rate_limited"]
        assert "the most for one person (1)" in refusals[0]["message"]
        assert refusals[0]["retry_after"] == 1.0


async def test_one_address_searches_so_often_at_once_and_no_more() -> None:
    async with running(House(BOUNDED, rate_limits=True)) as house:
        people = [await house.json(name=name) for name in ("ann", "bob", "cara")]
        found, refusals = await crowd(house, *people)
        assert found == ["rate_limited"]
        assert "the most for one address (2)" in refusals[0]["message"]
        assert refusals[0]["retry_after"] == 1.0


async def test_all_together_search_so_often_at_once_and_no_more() -> None:
    """Also where nobody is limited by person and address."""
    async with running(House(BOUNDED, rate_limits=False)) as house:
        people = [await house.json(name=name) for name in ("ann", "bob", "cara", "dan")]
        found, refusals = await crowd(house, *people)
        assert found == ["unavailable"]
        assert "3 searches are running, the most at once" in refusals[0]["message"]
        assert (refusals[0]["temporary"], refusals[0]["retry_after"]) == (True, 1.0)


async def test_the_command_is_bounded_as_the_request_is() -> None:
    async with running(House(BOUNDED, rate_limits=False)) as house:
        people = [await house.json(name=name) for name in ("ann", "bob", "cara")]
        dan = await house.plain("dan")
        house.storage.search_go.clear()
        asking = [asyncio.create_task(each.send(SEARCH)) for each in people]
        await begun(house, 3)
        dan.lines()
        await dan.type("/search needle")
        (line,) = dan.lines()
        assert "3 searches are running" in line
        house.storage.search_go.set()
        await asyncio.gather(*asking)
