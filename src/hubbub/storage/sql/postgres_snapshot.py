"""A log in PostgreSQL as it is at one moment, for what only reads all of it."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.storage.sql import migrate
from hubbub.storage.sql.postgres import PostgresServer

SHOWN_ROWS = 2_000


class _Shown:
    """A transaction that only reads, whose rows come as they are asked for."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._open: list[Any] = []

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Any:
        """What a query finds; `?` stands for a parameter."""
        cursor = self._driver.cursor(f"shown{len(self._open)}")
        self._open.append(cursor)
        cursor.itersize = SHOWN_ROWS
        return cursor.execute(query.replace("?", "%s"), parameters or None)

    def close(self) -> None:
        """Ends what was not read to its end."""
        for cursor in self._open:
            cursor.close()


@contextmanager
def shown(url: str) -> Iterator[_Shown]:
    """The log at a URL as it is at this moment. Raises StorageError, NewerDatabase."""
    server = PostgresServer(url, gated=False)
    errors = server.readers.dialect.loaded_dbapi.Error
    try:
        with server.readers.connect() as connection, connection.begin():
            revision = migrate.revision(connection)
            if revision is None:
                raise StorageError(f"There is no log in {server.name}.")
            migrate.check_known(revision, server.name)
            if revision != migrate.REVISIONS[-1]:
                raise StorageError(
                    f"The log {server.name} was written by an older hubbub; `hubbub migrate` "
                    "upgrades it."
                )
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {name} = 0")
            with closing(_Shown(connection.connection.driver_connection)) as found:
                yield found
    except errors as error:
        raise server.explain(
            DBAPIError.instance(None, None, error, errors, hide_parameters=True)
        ) from error
    except SQLAlchemyError as error:
        raise server.explain(error) from error
    finally:
        server.release()
