"""Web Push: the browsers that people are notified by, and what of each room they want."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "members", sa.Column("notify", sa.Text(), nullable=False, server_default="mentions")
    )
    op.create_table(
        "subscriptions",
        sa.Column("endpoint", Name, nullable=False),
        sa.Column("user_id", Name, nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("saved_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name="pk_subscriptions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscriptions_user_id", "subscriptions", ["user_id"])
