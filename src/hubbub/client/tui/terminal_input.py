"""The keyboard of the full-screen client, as the terminal sends it."""

import os
import select
import time
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from hubbub.client.raw_paste import RawPastes, read_burst

READ_BYTES = 64 * 1024
TICK_S = 0.1
"""How often it is looked whether the thread is to end, and a lone Escape is one."""


class TerminalDriver(LinuxDriver):
    """Textual's driver, with brackets around a paste where the terminal puts none.

    Textual has no place for that between its reading and its parser.
    """

    def run_input_thread(self) -> None:
        """Reads until the program ends; everything becomes messages to the app."""
        parser, pastes = XTermParser(self._debug), RawPastes()
        decoder = getincrementaldecoder("utf-8")(errors="replace")

        def read() -> str:
            return decoder.decode(os.read(self.fileno, READ_BYTES))

        def comes_within(wait_s: float) -> bool:
            return bool(select.select([self.fileno], [], [], wait_s)[0])

        def more_after(wait_s: float) -> bool:
            time.sleep(wait_s)
            return comes_within(0)

        while not self.exit_event.is_set():
            # Nothing read is the end for the parser.
            if comes_within(TICK_S) and (burst := read_burst(read, more_after)):
                for event in parser.feed(pastes.feed(burst, time.monotonic())):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
