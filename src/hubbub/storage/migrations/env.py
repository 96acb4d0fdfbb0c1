"""Alembic's way in: it migrates on the connection, and in the transaction, that it is given."""

from alembic import context

from hubbub.storage.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
