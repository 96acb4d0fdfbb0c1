"""Terminals for tests: tmux panes whose screens are read."""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests.deadline import PROGRAM_S, Deadline

JOIN = [sys.executable, "-m", "hubbub", "join"]
WAIT_S = 20.0


class Terminal:
    """One tmux server; each window is a program on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "tmux"
        self._state = folder / "state"
        self.config = folder / "config"
        self._windows = 0

    def run(self, *command: str, env: dict[str, str] | None = None) -> "Window":
        """Starts a program; its exit code is printed after it."""
        homes = {"XDG_STATE_HOME": self._state, "XDG_CONFIG_HOME": self.config}
        homes_set = {name: str(folder) for name, folder in homes.items()}
        settings = {**homes_set, "HUBBUB_TOKEN": "", **(env or {})}
        words = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
        line = f"{' '.join(words)} {shlex.join(command)}; echo code $?; exec cat"
        how = ["new-window", "-d"] if self._windows else ["new-session", "-d", "-x100", "-y60"]
        self.tmux(*how, "-n", f"w{self._windows}", line)
        self._windows += 1
        return Window(self, f"w{self._windows - 1}")

    def tmux(self, *words: str) -> str:
        """What a tmux command answers."""
        command = ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words]
        # pytest may have set a size of its own.
        own = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        environment = {**own, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=PROGRAM_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """Ends all programs."""
        if self._windows:
            self.tmux("kill-server")


class Window:
    """A program's screen and keyboard."""

    def __init__(self, terminal: Terminal, name: str) -> None:
        self._terminal = terminal
        self._name = name

    def type(self, text: str) -> None:
        """Types text, without Enter."""
        self._terminal.tmux("send-keys", "-t", self._name, "-l", text)

    def press(self, *keys: str) -> None:
        """Presses keys by tmux's names: Enter, Tab, C-d."""
        self._terminal.tmux("send-keys", "-t", self._name, *keys)

    def enter(self, text: str) -> None:
        """Types a line."""
        self.type(text)
        self.press("Enter")

    @property
    def program(self) -> int:
        """The process that its shell has started."""
        shell = self._terminal.tmux("display", "-p", "-t", self._name, "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def close(self) -> None:
        """Closes it while its program runs."""
        self._terminal.tmux("kill-window", "-t", self._name)

    @property
    def screen(self) -> list[str]:
        """The lines on the screen, without those that are empty."""
        lines = self._terminal.tmux("capture-pane", "-p", "-t", self._name).splitlines()
        return [line.rstrip() for line in lines if line.strip()]

    def shows(self, *patterns: str) -> list[str]:
        """Waits until lines that follow each other match the patterns, whole; the screen then."""
        deadline = Deadline(WAIT_S)
        while not deadline.over:
            screen = self.screen
            for first in range(len(screen) - len(patterns) + 1):
                if all(map(re.fullmatch, patterns, screen[first:])):
                    return screen
            time.sleep(0.05)
        raise AssertionError(f"no lines match {patterns!r} on this screen:\n" + "\n".join(screen))


def gone(program: int) -> None:
    """Waits until a process has ended."""
    deadline = Deadline(WAIT_S)
    while Path(f"/proc/{program}").exists():
        assert not deadline.over, "it still runs"
        time.sleep(0.02)
