"""A standby takes over under two nodes: with all of the log, or without its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest

from hubbub.errors import LogChanged, StorageError
from hubbub.protocol import requests
from hubbub.storage import open_storage
from hubbub.storage.shared import SharedStorage
from tests.cluster.conftest import MakeNodes
from tests.cluster.pair import Node, Person, come, two_nodes
from tests.conftest import closed, hello
from tests.postgres import postgres
from tests.standby import Standby
from tests.wire import metrics

pytestmark = pytest.mark.real

WITHIN_S = 40.0


@pytest.fixture(scope="module")
def both() -> Iterator[Standby]:
    """Made once; each test has it as it was at first."""
    both = Standby()
    yield both
    both.stop()


@pytest.fixture
def standby(both: Standby) -> Standby:
    both.again()
    return both


@pytest.fixture
async def pair(standby: Standby) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes that find the primary by both hosts."""
    async with two_nodes(url=standby.url) as nodes:
        yield nodes


def opened(url: str, *, require_synchronous: bool = False) -> SharedStorage:
    return cast(SharedStorage, open_storage(url, require_synchronous=require_synchronous))


async def fail_over(standby: Standby) -> None:
    await asyncio.to_thread(standby.fail_over)


async def say_on(person: Person, text: str) -> int:
    """Says it until it is acknowledged; its seq."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            reply = await person.say(text)
            if reply["type"] == "ok":
                return int(reply["seq"])
            assert reply["code"] == "unavailable", reply
            await asyncio.sleep(0.1)


async def closed_with(person: Person) -> int:
    """The code with which the server closes a connection."""
    async with asyncio.timeout(WITHIN_S):
        while (code := person.line.closed) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return code


async def come_again(node: Node, name: str, epoch: str, **rooms: int) -> Person:
    """Somebody who comes with what they knew, as soon as they may."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            person = Person(node)
            reply = await person.ask(requests.Hello(name=name, epoch=epoch, rooms=rooms))
            if reply["type"] == "welcome":
                return person
            await asyncio.sleep(0.1)


async def test_a_log_that_lost_its_end_has_a_new_epoch_on_all_nodes_before_anything_is_served(
    standby: Standby, pair: tuple[Node, Node]
) -> None:
    one, two = pair
    writer, reader = await come(one, "writer"), await come(two, "reader")
    epoch = one.hub.parts.log.storage.epoch
    assert writer.welcome["epoch"] == reader.welcome["epoch"] == epoch
    for number in range(1, 11):
        await writer.say(f"kept {number}")
    await asyncio.to_thread(standby.part)
    for number in range(11, 31):
        await writer.say(f"lost {number}")
    await reader.hears("lost 30")
    await fail_over(standby)
    # Nobody posts: also nodes on which nothing happens find it.
    assert [await closed_with(each) for each in (writer, reader)] == [1012, 1012]
    again = await come_again(one, "writer2", epoch, lobby=30)
    back = await come_again(two, "reader2", epoch, lobby=30)
    gaps = [await each.until(lambda frame: frame["type"] == "gap") for each in (again, back)]
    assert {(gap["have"], gap["next"], gap["last"]) for gap in gaps} == {(30, 1, 10)}
    now = back.welcome["epoch"]
    assert now != epoch
    assert again.welcome["epoch"] == now
    for number in range(11, 26):
        assert await say_on(again, f"new {number}") == number
    assert (await back.hears("new 25"))["seq"] == 25
    assert [seq for _, seq, _ in back.heard()] == list(range(11, 26))
    assert [node.hub.parts.stats.epochs for node in pair] == [1, 1]
    late = Node(standby.url, one.bus)
    assert late.hub.parts.log.storage.epoch == now
    late.hub.parts.log.close()


async def test_nothing_is_acknowledged_under_the_old_epoch_by_a_node_that_knew_of_no_loss(
    standby: Standby, pair: tuple[Node, Node]
) -> None:
    """The one that knows is idle, and the one that does not is written to all the time."""
    one, two = pair
    knows, stranger = await come(one, "knows"), await come(two, "stranger", rooms={"other": None})
    epoch = one.hub.parts.log.storage.epoch
    await knows.say("kept")
    await stranger.say("kept too", room="other")
    await asyncio.to_thread(standby.part)
    await knows.say("lost")
    acknowledged = []

    async def talk() -> None:
        while stranger.line.closed is None:
            reply = await stranger.say(f"during {len(stranger.seen)}", room="other")
            acknowledged.append((two.hub.parts.log.storage.epoch, reply["type"]))
            await asyncio.sleep(0.01)

    await fail_over(standby)
    talking = asyncio.create_task(talk())
    assert [await closed_with(each) for each in (knows, stranger)] == [1012, 1012]
    talking.cancel()
    await asyncio.wait((talking,))
    assert (epoch, "ok") not in acknowledged


@pytest.mark.parametrize("how", ["synchronous", "planned"])
async def test_a_standby_that_lacks_nothing_takes_over_and_nobody_notices(
    standby: Standby, pair: tuple[Node, Node], how: str
) -> None:
    if how == "synchronous":
        await asyncio.to_thread(standby.synchronous)
    one, two = pair
    writer, reader = await come(one, "writer"), await come(two, "reader")
    epoch = one.hub.parts.log.storage.epoch
    for number in range(1, 11):
        await writer.say(f"before {number}")
    end = standby.fail_over if how == "synchronous" else standby.change_over
    await asyncio.to_thread(end)
    for number in range(11, 21):
        assert await say_on(writer, f"after {number}") == number
    await reader.hears("after 20")
    assert [seq for _, seq, _ in reader.heard()] == list(range(1, 21))
    assert [person.line.closed for person in (writer, reader)] == [None, None]
    assert [node.hub.parts.log.storage.epoch for node in pair] == [epoch, epoch]
    assert [node.hub.parts.stats.epochs for node in pair] == [0, 0]


