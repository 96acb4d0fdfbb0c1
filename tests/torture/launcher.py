"""`hubbub` with hooks that only tests may have: `python -P tests/torture/launcher.py serve ...`.

`TORTURE_KILL=before N` ends the process by SIGKILL between the inserts and the COMMIT of the N-th
transaction that appends events; `TORTURE_KILL=after N` right after that COMMIT, before anyone is
told. On SIGUSR1 the number of the server's tasks is written to the file `TORTURE_TASKS`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from hubbub import server
from hubbub.__main__ import main


def program() -> list[str]:
    """How to start it."""
    return [sys.executable, "-P", __file__]


def kill_at_commit(when: str, number: int) -> None:
    """Arms the SIGKILL."""
    appending: set[int] = set()
    commits = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def _note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO events"):
            appending.add(id(connection.connection.driver_connection))

    def die_in_time(driver_connection: object) -> None:
        nonlocal commits
        if id(driver_connection) in appending:
            appending.discard(id(driver_connection))
            commits += 1
            if commits == number:
                os.kill(os.getpid(), signal.SIGKILL)

    if when == "before":
        event.listen(Engine, "commit", lambda c: die_in_time(c.connection.driver_connection))
    else:
        event.listen(Engine, "checkin", lambda driver, _record: die_in_time(driver))


def count_tasks(serve: Callable[..., Any], file: Path) -> Callable[..., Any]:
    """The server's main coroutine, with an answer to SIGUSR1."""

    async def counted(*args: Any) -> None:
        def write() -> None:
            count = len(asyncio.all_tasks())
            new = file.with_suffix(".new")
            new.write_text(str(count))
            new.rename(file)

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write)
        await serve(*args)

    return counted


if __name__ == "__main__":
    if "TORTURE_KILL" in os.environ:
        moment, _, which = os.environ["TORTURE_KILL"].partition(" ")
        kill_at_commit(moment, int(which))
    if "TORTURE_TASKS" in os.environ:
        server.serve = count_tasks(server.serve, Path(os.environ["TORTURE_TASKS"]))
    main()
