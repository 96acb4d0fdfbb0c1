"""The storage's plain calls, run in threads: one that commits, a few that read, two that search."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from hubbub.storage.changes import Change, Outcome
from hubbub.storage.interface import Storage

READERS = 4
SEARCHERS = 2

# What clients hear; the cause is in the server's own log.
NOT_STORED = "The server cannot write its log just now, and nothing was stored; try again."
NOT_READ = "The server cannot read its log just now; try again."

P = ParamSpec("P")
T = TypeVar("T")


class Log:
    """A Storage that can be awaited. What waits for a reader is bounded by one per connection."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="hubbub-commit")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="hubbub-read")
        self._searchers = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="hubbub-search")

    async def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """See Storage.commit."""
        return await self.write(self.storage.commit, changes, now_ms)

    async def write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a call of the storage in the commit thread, behind what is there."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, partial(call, *args, **kwargs))

    async def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a call of the storage in a reader's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, partial(call, *args, **kwargs))

    async def search(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a call of the storage in a searcher's thread, for which no other read waits."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._searchers, partial(call, *args, **kwargs))

    def close(self) -> None:
        """Waits for the threads and closes the storage."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._searchers.shutdown()
        self.storage.close()
