"""Parts of a cluster die, hang and are cut off: what clients see of it, and how soon it mends."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from tests.cluster.cable import Cable
from tests.cluster.conftest import Nodes
from tests.cluster.speaker import Speaker, Talk
from tests.conftest import JsonClient, Server, closed, free_port, hello, plain
from tests.deadline import within
from tests.postgres import postgres
from tests.torture.checker import read_database
from tests.torture.figures import note
from tests.torture.sizes import SEED, at_most_s, sized

pytestmark = [pytest.mark.real, at_most_s(240)]

NODES = 3
LEASE_S, PAUSED_S = sized((3.0, 8.0), (10.0, 30.0))
BUS_AWAY_S = sized(3.0, 5.0)
# Longer than the lease: that the log is away for all is nobody's death.
DATABASE_AWAY_S = sized(4.0, 15.0)
CUT_S = sized(9.0, 20.0)
SPEAKERS = sized(3, 9)
SWEEP_S, BLIND_SWEEP_S = 5.0, 0.5
# What a machine with more to do than it can may add to anything.
SLACK_S = 5.0
# A third of a lease passes between two looks.
GONE_S = LEASE_S * 4 / 3 + SLACK_S
WITHIN_S = 30.0


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The cluster of all these tests, each of which leaves it whole."""
    env = {"HUBBUB_NODE_LEASE_S": str(LEASE_S)}
    cluster = Nodes(tmp_path_factory.mktemp("faults"), NODES, env=env)
    yield cluster
    cluster.stop()
    assert "Traceback" not in cluster.log_text()


@pytest.fixture(autouse=True)
def only_three(nodes: Nodes) -> Iterator[None]:
    """Ends the nodes that a test has added."""
    yield
    while len(nodes.servers) > NODES:
        extra = nodes.servers.pop()
        assert "Traceback" not in extra.log_text()
        extra.kill()


# --- what is looked at


def readiness(server: Server) -> tuple[int, dict[str, Any]]:
    """What `/readyz` says."""
    try:
        with urlopen(server.url + "/readyz", timeout=20) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


async def ready_as(server: Server, holds: Callable[[int, dict[str, Any]], bool]) -> float:
    """Waits until `/readyz` says what it should; how long that took."""
    begin_s = time.monotonic()
    while not holds(*(found := await asyncio.to_thread(readiness, server))):
        assert time.monotonic() - begin_s < WITHIN_S, found
        await asyncio.sleep(0.05)
    return time.monotonic() - begin_s


def whole(status: int, body: dict[str, Any]) -> bool:
    """Whether a node lacks nothing."""
    return status == 200 and "degraded" not in body


def without_bus(status: int, body: dict[str, Any]) -> bool:
    """Whether a node serves on without its bus, and says so."""
    return status == 200 and "bus" in body.get("degraded", "")


async def names(client: JsonClient, room: str) -> list[str]:
    """Who is in a room, as a client is told."""
    page = await client.ask(type="members", room=room)
    return [each["name"] for each in page["members"]]


async def agree(watchers: Sequence[JsonClient], room: str, expected: set[str]) -> float:
    """Waits until all are told of the same people in a room; how long that took."""
    begin_s = time.monotonic()
    while True:
        found = [sorted(await names(watcher, room)) for watcher in watchers]
        if all(each == sorted(expected) for each in found):
            return time.monotonic() - begin_s
        assert time.monotonic() - begin_s < WITHIN_S, (found, sorted(expected))
        await asyncio.sleep(0.05)


async def until_left(client: JsonClient, name: str) -> list[str]:
    """Waits until a client is told that somebody has left; who else it was told of meanwhile."""
    others = []
    async with within(WITHIN_S):
        while (left := (await client.until("presence", state="left"))["user"]["name"]) != name:
            others.append(left)
    return others


async def taken_over(server: Server, name: str, stack: AsyncExitStack, room: str) -> float:
    """Tries until somebody new may have a name; how long that took."""
    begin_s = time.monotonic()
    while True:
        client = await stack.enter_async_context(hello(server, name=name, rooms={room: None}))
        answer = await client.receive()
        if answer["type"] == "welcome":
            return time.monotonic() - begin_s
        assert answer["code"] == "name_taken", answer
        assert time.monotonic() - begin_s < WITHIN_S
        await client.socket.close()
        await asyncio.sleep(0.1)


