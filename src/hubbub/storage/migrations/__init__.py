"""The history of the schema; `alembic` runs it, see `hubbub.storage.sql.migrate`."""
