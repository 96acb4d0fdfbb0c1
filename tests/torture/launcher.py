"""`hubbub` with hooks that only tests may have: `python -P tests/torture/launcher.py serve ...`.

`TORTURE_KILL=before N` ends the process by SIGKILL between the inserts and the COMMIT of the N-th
transaction that appends events; `TORTURE_KILL=after N` right after that COMMIT, before anyone is
told; `TORTURE_STOP` pauses it there, by SIGSTOP. On SIGUSR1 the number of the server's tasks is
written to the file `TORTURE_TASKS`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hubbub import server
from hubbub.__main__ import main
from hubbub.storage.sql.dialects import ForEach
from hubbub.storage.sql.driver import Driver, Row
from hubbub.storage.sql.log import INSERT_EVENTS


def program() -> list[str]:
    """How to start it."""
    return [sys.executable, "-P", __file__]


def end_at_commit(by: signal.Signals, when: str, number: int) -> None:
    """Arms the SIGKILL, or the SIGSTOP."""
    appending: set[Driver] = set()
    commits = 0
    write_each, transaction = Driver.write_each, Driver.transaction

    def noted_write(driver: Driver, statement: ForEach, rows: Sequence[Row]) -> None:
        if statement is INSERT_EVENTS:
            appending.add(driver)
        write_each(driver, statement, rows)

    def die_in_time(driver: Driver) -> None:
        nonlocal commits
        if driver in appending:
            appending.discard(driver)
            commits += 1
            if commits == number:
                # To this thread: sent to the process, SIGSTOP comes when the COMMIT is over.
                signal.raise_signal(by)

    @contextmanager
    def deadly_transaction(driver: Driver) -> Iterator[None]:
        with transaction(driver):
            yield
            if when == "before":
                die_in_time(driver)
        if when == "after":
            die_in_time(driver)

    Driver.write_each, Driver.transaction = noted_write, deadly_transaction  # type: ignore[method-assign]


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
    for variable, by in (("TORTURE_KILL", signal.SIGKILL), ("TORTURE_STOP", signal.SIGSTOP)):
        if variable in os.environ:
            moment, _, which = os.environ[variable].partition(" ")
            end_at_commit(by, moment, int(which))
    if "TORTURE_TASKS" in os.environ:
        server.serve = count_tasks(server.serve, Path(os.environ["TORTURE_TASKS"]))
    main()
