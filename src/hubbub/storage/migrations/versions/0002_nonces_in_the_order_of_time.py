"""Looks nonces up by nonce first: those that begin with the time are then written side by side."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("ix_events_nonce", "events")
    op.create_index(
        "ix_events_nonce",
        "events",
        ["nonce", "user_id"],
        unique=True,
        sqlite_where=sa.text("nonce IS NOT NULL"),
        postgresql_where=sa.text("nonce IS NOT NULL"),
    )