@asynccontextmanager
async def watching(servers: Sequence[Server], room: str) -> AsyncIterator[list[JsonClient]]:
    """Somebody at each node, in a room of their own."""
    async with AsyncExitStack() as stack:
        watchers = []
        for number, server in enumerate(servers):
            name = f"{room}{number}"
            watcher = await stack.enter_async_context(hello(server, name=name, rooms={room: 0}))
            await watcher.until("replay")
            watchers.append(watcher)
        yield watchers


def speakers(ports: Sequence[int], room: str, *more: str, count: int = SPEAKERS) -> list[Speaker]:
    """Those who begin at different nodes and go on at the next."""
    places = [number % len(ports) for number in range(count)]
    return [
        Speaker([*ports[place:], *ports[:place]], f"{room}-speaker{number}", [room, *more])
        for number, place in enumerate(places)
    ]


def check(talk: Talk, nodes: Nodes) -> None:
    """Claims that the log and what was seen and promised agree."""
    talk.check(read_database(nodes.database))


async def soon(holds: Callable[[], Awaitable[bool]], within_s: float = WITHIN_S) -> float:
    """Waits until something holds; how long that took."""
    begin_s = time.monotonic()
    while not await holds():
        assert time.monotonic() - begin_s < within_s
        await asyncio.sleep(0.02)
    return time.monotonic() - begin_s


# --- a node dies


async def test_when_a_node_dies_its_clients_go_on_at_another_one(nodes: Nodes) -> None:
    """Who does not come back is told to have left, once the lease is over, and the name is free."""
    hall, dead = "hall-a", nodes[2]
    talk = Talk(speakers(nodes.ports, "room-a", hall), "room-a")
    everyone = {f"{hall}0", f"{hall}1", *(speaker.name for speaker in talk.speakers)}
    async with AsyncExitStack() as stack:
        watchers = await stack.enter_async_context(watching(nodes.servers[:2], hall))
        await stack.enter_async_context(talk.going_on())
        await stack.enter_async_context(plain(dead, f"?name=zed&room={hall}"))
        await agree(watchers, hall, everyone | {"zed"})
        await asyncio.to_thread(dead.kill)
        begin_s = time.monotonic()
        also_left = await until_left(watchers[0], "zed")
        left_s = time.monotonic() - begin_s
        free_s = left_s + await taken_over(nodes[1], "zed", stack, hall)
        await agree(watchers, hall, everyone | {"zed"})
        await asyncio.to_thread(dead.start)
    check(talk, nodes)
    # They were at another node before their former one was taken for dead.
    assert also_left == []
    assert left_s < GONE_S
    note("fault, a node killed", "clients", talk.seen())
    note("fault, a node killed", "who did not come back was told to have left after", s(left_s))
    note("fault, a node killed", "and their names were free after", s(free_s))


# --- the bus dies


async def test_while_the_bus_is_away_all_is_heard_from_the_log(nodes: Nodes) -> None:
    hall = "hall-b"
    talk = Talk(speakers(nodes.ports, "room-b", hall), "room-b")
    everyone = {f"{hall}{n}" for n in range(NODES)} | {each.name for each in talk.speakers}
    async with watching(nodes.servers, hall) as watchers, AsyncExitStack() as stack:
        await stack.enter_async_context(talk.going_on())
        gone = await stack.enter_async_context(plain(nodes[0], f"?name=yan&room={hall}"))
        await agree(watchers, hall, everyone | {"yan"})
        await asyncio.to_thread(nodes.nats.kill)
        for server in nodes.servers:
            await ready_as(server, without_bus)
        for speaker in talk.speakers:
            speaker.forget_times()
        # One comes and one goes while nobody can say so.
        await stack.enter_async_context(plain(nodes[1], f"?name=zoe&room={hall}"))
        await gone.close()
        told_s = await agree(watchers, hall, everyone | {"zoe"})
        await asyncio.sleep(BUS_AWAY_S)
        seen = talk.seen()
        heard_s = talk.heard_s
        await asyncio.to_thread(nodes.nats.start)
        back_s = max([await ready_as(server, whole) for server in nodes.servers])
        await agree(watchers, hall, everyone | {"zoe"})
    check(talk, nodes)
    assert {speaker.connects for speaker in talk.speakers} == {1}
    assert not any(speaker.refusals for speaker in talk.speakers)
    assert heard_s < BLIND_SWEEP_S + SLACK_S
    note("fault, the bus killed", "clients", seen)
    note("fault, the bus killed", "who came and went meanwhile was known after", s(told_s))
    note("fault, the bus killed", "from its start to all on it", s(back_s))


