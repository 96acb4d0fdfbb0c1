"""To which session the subscription of a browser belongs, so that it ends with it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("token_hash", sa.LargeBinary()))
    # Nothing tells by which of several sessions a browser was subscribed, or whether that one has
    # ended: such a browser subscribes anew when its page is opened next.
    of_user = "FROM sessions WHERE sessions.user_id = subscriptions.user_id"
    op.execute(
        f"UPDATE subscriptions SET token_hash = (SELECT token_hash {of_user}) "  # noqa: S608
        f"WHERE (SELECT count(*) {of_user}) = 1"
    )
    op.execute("DELETE FROM subscriptions WHERE token_hash IS NULL")
