"""The log in a database; all that knows SQLAlchemy."""