# --- the log is away


async def test_while_the_database_is_away_posts_wait_and_nobody_is_thrown_out(
    nodes: Nodes,
) -> None:
    hall = "hall-c"
    talk = Talk(speakers(nodes.ports, "room-c", hall), "room-c")
    everyone = {f"{hall}{n}" for n in range(NODES)} | {each.name for each in talk.speakers}
    async with watching(nodes.servers, hall) as watchers:
        async with talk.going_on():
            await agree(watchers, hall, everyone)
            begin_s = time.monotonic()
            await asyncio.to_thread(postgres().kill)
            for server in nodes.servers:
                await ready_as(server, lambda status, body: status == 503 and body["missing"])
            refused = await watchers[0].ask(type="post", room=hall, text="?", nonce="c")
            await asyncio.sleep(DATABASE_AWAY_S - (time.monotonic() - begin_s))
            await asyncio.to_thread(postgres().start)
            begin_s = time.monotonic()
            answers = sum(len(speaker.promises.kept) for speaker in talk.speakers)

            async def answered() -> bool:
                return sum(len(speaker.promises.kept) for speaker in talk.speakers) > answers

            again_s = await soon(answered)
            for server in nodes.servers:
                await ready_as(server, whole)
            # A lease that nobody could renew would be over by then.
            await asyncio.sleep(LEASE_S * 5 / 3)
            recovered_s = again_s + await agree(watchers, hall, everyone)
        presence = [f for w in watchers for f in w.backlog if f.get("state") == "left"]
    check(talk, nodes)
    assert (refused["code"], refused["temporary"]) == ("unavailable", True)
    assert all(speaker.refusals["unavailable"] for speaker in talk.speakers)
    assert {speaker.connects for speaker in talk.speakers} == {1}
    assert [each["user"]["name"] for each in presence] == []
    note("fault, PostgreSQL killed", f"clients, while away for {DATABASE_AWAY_S} s", talk.seen())
    note("fault, PostgreSQL killed", "from its start to the next answer", s(again_s))
    note("fault, PostgreSQL killed", "to right lists of members everywhere", s(recovered_s))


# --- one node's bus is cut


@pytest.mark.parametrize("how", ["swallow", "refuse"])
async def test_a_node_whose_bus_is_cut_serves_on_by_the_log(nodes: Nodes, how: str) -> None:
    room, hall, quiet = f"room-{how}", f"hall-{how}", f"quiet-{how}"
    cable = Cable(nodes.nats.port, SEED)
    await cable.open()
    cut = await asyncio.to_thread(lambda: nodes.add(bus=f"nats://127.0.0.1:{cable.port}"))
    talk = Talk(speakers(nodes.ports, room, hall, count=NODES + 1), room)
    everyone = {f"{hall}{n}" for n in range(NODES + 1)} | {each.name for each in talk.speakers}
    try:
        async with watching(nodes.servers, hall) as watchers, AsyncExitStack() as stack:
            await stack.enter_async_context(talk.going_on())
            here, there = await stack.enter_async_context(watching([nodes[0], cut], quiet))
            await agree(watchers, hall, everyone)
            begin_s = time.monotonic()
            cable.swallow() if how == "swallow" else cable.refuse()
            # Both ways in a room in which nothing else tells that something is missing.
            out_s = await heard_after(there, here, quiet, "from the cut one")
            in_s = await heard_after(here, there, quiet, "to the cut one")
            await ready_as(cut, without_bus)
            noticed_s = time.monotonic() - begin_s
            blind_s = await heard_after(here, there, quiet, "to one that knows")
            others = [await asyncio.to_thread(readiness, node) for node in nodes.servers[:NODES]]
            come = await stack.enter_async_context(plain(cut, f"?name=zoe-{how}&room={hall}"))
            await agree(watchers, hall, everyone | {f"zoe-{how}"})
            await come.close()
            await asyncio.sleep(max(0.0, CUT_S - (time.monotonic() - begin_s)))
            cable.mend()
            back_s = await ready_as(cut, whole)
            await agree(watchers, hall, everyone)
            for speaker in talk.speakers:
                speaker.forget_times()
            await asyncio.sleep(1.0)
            mended = talk.seen()
    finally:
        await cable.close()
    check(talk, nodes)
    assert all(whole(*found) for found in others), others
    assert {speaker.connects for speaker in talk.speakers} == {1}
    assert not any(speaker.refusals for speaker in talk.speakers)
    assert max(out_s, in_s) < SWEEP_S + SLACK_S
    assert blind_s < BLIND_SWEEP_S + SLACK_S
    fault = f"fault, a bus that will {how}"
    note(fault, "heard in a quiet room from it, by it", f"{s(out_s)}, {s(in_s)}")
    note(fault, "it knew that its bus was away after", s(noticed_s))
    note(fault, "heard by it then", s(blind_s))
    note(fault, "from mending to its bus", s(back_s))
    note(fault, "clients after mending", mended)


