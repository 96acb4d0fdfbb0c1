"""The log on disk: `open_storage` gives the backend that a URL names."""

from pathlib import Path
from typing import Literal

from hubbub.errors import LogInUse
from hubbub.storage.interface import Storage

Durability = Literal["full", "normal"]


def open_storage(
    url: str, durability: Durability = "full", *, require_synchronous: bool = False
) -> Storage:
    """Opens the log at `sqlite:///path/to/file.db` or `postgresql://user@host/database`, makes or
    upgrades it where needed.

    One in PostgreSQL is a `hubbub.storage.shared.SharedStorage`, and how durable it is its server
    says; with `require_synchronous` one that does not wait for a standby is not opened. Raises
    StorageError where there is no such backend, the file or the server cannot be opened, or it is
    not a log of hubbub's; NewerDatabase where a newer hubbub wrote it.
    """
    # A backend's libraries are loaded when one is opened, not by whoever imports the interface.
    from hubbub.storage.sql.database import Database

    return Database.open(url, durability, require_synchronous=require_synchronous)


def open_beside(url: str) -> Storage:
    """The same for a few changes from the command line, also while a server has the log."""
    from hubbub.storage.sql.database import Database

    try:
        return open_storage(url)
    except LogInUse:
        return Database.open(url, "full", beside=True)


def migrate_log(url: str) -> tuple[str | None, str]:
    """Brings a log to this release's schema and does nothing else; from which one to which.

    None stands for a database without a log, which then has one. Raises as `open_storage` does.
    """
    from hubbub.storage.sql.database import migrate_log

    return migrate_log(url)


def sqlite_url(data: Path) -> str:
    """The URL of the embedded log in the data folder `data`."""
    return f"sqlite:///{log_file(data)}"


def log_file(data: Path) -> Path:
    """Where the embedded log of the data folder `data` is."""
    return data / "hubbub.db"
