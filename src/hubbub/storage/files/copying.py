"""A log copied from one database into another, all of it or nothing, and then compared.

The target is one transaction, which is kept only after both sides have been found to say the same.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hubbub.errors import StorageError
from hubbub.storage.files.snapshot import Progress
from hubbub.storage.sql import migrate
from hubbub.storage.sql.backend import Backend, open_backend
from hubbub.storage.sql.meta import all_meta
from hubbub.storage.sql.nodes import LIVE_NODES
from hubbub.storage.sql.schema import NODE_TABLES, audit, events, meta, metadata, rooms, users
from hubbub.storage.sql.sqlite import SqliteFile

CHUNK_ROWS = 5_000
ALIVE_MS = 60_000
"""A node that was seen within this may still run."""

TABLES = [table for table in metadata.sorted_tables if table not in (meta, *NODE_TABLES)]
_packer = msgspec.msgpack.Encoder()
Row = Sequence[Any]
Write = Callable[[list[Row]], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied, and the SHA-256 over all rooms' logs, which both sides have."""

    rooms: int
    events: int
    users: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Log:
    """What one side has of a room."""

    count: int
    first: int
    last: int
    digest: bytes


def copy(
    source_url: str, target_url: str, progress: Progress = lambda done, total: None
) -> Copied:  # fmt: skip
    """Copies the log of one database into another that is empty.

    `progress` counts entries, twice: copied, and compared. Raises StorageError, LogInUse,
    NewerDatabase; then the target is as it was.
    """
    source = open_backend(source_url) if _is_there(source_url) else None
    if source is None:
        raise StorageError(f"There is no log {source_url.partition(':///')[2]} to be copied.")
    try:
        with _made(target_url) as target:
            return _copy(source, target, progress)
    finally:
        source.release()


def _is_there(url: str) -> bool:
    scheme, _, path = url.partition(":///")
    return scheme != "sqlite" or Path(path).exists()


@contextmanager
def _made(url: str) -> Iterator[Backend]:
    """The target; a file that was not there is gone where the block fails."""
    new = not _is_there(url)
    target = open_backend(url)
    done = False
    try:
        yield target
        done = True
    finally:
        target.release()
        if new and not done and isinstance(target, SqliteFile):
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    target.path.with_name(target.path.name + end).unlink()


def _copy(source: Backend, target: Backend, progress: Progress) -> Copied:
    with _explained(target), target.readers.connect() as after, after.begin():
        # Before anything is waited for: it may be the source itself.
        _check_empty(after, target.name)
    with _explained(source), source.readers.connect() as before, source.migrating(before):
        _check_source(before, source.name)
        with _explained(target), target.writer.connect() as after, target.migrating(after):
            migrate.upgrade(after, target.name)
            _check_empty(after, target.name)
            return _copy_all(before, after, progress)


@contextmanager
def _explained(backend: Backend) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise backend.explain(error) from error


def _check_source(connection: Connection, name: str) -> None:
    revision = migrate.revision(connection)
    if revision is None:
        raise StorageError(f"There is no log in {name} to be copied.")
    migrate.check_known(revision, name)
    if revision != migrate.REVISIONS[-1]:
        raise StorageError(
            f"The log {name} was written by an older hubbub; bring it to this release first: "
            "hubbub migrate."
        )
    if not any(connection.execute(select(table).limit(1)).first() for table in (users, rooms)):
        raise StorageError(f"There is nothing in the log {name} to be copied.")
    _check_idle(connection, name)


def _check_idle(connection: Connection, name: str) -> None:
    alive = connection.scalar(LIVE_NODES, {"lease_ms": ALIVE_MS})
    if alive:
        raise StorageError(
            f"The log {name} is in use by {alive} server(s); stop them first, and wait a minute "
            "where one was killed."
        )


def _check_empty(connection: Connection, name: str) -> None:
    there = set(inspect(connection).get_table_names())
    revision = migrate.revision(connection)
    if revision is None:
        return
    migrate.check_known(revision, name)
    if "nodes" in there:
        _check_idle(connection, name)
    for table in TABLES:
        if table.name in there and connection.execute(select(text("1")).select_from(table)).first():
            raise StorageError(
                f"The log {name} has something in it ({table.name}), and a copy begins a log; name "
                "an empty database or a new folder."
            )


def _copy_all(before: Connection, after: Connection, progress: Progress) -> Copied:
    total = before.scalar(select(func.count()).select_from(events)) or 0
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, 2 * total)

    logs: dict[int, _Log] = {}
    sums: dict[str, tuple[int, int]] = {}
    for table in TABLES:
        with _writer(after, table) as write:
            if table is events:
                logs = _logs(_passed(_chunks(before, table), write), advance)
            else:
                sums[table.name] = _sum(_passed(_chunks(before, table), write))
    _copy_meta(before, after)
    _compare(after, logs, sums, advance)
    digest = hashlib.sha256(b"".join(logs[room].digest for room in sorted(logs))).hexdigest()
    return Copied(sums["rooms"][0], total, sums["users"][0], digest)


