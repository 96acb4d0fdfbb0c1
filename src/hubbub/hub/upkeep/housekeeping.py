"""What is done again and again, whoever is here: sessions renewed, what nothing names deleted."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog import get_logger

from hubbub.hub.faults import contained
from hubbub.hub.parts import Parts

log = get_logger(__name__)

HOUSEKEEPING_S = 600.0


class Housekeeping:
    """Runs until it is cancelled."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Cleans every ten minutes, and tells rooms who came and went meanwhile much more often."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(HOUSEKEEPING_S, self.clean))
            group.create_task(_every(self._parts.limits.count_interval_s, self._tell_presence))

    async def _tell_presence(self) -> None:
        self._parts.presence.tick()

    async def clean(self) -> None:
        """Renews the sessions that are in use and deletes what has run out. Raises StorageError."""
        parts, now_ms = self._parts, self._parts.clock.now_ms()
        storage = parts.log.storage
        # What is not renewed now has its time until the next round, and nothing is purged before.
        with contained("sessions were not renewed"):
            await parts.log.write(
                storage.care.renew_sessions, parts.attendance.session_ends(), now_ms
            )
        with contained("guests were not kept"):
            await parts.committer.make_all(parts.attendance.saved_guests())
        addresses_before_ms = now_ms - int(parts.limits.address_retention_h * 3_600_000)
        gone = await parts.log.write(storage.care.purge, parts.clock.now_ms(), addresses_before_ms)
        log.debug("housekeeping", rows_purged=gone)


async def _every(pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Does some work again and again until it is cancelled; a fault costs one round."""
    while True:
        await asyncio.sleep(pause_s)
        with contained("housekeeping failed"):
            await work()
