"""What the full-screen client costs: start, memory, CPU idle and under 100 messages a second.

`python -m tools.figures`; needs tmux, and nothing else that runs beside it.
"""

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hubbub

HUBBUB = [sys.executable, "-m", "hubbub"]
STARTS = 5
IDLE_S, BUSY_S, PER_S = 10.0, 10.0, 100
SCROLLBACK = 50_000
PAGES_UP = 2_200
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
WAIT_S = 60.0


class Pane:
    """A terminal of 120 by 40 with one program in it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        line = f"XDG_CONFIG_HOME={folder} COLORTERM=truecolor exec {shlex.join(words)}"
        self.run("new-session", "-d", "-x120", "-y40", line)
        self.pid = int(self.run("list-panes", "-F", "#{pane_pid}"))

    def run(self, *words: str) -> str:
        """What a tmux command answers."""
        # An installed client has its bytecode beside it.
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(  # noqa: S603
            [*self._tmux, *words], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout

    def wait_for(self, text: str) -> None:
        """Returns when it shows that."""
        end = time.monotonic() + WAIT_S
        while text not in self.run("capture-pane", "-p"):
            if time.monotonic() > end:
                raise SystemExit(f"never shown: {text!r}\n{self.run('capture-pane', '-p')}")
            time.sleep(0.005)

    def close(self) -> None:
        """Ends it."""
        self.run("kill-server")

    @property
    def megabytes(self) -> float:
        """Memory that it alone has resident, in MB of 10^6 bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kilobytes.split()[1]) * 1024 / 1e6

    @property
    def cpu_s(self) -> float:
        """Seconds of processor that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server on a free port."""
    command = [*HUBBUB, "serve", "--port", "0", "--data", str(folder), "--rate-limits", "off"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        yield first.split()[-1]
    finally:
        server.terminate()
        server.wait(20)


def started(url: str) -> tuple[float, float]:
    """Seconds until somebody may write, and until the conversation is there."""
    with tempfile.TemporaryDirectory() as name:
        begin = time.monotonic()
        pane = Pane(Path(name), *HUBBUB, "join", url, "--name", f"n{time.time_ns()}")
        pane.wait_for("connecting")
        writable_s = time.monotonic() - begin
        pane.wait_for("Message lobby")
        there_s = time.monotonic() - begin
        pane.close()
    return writable_s, there_s


async def fill(url: str, count: int) -> None:
    """Says that many things."""
    async with hubbub.connect(url, name="filler") as chat:
        answers = [await chat.post_soon(f"message {n} of a long day") for n in range(count)]
        await answers[-1]


async def talk(url: str) -> None:
    """Says a hundred things a second."""
    async with hubbub.connect(url, name="talker") as chat:
        begin = time.monotonic()
        for number in range(int(BUSY_S * PER_S)):
            await chat.post_soon(f"message {number}: about as long as what people say in a room")
            await asyncio.sleep(max(0.0, begin + number / PER_S - time.monotonic()))


def share(pane: Pane, seconds: float) -> float:
    """Percent of one core used while that time goes by."""
    before_s, begin = pane.cpu_s, time.monotonic()
    time.sleep(seconds)
    return 100 * (pane.cpu_s - before_s) / (time.monotonic() - begin)


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name, served(Path(name) / "data") as url:
        starts = sorted(started(url) for _ in range(STARTS))
        writable_s, there_s = starts[STARTS // 2]
        print(f"start: writable {writable_s:.2f} s, conversation {there_s:.2f} s (median)")  # noqa: T201
        pane = Pane(Path(name), *HUBBUB, "join", url, "--name", "ann")
        pane.wait_for("Message lobby")
        time.sleep(2)
        print(f"memory: {pane.megabytes:.0f} MB")  # noqa: T201
        print(f"idle: {share(pane, IDLE_S):.2f} % of a core")  # noqa: T201
        before_s, begin = pane.cpu_s, time.monotonic()
        asyncio.run(talk(url))
        busy = 100 * (pane.cpu_s - before_s) / (time.monotonic() - begin)
        pane.wait_for(f"message {int(BUSY_S * PER_S) - 1}:")
        print(f"{PER_S} messages/s: {busy:.0f} % of a core, {pane.megabytes:.0f} MB after")  # noqa: T201
        asyncio.run(fill(url, SCROLLBACK))
        pane.wait_for(f"message {SCROLLBACK - 1} of")
        print(f"after {SCROLLBACK:,} messages: {pane.megabytes:.0f} MB")  # noqa: T201
        for _ in range(PAGES_UP):
            pane.run("send-keys", "PPage")
        time.sleep(3)
        print(f"after scrolling {PAGES_UP:,} pages back: {pane.megabytes:.0f} MB")  # noqa: T201
        print(pane.run("capture-pane", "-p").splitlines()[3])  # noqa: T201
        pane.close()


if __name__ == "__main__":
    main()
