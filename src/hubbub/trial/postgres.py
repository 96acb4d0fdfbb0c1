"""The PostgreSQL of a trial cluster, reached from this machine alone and with a password."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess

from hubbub.errors import StartError
from hubbub.trial.folder import Folder, write_private
from hubbub.trial.front import HOST
from hubbub.trial.part import Program
from hubbub.trial.wheels import postgres_program

NAME = "hubbub"
"""The user's, and the database's."""
NOBODY = "nobody"
CONNECT_S = 2
LEAST_CONNECTIONS = 100
CONNECTIONS_PER_NODE = 20


class Postgres:
    """A server with one data folder, on another port at each start."""

    def __init__(self, folder: Folder, port: int) -> None:
        self._data = folder.path / "postgresql"
        self._log = folder.log("postgresql")
        self.pass_file = folder.path / "pgpass"
        """Where psql finds the password, by PGPASSFILE."""
        self.port = port

    @property
    def url(self) -> str:
        """How to reach the database; the password is in it."""
        return self._url(NAME)

    @property
    def password(self) -> str:
        """The user's."""
        return self.pass_file.read_text().strip().rpartition(":")[2]

    def prepare(self) -> None:
        """Makes the data folder where there is none. Raises StartError."""
        if self.pass_file.exists():
            return
        # Of an attempt that was cut off: the password is written last, so nobody has used it.
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = pwd.getpwnam(NOBODY)
            os.chown(self._data, user.pw_uid, user.pw_gid)
        password = secrets.token_hex(16)
        word = self._data.with_name("initdb-password")
        write_private(word, password)
        command = [
            *_as_nobody(),
            *(str(postgres_program("initdb")), "--pgdata", str(self._data)),
            *("--username", NAME, "--pwfile", str(word), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--no-locale"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        word.unlink()
        if done.returncode != 0:
            raise StartError(
                f"PostgreSQL cannot begin in {self._data}: {done.stderr.strip()}\n"
                "If that is the folder's fault, choose another with --data DIR."
            )
        write_private(self.pass_file, f"{HOST}:*:*:{NAME}:{password}\n")

    def program(self, nodes: int) -> Program:
        """How to run it for so many nodes."""
        options = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": LEAST_CONNECTIONS + CONNECTIONS_PER_NODE * nodes,
        }
        command = [
            *_as_nobody(),
            *(str(postgres_program("postgres")), "-D", str(self._data)),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ]
        return Program(
            name="PostgreSQL",
            port=self.port,
            command=command,
            log=self._log,
            ready=self._answers,
            end_signal=signal.SIGINT,  # its fast end; SIGTERM waits for clients to leave
        )

    async def _answers(self) -> bool:
        """Whether the database can be used; makes it where it is missing."""
        import psycopg

        with contextlib.suppress(psycopg.OperationalError):
            async with await psycopg.AsyncConnection.connect(
                self._url("postgres"), connect_timeout=CONNECT_S, autocommit=True
            ) as connection:
                found = await connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", (NAME,)
                )
                if found.rowcount == 0:
                    await connection.execute(f"CREATE DATABASE {NAME}")
                return True
        return False

    def _url(self, database: str) -> str:
        return f"postgresql://{NAME}:{self.password}@{HOST}:{self.port}/{database}"


def _as_nobody() -> list[str]:
    """What runs a command as somebody whom PostgreSQL accepts: it refuses root.

    That one reads and writes files as root does: the wheel, and the data folder, may be where
    nobody else may look. So whoever has the password, which is in that folder, may do the same.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError(
            "PostgreSQL does not run as root, and setpriv (of util-linux), which would change "
            "that, is not here: install it, or run this as another user."
        )
    user = pwd.getpwnam(NOBODY)
    identity = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return [setpriv, *identity, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
