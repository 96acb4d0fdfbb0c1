"""Brings a database to the schema of this release, or refuses to touch one of a later release."""

from sqlalchemy import Connection, inspect, text

from hubbub.errors import NewerDatabase

HEAD = "0001"
"""The newest revision; a test holds it to the scripts."""

KNOWN = ("0001",)


def upgrade(connection: Connection) -> None:
    """Runs what is missing, in the transaction of the connection. Raises NewerDatabase."""
    revision = _revision(connection)
    if revision == HEAD:
        return
    if revision is not None and revision not in KNOWN:
        raise NewerDatabase(
            f"The log has the schema {revision}, which a newer hubbub wrote; this one knows up to "
            f"{HEAD}. Install that release again, or choose another folder with --data DIR."
        )
    # Half a second to import, and most starts do not need it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "hubbub.storage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
