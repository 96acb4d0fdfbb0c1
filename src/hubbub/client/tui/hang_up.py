"""The end where the terminal was closed: Textual would wait for it for ever.

The kernel tells such a program SIGHUP and SIGCONT at once. At the second Textual takes hold of the
terminal anew; a write to it fails, the thread that writes ends, and whoever writes next waits.
"""

import os
import signal
import threading

HUNG_UP_S = 5.0
"""How long the end may take: to tell the server, and to keep what is kept."""
CODE = 128 + signal.SIGHUP


def hang_up() -> None:
    """What is still written goes nowhere, and the end comes in any case."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    last = threading.Timer(HUNG_UP_S, end_at_once)
    last.daemon = True
    last.start()


def end_at_once() -> None:
    """Ends without a terminal to restore."""
    os._exit(CODE)
