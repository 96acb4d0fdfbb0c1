"""One process of a trial cluster: started, waited for, started again when it dies, ended."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hubbub.errors import StartError

START_S = 60.0
GLANCE_S = 0.05
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SHOWN_LINES = 5

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where it writes its log, and the signal that ends it in order."""

    name: str
    port: int
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] | None = None
    end_signal: signal.Signals = signal.SIGTERM
    end_s: float = 15.0


class Watcher(Protocol):
    """Learns which processes are there (watchdog.py)."""

    def add(self, pid: int, end_signal: int) -> None:
        """One was started."""
        ...

    def remove(self, pid: int) -> None:
        """One has gone, and somebody has waited for it."""
        ...


class Watchdog:
    """The process that ends the others where this one is killed."""

    def __init__(self, lock: int) -> None:
        """`lock` is an open file that it shall hold as long as it lives."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hubbub.trial.watchdog"],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(lock,),
        )

    def add(self, pid: int, end_signal: int) -> None:
        """One was started."""
        self._write(f"+ {pid} {int(end_signal)}\n")

    def remove(self, pid: int) -> None:
        """One has gone."""
        self._write(f"- {pid}\n")

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        # Somebody may have killed it; what it is for then falls away, the trial goes on.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), line.encode())

    def close(self) -> None:
        """Lets it go, and waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Part:
    """A program that is kept running. `keep` starts it again, `stop` ends both."""

    def __init__(self, program: Program, watcher: Watcher, tell: Tell) -> None:
        self.program = program
        self._watcher = watcher
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._pause_s = FIRST_PAUSE_S

    @property
    def pid(self) -> int:
        """The process that runs, or ran last."""
        assert self._process is not None, "it was started"
        return self._process.pid

    async def start(self) -> None:
        """Starts it and returns when it is ready. Raises StartError, with the end of its log."""
        self._spawn()
        if not await self._becomes_ready():
            name, log = self.program.name, self.program.log
            code = self._poll()
            happened = f"is not ready after {START_S:g} s" if code is None else ended_how(code)
            raise StartError(f"{name} {happened}. Its log is {log}:\n{_last_lines(log)}")

    async def keep(self) -> None:
        """Starts it again whenever it ends, a little later each time that it does not last."""
        name = self.program.name
        while True:
            began_s = time.monotonic()
            while (code := self._poll()) is None:  # noqa: ASYNC110 (a Popen has no event)
                await asyncio.sleep(GLANCE_S)
            lasted = time.monotonic() - began_s > 2 * LONGEST_PAUSE_S
            pause_s = self._pause_s = FIRST_PAUSE_S if lasted else self._pause_s
            self._tell(
                f"{name} (pid {self.pid}) {ended_how(code)}; it starts again in {pause_s:g} s"
            )
            await asyncio.sleep(pause_s)
            self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            self._spawn()
            if await self._becomes_ready():
                self._tell(f"{name} is back: pid {self.pid}")
            elif self._poll() is None:
                self._tell(f"{name} (pid {self.pid}) is not ready; see {self.program.log}")

    async def stop(self) -> None:
        """Ends the process, by SIGKILL where it does not listen. `keep` has ended before."""
        if self._process is None or self._poll() is not None:
            return
        self._process.send_signal(self.program.end_signal)
        deadline_s = time.monotonic() + self.program.end_s
        while self._poll() is None:
            if time.monotonic() > deadline_s:
                self._tell(f"{self.program.name} (pid {self.pid}) does not end; it is killed")
                self._process.kill()
                deadline_s = float("inf")
            await asyncio.sleep(GLANCE_S)

    def _spawn(self) -> None:
        # In one step, so that whoever cancels `keep` finds the process that there is. A session
        # of its own: Ctrl+C on the terminal is for the trial alone.
        with self.program.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.program.environment,
                start_new_session=True,
            )
        self._watcher.add(self.pid, self.program.end_signal)

    def _poll(self) -> int | None:
        assert self._process is not None, "it was started"
        known = self._process.returncode is not None
        code = self._process.poll()
        if code is not None and not known:
            self._watcher.remove(self.pid)
        return code

    async def _becomes_ready(self) -> bool:
        deadline_s = time.monotonic() + START_S
        while self._poll() is None and time.monotonic() < deadline_s:
            if await self.program.ready():
                return True
            await asyncio.sleep(GLANCE_S)
        return False


def ended_how(code: int) -> str:
    """The end of a process in words, from what `wait` says of it."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _last_lines(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-SHOWN_LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (it is empty)"
