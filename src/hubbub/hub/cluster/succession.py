"""What a node does when another database server answers, or the log has a new epoch.

A standby that took over may lack the end of the log, which people were served with. So nothing is
read or written before every node has compared what it knows; the storage sees to that. Where the
log has all of it, nobody notices. Where it went back it has a new epoch, on all nodes: everybody is
closed and comes again, and is told by `gap` that their rooms begin anew.
"""

import asyncio
from collections.abc import Callable

from structlog import get_logger

from hubbub.errors import StorageError
from hubbub.hub.cluster.context import NodeContext
from hubbub.storage.records import Compared

log = get_logger(__name__)

AGAIN_S = 0.5
WAIT_S = 0.1
"""Between two looks whether the other nodes have compared."""
NAMED_ROOMS = 20
"""How many of the rooms that went back a line of the server's own log names."""


class Succession:
    """Compares when `look` was called. `begin_anew` lets go of all that is known of the log, and
    `tell` tells the other nodes to compare.
    """

    def __init__(
        self,
        context: NodeContext,
        begin_anew: Callable[[], None],
        tell: Callable[[], None],
    ) -> None:
        self._context = context
        self._begin_anew = begin_anew
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def look(self) -> None:
        """Compares soon; may be called from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Compares each time that it is asked to, until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._compare()
            except StorageError as error:
                log.error("the log was not compared", error=str(error))
                await asyncio.sleep(AGAIN_S)
                self._news.set()

    async def _compare(self) -> None:
        """Until this node goes on. Raises StorageError."""
        began_s, mark = self._loop.time(), ""
        while True:
            served = self._served()
            found = await self._context.read(self._context.storage.nodes.compare, served)
            if found.epoch != self._context.parts.log.storage.epoch:
                self._take_epoch(found)
                return
            if not found.another:
                self._context.storage.nodes.accept(found)
                return
            if found.mark != mark:
                began_s, mark = self._loop.time(), found.mark
                log.warning("another database server answers, or it was started anew", at=mark)
                # Until all have compared, none goes on.
                self._tell()
            # One that is dead does not compare. It is taken out, and that gives a new epoch where
            # what it knew may be lost.
            late = self._loop.time() - began_s > self._context.lease_s
            if self._served() == served and (late or not found.waiting):
                self._context.storage.nodes.accept(found)
                self._context.outside_changes.look_soon()
                return
            await asyncio.sleep(WAIT_S)

    def _served(self) -> dict[int, int]:
        """Where the rooms end that are in memory."""
        return {room.id: room.last for room in self._context.parts.rooms.all_live() if room.meant}

    def _take_epoch(self, found: Compared) -> None:
        self._context.parts.stats.epochs += 1
        log.error(
            "THE LOG WENT BACK: the database lacks entries that people were served with. It has a "
            "new epoch, and everybody comes in again",
            epoch=found.epoch,
            was=self._context.parts.log.storage.epoch,
            at=found.mark,
            rooms_behind_here=len(found.behind),
            rooms=[
                f"{each.name or each.room_id}: {each.known} known, {each.last} there"
                for each in found.behind[:NAMED_ROOMS]
            ],
        )
        self._begin_anew()
        self._context.storage.nodes.accept(found)
        self._tell()
