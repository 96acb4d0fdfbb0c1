"""Rooms that are read from a log that others write: what is said of them meanwhile is kept.

Subscribe, wait until that holds, read, then take what was heard: so nothing falls between.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from hubbub.hub import signs
from hubbub.hub.cluster.backfill import Backfill
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.cluster.people import NodePeople
from hubbub.hub.state.room import Room
from hubbub.storage.records import Present

HEARD = 1_000
"""How many signs are kept of a room while it is read; the sweep finds what the rest told."""


class _Loading:
    def __init__(self) -> None:
        self.readers = 0
        self.heard: list[signs.OfRoom] = []


class RoomLoading:
    """See hubbub.hub.peers.PeerRooms. `take` is given what was heard while a room was read."""

    def __init__(
        self,
        context: NodeContext,
        cursors: DirectCursors,
        people: NodePeople,
        backfill: Backfill,
        take: Callable[[signs.OfRoom], None],
    ) -> None:
        self._context = context
        self._cursors = cursors
        self._people = people
        self._backfill = backfill
        self._take = take
        self._loading: dict[str, _Loading] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a room is being read."""
        return name in self._loading

    def keep(self, sign: signs.OfRoom) -> None:
        """Something is said of a room that is being read."""
        heard = self._loading[sign.room].heard
        if len(heard) < HEARD:
            heard.append(sign)

    @asynccontextmanager
    async def opening(self, name: str) -> AsyncIterator[None]:
        """See PeerRooms. The room is in memory at the end if there is one."""
        if name.startswith("@"):
            yield
            return
        bus, rooms = self._context.bus, self._context.parts.rooms
        loading = self._loading.setdefault(name, _Loading())
        loading.readers += 1
        try:
            if rooms.live(name) is None:
                bus.subscribe(signs.room_subject(name))
                await bus.settle()
            yield
        finally:
            loading.readers -= 1
            room = rooms.live(name)
            if room is not None:
                heard, loading.heard = loading.heard, []
                for sign in heard:
                    self._take(sign)
            if not loading.readers:
                del self._loading[name]
                if room is None:
                    bus.unsubscribe(signs.room_subject(name))

    def opened(self, room: Room, present: Sequence[Present]) -> None:
        """See PeerRooms."""
        self._people.look_again()
        if not room.direct:
            for each in present:
                if each.node != self._context.node:
                    room.enter_by(each.node, each.user, away=each.away is not None)
            return
        # Others may have said something that those who are here have not been served with yet.
        last = self._cursors.last(room.name)
        users = self._context.parts.users
        if last is None and any(person.id in users for person in room.participants):
            # It was made after they came.
            last = room.first - 1
        if last is not None and last < room.last:
            room.last = last
            asyncio.get_running_loop().call_soon(self._backfill.read_on, room)

    def dropped(self, name: str) -> None:
        """See PeerRooms."""
        if not name.startswith("@") and name not in self._loading:
            self._context.bus.unsubscribe(signs.room_subject(name))

    def moved(self, was: str, room: Room) -> None:
        """See PeerRooms."""
        self.dropped(was)
        self._context.bus.subscribe(signs.room_subject(room.name))
        self._context.begin(self._follow(room))

    async def _follow(self, room: Room) -> None:
        await self._context.bus.settle()
        self._backfill.read_on(room)

    def gap(self, room: Room) -> None:
        """See PeerRooms."""
        self._backfill.gap(room, at_once=not self._context.bus.connected)

    async def catch_up(self, room: Room) -> None:
        """See PeerRooms."""
        await self._backfill.catch_up(room)
