"""Rooms that are being read from the log, and what others say of them meanwhile.

Subscribe, wait until that holds, read, then take what was heard: so nothing falls between.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hubbub.bus.interface import Bus
from hubbub.hub import signs
from hubbub.hub.rooms.registry import Rooms

HEARD = 1_000
"""How many signs are kept of a room while it is read; the sweep finds what the rest told."""


class _Opening:
    def __init__(self) -> None:
        self.readers = 0
        self.heard: list[signs.OfRoom] = []


class Openings:
    """The rooms that are read now, each by one or more; `take` is given what was heard."""

    def __init__(self, rooms: Rooms, bus: Bus, take: Callable[[signs.OfRoom], None]) -> None:
        self._rooms = rooms
        self._bus = bus
        self._take = take
        self._openings: dict[str, _Opening] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a room is being read."""
        return name in self._openings

    def keep(self, sign: signs.OfRoom) -> None:
        """Something is said of a room that is being read."""
        heard = self._openings[sign.room].heard
        if len(heard) < HEARD:
            heard.append(sign)

    @asynccontextmanager
    async def span(self, name: str) -> AsyncIterator[None]:
        """Spans the reading of a room, which is in memory at the end if there is one."""
        opening = self._openings.setdefault(name, _Opening())
        opening.readers += 1
        try:
            if self._rooms.live(name) is None:
                self._bus.subscribe(signs.room_subject(name))
                await self._bus.settle()
            yield
        finally:
            opening.readers -= 1
            room = self._rooms.live(name)
            if room is not None:
                heard, opening.heard = opening.heard, []
                for sign in heard:
                    self._take(sign)
            if not opening.readers:
                del self._openings[name]
                if room is None:
                    self._bus.unsubscribe(signs.room_subject(name))
