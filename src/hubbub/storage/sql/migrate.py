"""Brings a database to the schema of this release, in one transaction or not at all."""

from sqlalchemy import Connection, inspect, text

from hubbub.errors import NewerDatabase, StorageError
from hubbub.storage.sql.schema import metadata

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Every revision that this release knows, in order; a test holds it to migrations/versions/."""

VERSION_TABLE = "alembic_version"
SCRIPTS = "hubbub.storage:migrations"
# What the scripts make beside the tables of schema.py; a test holds a made log to a migrated one.
_BESIDE_THE_TABLES = (
    f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
    f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))",
    f"INSERT INTO {VERSION_TABLE} VALUES ('{REVISIONS[-1]}')",  # noqa: S608
    "INSERT INTO meta (key, value) VALUES ('changes', '0'), ('user_number', '0')",
)


def check_known(found: str, place: str) -> None:
    """Raises NewerDatabase for a revision that this release does not know."""
    if found not in REVISIONS:
        raise NewerDatabase(
            f"The log {place} was written by a newer hubbub (its schema is {found!r}, this "
            f"release knows up to {REVISIONS[-1]!r}); nothing was changed. Install that release "
            "or a later one, or give this one another data folder."
        )


def revision(connection: Connection) -> str | None:
    """The schema that a database has; None for one without a log."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return str(connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608


def upgrade(connection: Connection, place: str) -> None:
    """Runs the migrations that the database lacks, within the transaction of the connection.

    Foreign keys are not enforced meanwhile, so that a table may be rebuilt, and checked at the end.
    Raises NewerDatabase, and StorageError for a migration that leaves a row without its parent.
    """
    found = revision(connection)
    if found is not None:
        check_known(found, place)
    if found == REVISIONS[-1]:
        return
    if found is None and connection.dialect.name == "sqlite":
        make(connection)
    else:
        run_scripts(connection)
    if connection.dialect.name != "sqlite":
        return
    orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if orphan is not None:
        raise StorageError(
            f"The log {place} was not upgraded: a row of {orphan[0]} would have lost its row of "
            f"{orphan[2]}. Nothing was changed; go on with the release that wrote it."
        )


def make(connection: Connection) -> None:
    """Makes a new file's tables as they are now, without the history of them.

    By the scripts it takes 0.13 s more of processor time, a fifth of a server's first start.
    """
    metadata.create_all(connection, checkfirst=False)
    for statement in _BESIDE_THE_TABLES:
        connection.exec_driver_sql(statement)


def run_scripts(connection: Connection) -> None:
    """Runs the migrations that a database lacks."""
    # Loaded by an outdated log, and by a new one in PostgreSQL, alone.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])
