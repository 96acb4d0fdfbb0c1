"""Two hubs in this process on one PostgreSQL, with a bus between them that a test may cut."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec import structs

from hubbub.bus.local import LocalBus, LocalHub
from hubbub.hub.cluster import node as cluster
from hubbub.hub.hub import Options
from hubbub.hub.ports import Clock
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates
from hubbub.protocol import requests
from hubbub.storage import open_storage
from tests.deadline import within
from tests.hub.conftest import JSON, FakeLine, FakePusher, TestedHub
from tests.postgres import postgres

WAIT_S = 8.0


class Node:
    """One hub, its end of the bus, and what runs it."""

    def __init__(self, url: str, bus: LocalBus, clock: Clock | None = None) -> None:
        self.bus = bus
        self.url = url
        storage: Any = open_storage(url)
        limits = Limits()
        self.pusher = FakePusher()
        self.member = cluster.Node(storage, bus, lease_s=limits.node_lease_s)
        self.hub = TestedHub(
            storage,
            limits,
            Options(rate_limits=False, pusher=self.pusher, push_key="key"),
            clock=clock,
            node=self.member,
        )

    async def start(self) -> None:
        started = asyncio.Event()
        self._running = asyncio.create_task(self.hub.run(started))
        await started.wait()

    async def stop(self) -> None:
        self.hub.stop()
        await self._running
        self.hub.parts.log.close()


class Person:
    """A connection to a node that speaks JSON."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.line = FakeLine(10**8)
        rates = AddressRates(node.hub.parts.limits)
        self.session = node.hub.parts.attendance.open_session(self.line, JSON, rates)
        self.seen: list[dict[str, Any]] = []
        self._asked = 0
        self.welcome: dict[str, Any] = {}

    async def ask(self, request: requests.AnyRequest) -> dict[str, Any]:
        """Sends a request and gives its reply."""
        self._asked += 1
        asked = f"r{self._asked}"
        await self.node.hub.dispatcher.handle(self.session, structs.replace(request, id=asked))
        reply = await self.until(lambda frame: frame.get("id") == asked)
        if reply["type"] == "welcome":
            self.welcome = reply
        return reply

    async def run(self, line: str, room: str = "lobby") -> dict[str, Any]:
        return await self.ask(requests.Command(room=room, line=line))

    async def say(self, text: str, room: str = "lobby") -> dict[str, Any]:
        return await self.ask(requests.Post(room=room, text=text, nonce=text))

    async def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first frame so far, or to come, that fits."""
        async with within(WAIT_S):
            while True:
                self.seen += [json.loads(frame) for frame in self.line.frames()]
                for frame in self.seen:
                    if fits(frame):
                        return frame
                await asyncio.sleep(0.02)

    async def hears(self, text: str) -> dict[str, Any]:
        return await self.until(lambda f: f["type"] == "message" and f["text"] == text)

    def heard(self) -> list[tuple[str, int, str]]:
        """The messages so far: room, seq and text."""
        messages = [frame for frame in self.seen if frame["type"] == "message"]
        return [(m["room"], m["seq"], m["text"]) for m in messages]


def cut(pair: tuple[Node, Node]) -> None:
    for node in pair:
        node.bus.cut()


def mend(pair: tuple[Node, Node]) -> None:
    for node in pair:
        node.bus.mend()


async def come(node: Node, name: str | None = None, **fields: Any) -> Person:
    """Somebody who is in the lobby, and in `rooms` where they are given."""
    person = Person(node)
    fields.setdefault("rooms", {"lobby": None})
    welcome = await person.ask(requests.Hello(name=name, **fields))
    assert welcome["type"] == "welcome", welcome
    return person


async def owner(node: Node, name: str) -> Person:
    """The same, as a member, the first of whom owns the server."""
    person = await come(node, name)
    await person.run("/register correct horse battery")
    return person


@asynccontextmanager
async def two_nodes(
    clock: Clock | None = None, url: str | None = None
) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes, started; on a log of their own, or the one at a URL."""
    url, between = url or postgres().make(), LocalHub()
    nodes = Node(url, between.bus(), clock), Node(url, between.bus(), clock)
    async with AsyncExitStack() as stack:
        for node in nodes:
            await node.start()
            stack.push_async_callback(node.stop)
        yield nodes
