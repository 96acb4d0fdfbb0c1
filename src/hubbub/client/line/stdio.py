"""Lines of text from standard input and to standard output, without ever blocking the loop.

Both are read and written by a daemon thread of their own. Asyncio's pipes would set O_NONBLOCK
on files that other processes share, and cannot take regular files at all.
"""

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

ResultT = TypeVar("ResultT")

LINE_BYTES = 1024 * 1024
"""The longest line that is kept; what is longer is passed over up to its end."""
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input without its end; `number` counts from 1. `text` is None if too long."""

    number: int
    text: str | None


class LineSplitter:
    """Bytes to lines: LF or CRLF ends one, invalid UTF-8 becomes U+FFFD."""

    def __init__(self, line_bytes: int = LINE_BYTES) -> None:
        self._line_bytes = line_bytes
        self._rest = b""
        self._skipping = False
        self._number = 0

    def feed(self, data: bytes) -> list[Line]:
        """The lines that these bytes complete."""
        first, *others = data.split(b"\n")
        self._gather(first)
        lines = []
        for piece in others:
            lines.append(self._end())
            self._gather(piece)
        return lines

    def finish(self) -> list[Line]:
        """The last line, if it has no end."""
        return [self._end()] if self._rest or self._skipping else []

    def _gather(self, piece: bytes) -> None:
        if self._skipping:
            return
        if len(self._rest) + len(piece) > self._line_bytes:
            self._rest, self._skipping = b"", True
        else:
            self._rest += piece

    def _end(self) -> Line:
        self._number += 1
        line, self._rest = self._rest, b""
        if self._skipping:
            self._skipping = False
            return Line(self._number, None)
        return Line(self._number, line.removesuffix(b"\r").decode("utf-8", "replace"))


async def read_lines(descriptor: int) -> AsyncIterator[list[Line]]:
    """The lines of a file, a pipe or a terminal, as soon as each is there, to its end."""
    splitter, worker = LineSplitter(), Worker("hubbub input")
    while True:
        try:
            data = await worker.run(lambda: os.read(descriptor, CHUNK_BYTES))
        except OSError:
            # A terminal that was hung up, a socket that was reset: the end.
            data = b""
        lines = splitter.feed(data) if data else splitter.finish()
        if lines:
            yield lines
        if not data:
            return


def write_all(descriptor: int, data: bytes) -> None:
    """Writes everything. Raises OSError, BrokenPipeError when nobody reads any more."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class Worker:
    """A daemon thread for calls that may block for ever; the program can end meanwhile."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], object], Future[object]]]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def run(self, call: Callable[[], ResultT]) -> ResultT:
        """What the call gives or raises."""
        future: Future[ResultT] = Future()
        self._calls.put((call, cast("Future[object]", future)))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        while True:
            call, future = self._calls.get()
            try:
                result = call()
            except OSError as error:
                answer = partial(future.set_exception, error)
            else:
                answer = partial(future.set_result, result)
            # Whoever waited may be gone by now, and the loop with them.
            with contextlib.suppress(InvalidStateError, RuntimeError):
                answer()
