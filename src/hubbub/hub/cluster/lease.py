"""A node's lease: it says that it is alive, and takes out those that no longer do.

A node that was taken out finds that in its next commit, or here, whichever is first; it lets go of
everybody who is on it and joins as another one.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from structlog import get_logger

from hubbub.errors import StorageError
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.faults import contained

log = get_logger(__name__)

AGAIN_S = 1.0
T = TypeVar("T")


class Lease:
    """`on_lost` is called when this node was taken out, `on_dead` with each that it takes out."""

    def __init__(
        self,
        context: NodeContext,
        on_lost: Callable[[], None],
        on_dead: Callable[[str], None],
    ) -> None:
        self.held = False
        self._context = context
        self._on_lost = on_lost
        self._on_dead = on_dead
        # Whatever waits for the log: that this node is alive does not wait behind it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubbub-lease")
        self._renewed_s = 0.0
        self._steady_s = 0.0

    async def join(self) -> None:
        """Makes this process a node, under an id that none had before. Raises StorageError."""
        node = secrets.token_urlsafe(6)
        # In the commit thread: what is committed before is the former node's.
        await self._context.parts.log.write(self._context.storage.nodes.join, node)
        self._context.node, self.held = node, True
        self._renewed_s = self._steady_s = asyncio.get_running_loop().time()
        log.info("joined the cluster", node=node)

    async def rejoin(self) -> None:
        """The same, as soon as the log can be written."""
        while True:
            with contained("the cluster was not joined"):
                await self.join()
                return
            await asyncio.sleep(AGAIN_S)

    def lose(self) -> None:
        """This node was taken out."""
        if self.held:
            self.held = False
            log.warning("this node was taken for dead", node=self._context.node)
            self._on_lost()

    def give_up(self) -> None:
        """Holds it no longer, until `rejoin` makes this node another one."""
        self.held = False

    async def leave(self) -> None:
        """Takes this node out, with whoever is on it."""
        with suppress(StorageError):
            await self._context.parts.log.write(self._context.storage.nodes.leave)
        self._thread.shutdown(wait=False)

    async def keep(self) -> None:
        """Renews it until it is cancelled."""
        while True:
            await asyncio.sleep(self._context.lease_s / 3)
            if not self.held:
                continue
            with contained("the lease was not renewed"):
                await self._renew()

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        node = self._context.node
        if not await self._run(self._context.storage.nodes.renew_lease):
            # It may have joined as another one meanwhile.
            if node == self._context.node:
                self.lose()
            return
        now_s = loop.time()
        # Where the log was away, or stood still, for all of them, each gets time to say so.
        if now_s - self._renewed_s > self._context.lease_s / 2:
            self._steady_s = now_s
        self._renewed_s = now_s
        if now_s - self._steady_s > self._context.lease_s:
            for node in await self._run(
                lambda: self._context.storage.nodes.end_lost(int(self._context.lease_s * 1000))
            ):
                log.warning("a node is dead", dead=node)
                self._on_dead(node)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
