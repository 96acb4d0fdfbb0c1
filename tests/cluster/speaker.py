"""Clients that talk through a fault at a steady pace, and how long it made them wait."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from tests.torture.checker import Log, verify
from tests.torture.survivor import Survivor, living, until_all
from tests.torture.wire import Frame

PAUSE_S = 0.1


class Speaker(Survivor):
    """A survivor that notes how long its answers and everybody's messages took."""

    def __init__(
        self, ports: int | Sequence[int], name: str, rooms: Iterable[str], *, silence_s: float = 600
    ) -> None:
        super().__init__(ports, name, rooms, silence_s=silence_s)
        self.answer_s = 0.0
        """The longest wait for an answer: until it is a yes, through refusals and lost lines."""
        self.heard_s: dict[str, float] = {}
        """By speaker, the longest time from when they said something until it was heard here."""
        self._said_s: dict[str, float] = {}

    async def say(self, room: str, text: str = "") -> str:
        """Says the time and who it is, and something."""
        begin_s = time.monotonic()
        nonce = await super().say(room, f"{time.monotonic_ns()} {self.name} {text}")
        self._said_s[nonce] = begin_s
        return nonce

    def forget_times(self) -> None:
        """Begins to measure."""
        self.answer_s = 0.0
        self.heard_s.clear()

    @property
    def waited_s(self) -> float:
        """The longest wait for an answer, also for one that has not come yet."""
        waiting = (time.monotonic() - said_s for said_s in self._said_s.values())
        return max(self.answer_s, *waiting, 0.0)

    def _answer(self, request_id: str, frame: Frame) -> None:
        super()._answer(request_id, frame)
        said_s = self._said_s.pop(request_id, None)
        if said_s is not None:
            self.answer_s = max(self.answer_s, time.monotonic() - said_s)

    def _see(self, frame: Frame) -> None:
        super()._see(frame)
        said_ns, name, _ = frame.text.split(" ", 2)
        heard_s = (time.monotonic_ns() - int(said_ns)) / 1e9
        self.heard_s[name] = max(self.heard_s.get(name, 0.0), heard_s)


class Talk:
    """Speakers, all of whom talk in one room, and what they went through."""

    def __init__(self, speakers: Sequence[Speaker], room: str) -> None:
        self.speakers = speakers
        self._room = room

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Lets them talk through a block; at its end they have all their answers and everything."""
        async with living(self.speakers) as group:
            await until_all(self.speakers, "at the beginning")
            for speaker in self.speakers:
                speaker.forget_times()
            talks = [group.create_task(self._speak(speaker)) for speaker in self.speakers]
            yield
            for each in talks:
                each.cancel()
            await until_all(self.speakers, "at the end")

    async def _speak(self, speaker: Speaker) -> None:
        while True:
            await speaker.say(self._room)
            await asyncio.sleep(PAUSE_S)

    def check(self, log: Log) -> None:
        """Claims that nothing was lost or doubled, and that all have one order."""
        rooms = {room for speaker in self.speakers for room in speaker.witness.rooms}
        promises = {speaker.user_id: speaker.promises for speaker in self.speakers}
        witnesses = [speaker.witness for speaker in self.speakers]
        verify({room: log[room] for room in rooms}, witnesses, promises)

    @property
    def heard_s(self) -> float:
        """How long it took at most until one heard another."""
        names = [speaker.name for speaker in self.speakers]
        return max(hearer.heard_s.get(name, 0.0) for hearer in self.speakers for name in names)

    @property
    def waited_s(self) -> float:
        """How long one waited at most for an answer."""
        return max(speaker.waited_s for speaker in self.speakers)

    def seen(self) -> str:
        """What they saw of the fault."""
        codes = sum((Counter(speaker.codes) for speaker in self.speakers), Counter[int]())
        refusals = sum((speaker.refusals for speaker in self.speakers), Counter[str]())
        ends = ", ".join(f"{count} closed with {code}" for code, count in sorted(codes.items()))
        refused = ", ".join(f"{count} times {code}" for code, count in sorted(refusals.items()))
        return (
            f"{ends or 'stayed connected'}; {refused or 'no refusal'}; answered within "
            f"{self.waited_s:.1f} s, heard within {self.heard_s:.1f} s"
        )
