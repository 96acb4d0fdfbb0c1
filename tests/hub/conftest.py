"""A hub on a storage in memory, with lines that keep what was written and a clock to turn."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher
from msgspec import structs

from hubbub.hub.hub import Hub, Options
from hubbub.hub.ports import Dialect, Fate, Notice
from hubbub.hub.rules import passwords
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.rules.registration import Policy
from hubbub.hub.state.room import Session
from hubbub.protocol import requests
from hubbub.protocol.plain import parse_line
from hubbub.storage.records import Subscription
from hubbub.transports.dialects import JsonDialect, PlainDialect
from tests.storage.memory import MemoryStorage

JSON = JsonDialect()
PLAIN = PlainDialect()


class FakeClock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.steady = 100.0

    def now_ms(self) -> int:
        return self.now

    def steady_s(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1000)
        self.steady += seconds


class FakeLine:
    """Keeps what was written; `stalled` makes it pile up as if the peer did not read."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.full = False
        self.written: list[bytes] = []
        self.taken = 0
        self.stalled = False
        self.closed: int | None = None
        self.wronged = False

    def write(self, data: bytes) -> bool:
        # The hub contains what goes wrong in a delivery, so its end asks for this.
        self.wronged = self.wronged or self.closed is not None
        assert self.closed is None, "nothing is written after the close frame"
        backlog = self._backlog_bytes()
        self.full = self.full or bool(backlog and backlog + len(data) > self.limit_bytes)
        if not self.full:
            self.written.append(data)
        return not self.full

    def write_ephemeral(self, data: bytes) -> bool:
        return self._backlog_bytes() * 2 <= self.limit_bytes and self.write(data)

    def _backlog_bytes(self) -> int:
        return sum(map(len, self.written)) if self.stalled else 0

    def close(self, code: int, reason: str) -> None:
        self.closed = code

    def frames(self) -> list[str]:
        """The payloads that were written since the last call."""
        data = b"".join(self.written[self.taken :])
        self.taken = len(self.written)
        found = []
        while data:
            size, skip = data[1], 2
            if size == 126:
                size, skip = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, skip = int.from_bytes(data[2:10], "big"), 10
            found.append(data[skip : skip + size].decode())
            data = data[skip + size :]
        return found


class Client:
    """One session of the hub and its line."""

    def __init__(self, hub: Hub, session: Session, line: FakeLine) -> None:
        self.hub = hub
        self.session = session
        self.line = line
        self.nonces = 0

    async def send(self, request: requests.AnyRequest) -> None:
        await self.hub.dispatcher.handle(self.session, request)

    async def type(self, line: str) -> None:
        """What a person at a plain connection types."""
        request = parse_line(line, next(iter(self.session.rooms), "lobby"))
        assert request is not None
        await self.send(request)

    async def say(self, text: str, room: str = "lobby") -> None:
        self.nonces += 1
        await self.send(requests.Post(room=room, text=text, nonce=f"n{self.nonces}"))

    async def ask(self, request: requests.AnyRequest) -> dict[str, Any]:
        """Sends a request and gives its reply."""
        asked = request.id or "asked"
        await self.send(structs.replace(request, id=asked))
        await self.hub.quiet()
        (reply,) = [frame for frame in self.objects() if frame.get("id") == asked]
        return reply if request.id else {k: v for k, v in reply.items() if k != "id"}

    def lines(self) -> list[str]:
        return self.line.frames()

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.line.frames()]

    def messages(self) -> list[str]:
        return [f["text"] for f in self.objects() if f["type"] == "message"]

    def leave(self) -> None:
        self.hub.parts.attendance.close_session(self.session, "left")


