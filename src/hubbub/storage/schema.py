"""The tables, one set for SQLite and PostgreSQL; a test holds the migrations to them.

Instants are milliseconds since 1970.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Index("users_by_name", "name_key"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("sessions_by_user", "user_id", "expires_ms"),
    Index("sessions_by_end", "expires_ms"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("room_id", Integer, primary_key=True, autoincrement=False),
    Column("user_id", Text, primary_key=True),
    Column("read_seq", BigInteger, nullable=False),
    Index("members_by_user", "user_id"),
)

events = Table(
    "events",
    metadata,
    Column("room_id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("me", Boolean, nullable=False),
    # The `to` of a message in a direct room, as JSON.
    Column("others", Text),
    # The sender's id, a colon, and the nonce: unique for the sender.
    Column("nonce", Text),
)
Index(
    "events_by_nonce",
    events.c.nonce,
    unique=True,
    sqlite_where=events.c.nonce.is_not(None),
    postgresql_where=events.c.nonce.is_not(None),
)
