"""What was typed in earlier sessions of the line client, for Up."""

import os
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from hubbub.client.typed import is_secret

HISTORY_BYTES = 256 * 1024


def input_history(path: Path) -> History:
    """What was typed in earlier sessions, readable by its owner only; else of this one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with open(descriptor, "rb+") as file:
            os.fchmod(descriptor, 0o600)
            kept = file.read()
            if len(kept) > HISTORY_BYTES:
                # An entry of prompt_toolkit's begins with a comment that has its time.
                start = kept.find(b"\n#", len(kept) - HISTORY_BYTES // 2)
                file.seek(0)
                file.truncate()
                file.write(kept[start:] if start >= 0 else b"")
    except OSError:
        return InMemoryHistory()
    return _Discreet(str(path))


class _Discreet(FileHistory):
    def append_string(self, string: str) -> None:
        """Keeps no password."""
        if not is_secret(string):
            super().append_string(string)
