"""The log of several servers: how a PostgreSQL database is opened, guarded, and explained."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Engine,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from hubbub.errors import DatabaseRefused, LogChanged, OutOfTime, StorageError
from hubbub.storage.interface import Budget
from hubbub.storage.sql.driver import Driver, sqlstate
from hubbub.storage.sql.meta import CHANGES
from hubbub.storage.sql.postgres_faults import ANOTHER_SERVER, CANCELED, cause, is_refusal, primary

if TYPE_CHECKING:
    from hubbub.storage.sql.gate import Gate

WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# A page is of one moment, however many statements it takes.
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITERS = 3
READERS = 4
SEARCHERS = 2
GUARDS = 4

CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 10
LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 15_000
# A process that is paused within a transaction must not hold its locks.
IDLE_TIMEOUT_MS = 5_000
ALONE_LOCK_TIMEOUT_MS = 5_000
ALONE_IDLE_TIMEOUT_MS = 10_000
# A network that swallows packets is noticed after about as long as a statement may take.
_CONNECTING: dict[str, Any] = {
    "application_name": "hubbub",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": STATEMENT_TIMEOUT_MS,
}

# Advisory locks of hubbub's have this for their first key: "hubb".
LOCKS = 0x68756262
_LOCK = select(func.pg_advisory_xact_lock(LOCKS, func.hashtext(bindparam("what", type_=Text()))))
_LIMIT_STATEMENTS = select(
    func.set_config("statement_timeout", bindparam("ms", type_=Text()), literal_column("true"))
)
_TRY_LOCK = select(
    func.pg_try_advisory_xact_lock(LOCKS, func.hashtext(bindparam("what", type_=Text())))
)

_SYNCHRONOUS = """
SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit')
"""
_STANDBYS = "SELECT sync_state FROM pg_stat_replication"


class PostgresServer:
    """A database of a PostgreSQL server, which other processes write too.

    The committer, the housekeeping, the lookups and what is to be done alone have connections of
    their own. Each transaction's BEGIN tells whether its connection is still alive.
    """

    shared = True
    clocked = True

    def __init__(self, url: str, *, gated: bool = True) -> None:
        """Connects to nothing yet. Raises StorageError for a URL that says nothing of use.

        Without a gate it is read wherever it is, on a standby too.
        """
        known = _parsed(url)
        from hubbub.storage.sql.gate import Gate

        self._gate = Gate()
        gate = self._gate if gated else None
        self._name = "{host}:{port}/{dbname}".format(
            host=known.get("host") or known.get("hostaddr") or "localhost",
            port=known.get("port") or 5432,
            dbname=known.get("dbname") or known.get("user") or "",
        )
        usual = _options(LOCK_TIMEOUT_MS, IDLE_TIMEOUT_MS)
        alone = _options(ALONE_LOCK_TIMEOUT_MS, ALONE_IDLE_TIMEOUT_MS)
        self.writer = _engine(known, usual, WRITE, WRITERS, gate, ping=True)
        self.readers = _engine(known, usual, READ, READERS, gate)
        self._searchers = _engine(known, usual, READ, SEARCHERS, gate)
        self.guards = _engine(known, alone, WRITE, GUARDS, gate)
        self._committing = _engine(known, usual, WRITE, 1, gate)
        self._side_gate = Gate()
        self._comparing = _engine(known, usual, WRITE, 1, self._side_gate)
        self._committer: Driver | None = None
        self._committer_mark = ""

    @property
    def name(self) -> str:
        """Where the database is, without who connects to it."""
        return self._name

    @property
    def committer(self) -> Driver:
        """The connection that commits; another one where that was lost. Raises SQLAlchemyError."""
        mark = self._gate.mark
        if self._committer is not None and self._committer_mark != mark and not self._gate.is_shut:
            # To a server that another one has taken the place of, and that may be alive.
            self._committer.discard()
            self._committer = None
        if self._committer is None:
            self._committer = Driver(self._committing, WRITE, self._gate.check)
            self._committer_mark = self._gate.mark
        return self._committer

    # --- which server answers

    @property
    def mark(self) -> str:
        """See Backend."""
        return self._gate.mark

    def watch(self, changed: Callable[[], None]) -> None:
        """See Backend."""
        self._gate.changed = changed

    def shut(self) -> None:
        """See Backend."""
        self._gate.shut()

    @contextmanager
    def comparing(self) -> Iterator[tuple[Connection, str]]:
        """See Backend."""
        self._side_gate.mark = ""
        try:
            with self._comparing.connect() as connection:
                mark = self._side_gate.mark
                if mark != self._gate.mark:
                    # Nothing is committed to the former one while it is compared.
                    self._gate.shut()
                with connection.begin():
                    yield connection, mark
        finally:
            # The next comparison is with whoever answers then.
            self._comparing.dispose()

    def accept(self, mark: str) -> None:
        """See Backend."""
        if mark == self._gate.mark and not self._gate.is_shut:
            return
        self._gate.open(mark)
        for engine in (self.writer, self.readers, self.guards):
            engine.dispose()

    def is_synchronous(self) -> bool:
        """See Backend. Whose standbys this role may not see is believed to have the right ones."""
        with self.writer.connect() as connection:
            names, level = connection.exec_driver_sql(_SYNCHRONOUS).one()
            standbys = [state for (state,) in connection.exec_driver_sql(_STANDBYS)]
        connected = any(state in {None, "sync", "quorum"} for state in standbys)
        return bool(names) and level not in {"off", "local"} and connected

    def reader(self) -> "closing[Driver]":
        """A connection for lookups, to be given back soon. Raises SQLAlchemyError."""
        return closing(Driver(self.readers, READ))

    @contextmanager
    def searcher(self, budget: Budget) -> Iterator[Driver]:
        """See Backend. One that was called off ends with its statement."""
        with closing(Driver(self._searchers, READ)) as driver, driver.transaction():
            driver.read(_LIMIT_STATEMENTS, {"ms": str(budget.left_ms)})
            yield driver

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """A transaction that takes the time it needs, while other processes wait for it."""
        with connection.begin():
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            ):
                connection.exec_driver_sql(f"SET LOCAL {name} = 0")
            connection.execute(_LOCK, {"what": "migrate"})
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            if encoding != "UTF8":
                raise StorageError(
                    f"The database {self.name} keeps its texts in {encoding}, which lacks most "
                    "letters; make another one: createdb --encoding=UTF8 --template=template0."
                )
            yield

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Holds an advisory lock. Raises StorageError where it is not free within 5 s."""
        try:
            with closing(Driver(self.guards, WRITE)) as driver, driver.transaction():
                driver.read(_LOCK, {"what": what})
                yield
        except SQLAlchemyError as error:
            raise self.explain(error) from error

    def quicker(self, connection: Connection, what: str) -> bool:
        """Whether the advisory lock is free; it is not waited for."""
        return bool(connection.scalar(_TRY_LOCK, {"what": what}))

    def relax(self) -> bool:
        """Nothing: whether a commit waits for the disk, and for which, the database's own settings
        say.
        """
        return False

    def fold(self) -> bool:
        """Nothing: what was deleted goes with PostgreSQL's own vacuum."""
        return True

    def changes(self) -> int:
        """The number of changes that other nodes have to look at. Raises SQLAlchemyError."""
        driver = self.committer
        with driver.transaction():
            found = driver.first(CHANGES, {})
        return int(found[0]) if found else 0

    def explain(self, error: SQLAlchemyError) -> StorageError:
        """What went wrong and what to do; never what a statement was to write.

        The error itself forgets that too: PostgreSQL quotes rows in the details of its messages.
        """
        if not isinstance(error, DBAPIError):
            return StorageError(
                f"The database {self.name} cannot be used at the moment: {type(error).__name__}. "
                "Where that goes on, look at its load."
            )
        from hubbub.storage.sql.gate import AnotherServer

        code, said = sqlstate(error), primary(error.orig)
        error.args = (said,)
        if error.orig is not None:
            error.orig.args = (said,)
        if isinstance(error.orig, AnotherServer):
            return LogChanged(f"{ANOTHER_SERVER} ({self.name}: {said})")
        away = isinstance(error, OperationalError)
        # What PostgreSQL ended for its time.
        if code == CANCELED:
            kind: type[StorageError] = OutOfTime
        else:
            kind = DatabaseRefused if is_refusal(error, code) else StorageError
        return kind(f"{cause(code, said, away=away)} ({self.name}: {said}{code and ', ' + code})")

    def release(self) -> None:
        """Closes all connections."""
        if self._committer is not None:
            self._committer.close()
        for engine in (
            self._committing,
            self.writer,
            self.readers,
            self._searchers,
            self.guards,
            self._comparing,
        ):
            engine.dispose()


