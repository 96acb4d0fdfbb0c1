"""Reads on in rooms where something is missing, and delivers it in its order."""

import asyncio
from collections.abc import Sequence

from structlog import get_logger

from hubbub.errors import StorageError
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.state.room import Room
from hubbub.protocol.events import LogEvent

log = get_logger(__name__)

GAP_S = 0.05
"""How long an entry may be on its way before it is read from the log."""
PAGE_EVENTS = 500


class Backfill:
    """What is read for each room, once at a time."""

    def __init__(self, context: NodeContext, cursors: DirectCursors) -> None:
        self._context = context
        self._cursors = cursors
        self._waiting: set[Room] = set()
        self._under_way: set[Room] = set()
        self._again: set[Room] = set()

    def deliver(self, room: Room, entries: Sequence[LogEvent]) -> None:
        """Serves this node's people with entries that are durable."""
        self._context.parts.settlement.deliver({room: entries})
        if room.direct:
            self._cursors.serve(room, self._context.parts.users)

    def gap(self, room: Room, *, at_once: bool) -> None:
        """A room waits for an entry, which may be on its way unless there is no way."""
        if room not in self._waiting:
            self._waiting.add(room)
            loop = asyncio.get_running_loop()
            loop.call_later(0.0 if at_once else GAP_S, self._look_at_gap, room)

    def _look_at_gap(self, room: Room) -> None:
        self._waiting.discard(room)
        if room.ahead:
            self.read_on(room)

    def read_on(self, room: Room) -> None:
        """Reads what others have said in a room, in the background."""
        if room in self._under_way:
            self._again.add(room)
        else:
            self._under_way.add(room)
            self._context.begin(self._read_on(room))

    async def _read_on(self, room: Room) -> None:
        try:
            with room.pinned():
                await self.catch_up(room)
        except StorageError as error:
            # The next sweep finds it again.
            log.error("a room was not read on", room=room.name, error=str(error))
        finally:
            self._under_way.discard(room)
            if room in self._again:
                self._again.discard(room)
                self.read_on(room)

    async def catch_up(self, room: Room) -> None:
        """Serves a room with all that the log has of it. Raises StorageError."""
        name = await self._name(room)
        while self._context.parts.rooms.live(room.name) is room:
            page = await self._context.read(
                self._context.storage.log.page,
                name,
                room_id=room.meant,
                after=room.last,
                limit=PAGE_EVENTS,
                limit_bytes=self._context.parts.limits.page_bytes,
            )
            if page.events:
                self._context.parts.stats.rooms_read_on += 1
                # What retention took is gone for everybody.
                room.begin(page.first)
                room.last = max(room.last, page.first - 1)
                self.deliver(room, page.events)
            if not page.more:
                return

    async def _name(self, room: Room) -> str:
        """What a room is called in the log, which nobody here may know yet."""
        room_id, name = room.id, room.name
        if room_id:
            found = await self._context.read(self._context.storage.nodes.places, [room_id])
            if room_id in found:
                return found[room_id][0]
        # It was made after it was asked for, or was empty, taken away and made anew.
        ids = await self._context.read(self._context.storage.nodes.room_ids, [name])
        self._context.parts.rooms.identify(name, ids.get(name, 0))
        return name
