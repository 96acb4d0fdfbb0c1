"""`hubbub cluster up`: two nodes on one log, from wheels, on this machine."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import free_port, line
from tests.deadline import PROGRAM_S, Deadline

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

WAIT_S = 60.0


class Trial:
    """A `hubbub cluster up` and what it prints."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.port = free_port()
        self.data = folder / "trial"
        self._flags = ["--port", str(self.port), "--data", str(self.data), *flags]
        self._output = folder / "output"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and returns when it is ready."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hubbub", "cluster", "up", *self._flags],
                stdout=output,
                stderr=output,
                cwd=self._output.parent,
            )
        self.await_line("Ctrl\\+C stops all of it")

    @property
    def url(self) -> str:
        """The chat's endpoint."""
        return f"ws://127.0.0.1:{self.port}/chat"

    @property
    def text(self) -> str:
        """All that it has printed since its last start."""
        return self._output.read_text()

    def await_line(self, pattern: str) -> None:
        """Returns when it has printed that."""
        deadline = Deadline(WAIT_S)
        while not re.search(pattern, self.text):
            assert self._process is not None
            assert self._process.poll() is None, self.text
            assert not deadline.over, self.text
            time.sleep(0.05)

    def pid(self, part: str) -> int:
        """The process of a part, as it was at the start."""
        found = re.search(rf"^  {part} +pid (\d+)", self.text, re.MULTILINE)
        assert found is not None, self.text
        return int(found[1])

    def end(self, number: int) -> int:
        """Sends a signal and waits; the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=PROGRAM_S)

    def processes(self) -> list[str]:
        """The commands that run for this trial: each names a file of its folder."""
        listed = subprocess.run(
            ["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return [each for each in listed if str(self.data) in each and not each.startswith("Z")]

    def clean_up(self) -> None:
        """Ends it if a test did not."""
        if self._process is not None and self._process.poll() is None:
            self.end(signal.SIGTERM)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A trial that has not started."""
    trial = Trial(tmp_path)
    yield trial
    trial.clean_up()


async def heard(socket: ClientConnection, text: str) -> None:
    while text not in await line(socket):
        pass


async def test_people_talk_and_go_on_when_a_node_dies_and_after_a_stop(
    trial: Trial,
) -> None:
    trial.start()
    async with (
        connect(f"{trial.url}?name=ann") as ann,
        connect(f"{trial.url}?name=bob") as bob,
    ):
        # A plain connection hears what is said from its greeting on; ann's node may be faster.
        await heard(bob, "You are connected!")
        await ann.send("from one node")
        await heard(bob, "[ann]: from one node")
        await bob.send("from the other")
        await heard(ann, "[bob]: from the other")

    os.kill(trial.pid("node 1"), signal.SIGKILL)
    async with connect(f"{trial.url}?name=cara") as cara:  # whosever turn it is
        await cara.send("/history")
        await heard(cara, "from the other")
        trial.await_line(r"node 1 \(pid \d+\) was ended by SIGKILL; it starts again")
        trial.await_line(r"node 1 is back: pid \d+")
        async with connect(f"{trial.url}?name=dan") as dan:
            await dan.send("all are back")
            await heard(cara, "[dan]: all are back")

    assert trial.end(signal.SIGINT) == 0
    assert trial.processes() == []

    trial.start()
    async with connect(f"{trial.url}?name=eve") as eve:
        await eve.send("/history")
        await heard(eve, "[dan]: all are back")
    assert trial.end(signal.SIGTERM) == 0


def test_its_servers_are_started_again_and_killed_it_leaves_no_process(trial: Trial) -> None:
    trial.start()
    os.kill(trial.pid("NATS"), signal.SIGKILL)
    trial.await_line(r"NATS is back: pid \d+")
    os.kill(trial.pid("PostgreSQL"), signal.SIGKILL)
    trial.await_line(r"PostgreSQL is back: pid \d+")

    pids = [trial.pid(part) for part in ("node 1", "node 2", "PostgreSQL", "NATS")]
    trial.end(signal.SIGKILL)

    deadline = Deadline(WAIT_S)
    while trial.processes():
        assert not deadline.over, trial.processes()
        time.sleep(0.05)
    trial.start()
    assert not set(pids) & {trial.pid(part) for part in ("node 1", "node 2", "PostgreSQL")}


def test_a_folder_in_use_and_a_port_in_use_are_said_with_what_to_do(
    trial: Trial, tmp_path: Path
) -> None:
    trial.start()

    def refused(*flags: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hubbub", "cluster", "up", *flags],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 1
        return done.stderr

    said = refused("--port", "0", "--data", str(trial.data))
    assert re.search(r"is in use by another .*process id \d+\): stop that one, or choose", said)
    said = refused("--port", str(trial.port), "--data", str(tmp_path / "other"))
    assert f"{trial.port}: the port is in use. Choose another with --port N" in said


def test_a_node_that_cannot_start_is_shown_with_the_end_of_its_log(tmp_path: Path) -> None:
    trial = Trial(tmp_path, "--", "--log-level", "loud")
    with pytest.raises(AssertionError, match=r"node 1 ended with code 2[\s\S]*log_level = loud"):
        trial.start()
    assert trial.processes() == []
