"""Several servers on one log: which are alive, who is where, and who holds which name."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", Name, nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "present",
        sa.Column("node_id", Name, nullable=False),
        sa.Column("user_id", Name, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", Name, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("away", sa.Text(), nullable=True),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", "user_id", name="pk_present"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_present_user_id", "present", ["user_id"])
    op.create_index("ix_present_name_key", "present", ["name_key"])
    op.create_table(
        "present_in",
        sa.Column("room", Name, nullable=False),
        sa.Column("node_id", Name, nullable=False),
        sa.Column("user_id", Name, nullable=False),
        sa.PrimaryKeyConstraint("room", "node_id", "user_id", name="pk_present_in"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_present_in_node_id", "present_in", ["node_id", "user_id"])
    op.create_table(
        "held_names",
        sa.Column("name_key", Name, nullable=False),
        sa.Column("user_id", Name, nullable=False),
        sa.Column("node_id", Name, nullable=False),
        sa.PrimaryKeyConstraint("name_key", name="pk_held_names"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_held_names_node_id", "held_names", ["node_id"])
    op.execute("INSERT INTO meta (key, value) VALUES ('changes', '0'), ('user_number', '0')")
    if op.get_bind().dialect.name == "postgresql":
        # Outside of any transaction: who asks for a number does not wait for who asked before.
        op.execute("CREATE SEQUENCE user_numbers MINVALUE 0 START 0")
