"""A client as docs/protocol.md asks for one: it comes back, resumes, and repeats what it said."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

from tests.torture.checker import Entry, Promises, Witness
from tests.torture.waiting import until
from tests.torture.wire import Frame, Wire, decode, dial

RETRY_S = 0.03
WINDOW = 16
PAGE = 200
SETTLE_S = 30.0


class Survivor:
    """One user with one connection at a time, to the next port of its `ports` at each attempt."""

    def __init__(
        self,
        ports: int | Sequence[int],
        name: str,
        rooms: Iterable[str],
        *,
        silence_s: float = 10.0,
        receive_bytes: int | None = None,
    ) -> None:
        self.port = 0
        self.name = name
        self.witness = Witness(rooms)
        self.promises = Promises()
        self.user_id = ""
        self.connects = 0
        self.resumed = asyncio.Event()
        self.refusals: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self.wire: Wire | None = None
        self._ports = cycle((ports,) if isinstance(ports, int) else ports)
        self._silence_s = silence_s
        self._receive_bytes = receive_bytes
        self._session: str | None = None
        self._epoch: str | None = None
        self._waiting: dict[str, tuple[str, str]] = {}
        self._answered = asyncio.Event()
        self._replays = 0
        self._paging: set[str] = set()
        self._ahead: dict[str, dict[int, Entry]] = {}

    # --- saying

    async def say(self, room: str, text: str) -> str:
        """Says something, now or as soon as there is a line, until it is answered; its nonce."""
        while len(self._waiting) >= WINDOW:
            self._answered.clear()
            await self._answered.wait()
        nonce = f"{self.name}-{len(self.promises.said)}"
        self.promises.say(nonce, room, text)
        self._waiting[nonce] = (room, text)
        if self.resumed.is_set():
            self._post(nonce)
        return nonce

    def say_and_break(self) -> None:
        """Cuts the line at once, behind what was just said."""
        if self.wire is not None:
            self.wire.cut()

    @property
    def unanswered(self) -> int:
        """How much of what was said has no answer yet."""
        return len(self._waiting)

    def _post(self, nonce: str) -> None:
        if self.wire is not None and nonce in self._waiting:
            room, text = self._waiting[nonce]
            self.wire.send(type="post", id=nonce, nonce=nonce, room=room, text=text)

    # --- lines come and go

    async def live(self) -> None:
        """Comes back after each break, until it is cancelled. Raises what a witness finds."""
        while True:
            self.port = next(self._ports)
            with suppress(OSError, TimeoutError):
                wire = await dial(self.port, self._take, receive_bytes=self._receive_bytes)
                try:
                    await self._serve(wire)
                finally:
                    self.wire = None
                    self.resumed.clear()
                    wire.cut()
            await asyncio.sleep(RETRY_S)

    async def _serve(self, wire: Wire) -> None:
        self.wire = wire
        self.connects += 1
        self._paging.clear()
        self._ahead.clear()
        rooms = {room: self.witness.last(room) for room in self.witness.rooms}
        self._replays = len(rooms)
        who = {"name": self.name} if self._session is None else {"token": self._session}
        epoch = {} if self._epoch is None else {"epoch": self._epoch}
        wire.send(type="hello", id="hello", rooms=rooms, **who, **epoch)
        loop = asyncio.get_running_loop()
        while not wire.lost.done():
            await asyncio.wait((wire.lost,), timeout=self._silence_s)
            silent_s = loop.time() - wire.heard_s
            if silent_s > 2 * self._silence_s:
                wire.cut()
            elif silent_s > self._silence_s:
                wire.send(type="ping", id="ping")
        self.codes[wire.lost.result()] += 1

    # --- what arrives

    def _take(self, data: bytes) -> None:
        frame = decode(data)
        match frame.type:
            case "message":
                self._see(frame)
            case "welcome":
                assert frame.user is not None
                assert self._epoch in (None, frame.epoch), "the log has another epoch"
                self._session, self._epoch, self.user_id = (
                    frame.session,
                    frame.epoch,
                    frame.user.id,
                )
            case "replay" | "gap":
                self._caught_up(frame)
            case "ok" if frame.id is not None:
                self._answer(frame.id, frame)
            case "error":
                self._refused(frame)

    def _see(self, frame: Frame) -> None:
        assert frame.room is not None
        assert frame.sender is not None
        entry = Entry(frame.sender.id, frame.text)
        if frame.room in self._paging:
            self._ahead.setdefault(frame.room, {})[frame.seq] = entry
        else:
            self.witness.saw(frame.room, frame.seq, entry)

    def _caught_up(self, frame: Frame) -> None:
        assert frame.room is not None
        for event in frame.events:
            self._see(event)
        behind = frame.more if frame.type == "replay" else frame.last > frame.next - 1
        if frame.type == "gap":
            assert frame.next == self.witness.last(frame.room) + 1, "something is lost for good"
        if behind:
            self._paging.add(frame.room)
            self._ask_page(frame.room)
        self._replays -= 1
        if self._replays == 0:
            self.resumed.set()
            for nonce in self._waiting:
                self._post(nonce)

    def _ask_page(self, room: str) -> None:
        assert self.wire is not None
        after = self.witness.last(room)
        self.wire.send(type="history", id=f"page {room}", room=room, after=after, limit=PAGE)

    def _answer(self, request_id: str, frame: Frame) -> None:
        if request_id.startswith("page "):
            self._take_page(request_id.removeprefix("page "), frame)
        elif request_id in self._waiting:
            assert frame.room is not None
            self.promises.acknowledge(request_id, frame.room, frame.seq)
            del self._waiting[request_id]
            self._answered.set()

    def _take_page(self, room: str, page: Frame) -> None:
        for event in page.events:
            assert event.sender is not None
            self.witness.saw(room, event.seq, Entry(event.sender.id, event.text))
        if page.more:
            self._ask_page(room)
            return
        self._paging.discard(room)
        for seq, entry in sorted(self._ahead.pop(room, {}).items()):
            if seq > self.witness.last(room):
                self.witness.saw(room, seq, entry)

    def _refused(self, frame: Frame) -> None:
        self.refusals[str(frame.code)] += 1
        assert frame.temporary, f"{frame.code}: {frame.message}"
        if frame.id is None or self.wire is None:
            return
        loop = asyncio.get_running_loop()
        if frame.id.startswith("page "):
            again, what = self._ask_page, frame.id.removeprefix("page ")
        elif frame.id == "hello":
            self.wire.cut()
            return
        else:
            again, what = self._post, frame.id
        loop.call_later(frame.retry_after or RETRY_S, again, what)


@asynccontextmanager
async def living(clients: Sequence[Survivor]) -> AsyncIterator[asyncio.TaskGroup]:
    """The clients while they come back by themselves; a fault that one finds ends the test."""
    async with asyncio.TaskGroup() as group:
        lives = [group.create_task(client.live()) for client in clients]
        yield group
        for life in lives:
            life.cancel()


async def until_all(clients: Sequence[Survivor], what: str) -> None:
    """Waits until every client is resumed and has all its answers and all of every room."""

    def settled() -> bool:
        ends = [{r: c.witness.last(r) for r in c.witness.rooms} for c in clients]
        answered = all(c.resumed.is_set() and not c.unanswered for c in clients)
        # An answer may arrive a moment before its event.
        seen = all(ends[0][room] >= seq for c in clients for room, seq in c.promises.kept.values())
        return answered and seen and all(end == ends[0] for end in ends)

    def states() -> object:
        return what, [(c.name, c.resumed.is_set(), c.unanswered, c.connects) for c in clients]

    await until(settled, states, SETTLE_S)
