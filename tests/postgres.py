"""A PostgreSQL of the tests' own, from the wheel pgserver: one for each worker, as it is needed."""

import atexit
import importlib.util
import os
import shutil
import tempfile
import warnings
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hubbub.storage import open_storage


class Postgres:
    """A running server, and as many databases on it as tests ask for."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pgserver
        self.folder = Path(tempfile.mkdtemp(prefix="hubbub-pg-"))
        self._server: Any = pgserver.get_server(self.folder, cleanup_mode="stop")
        self._numbers = count(1)
        self._template = ""
        # What is lost with the machine is of no use to a test.
        self.run("ALTER SYSTEM SET fsync = off")
        self.run("SELECT pg_reload_conf()")

    def url(self, name: str = "postgres") -> str:
        """The URL of a database."""
        found: str = self._server.get_uri(name)
        return found

    def run(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs a statement as the server's owner."""
        import psycopg

        with psycopg.connect(self.url(name), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def make(self, *, empty: bool = False) -> str:
        """The URL of a new database with a log in it, or with nothing."""
        if not empty and not self._template:
            self.run("CREATE DATABASE with_a_log")
            open_storage(self.url("with_a_log")).close()
            self._template = "with_a_log"
        name = f"hubbub_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {'template1' if empty else self._template}")
        return self.url(name)

    def kill(self) -> None:
        """Ends the server as a power cut does."""
        postmaster = self._server.get_postmaster_info().process
        processes = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        for process in processes:
            process.wait(10)

    def start(self) -> None:
        """Starts it again after `kill`."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Ends the server for good."""
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


_running: list[Postgres] = []


def postgres() -> Postgres:
    """The server of this worker, started for the first test that needs one.

    Leaves the test out where there is none to start; in CI (the variable CI is set) it fails.
    """
    if not _running:
        for module in ("psycopg", "pgserver"):
            if importlib.util.find_spec(module) is None:
                reason = f"left out: there is no {module} here (pip install {module})"
                if os.environ.get("CI"):
                    pytest.fail(reason)
                pytest.skip(reason)
        _running.append(Postgres())
        atexit.register(_running[0].stop)
    return _running[0]


@pytest.fixture
def postgres_url() -> str:
    """The URL of a database of this test's own, with an empty log in it."""
    return postgres().make()


@pytest.fixture
def empty_postgres_url() -> str:
    """The URL of a database of this test's own, without tables."""
    return postgres().make(empty=True)
