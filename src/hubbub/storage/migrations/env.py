"""Run by Alembic for each migration, on the connection that `hubbub.storage.migrate` opened."""

from alembic import context

from hubbub.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The whole upgrade is one transaction, the connection's own: BEGIN IMMEDIATE was said.
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
