"""A Storage on a database that SQLAlchemy knows."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.model import RoomKind, UserKind
from hubbub.protocol.events import LogEvent, Person
from hubbub.storage import migrate, queries
from hubbub.storage.commit import Batch, read_event
from hubbub.storage.interface import (
    Change,
    LogPage,
    Membership,
    Outcome,
    RoomRecord,
    UserRecord,
)
from hubbub.storage.schema import meta
from hubbub.storage.sqlite import SqliteFile

if TYPE_CHECKING:
    from hubbub.storage import Durability

_EMPTY = LogPage((), False, 1, 0)


class Database:
    """The log in a database. See `hubbub.storage.interface.Storage` for what each call does."""

    def __init__(self, file: SqliteFile, engine: Engine, durability: "Durability") -> None:
        self._file = file
        self._engine = engine
        self._durability = durability
        self.epoch = ""

    @classmethod
    def open(cls, url: str, durability: "Durability") -> "Database":
        """Opens the log at a URL, makes or upgrades it where needed. Raises StorageError."""
        scheme, _, name = url.partition(":///")
        if scheme != "sqlite" or not name or name == ":memory:":
            raise StorageError(
                f"There is no storage for {url!r}; a log is kept at sqlite:///path/to/file.db."
            )
        file = SqliteFile(Path(name))
        file.claim()
        try:
            file.look()
            engine = file.engine(synchronous="FULL" if durability == "full" else "NORMAL")
            database = cls(file, engine, durability)
            try:
                database._prepare()
            except BaseException:
                engine.dispose()
                raise
        except BaseException:
            file.release()
            raise
        return database

    def _prepare(self) -> None:
        with self._writing() as connection:
            migrate.upgrade(connection)
            known = {row.key: row.value for row in connection.execute(select(meta))}
            epoch = known.get("epoch")
            # A log that ran without a sync at each commit and was not closed may lack its end:
            # cursors that clients have from it may point at other events by now.
            if epoch is None or known.get("open") == "normal":
                epoch = secrets.token_hex(8)
            self.epoch = epoch
            _set(connection, "epoch", epoch)
            _set(connection, "open", self._durability)

    # --- writing

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """See Storage."""
        # A nonce that was used before is rare, and the unique index finds it at no extra cost:
        # only then are all of the batch looked up.
        try:
            return self._commit(changes, now_ms, find_nonces=False)
        except IntegrityError:
            pass
        except SQLAlchemyError as error:
            raise _storage_error(error) from error
        with _as_storage_errors():
            return self._commit(changes, now_ms, find_nonces=True)

    def _commit(
        self, changes: Sequence[Change], now_ms: int, *, find_nonces: bool
    ) -> list[Outcome]:
        with (
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            return Batch(connection, changes, now_ms).run(find_nonces=find_nonces)

    def renew_sessions(self, user_ids: Sequence[str], expires_ms: int) -> None:
        """See Storage."""
        if user_ids:
            rows = [{"user": user_id, "expires": expires_ms} for user_id in user_ids]
            with self._writing() as connection:
                connection.execute(queries.RENEW, rows)

    def purge(self, now_ms: int) -> int:
        """See Storage."""
        with self._writing() as connection:
            gone = connection.execute(queries.PURGE_SESSIONS, {"now": now_ms}).rowcount
            for statement in queries.PURGES[1:]:
                gone += connection.execute(statement).rowcount
            return gone

    # --- reading

    def page(
        self,
        room: str,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        """See Storage."""
        with self._reading() as connection:
            record = connection.execute(queries.ROOM, {"room": room}).one_or_none()
            if record is None:
                return _EMPTY
            place = {"room_id": record.id, "most": limit + 1}
            if after is not None:
                found = connection.execute(queries.AFTER, {**place, "after": after})
            else:
                before = record.last_seq + 1 if before is None else before
                found = connection.execute(queries.BEFORE, {**place, "before": before})
            rows = found.all()
        events = _cut((read_event(row, room) for row in rows), limit, limit_bytes)
        more = len(events) < len(rows)
        if after is None:
            events.reverse()
        return LogPage(tuple(events), more, record.first_seq, record.last_seq)

    def room(self, name: str) -> RoomRecord | None:
        """See Storage."""
        with self._reading() as connection:
            row = connection.execute(queries.ROOM, {"room": name}).one_or_none()
        return None if row is None else _room(row)

    def public_rooms(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        """See Storage."""
        place = {"after": after or "", "most": limit}
        with self._reading() as connection:
            return [_room(row) for row in connection.execute(queries.PUBLIC_ROOMS, place)]

    def direct_members(self, room: str) -> tuple[Person, ...]:
        """See Storage."""
        with self._reading() as connection:
            rows = connection.execute(queries.DIRECT_MEMBERS, {"room": room})
            return tuple(Person(row.id, row.name) for row in rows)

    def memberships(self, user_id: str) -> list[Membership]:
        """See Storage."""
        with self._reading() as connection:
            rows = connection.execute(queries.MEMBERSHIPS, {"user": user_id})
            return [Membership(_room(row), row.read_seq) for row in rows]

    def membership(self, user_id: str, room: str) -> Membership | None:
        """See Storage."""
        with self._reading() as connection:
            place = {"user": user_id, "room": room}
            row = connection.execute(queries.MEMBERSHIP, place).one_or_none()
        return None if row is None else Membership(_room(row), row.read_seq)

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(queries.SESSION_USER, {"token": token_hash, "now": now_ms})

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        """See Storage."""
        return self._user(queries.NAME_HOLDER, {"key": key, "now": now_ms})

    def _user(self, query: Any, values: dict[str, Any]) -> UserRecord | None:
        with self._reading() as connection:
            row = connection.execute(query, values).first()
        if row is None:
            return None
        return UserRecord(row.id, row.name, row.name_key, UserKind(row.kind))

    def held_automatic_names(self, now_ms: int) -> set[str]:
        """See Storage."""
        with self._reading() as connection:
            return set(connection.scalars(queries.HELD_AUTOMATIC, {"now": now_ms}))

    def check_ready(self) -> None:
        """See Storage."""
        with self._reading() as connection:
            connection.execute(queries.READY)

    def close(self) -> None:
        """See Storage."""
        try:
            with self._writing() as connection:
                _set(connection, "open", "no")
        finally:
            self._engine.dispose()
            self._file.release()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _as_storage_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            _as_storage_errors(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection


@contextmanager
def _as_storage_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise _storage_error(error) from error


def _storage_error(error: SQLAlchemyError) -> StorageError:
    what = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    hints = {
        "disk is full": "Make room on the disk of the data folder; nothing else is needed.",
        "locked": "Another program holds the database; stop it.",
        "readonly": "Let the server write the data folder.",
        "disk I/O error": "The disk of the data folder failed; look at the system's log.",
        "malformed": "The database is damaged; restore a backup.",
    }
    hint = next((text for sign, text in hints.items() if sign in what), "")
    return StorageError(f"{what}. {hint}".strip())


def _set(connection: Connection, key: str, value: str) -> None:
    if not connection.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount:
        connection.execute(insert(meta).values(key=key, value=value))


def _room(row: Row[Any]) -> RoomRecord:
    return RoomRecord(row.name, RoomKind(row.kind), row.topic, row.first_seq, row.last_seq)


def _cut(found: Iterator[LogEvent], limit: int, limit_bytes: int) -> list[LogEvent]:
    kept: list[LogEvent] = []
    size = 0
    for event in found:
        size += len(event.text.encode())
        if len(kept) == limit or (kept and size > limit_bytes):
            break
        kept.append(event)
    return kept
