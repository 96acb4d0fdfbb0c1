"""Clients behind a bad network, half of them on bare asyncio and half on the SDK."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import hubbub
from tests.torture.checker import Entry, Log, Promises, Witness, verify
from tests.torture.figures import note
from tests.torture.proxy import Proxy
from tests.torture.sizes import SEED, sized
from tests.torture.survivor import Survivor
from tests.torture.waiting import until

SILENCE_S = sized(0.3, 1.0)
SETTLE_S = sized(20.0, 60.0)
QUICK = hubbub.Bounds(
    window_requests=16,
    backoff=hubbub.Backoff(first_s=0.05, most_s=0.3),
    ping_s=SILENCE_S,
    dial_timeout_s=2 * SILENCE_S,
    hello_timeout_s=2 * SILENCE_S,
    reply_timeout_s=2 * SILENCE_S,
)


@dataclass(frozen=True)
class Size:
    """How much of it; so many clients of each kind."""

    messages: int
    cuts: int
    clients: int
    rooms: int


class Chatter:
    """A program on the SDK, which says things and notes what it sees."""

    def __init__(self, port: int, name: str, rooms: Sequence[str]) -> None:
        self.name = name
        self.witness = Witness(rooms)
        self.promises = Promises()
        self.user_id = ""
        self.connects = 1
        self._address = f"127.0.0.1:{port}"
        self._chat: hubbub.Chat | None = None
        self._answers: dict[str, asyncio.Future[hubbub.Posted]] = {}

    async def live(self) -> None:
        """Reads until it is cancelled."""
        rooms = dict.fromkeys(self.witness.rooms, 0)
        async with hubbub.connect(
            self._address, name=self.name, rooms=rooms, bounds=QUICK, keep_session=True
        ) as chat:
            self._chat, self.user_id = chat, chat.user.id
            async for event in chat:
                if isinstance(event, hubbub.Message):
                    entry = Entry(event.sender.id, event.text)
                    self.witness.saw(event.room, event.seq, entry)
                self.connects += isinstance(event, hubbub.Reconnected)

    async def say(self, room: str, text: str) -> None:
        """Says something, in its place behind what was said before."""
        assert self._chat is not None
        nonce = f"{self.name}-{len(self.promises.said)}"
        self.promises.say(nonce, room, text)
        self._answers[nonce] = await self._chat.post_soon(text, room)

    @property
    def unanswered(self) -> int:
        """How much of what was said has no answer yet; the answers that came are noted."""
        for nonce, answer in list(self._answers.items()):
            if answer.done():
                posted = answer.result()
                self.promises.acknowledge(nonce, posted.room, posted.seq)
                del self._answers[nonce]
        return len(self._answers)

    @property
    def ready(self) -> bool:
        """Whether it is somebody."""
        return self._chat is not None


Client = Survivor | Chatter


async def talk(client: Client, messages: int, chance: random.Random) -> None:
    """Says so many things in all rooms."""
    rooms = list(client.witness.rooms)
    for number in range(messages):
        await client.say(chance.choice(rooms), f"{client.name} {number}")
        await asyncio.sleep(chance.random() * 0.004)


async def harm(proxy: Proxy, clients: Sequence[Client], size: Size) -> None:
    """Breaks connections in step with what the clients have seen, evenly to the end."""
    for number in range(size.cuts):
        share = size.messages * (number + 1) / (size.cuts + 1)

        def reached(share: float = share) -> bool:
            seen = max(sum(map(len, client.witness.rooms.values())) for client in clients)
            return seen >= share and proxy.harm()

        await until(reached, lambda: state(clients), SETTLE_S)


class BadNetwork:
    """What is said through a network that breaks connections, and what came of it."""

    def __init__(self, ports: int | Sequence[int], size: Size) -> None:
        self._size = size
        self._proxy = Proxy(ports, SEED)
        self._survivors: list[Survivor] = []
        self._chatters: list[Chatter] = []
        self._messages = 0

    @property
    def _clients(self) -> list[Client]:
        return [*self._survivors, *self._chatters]

    async def attack(self) -> None:
        """Lets everyone talk, and waits until everyone has everything."""
        await self._proxy.open()
        port, count = self._proxy.port, self._size.clients
        rooms = [f"room{n}" for n in range(self._size.rooms)]
        self._survivors = [
            Survivor(port, f"raw{n}", rooms, silence_s=SILENCE_S) for n in range(count)
        ]
        self._chatters = [Chatter(port, f"sdk{n}", rooms) for n in range(count)]
        try:
            async with asyncio.TaskGroup() as group:
                lives = [group.create_task(client.live()) for client in self._clients]
                await until(self._here, lambda: "not all are here", SETTLE_S)
                await self._talk(group)
                for life in lives:
                    life.cancel()
        finally:
            await self._proxy.close()

    async def _talk(self, group: asyncio.TaskGroup) -> None:
        chance = random.Random(SEED)
        clients = self._clients
        each = -(-self._size.messages // len(clients))
        self._messages = each * len(clients)
        talks = [group.create_task(talk(client, each, chance)) for client in clients]
        breaking = group.create_task(harm(self._proxy, clients, self._size))
        await asyncio.gather(*talks, breaking)
        await until(lambda: whole(clients, self._messages), lambda: state(clients), SETTLE_S)

    def _here(self) -> bool:
        came = all(survivor.resumed.is_set() for survivor in self._survivors)
        return came and all(chatter.ready for chatter in self._chatters)

    def compare(self, attack: str, log: Log) -> None:
        """Claims that log, witnesses and promises agree, and notes what there was."""
        promises = {client.user_id: client.promises for client in self._clients}
        verify(log, [client.witness for client in self._clients], promises)
        faults = self._proxy.faults
        broken = sum(faults.values())
        assert broken >= self._size.cuts
        note(attack, "messages, connections broken", f"{self._messages}, {broken}")
        note(attack, "how they were broken", dict(faults))
        note(attack, "connects of raw clients", sum(c.connects for c in self._survivors))
        note(attack, "connects of SDK clients", sum(c.connects for c in self._chatters))
        note(attack, "holes, doubles, other orders", "0, 0, 0")


def whole(clients: Sequence[Client], messages: int) -> bool:
    """Whether everyone has all answers and has seen everything."""
    return not any(client.unanswered for client in clients) and all(
        sum(map(len, client.witness.rooms.values())) == messages for client in clients
    )


def state(clients: Sequence[Client]) -> object:
    """What each client has."""
    return [
        (c.name, c.unanswered, c.connects, {r: len(e) for r, e in c.witness.rooms.items()})
        for c in clients
    ]
