"""Messages that have reached their age go, a few at a time, so that commits go on in between."""

import asyncio

from structlog import get_logger

from hubbub.hub.faults import contained
from hubbub.hub.flow.log import Log
from hubbub.hub.ports import Clock
from hubbub.hub.rooms.registry import Rooms
from hubbub.protocol.durations import DAY_MS

log = get_logger(__name__)

INTERVAL_S = 600.0
STEP_ROOMS = 100
STEP_EVENTS = 200


class Retention:
    """Takes from each room's log the beginning that is older than `days`."""

    def __init__(self, storage_log: Log, rooms: Rooms, clock: Clock, days: int) -> None:
        self._log = storage_log
        self._rooms = rooms
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Looks at the start and every ten minutes, until it is cancelled."""
        while True:
            with contained("retention failed"):
                steps = await self.expire()
                log.debug("retention", steps=steps)
            await asyncio.sleep(INTERVAL_S)

    async def expire(self) -> int:
        """Takes all that is too old by now; in how many transactions. Raises StorageError."""
        storage = self._log.storage
        before_ms = self._clock.now_ms() - self._days * DAY_MS
        steps = 0
        while rooms := await self._log.read(storage.care.aged, before_ms, limit=STEP_ROOMS):
            started_s = self._clock.steady_s()
            begins = await self._log.write(storage.care.expire, rooms, before_ms, limit=STEP_EVENTS)
            if not begins:
                break
            # Not before it is durable. Whoever reads in between sees in the page where it begins.
            self._rooms.begin(begins)
            steps += 1
            # Three quarters of the disk's time are for those who write.
            await asyncio.sleep(3 * (self._clock.steady_s() - started_s))
        return steps
