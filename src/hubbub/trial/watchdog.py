"""Ends what a trial cluster started, where the trial itself was killed and could not.

`python -m hubbub.trial.watchdog` reads standard input: `+ PID SIGNAL` for a process that was
started and how to end it, `- PID` for one that has gone. When the input ends, and with it whoever
wrote it, each that is left gets its signal, the last first, and SIGKILL if that does not help.
It holds the lock of the trial's folder until then.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

PATIENCE_S = 10.0
GLANCE_S = 0.05


def main() -> None:
    """Listens, then ends what is left."""
    # Ctrl+C is for the trial, which ends its parts in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    left: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["+", pid, number]:
                left[int(pid)] = int(number)
            case ["-", pid]:
                left.pop(int(pid), None)
            case _:
                pass  # cut off in the middle
    for pid, number in reversed(left.items()):
        end(pid, number)


def end(pid: int, number: int) -> None:
    """Returns when there is no such process any more, or it has had SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            time.sleep(GLANCE_S)
            os.kill(pid, 0)
            if _ended(pid):
                return
        os.kill(pid, signal.SIGKILL)


def _ended(pid: int) -> bool:
    """Whether it is one that has ended, and for which nobody waits, as in some containers."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "Z"
    return False


if __name__ == "__main__":
    main()
