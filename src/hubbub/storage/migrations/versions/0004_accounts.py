"""Accounts: roles, passwords, invitations, and what a session was made by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    role = sa.Column("role", sa.Text(), nullable=False, server_default="guest")
    op.add_column("users", role)
    op.execute("UPDATE users SET role = 'member' WHERE kind <> 'guest'")
    device = sa.Column("device", sa.Text(), nullable=False, server_default="")
    op.add_column("sessions", device)
    for name in ("created_ms", "used_ms"):
        instant = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("sessions", instant)
    op.create_table(
        "passwords",
        sa.Column("user_id", Name, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_passwords"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("maker_id", Name, nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invitations"),
        sqlite_with_rowid=False,
    )
