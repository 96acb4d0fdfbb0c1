"""Requests that are made beside what is sent in order, each once at a time."""

import asyncio
from collections.abc import Callable, Collection, Coroutine

from hubbub.errors import HubbubError


class Background:
    """Tasks by what they do and what about; `refused` is told of the errors of a server."""

    def __init__(self, refused: Callable[[HubbubError], None]) -> None:
        self._refused = refused
        self._running: set[tuple[str, str]] = set()
        self._group: asyncio.TaskGroup | None = None

    def begin(self, group: asyncio.TaskGroup) -> None:
        """From now on there is somewhere to run; what was started before is dropped."""
        self._group = group

    def start(
        self, what: str, about: str, work: Coroutine[None, None, None], *, quiet: bool = False
    ) -> None:
        """Runs it, unless the same is running; `quiet` passes over what a server refuses."""
        if self.is_running(what, about) or self._group is None:
            work.close()
            return
        self._running.add((what, about))
        self._group.create_task(self._run(what, about, work, quiet=quiet))

    def is_running(self, what: str, about: str) -> bool:
        """Whether that was started and has not ended."""
        return (what, about) in self._running

    def is_any_running(self, kinds: Collection[str]) -> bool:
        """Whether anything of these kinds was started and has not ended."""
        return any(what in kinds for what, _ in self._running)

    def let_go(self, what: str, about: str) -> None:
        """Lets the same be started again, though what runs has not ended yet."""
        self._running.discard((what, about))

    async def _run(
        self, what: str, about: str, work: Coroutine[None, None, None], *, quiet: bool
    ) -> None:
        try:
            await work
        except HubbubError as error:
            if not quiet:
                self._refused(error)
        finally:
            self.let_go(what, about)
