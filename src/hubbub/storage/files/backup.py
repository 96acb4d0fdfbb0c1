"""A copy of the log, made while the server goes on; what is restored from it is another log.

The copy shows one moment: a read transaction holds it, so the pages that are copied later are
still those of that moment, and the copying never begins anew however much is posted meanwhile.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from hubbub.errors import StorageError
from hubbub.storage.files.newfile import new_file
from hubbub.storage.files.snapshot import Progress, snapshot

STEP_PAGES = 1024


def backup(log: Path, target: Path, progress: Progress = lambda done, total: None) -> int:
    """Copies the log to the new file `target`, mode 0600; how many bytes it has.

    The copy has no epoch, so a server that starts on it makes a new one (protocol.md, `epoch`).
    `progress` counts pages. Raises StorageError, NewerDatabase; then there is no `target`.
    """

    def told(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    with new_file(target) as temporary:
        try:
            with snapshot(log, outdated=True) as source, closing(_made(temporary)) as copy:
                source.backup(copy, pages=STEP_PAGES, progress=told)
                # One file, with nothing beside it, wherever it is carried.
                copy.execute("PRAGMA journal_mode = MEMORY")
                copy.execute("DELETE FROM meta WHERE key = 'epoch'")
                (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise StorageError(
                f"No backup was made: {error}. See that the disk of {target} has room for the "
                "whole log, and what `hubbub check` says."
            ) from error
        if verdict != "ok":
            raise StorageError(
                f"No backup was made, because the log is damaged: {verdict}. "
                "`hubbub check` tells more; keep the backups that you have."
            )
        return temporary.stat().st_size


def _made(path: Path) -> sqlite3.Connection:
    # It is synced as a whole when it is there.
    copy = sqlite3.connect(path, isolation_level=None)
    copy.execute("PRAGMA synchronous = OFF")
    copy.execute("PRAGMA journal_mode = MEMORY")
    return copy