def _parsed(url: str) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise StorageError(
            "A log in PostgreSQL needs the driver psycopg: pip install 'hubbub[cluster]'."
        ) from error
    _, _, rest = url.partition("://")
    # What the library says of a URL that it cannot read may quote the password.
    try:
        known: dict[str, Any] = conninfo_to_dict(f"postgresql://{rest}")
    except (ProgrammingError, ValueError):
        known = {"port": "?"}
    ports = str(known.get("port") or "5432").split(",")
    if not all(port.isdigit() for port in ports if port):
        raise StorageError(
            "The URL of the database cannot be read; it is "
            "postgresql://user:password@host:5432/database, where `/`, `@`, `:`, `#`, `?` and `%` "
            "of a password are written as %2F, %40, %3A, %23, %3F and %25."
        )
    if "," in str(known.get("host") or ""):
        known.setdefault("target_session_attrs", "read-write")
    return known


def _options(lock_timeout_ms: int, idle_timeout_ms: int) -> str:
    settings = {
        "lock_timeout": lock_timeout_ms,
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": idle_timeout_ms,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _engine(
    known: dict[str, Any],
    options: str,
    begin: str,
    connections: int,
    gate: "Gate | None" = None,
    *,
    ping: bool = False,
) -> Engine:
    import psycopg

    from hubbub.storage.sql.cursor import GuardedCursor

    wanted = _CONNECTING | known | {"client_encoding": "utf8", "autocommit": True}
    wanted["options"] = f"{options} {known.get('options') or ''}".strip()

    # It warns of each statement that failed in a batch; that a nonce was used before is no fault.
    logging.getLogger("psycopg").setLevel(logging.ERROR)

    def connect() -> Any:
        connection = psycopg.connect(**wanted, cursor_factory=GuardedCursor)
        if gate is not None:
            gate.enter(connection)
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=ping,
        hide_parameters=True,
        use_native_hstore=False,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The connections commit each statement of their own, so that BEGIN is ours to word.
        connection.exec_driver_sql(begin)

    if gate is not None:

        @event.listens_for(engine, "checkout")
        def _check(*_: object) -> None:
            gate.check()

    return engine
