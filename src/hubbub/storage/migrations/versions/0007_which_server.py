"""To which database server a node has compared itself, and by which name nodes hear each other."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("nodes", sa.Column("server", Name, nullable=False, server_default=""))
    # Nodes of the release before publish under the epoch: all go on hearing each other.
    op.execute("INSERT INTO meta (key, value) SELECT 'bus', value FROM meta WHERE key = 'epoch'")
