"""What the parts of a node share: the log, the bus, who the node is, and the hub once it runs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from structlog import get_logger

from hubbub.bus.interface import Bus
from hubbub.hub.parts import Parts
from hubbub.hub.upkeep.outside_changes import OutsideChanges
from hubbub.storage.shared import SharedStorage

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class NodeContext:
    """`parts` and `outside_changes` are there from the start of the node on."""

    parts: Parts
    outside_changes: OutsideChanges
    compare: Callable[[], None]
    """Has what this node knows compared with the log, soon; may be called from any thread."""

    def __init__(self, storage: SharedStorage, bus: Bus, lease_s: float) -> None:
        self.storage = storage
        self.bus = bus
        self.lease_s = lease_s
        self.node = ""
        """The id of this node; another one after it was taken for dead."""
        self.look_soon = asyncio.Event()
        """Set where something may have been missed, for the sweep."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a call of the storage in a reader's thread."""
        return await self.parts.log.read(call, *args, **kwargs)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside; a fault of it is in the log."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("the cluster made a mistake", fault=type(fault).__name__, exc_info=fault)

    async def end(self) -> None:
        """Ends what runs beside."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
