"""A PostgreSQL and its standby, of which one takes over from the other."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from hubbub.storage import open_storage
from hubbub.trial.wheels import postgres_program
from tests.conftest import free_port
from tests.postgres import postgres

WITHIN_S = 60.0
STREAMING = "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'"
OWNER = "pgserver" if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root; the wheel pgserver makes this user."""


def _run(program: str, *arguments: str) -> None:
    _as_owner(str(postgres_program(program)), *arguments)


def _as_owner(*command: str) -> None:
    subprocess.run(
        command,
        check=True,
        user=OWNER,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=WITHIN_S,
    )


class Side:
    """One of the two servers."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k '' -c fsync=off"
        log = str(self.data) + ".log"
        _run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        with suppress(subprocess.CalledProcessError):
            _run("pg_ctl", "-D", str(self.data), "-m", how, "-w", "stop")

    def keep(self) -> None:
        """Remembers the data as it is; the server does not run."""
        _as_owner("cp", "-a", str(self.data), f"{self.data}-kept")

    def take_back(self) -> None:
        """Makes the data what it was."""
        shutil.rmtree(self.data)
        _as_owner("cp", "-a", f"{self.data}-kept", str(self.data))

    def promote(self) -> None:
        _run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        url = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def until(self, query: str) -> None:
        """Waits until the first column of the first row is true."""
        end_s = time.monotonic() + WITHIN_S
        while not (rows := self.run(query)) or not rows[0][0]:
            assert time.monotonic() < end_s, query
            time.sleep(0.02)


def _make_synchronous(side: Side, standby: str) -> None:
    side.run(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    side.run("SELECT pg_reload_conf()")
    side.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")


class Standby:
    """`primary` and `standby`, and the URL by which nodes find the one that may be written.

    What a test makes of them is gone after `again`.
    """

    def __init__(self) -> None:
        # Sees to it that there is a PostgreSQL, and its user, or leaves the test out.
        postgres()
        self.folder = Path(tempfile.mkdtemp(prefix="hubbub-standby-"))
        if OWNER is not None:
            shutil.chown(self.folder, OWNER)
        self.primary = Side(self.folder / "primary")
        self.standby = Side(self.folder / "standby")
        data = str(self.primary.data)
        _run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "utf8", "--no-sync")
        self.primary.start()
        self.primary.run("CREATE DATABASE hubbub")
        open_storage(self.primary_url).close()
        self._follow(self.primary, self.standby, "standby")
        self._sides = (self.primary, self.standby)
        for side in self._sides:
            side.stop()
            side.keep()

    def _follow(self, first: Side, second: Side, name: str) -> None:
        source = f"host=127.0.0.1 port={first.port} user=postgres application_name={name}"
        data = str(second.data)
        _run("pg_basebackup", "-D", data, "-d", source, "-R", "-c", "fast", "--no-sync")
        second.start()
        first.until(STREAMING)

    def turn_round(self) -> None:
        """Makes the former primary a synchronous standby of the one that took over from it."""
        shutil.rmtree(self.primary.data)
        self._follow(self.standby, self.primary, "primary")
        _make_synchronous(self.standby, "primary")

    def again(self) -> None:
        """Both as they were at first, and started."""
        for side in self._sides:
            side.stop("immediate")
            side.take_back()
            side.start()
        self.follows()

    @property
    def primary_url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.primary.port}/hubbub"

    @property
    def url(self) -> str:
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://postgres@{hosts}/hubbub?target_session_attrs=read-write"

    def follows(self) -> None:
        """Waits until the standby gets what the primary writes."""
        self.primary.until(STREAMING)

    def synchronous(self) -> None:
        """From now on a commit waits for the standby."""
        _make_synchronous(self.primary, "standby")

    def caught_up(self) -> None:
        """Waits until the standby has all of it."""
        ((place,),) = self.primary.run("SELECT pg_current_wal_flush_lsn()")
        self.standby.until(f"SELECT pg_last_wal_replay_lsn() >= '{place}'")

    def part(self) -> None:
        """From now on the standby gets nothing: what is written lacks there."""
        self.caught_up()
        self.standby.run("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.run("SELECT pg_reload_conf()")
        self.primary.until("SELECT count(*) = 0 FROM pg_stat_replication")

    def change_over(self) -> None:
        """The primary is stopped in order, and the standby takes over."""
        self.primary.stop("fast")
        self.standby.promote()

    def fail_over(self) -> None:
        """The primary dies, and the standby takes over."""
        self.primary.stop("immediate")
        self.standby.promote()

    def stop(self) -> None:
        for side in self._sides:
            side.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
