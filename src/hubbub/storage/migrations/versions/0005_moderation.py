"""Moderation: roles in rooms, read-only and archived rooms, former names, bans, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("read_only", "archived"):
        flag = sa.Column(name, sa.SmallInteger(), nullable=False, server_default="0")
        op.add_column("rooms", flag)
    role = sa.Column("role", sa.Text(), nullable=False, server_default="member")
    op.add_column("members", role)
    op.create_table(
        "former_names",
        sa.Column("name", Name, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_former_names"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_former_names_room_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_former_names_room_id", "former_names", ["room_id"])
    op.create_table(
        "ignored",
        sa.Column("user_id", Name, nullable=False),
        sa.Column("ignored_id", Name, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "ignored_id", name="pk_ignored"),
        sqlite_with_rowid=False,
    )
    _create_sanctions()
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("room", Name, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", Name, nullable=False, server_default=""),
        sa.Column("whom_id", Name, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_room", "audit", ["room", "id"])


def _create_sanctions() -> None:
    op.create_table(
        "sanctions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("room", Name, nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("subject", Name, nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "room", "against", "subject", name="pk_sanctions"),
        sqlite_with_rowid=False,
    )
