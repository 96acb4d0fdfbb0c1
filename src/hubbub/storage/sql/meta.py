"""What a log says of itself: its epoch, its secrets, and how often others have to look."""

from sqlalchemy import BigInteger, Connection, Text, cast, select, update

from hubbub.storage.sql.dialects import upsert
from hubbub.storage.sql.schema import meta

META = select(meta.c.key, meta.c.value)
SAVE_META = upsert(meta, ["value"])
CHANGES = select(meta.c.value).where(meta.c.key == "changes")
COUNT_CHANGES = (
    update(meta)
    .where(meta.c.key == "changes")
    .values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
)
EPOCH = select(meta.c.value).where(meta.c.key == "epoch")
KNOWN_EPOCH = EPOCH.scalar_subquery().label("epoch")


def all_meta(connection: Connection) -> dict[str, str]:
    """Everything that the log says of itself."""
    return {key: value for key, value in connection.execute(META)}  # noqa: C416


def save_meta(connection: Connection, key: str, value: str) -> None:
    """Says one of these."""
    connection.execute(SAVE_META.of(connection.dialect), [{"key": key, "value": value}])