def _compare(
    after: Connection,
    logs: dict[int, _Log],
    sums: dict[str, tuple[int, int]],
    advance: Callable[[int], None],
) -> None:
    found = _logs(_chunks(after, events), advance)
    names = {
        room_id: name
        for room_id, name in after.execute(select(rooms.c.id, rooms.c.name))
        if found.get(room_id) != logs.get(room_id)
    }
    other = [name for name, each in sums.items() if _sum(_chunks(after, metadata.tables[name]))
             != each]  # fmt: skip
    if names or other or found.keys() != logs.keys():
        places = [*(f"the room {name}" for name in list(names.values())[:9]), *other]
        raise StorageError(
            f"The copy is not what was copied: {', '.join(places)}. Nothing was kept of it; "
            "`hubbub check` tells whether the log is damaged."
        )


def _chunks(connection: Connection, table: Table) -> Iterator[list[Row]]:
    wanted = select(table).order_by(*table.primary_key.columns)
    with connection.execute(wanted.execution_options(yield_per=CHUNK_ROWS)) as found:
        for part in found.partitions():
            yield [tuple(row) for row in part]


def _passed(chunks: Iterator[list[Row]], write: Write) -> Iterator[list[Row]]:
    for chunk in chunks:
        write(chunk)
        yield chunk


def _logs(chunks: Iterator[list[Row]], advance: Callable[[int], None]) -> dict[int, _Log]:
    """What there is of each room, by the room's id; all columns of an entry count."""
    logs: dict[int, _Log] = {}
    room, count, first, last, digest = -1, 0, 0, 0, hashlib.sha256()
    for chunk in chunks:
        for row in chunk:
            if row[0] != room:
                if count:
                    logs[room] = _Log(count, first, last, digest.digest())
                room, count, first, digest = row[0], 0, row[1], hashlib.sha256()
            digest.update(_packer.encode(row))
            count, last = count + 1, row[1]
        advance(len(chunk))
    if count:
        logs[room] = _Log(count, first, last, digest.digest())
    return logs


def _sum(chunks: Iterator[list[Row]]) -> tuple[int, int]:
    """How many rows there are, and a sum that does not depend on their order: the two databases
    sort some words differently.
    """
    count, total = 0, 0
    for chunk in chunks:
        count += len(chunk)
        for row in chunk:
            digest = hashlib.sha256(_packer.encode(row)).digest()
            total = (total + int.from_bytes(digest[:16])) % (1 << 128)
    return count, total


# --- what each database does in its own way


@contextmanager
def _writer(connection: Connection, table: Table) -> Iterator[Write]:
    columns = ", ".join(column.name for column in table.columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" for _ in table.columns)
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({places})"  # noqa: S608
        inserted: Any = connection.exec_driver_sql

        def insert(rows: list[Row]) -> None:
            inserted(statement, rows)

        yield insert
        return
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        copied = f"COPY {table.name} ({columns}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(copied) as stream:

            def write(rows: list[Row]) -> None:
                for row in rows:
                    stream.write_row(row)

            yield write
    except errors as error:
        raise DBAPIError.instance(
            None, None, error, errors, hide_parameters=True, dialect=connection.dialect
        ) from error


def _copy_meta(before: Connection, after: Connection) -> None:
    """The epoch and the secrets stay the same; numbers go on after those that were given."""
    known = all_meta(before)
    if before.dialect.name == "postgresql":
        last, used = before.exec_driver_sql("SELECT last_value, is_called FROM user_numbers").one()
        known["user_number"] = str(last + used)
    if known.get("clean") != "yes":
        # Clients may know of entries that it has lost.
        known.pop("epoch", None)
    # Which server the log was on, another one cannot be.
    known.pop("lineage", None)
    known["clean"] = "yes"
    after.execute(meta.delete())
    after.execute(meta.insert(), [{"key": key, "value": each} for key, each in known.items()])
    last_act = _last_act(before)
    if after.dialect.name == "sqlite":
        after.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'audit'")
        after.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('audit', ?)", (last_act,))
        return
    number = int(known.get("user_number", 0))
    after.exec_driver_sql("SELECT setval('user_numbers', %s, false)", (number,))
    last_room = after.scalar(select(func.max(rooms.c.id))) or 0
    for table, last_id in ((rooms, last_room), (audit, last_act)):
        after.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", (table.name, last_id + 1)
        )
    after.exec_driver_sql("ANALYZE")


def _last_act(connection: Connection) -> int:
    """The last id that an act of moderation had, also where its row was taken away."""
    if connection.dialect.name == "sqlite":
        query = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'audit'"
        return int(connection.exec_driver_sql(query).scalar() or 0)
    name = connection.exec_driver_sql("SELECT pg_get_serial_sequence('audit', 'id')").scalar()
    query = f"SELECT last_value, is_called FROM {name}"  # noqa: S608
    last, used = connection.exec_driver_sql(query).one()
    return int(last) if used else int(last) - 1