async def heard_after(speaker: JsonClient, hearer: JsonClient, room: str, text: str) -> float:
    """Says something; how long until another one hears it."""
    begin_s = time.monotonic()
    reply = await speaker.ask(type="post", room=room, text=text, nonce=text)
    assert reply["type"] == "ok", reply
    async with within(WITHIN_S):
        await hearer.until("message", text=text)
    return time.monotonic() - begin_s


# --- a node is paused


@pytest.mark.parametrize("moment", ["idle", "before 20", "after 20"])
async def test_a_node_that_was_paused_comes_back_without_its_people(
    nodes: Nodes, moment: str
) -> None:
    """At any moment, within a transaction that holds the room's row, and behind its COMMIT."""
    when = moment.split()[0]
    room, hall, zoe = f"room-{when}", f"hall-{when}", f"zoe-{when}"
    env = {} if moment == "idle" else {"TORTURE_STOP": moment}
    paused = await asyncio.to_thread(lambda: nodes.add(env=env))
    others = [server.port for server in nodes.servers[:NODES]]
    # The first two at the node that is paused: one waits for it, one soon tries another.
    waits = Speaker(paused.port, f"{room}-waits", [room, hall])
    moves = Speaker([paused.port, *others], f"{room}-moves", [room, hall], silence_s=0.5)
    elsewhere = speakers(others, room, hall)
    talk = Talk([waits, moves, *elsewhere], room)
    everyone = {f"{hall}{n}" for n in range(NODES)} | {each.name for each in talk.speakers}
    async with AsyncExitStack() as stack:
        watchers = await stack.enter_async_context(watching(nodes.servers[:NODES], hall))
        old_zoe = await stack.enter_async_context(plain(paused, f"?name={zoe}&room={hall}"))
        await agree(watchers, hall, {f"{hall}{n}" for n in range(NODES)} | {zoe})
        await stack.enter_async_context(talk.going_on())
        if moment == "idle":
            paused.signal(signal.SIGSTOP)
        await soon(lambda: is_stopped(paused))
        begin_s = time.monotonic()
        for speaker in elsewhere:
            speaker.forget_times()
        free_s = await taken_over(nodes[0], zoe, stack, hall)
        # Who waits for the paused node is nowhere by now.
        await agree(watchers, hall, everyone - {waits.name} | {zoe})
        await asyncio.sleep(max(0.0, PAUSED_S - (time.monotonic() - begin_s)))
        bystanders = Talk(elsewhere, room)
        blocked_s, seen = bystanders.waited_s, bystanders.seen()
        paused.signal(signal.SIGCONT)
        begin_s = time.monotonic()
        closed_with, _ = await closed(old_zoe)
        closed_s = time.monotonic() - begin_s
        await soon(lambda: ready_now(paused))
        last = await stack.enter_async_context(hello(paused, name=f"{hall}9", rooms={hall: 0}))
        await last.until("replay")
        agreed_s = await agree([*watchers, last], hall, everyone | {zoe, f"{hall}9"})
    check(talk, nodes)
    held = await asyncio.to_thread(postgres_rows, nodes, HOLDERS)
    assert closed_with == 1012
    assert waits.codes == {1012: 1}
    assert held == []
    assert free_s < GONE_S
    # Whoever holds a room's row in a transaction loses it after 5 s of silence.
    assert blocked_s < 6.0 + SLACK_S
    assert {each.connects for each in elsewhere} == {1}
    where = "no COMMIT" if when == "idle" else f"{when} the COMMIT"
    fault = f"fault, a node paused for {PAUSED_S} s ({where})"
    note(fault, "clients of other nodes meanwhile", seen)
    note(fault, "its people were gone, their names free after", s(free_s))
    note(fault, "clients that it had", Talk([waits, moves], room).seen())
    note(fault, "from SIGCONT to 1012 for its clients", s(closed_s))
    note(fault, "to equal lists of members at all nodes", s(agreed_s))


