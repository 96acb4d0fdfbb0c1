"""The lock beside the log: two servers that write one log would each overwrite the other's."""

import fcntl
import os
from pathlib import Path

from hubbub.errors import LogInUse, StorageError


class FileLock:
    """An exclusive advisory lock (flock(2)); it ends with the process, however that ends."""

    def __init__(self, log: Path) -> None:
        """Takes the lock `<log>.lock`. Raises LogInUse where another process has it."""
        path = log.with_name(log.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(
                f"The file {path} cannot be made: {error.strerror}. "
                "The folder must be writable for the server."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise LogInUse(
                f"The log {log} is in use by another hubbub (process id {holder or 'unknown'}): "
                "stop that one, or give this one another data folder."
            ) from error
        # The file stays when the lock ends: one who removed it could remove another's.
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Ends the lock."""
        os.close(self._file)
