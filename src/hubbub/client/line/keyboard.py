"""The keyboard of the line client: a paste is one draft, also without the terminal's brackets."""

import os
import select
import sys
import time
from codecs import getincrementaldecoder
from functools import cache
from threading import Thread

from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input

from hubbub.client.raw_paste import RawPastes, read_burst

READ_BYTES = 64 * 1024


class Keyboard(Vt100Input):
    """The terminal on standard input, read by a thread and handed on by a pipe.

    While the prompt is drawn, lines that a script types one after the other would gather in the
    terminal and look like a paste. What the prompt does not take waits in the pipe (64 KiB on
    Linux), then in the terminal.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdin)
        self._terminal = sys.stdin.fileno()
        self._out, self._in = os.pipe()
        self.stdin_reader = PosixStdinReader(self._out, encoding="utf-8")
        Thread(target=self._read, name="keyboard", daemon=True).start()

    def fileno(self) -> int:
        """What the prompt waits for; the modes are set on the terminal itself."""
        return self._out

    def _read(self) -> None:
        decoder, pastes = getincrementaldecoder("utf-8")("surrogateescape"), RawPastes()

        def read() -> str:
            data = os.read(self._terminal, READ_BYTES)
            if not data:
                raise EOFError
            return decoder.decode(data)

        def more_after(wait_s: float) -> bool:
            time.sleep(wait_s)
            return bool(select.select([self._terminal], [], [], 0)[0])

        with open(self._in, "wb", buffering=0) as pipe:
            try:
                while True:
                    burst = pastes.feed(read_burst(read, more_after), time.monotonic())
                    left = memoryview(burst.encode("utf-8", "surrogateescape"))
                    while left:
                        left = left[pipe.write(left) :]
            except (EOFError, OSError):
                # The terminal was closed; the prompt sees the end of the pipe.
                return


@cache
def keyboard() -> Keyboard:
    """One for every prompt: nothing of a burst is lost between two of them."""
    return Keyboard()
