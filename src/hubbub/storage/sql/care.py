"""What keeps a log in a database in order by itself: what is over goes, and what stays is whole."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from hubbub.storage.changes import Append, Change
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.expiry import AGED, expire
from hubbub.storage.sql.forgetting import forget_user
from hubbub.storage.sql.meta import META, all_meta, save_meta
from hubbub.storage.sql.people import RENEW_SESSIONS
from hubbub.storage.sql.purge import purge


class SqlCare:
    """The care of a log in a database; see `hubbub.storage.interface.Care`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._backend = connections.backend
        self._changes: int | None = None
        # From before the start too: another process may have deleted something.
        self._wiped = True

    def note(self, changes: Iterable[Change]) -> None:
        """Takes note of what a commit deletes."""
        self._wiped = self._wiped or any(isinstance(c, Append) and c.erases for c in changes)

    def renew_sessions(self, ends_ms: Mapping[bytes, int], now_ms: int) -> None:
        """See Care."""
        if not ends_ms:
            return
        rows = [{"of": of, "end_ms": end, "now_ms": now_ms} for of, end in sorted(ends_ms.items())]
        with self._connections.writing() as connection:
            connection.execute(RENEW_SESSIONS, rows)

    def purge(self, now_ms: int, addresses_before_ms: int) -> int:
        """See Care."""
        with self._connections.writing() as connection:
            # Two at once would wait for each other, and find nothing.
            first = self._backend.quicker(connection, "purge")
            gone = purge(connection, now_ms, addresses_before_ms) if first else 0
        if self._wiped:
            # What was said before stands in the file's journal until that is begun anew.
            self._wiped = not self._fold()
        return gone

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        """See Care."""
        count = forget_user(self._connections.writing, user_id, purge=purge)
        self._wiped = not self._fold()
        return count

    def _fold(self) -> bool:
        with self._connections.explaining():
            return self._backend.fold()

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        """See Care."""
        values = {"before_ms": before_ms, "limit": limit}
        with self._connections.asking() as driver:
            return [name for (name,) in driver.rows(AGED, values)]

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        """See Care."""
        with self._connections.writing() as connection:
            return expire(connection, rooms, before_ms, limit)

    def secret(self, key: str, make: Callable[[], str]) -> str:
        """See Care."""
        with self._connections.connected() as connection, self._backend.migrating(connection):
            known = all_meta(connection)
            if key not in known:
                known[key] = make()
                save_meta(connection, key, known[key])
            return str(known[key])

    def changed_elsewhere(self) -> bool:
        """See Care."""
        with self._connections.committing():
            changes = self._backend.changes()
        former, self._changes = self._changes, changes
        changed = former not in (None, changes)
        # What it may have deleted is in the journal until that is emptied.
        self._wiped = self._wiped or changed
        return changed

    def check_ready(self) -> None:
        """See Care."""
        with self._connections.reading() as driver:
            driver.read(META, {})
