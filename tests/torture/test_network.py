"""A network that delays, splits, stalls and cuts: everyone has each room whole, each event once."""

import asyncio
import random
from collections.abc import Sequence

import pytest

import hubbub
from tests.torture.checker import Entry, Promises, Witness, read_log, verify
from tests.torture.conftest import Launch
from tests.torture.figures import note
from tests.torture.proxy import Proxy
from tests.torture.sizes import SEED, at_most_s, sized
from tests.torture.survivor import Survivor
from tests.torture.waiting import until

pytestmark = [pytest.mark.real, at_most_s(420)]

MESSAGES, CUTS, SURVIVORS, CHATS, ROOMS = sized((400, 12, 2, 2, 2), (20_000, 250, 6, 6, 5))
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


async def harm(proxy: Proxy, clients: Sequence[Client]) -> None:
    """Breaks connections in step with what the clients have seen, evenly to the end."""
    for number in range(CUTS):
        share = MESSAGES * (number + 1) / (CUTS + 1)

        def reached(share: float = share) -> bool:
            seen = max(sum(map(len, client.witness.rooms.values())) for client in clients)
            return seen >= share and proxy.harm()

        await until(reached, lambda: state(clients), SETTLE_S)


async def test_cuts_stalls_and_split_frames_leave_no_hole_and_no_double(launch: Launch) -> None:
    server = launch("--rate-limits", "off")
    await asyncio.to_thread(server.start)
    proxy = Proxy(server.port, SEED)
    await proxy.open()
    names = [f"room{n}" for n in range(ROOMS)]
    survivors = [
        Survivor(proxy.port, f"raw{n}", names, silence_s=SILENCE_S) for n in range(SURVIVORS)
    ]
    chatters = [Chatter(proxy.port, f"sdk{n}", names) for n in range(CHATS)]
    clients: list[Client] = [*survivors, *chatters]
    try:
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(client.live()) for client in clients]
            await until(lambda: here(survivors, chatters), lambda: "not all are here", SETTLE_S)
            chance = random.Random(SEED)
            each = -(-MESSAGES // len(clients))
            talks = [group.create_task(talk(client, each, chance)) for client in clients]
            breaking = group.create_task(harm(proxy, clients))
            await asyncio.gather(*talks, breaking)
            await until(
                lambda: whole(clients, each * len(clients)), lambda: state(clients), SETTLE_S
            )
            for life in lives:
                life.cancel()
    finally:
        await proxy.close()
    server.kill()

    promises = {client.user_id: client.promises for client in clients}
    verify(read_log(server.data), [client.witness for client in clients], promises)
    broken = sum(proxy.faults.values())
    assert broken >= CUTS
    assert "Traceback" not in server.log_text()
    note("network", "messages, connections broken", f"{each * len(clients)}, {broken}")
    note("network", "how they were broken", dict(proxy.faults))
    note("network", "connects of raw clients", sum(client.connects for client in survivors))
    note("network", "connects of SDK clients", sum(client.connects for client in chatters))
    note("network", "holes, doubles, other orders", "0, 0, 0")


def here(survivors: Sequence[Survivor], chatters: Sequence[Chatter]) -> bool:
    """Whether everyone has come in."""
    return all(s.resumed.is_set() for s in survivors) and all(c.ready for c in chatters)


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