HOLDERS = "SELECT name_key FROM present GROUP BY name_key HAVING count(DISTINCT user_id) > 1"
"""Names that more than one user is present by."""


async def is_stopped(server: Server) -> bool:
    """Whether the process is paused."""
    return psutil.Process(server.pid).status() == psutil.STATUS_STOPPED


async def ready_now(server: Server) -> bool:
    """Whether a node lacks nothing."""
    return whole(*await asyncio.to_thread(readiness, server))


def postgres_rows(nodes: Nodes, query: str) -> list[tuple[Any, ...]]:
    """What a query finds."""
    import psycopg

    with psycopg.connect(nodes.database) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload]


# --- starts and stops


def start_without(database: str) -> tuple[int, str, float]:
    """Starts a node that finds no database: its exit code, what it said, and how long it tried."""
    begin_s = time.monotonic()
    command = [sys.executable, "-m", "hubbub", "serve", "--port", "0", "--database", database]
    done = subprocess.run(
        [*command, "--bus", "nats://127.0.0.1:1"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begin_s


async def test_a_node_that_finds_no_database_says_so_and_ends() -> None:
    """Where nothing listens, and where something takes the connection and never answers."""
    code, said, _ = await asyncio.to_thread(
        start_without, f"postgresql://ann:secret@127.0.0.1:{free_port()}/chat"
    )
    assert code != 0
    assert "The database cannot be reached; see that PostgreSQL runs" in said
    assert "secret" not in said
    assert "Traceback" not in said
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        code, said, tried_s = await asyncio.to_thread(
            start_without, f"postgresql://ann:secret@127.0.0.1:{port}/chat"
        )
    assert code != 0
    assert "The database cannot be reached" in said
    assert "Traceback" not in said
    assert tried_s < 10 + SLACK_S
    note("fault, no PostgreSQL at the start", "it said so and ended after", s(tried_s))


async def test_nodes_are_restarted_one_by_one_while_people_talk(nodes: Nodes) -> None:
    hall = "hall-g"
    talk = Talk(speakers(nodes.ports, "room-g", hall), "room-g")
    everyone = {f"{hall}{n}" for n in range(NODES)} | {each.name for each in talk.speakers}
    async with talk.going_on():
        begin_s = time.monotonic()
        for server in nodes.servers:
            assert await asyncio.to_thread(server.terminate) == 0
            await asyncio.to_thread(server.start)
            await asyncio.sleep(0.3)
        took_s = time.monotonic() - begin_s
        async with watching(nodes.servers, hall) as watchers:
            agreed_s = await agree(watchers, hall, everyone)
    check(talk, nodes)
    codes = set[int]().union(*(speaker.codes for speaker in talk.speakers))
    gaps = ", ".join(f"{speaker.answer_s:.2f}" for speaker in talk.speakers)
    assert codes == {1001}
    assert max(speaker.answer_s for speaker in talk.speakers) < WITHIN_S
    note("fault, restarted one by one", f"clients, in {took_s:.1f} s", talk.seen())
    note("fault, restarted one by one", "each client's longest wait, s", gaps)
    note("fault, restarted one by one", "to equal lists of members at all nodes", s(agreed_s))


async def test_a_node_starts_while_the_bus_is_away_and_finds_it_later(nodes: Nodes) -> None:
    cable = Cable(nodes.nats.port, SEED)
    await cable.open()
    cable.refuse()
    try:
        late = await asyncio.to_thread(lambda: nodes.add(bus=f"nats://127.0.0.1:{cable.port}"))
        found = await asyncio.to_thread(readiness, late)
        async with watching([nodes[0], late], "hall-late") as watchers:
            heard_s = await heard_after(watchers[0], watchers[1], "hall-late", "early")
            cable.mend()
            back_s = await ready_as(late, whole)
            await heard_after(watchers[1], watchers[0], "hall-late", "late")
    finally:
        await cable.close()
    assert without_bus(*found)
    assert heard_s < BLIND_SWEEP_S + SLACK_S
    note("fault, no NATS at the start", "from its start to its bus", s(back_s))


def s(duration_s: float) -> str:
    """A duration in the table."""
    return f"{duration_s:.2f} s"
