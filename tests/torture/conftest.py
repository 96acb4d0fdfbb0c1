"""What the attacks share: a server that can be tortured, and the table of figures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.torture.figures import print_table
from tests.torture.launcher import program
from tests.torture.sizes import LONG, SEED

Launch = Callable[..., Server]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Makes servers with the hooks of the launcher; the test starts them."""
    servers: list[Server] = []

    def make(*flags: str, env: dict[str, str] | None = None) -> Server:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        server = Server(folder, ("--log-level", "warning", *flags), env or {})
        server.program = program()
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.kill()


def pytest_report_header() -> str | None:
    """How to repeat a long run."""
    return f"torture: TORTURE_SEED={SEED}" if LONG else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table."""
    print_table(terminalreporter)
