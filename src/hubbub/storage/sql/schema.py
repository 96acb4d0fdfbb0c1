"""The tables, one set for SQLite and PostgreSQL; migrations/ makes them, a test compares the two.

Instants are milliseconds since 1970. An ordinary rowid table under `events` was measured at two
thirds of the cost of one clustered by (room_id, seq) when many rooms are written at once: rows are
appended to one page, and only the small index entries go to as many pages as there are rooms.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

# Names in the order of their code points, as SQLite compares them, also on PostgreSQL.
Name = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    Column("id", Name, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Name, nullable=False),
    Column("kind", Text, nullable=False),
    Column("saved_ms", BigInteger, nullable=False),
    Column("role", Text, nullable=False, server_default="guest"),
    Index("ix_users_name_key", "name_key"),
    sqlite_with_rowid=False,
)

# Sessions and members name users without a foreign key: a user who was purged an instant before
# must not make the whole batch fail in which the session is renewed.
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Name, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("device", Text, nullable=False, server_default=""),
    Column("created_ms", BigInteger, nullable=False, server_default="0"),
    Column("used_ms", BigInteger, nullable=False, server_default="0"),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_ms", "expires_ms"),
    sqlite_with_rowid=False,
)

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", Name, primary_key=True),
    Column("hash", Text, nullable=False),
    sqlite_with_rowid=False,
)

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("role", Text, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("maker_id", Name, nullable=False),
    sqlite_with_rowid=False,
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("read_only", SmallInteger, nullable=False, server_default="0"),
    Column("archived", SmallInteger, nullable=False, server_default="0"),
    Index("ix_rooms_kind_name", "kind", "name"),
)

former_names = Table(
    "former_names",
    metadata,
    Column("name", Name, primary_key=True),
    Column("room_id", Integer, ForeignKey("rooms.id"), nullable=False),
    Index("ix_former_names_room_id", "room_id"),
    sqlite_with_rowid=False,
)

members = Table(
    "members",
    metadata,
    Column("room_id", Integer, ForeignKey("rooms.id"), primary_key=True),
    Column("user_id", Name, primary_key=True),
    Column("read_seq", BigInteger, nullable=False),
    Column("notify", Text, nullable=False, server_default="mentions"),
    Column("role", Text, nullable=False, server_default="member"),
    Index("ix_members_user_id", "user_id"),
    sqlite_with_rowid=False,
)

ignored = Table(
    "ignored",
    metadata,
    Column("user_id", Name, primary_key=True),
    Column("ignored_id", Name, primary_key=True),
    sqlite_with_rowid=False,
)

sanctions = Table(
    "sanctions",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("room", Name, primary_key=True),
    Column("against", Text, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("whom", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Its ids count up and are never given twice, also after the last row was taken away by hand.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("whom", Text, nullable=False),
    Column("room", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_id", Name, nullable=False, server_default=""),
    Column("whom_id", Name, nullable=False, server_default=""),
    Index("ix_audit_room", "room", "id"),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("endpoint", Name, primary_key=True),
    Column("user_id", Name, nullable=False),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("saved_ms", BigInteger, nullable=False),
    # Of the session that made it; without one it is nobody's.
    Column("token_hash", LargeBinary),
    Index("ix_subscriptions_user_id", "user_id"),
    sqlite_with_rowid=False,
)

MESSAGE, TOPIC, DELETED_MESSAGE = 0, 1, 2
"""What stands in `events.kind` of the kinds that have columns (see `events.KINDS` for all): 0 and 1
take no byte in SQLite, nor do they in `me`. A deleted message has no text.
"""

events = Table(
    "events",
    metadata,
    Column("room_id", Integer, ForeignKey("rooms.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("user_id", Name, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("me", SmallInteger, nullable=False),
    Column("others", Text),
    Column("nonce", Name),
)
# By nonce first: our clients' begin with the time, so a batch of a thousand people adds to the end
# of the index instead of to a page each. On a log of a million rows that is a third of the commit.
Index(
    "ix_events_nonce",
    events.c.nonce,
    events.c.user_id,
    unique=True,
    sqlite_where=events.c.nonce.is_not(None),
    postgresql_where=events.c.nonce.is_not(None),
)

# --- several servers on one log: what each of them says of itself, until it leaves or is taken out

nodes = Table(
    "nodes",
    metadata,
    Column("id", Name, primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
    Column("server", Name, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

present = Table(
    "present",
    metadata,
    Column("node_id", Name, primary_key=True),
    Column("user_id", Name, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Name, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("away", Text),
    Column("addresses", Text, nullable=False),
    Index("ix_present_user_id", "user_id"),
    Index("ix_present_name_key", "name_key"),
    sqlite_with_rowid=False,
)

# By the room's name: people are also in rooms that are not kept yet.
present_in = Table(
    "present_in",
    metadata,
    Column("room", Name, primary_key=True),
    Column("node_id", Name, primary_key=True),
    Column("user_id", Name, primary_key=True),
    Index("ix_present_in_node_id", "node_id", "user_id"),
    sqlite_with_rowid=False,
)

held_names = Table(
    "held_names",
    metadata,
    Column("name_key", Name, primary_key=True),
    Column("user_id", Name, nullable=False),
    Column("node_id", Name, nullable=False),
    Index("ix_held_names_node_id", "node_id"),
    sqlite_with_rowid=False,
)

NODE_TABLES = (nodes, present, present_in, held_names)
"""What is of the servers that run, and goes with them."""
