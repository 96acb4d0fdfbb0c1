"""Catching up without a hole: what came before is read while what comes meanwhile is held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hubbub.hub.core import Core
from hubbub.hub.state.room import Room, Session
from hubbub.protocol.events import Gap
from hubbub.storage.records import LogPage

PAGE = 50
"""How many entries a newcomer to a room is told at once."""


class Replay:
    """Brings sessions up to where a room's log ends."""

    def __init__(self, core: Core) -> None:
        self._fanout = core.fanout
        self._limits = core.limits
        self._log = core.log
        self._peers = core.peers

    async def reach(self, room: Room, after: int | None) -> None:
        """Serves a room at least up to what a client has seen of it, on another node maybe."""
        if after is not None and after > room.last:
            await self._peers.rooms.catch_up(room)

    @asynccontextmanager
    async def catch_up(
        self, session: Session, room: Room, after: int | None, limit: int
    ) -> AsyncIterator[LogPage]:
        """What came before this moment: the last page, or what follows `after`.

        The session's own copy of what comes meanwhile is held until the block ends, so that the
        block can write the page first and nothing is missed, repeated or out of order.
        """
        await self.reach(room, after)
        if room.audience.serves(session):
            yield await self._page_to(room, room.last, after, limit)
            return
        last = room.hold(session).last
        try:
            yield await self._page_to(room, last, after, limit)
        finally:
            self._flush(session, room)

    def give_and_release(self, session: Session, room: Room, gap: Gap) -> None:
        """Tells a held session that it must page, and then what came meanwhile."""
        session.send(gap)
        self._flush(session, room)

    def _flush(self, session: Session, room: Room) -> None:
        held = room.release(session)
        if held:
            view = session.private_view if room.direct else session.room_view
            self._fanout.give(session, view.encode(held))

    async def _page_to(self, room: Room, last: int, after: int | None, limit: int) -> LogPage:
        if after is not None and after >= last:
            return LogPage((), False, room.first, last)
        page = await self._log.read(
            self._log.storage.log.page,
            room.name,
            room_id=room.meant,
            after=after,
            before=last + 1 if after is None else None,
            limit=limit,
            limit_bytes=self._limits.page_bytes,
        )
        room.begin(page.first)
        events = tuple(event for event in page.events if event.seq <= last)
        more = page.more if after is None else bool(events) and events[-1].seq < last
        return LogPage(events, more, page.first, last)