def test_a_log_whose_servers_were_all_away_has_a_new_epoch_at_the_start(standby: Standby) -> None:
    """What clients know nobody can compare then; where standbys have everything it stays."""
    storage = open_storage(standby.url)
    epoch = storage.epoch
    bus = storage.care.secret("bus", lambda: epoch)
    storage.close()
    again = open_storage(standby.url)
    assert again.epoch == epoch
    again.close()
    standby.caught_up()
    standby.fail_over()
    after = open_storage(standby.url)
    assert after.epoch != epoch
    assert after.care.secret("bus", lambda: after.epoch) == bus
    after.close()


def test_require_synchronous_refuses_a_database_without_such_a_standby(standby: Standby) -> None:
    for _ in ("none is named", "none is there"):
        with pytest.raises(StorageError, match="synchronous_standby_names"):
            open_storage(standby.primary_url, require_synchronous=True)
        standby.primary.run("ALTER SYSTEM SET synchronous_standby_names = 'another'")
        standby.primary.run("SELECT pg_reload_conf()")
        standby.primary.until("SHOW synchronous_standby_names")
    standby.synchronous()
    storage = open_storage(standby.primary_url, require_synchronous=True)
    epoch = storage.epoch
    storage.close()
    standby.fail_over()
    with pytest.raises(StorageError, match="sync_state"):
        open_storage(standby.url, require_synchronous=True)
    standby.turn_round()
    again = open_storage(standby.url, require_synchronous=True)
    # Its standby had all of it, so it is the same log.
    assert again.epoch == epoch
    again.close()


def test_what_a_dead_node_knew_counts_for_lost_where_the_standby_may_lack_it(
    standby: Standby,
) -> None:
    """Nobody is left who could compare it; a synchronous standby has it all the same."""
    url = standby.primary_url.replace(str(standby.primary.port), str(standby.standby.port))
    with pytest.raises(StorageError, match="it is a standby; name the primary"):
        open_storage(url)
    standby.synchronous()
    alive, dead = opened(standby.url), opened(standby.url)
    trusting = opened(standby.url, require_synchronous=True)
    for name, storage in (("alive", alive), ("dead", dead), ("trusting", trusting)):
        storage.nodes.watch(lambda: None)
        storage.nodes.join(name)
    dead.close()
    epoch = alive.epoch
    standby.fail_over()
    assert alive.nodes.compare({}).waiting == ("dead", "trusting")
    with pytest.raises(LogChanged):
        alive.nodes.renew_lease()
    for storage in (trusting, alive):
        found = storage.nodes.compare({})
        assert (found.waiting, found.another, found.epoch) == (("dead",), True, epoch)
        storage.nodes.accept(found)
        assert storage.nodes.renew_lease()
    silence = "UPDATE nodes SET seen_ms = seen_ms - 3600000 WHERE id = 'dead'"
    standby.standby.run(silence, "hubbub")
    kept = standby.standby.run("SELECT * FROM nodes WHERE id = 'dead'", "hubbub")
    assert trusting.nodes.end_lost(1000_000) == ["dead"]
    assert trusting.nodes.compare({}).epoch == epoch
    ((node, seen_ms, server),) = kept
    standby.standby.run(f"INSERT INTO nodes VALUES ('{node}', {seen_ms}, '{server}')", "hubbub")
    assert alive.nodes.end_lost(1000_000) == ["dead"]
    assert alive.nodes.compare({}).epoch != epoch
    for storage in (alive, trusting):
        storage.close()


async def test_nodes_hear_each_other_whichever_epoch_they_began_with(
    make_nodes: MakeNodes,
) -> None:
    """An epoch that is deleted under running nodes: they, and one that starts later, agree."""
    nodes = make_nodes(1)
    async with hello(nodes[0], name="ann", rooms={"lobby": 0}) as ann:
        epoch = (await ann.until("welcome"))["epoch"]
        postgres().run(
            "DELETE FROM meta WHERE key = 'epoch'", nodes.database.split("/")[3].split("?")[0]
        )
        assert (await closed(ann.socket))[0] == 1012
    late = await asyncio.to_thread(nodes.add)
    async with (
        hello(nodes[0], name="bob", rooms={"lobby": 0}) as bob,
        hello(late, name="cem", rooms={"lobby": 0}) as cem,
    ):
        epochs = {(await each.until("welcome"))["epoch"] for each in (bob, cem)}
        assert len(epochs) == 1
        assert epoch not in epochs
        before = metrics(nodes[0])["hubbub_signs_heard_total"]
        await cem.ask(type="post", room="lobby", text="heard", nonce="n")
        await bob.until("message", text="heard")
        assert metrics(nodes[0])["hubbub_signs_heard_total"] > before
        assert metrics(nodes[0])["hubbub_epochs_total"] == 1
    assert "THE LOG WENT BACK" in nodes[0].log_text()