class FakePusher:
    """Push services that take what comes, or answer as `fates` says of an endpoint.

    While `stalled` names an endpoint, it does not answer.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, Notice]] = []
        self.fates: dict[str, Fate] = {}
        self.stalled: set[str] = set()
        self.go = asyncio.Event()
        self.waiting = 0

    def why_not(self, endpoint: str) -> str | None:
        return None if endpoint.startswith("https://") else "it is not public"

    async def push(self, subscription: Subscription, notice: Notice) -> tuple[Fate, str]:
        endpoint = subscription.endpoint
        if endpoint in self.stalled:
            self.waiting += 1
            await self.go.wait()
        fate = self.fates.get(endpoint, Fate.SENT)
        self.sent.append((endpoint, notice))
        return fate, "" if fate is Fate.SENT else f"it is {fate.value}"

    def texts(self, endpoint: str | None = None) -> list[str]:
        """What was sent since the last call, there or anywhere."""
        sent, self.sent = self.sent, []
        return [notice.text for to, notice in sent if endpoint in (None, to)]


class House:
    """A running hub and whatever its test asks of it."""

    def __init__(
        self,
        limits: Limits,
        *,
        rate_limits: bool = False,
        policy: Policy | None = None,
        storage: MemoryStorage | None = None,
    ) -> None:
        self.storage = storage or MemoryStorage()
        self.clock = FakeClock()
        self.address = AddressRates(limits)
        self.pusher = FakePusher()
        self.lines: list[FakeLine] = []
        self.hub = TestedHub(
            self.storage,
            limits,
            Options(
                version="test",
                rate_limits=rate_limits,
                policy=policy or Policy(),
                pusher=self.pusher,
                push_key="key",
            ),
            clock=self.clock,
        )

    async def plain(
        self, name: str | None = None, room: str | None = None, token: str | None = None
    ) -> Client:
        client = self.stranger()
        await self.hub.parts.plain_arrivals.greet(client.session, name, room, token)
        return client

    def without_threads(self) -> None:
        """Calls the storage in place: most of a thread's call is its way there and back.

        For very many requests, none of which is about what happens during a call.
        """
        self.hub.parts.log.read = self.hub.parts.log.write = _call  # type: ignore[method-assign]

    def stranger(self) -> Client:
        """A plain connection before its greeting."""
        return self._client(PLAIN)

    def _client(self, dialect: Dialect) -> Client:
        line = FakeLine(self.hub.parts.limits.outbox_bytes)
        self.lines.append(line)
        session = self.hub.parts.attendance.open_session(line, dialect, self.address)
        return Client(self.hub, session, line)

    async def json(self, **hello: Any) -> Client:
        client = self.nobody()
        await client.send(requests.Hello(**hello))
        return client

    def nobody(self) -> Client:
        """A JSON connection before its hello."""
        return self._client(JSON)


async def _call(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


class TestedHub(Hub):
    """A hub that a test can wait for."""

    __test__ = False

    async def quiet(self) -> None:
        """Returns when every submitted request is settled."""
        while self.parts.committer.busy:  # noqa: ASYNC110 - nothing tells when all is settled
            await asyncio.sleep(0)

    async def committing(self) -> None:
        """Returns when something waits for its commit."""
        while not self.parts.committer.busy:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)

    async def told(self) -> None:
        """Returns when every notice that must go out is out."""
        notifier = self.parts.notifier
        assert notifier is not None
        while self.parts.committer.busy or notifier.busy:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)


@pytest.fixture
def limits() -> Limits:
    """What a test may override by a fixture of its own."""
    return Limits()


@pytest.fixture
def policy() -> Policy:
    """The same for who may come in."""
    return Policy()


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that cost next to nothing to check."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    passwords._decoy.cache_clear()


@pytest.fixture
async def house(limits: Limits, policy: Policy) -> AsyncIterator[House]:
    async with running(House(limits, policy=policy)) as house:
        yield house


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Runs a hub for the length of a block."""
    started = asyncio.Event()
    running = asyncio.create_task(house.hub.run(started))
    await started.wait()
    yield house
    house.storage.go.set()
    house.pusher.go.set()
    house.hub.stop()
    await running
    house.hub.parts.log.close()
    assert not any(line.wronged for line in house.lines)
