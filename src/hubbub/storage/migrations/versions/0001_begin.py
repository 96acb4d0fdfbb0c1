"""Begin: rooms, their logs, users, sessions and memberships."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema forward."""
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
    )
    op.create_index("users_by_name", "users", ["name_key"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("sessions_by_user", "sessions", ["user_id", "expires_ms"])
    op.create_index("sessions_by_end", "sessions", ["expires_ms"])
    op.create_table(
        "rooms",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("room_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("read_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("members_by_user", "members", ["user_id"])
    op.create_table(
        "events",
        sa.Column("room_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("me", sa.Boolean, nullable=False),
        sa.Column("others", sa.Text),
        sa.Column("nonce", sa.Text),
    )
    op.create_index(
        "events_by_nonce",
        "events",
        ["nonce"],
        unique=True,
        sqlite_where=sa.text("nonce IS NOT NULL"),
        postgresql_where=sa.text("nonce IS NOT NULL"),
    )
