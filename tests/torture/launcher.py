"""`hubbub` with hooks that only tests may have: `python -P tests/torture/launcher.py serve ...`.

`TORTURE_KILL=before N` ends the process by SIGKILL between the inserts and the COMMIT of the N-th
transaction that appends events; `TORTURE_KILL=after N` right after that COMMIT, before anyone is
told. On SIGUSR1 the number of the server's tasks is written to the file `TORTURE_TASKS`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Insert

from hubbub import server
from hubbub.__main__ import main
from hubbub.storage import queries
from hubbub.storage.driver import Driver, Row


def program() -> list[str]:
    """How to start it."""
    return [sys.executable, "-P", __file__]


def kill_at_commit(when: str, number: int) -> None:
    """Arms the SIGKILL."""
    appending: set[Driver] = set()
    commits = 0
    insert, transaction = Driver.insert, Driver.transaction

    def noted_insert(driver: Driver, statement: Insert, rows: Sequence[Row]) -> None:
        if statement is queries.INSERT_EVENTS:
            appending.add(driver)
        insert(driver, statement, rows)

    def die_in_time(driver: Driver) -> None:
        nonlocal commits
        if driver in appending:
            appending.discard(driver)
            commits += 1
            if commits == number:
                os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def deadly_transaction(driver: Driver) -> Iterator[None]:
        with transaction(driver):
            yield
            if when == "before":
                die_in_time(driver)
        if when == "after":
            die_in_time(driver)

    Driver.insert, Driver.transaction = noted_insert, deadly_transaction  # type: ignore[method-assign]


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
