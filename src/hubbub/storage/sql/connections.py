"""The connections of an open log: to read, to search, to write; and faults by their names."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.storage.interface import Budget
from hubbub.storage.sql.backend import Backend
from hubbub.storage.sql.driver import Driver


class Connections:
    """A backend's connections, until `close`. What fails is raised as StorageError."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._closed = False
        # The commits and the housekeeping may come from different threads.
        self._writer = threading.Lock()

    def reading(self) -> AbstractContextManager[Driver]:
        """A connection to read with, all of it as it is at one moment."""
        return self._reader(Driver.transaction)

    def asking(self) -> AbstractContextManager[Driver]:
        """The same for one query alone."""
        return self._reader(Driver.lookup)

    @contextmanager
    def searching(self, budget: Budget) -> Iterator[Driver]:
        """A connection to search with, all as it is at one moment. Raises OutOfTime."""
        with budget.running():
            try:
                self._check_open()
                with self.backend.searcher(budget) as driver:
                    yield driver
            except SQLAlchemyError as error:
                raise self.backend.explain(error) from error

    @contextmanager
    def _reader(self, span: Callable[[Driver], AbstractContextManager[None]]) -> Iterator[Driver]:
        try:
            self._check_open()
            with self.backend.reader() as driver, span(driver):
                yield driver
        except SQLAlchemyError as error:
            raise self.backend.explain(error) from error

    @contextmanager
    def committing(self) -> Iterator[None]:
        """A block that no other commit of this process runs beside."""
        try:
            with self._writer:
                self._check_open()
                yield
        except SQLAlchemyError as error:
            raise self.backend.explain(error) from error

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection of the housekeeping, outside of a transaction."""
        try:
            # Where others write too, this process need not be one at a time either.
            with nullcontext() if self.backend.shared else self._writer:
                self._check_open()
                with self.backend.writer.connect() as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise self.backend.explain(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the housekeeping."""
        with self.connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """A block that has connections of its own."""
        try:
            yield
        except SQLAlchemyError as error:
            raise self.backend.explain(error) from error

    def close(self) -> bool:
        """Lets nobody in any more, once the commit under way is over; False where that was so."""
        with self._writer:
            was, self._closed = self._closed, True
        return not was

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The log was closed; the server is stopping.")
