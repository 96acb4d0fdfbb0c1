"""What is decided on one node at a time: who holds a name, what a room is, who owns the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from structlog import get_logger

from hubbub.errors import NameTaken, StorageError, Unavailable
from hubbub.hub.cluster.backfill import Backfill
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.flow.log import NOT_READ, NOT_STORED
from hubbub.hub.state.room import Room
from hubbub.model import Name
from hubbub.storage.changes import HoldName, NameUsed

log = get_logger(__name__)


class NodeAgreement:
    """See hubbub.hub.peers.Agreement."""

    def __init__(self, context: NodeContext, backfill: Backfill) -> None:
        self._context = context
        self._backfill = backfill

    async def hold_name(self, name: Name, user_id: str) -> None:
        """See Agreement."""
        outcome = await self._context.parts.committer.outcome(HoldName(name.key, user_id))
        if isinstance(outcome, NameUsed):
            raise NameTaken(f"The name {name.shown} is taken; take another.")

    @asynccontextmanager
    async def alone(self, what: str, room: Room | None = None) -> AsyncIterator[None]:
        """See Agreement."""
        read = self._context.parts.log.read
        block = self._context.storage.nodes.alone(what)
        try:
            await read(block.__enter__)
        except StorageError as error:
            log.error("nothing was decided", what=what, error=str(error))
            raise Unavailable(NOT_STORED, retry_after=1.0) from error
        try:
            if room is not None:
                try:
                    await self._backfill.catch_up(room)
                except StorageError as error:
                    raise Unavailable(NOT_READ, retry_after=1.0) from error
            yield
        finally:
            with suppress(StorageError):
                await read(block.__exit__, None, None, None)
