"""The data folder of a trial cluster: for its owner alone, and for one cluster at a time."""

import fcntl
import os
import time
from pathlib import Path

from hubbub.errors import StartError

# One that was killed is cleaned up after; its watchdog holds the lock until that is done.
PATIENCE_S = 15.0
GLANCE_S = 0.1


class Folder:
    """The folder, and its lock, which ends with the last process that has it."""

    def __init__(self, path: Path) -> None:
        """Makes the folder where it is missing and takes the lock. Raises StartError."""
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(
                f"The folder {path} cannot be made or written: {error.strerror}. "
                "Choose another with --data DIR."
            ) from error
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._try_lock():
            holder = os.pread(self.lock, 20, 0).decode("ascii", "replace").strip()
            if _lives(holder) or time.monotonic() > deadline_s:
                os.close(self.lock)
                raise StartError(
                    f"The folder {path} is in use by another `hubbub cluster up` (process id "
                    f"{holder or 'unknown'}): stop that one, or choose another with --data DIR."
                )
            time.sleep(GLANCE_S)
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, f"{os.getpid()}\n".encode(), 0)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def log(self, name: str) -> Path:
        """Where a part of that name writes its log."""
        return self.path / f"{name}.log"

    def release(self) -> None:
        """Ends the lock, as far as this process has it."""
        os.close(self.lock)


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read, in the place of one that was there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
