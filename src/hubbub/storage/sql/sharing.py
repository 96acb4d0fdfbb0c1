"""What a Storage in a database tells nodes of each other: the calls of SharedStorage."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hubbub.errors import LogChanged
from hubbub.model import Role
from hubbub.storage.records import Compared, Present, UserRecord
from hubbub.storage.sql import node_queries
from hubbub.storage.sql.backend import Backend
from hubbub.storage.sql.comparing import Ends, compare, lineage, merged, new_epoch
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.rows import json_list, present_record, user_record

NEW_EPOCH = "The log has a new epoch, which another node has given it; what is known is read anew."


class Sharing:
    """See `hubbub.storage.shared.SharedStorage` for what each call does."""

    _backend: Backend
    _node: str
    _shared: bool
    _epoch: str
    _ends: Ends
    _writer: threading.Lock

    def _reading(self) -> AbstractContextManager[Driver]:
        raise NotImplementedError

    def _asking(self) -> AbstractContextManager[Driver]:
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def _may_lack(self, former: str) -> bool:
        raise NotImplementedError

    def join(self, node: str) -> None:
        """See SharedStorage."""
        with self._writing() as connection:
            for each in filter(None, {node, self._node}):
                connection.execute(node_queries.DELETE_NODE, {"of_node": each})
                _take_out(connection, each)
            values = {"node": node, "server": self._backend.mark}
            connection.execute(node_queries.INSERT_NODE, values)
        self._node = node

    def leave(self) -> None:
        """See SharedStorage."""
        node, self._node = self._node, ""
        if not node:
            return
        with self._writing() as connection:
            connection.execute(node_queries.DELETE_NODE, {"of_node": node})
            _take_out(connection, node)

    def renew_lease(self) -> bool:
        """See SharedStorage."""
        with self._writing() as connection:
            found = connection.execute(node_queries.RENEW_LEASE, {"node": self._node})
            self._check_epoch(connection.scalar(node_queries.EPOCH))
            return bool(found.rowcount)

    def _check_epoch(self, found: str | None) -> None:
        """Shuts the log where another node has given it a new epoch. Raises LogChanged."""
        if self._epoch and found != self._epoch:
            self._backend.shut()
            raise LogChanged(NEW_EPOCH)

    def end_lost(self, lease_ms: int) -> list[str]:
        """See SharedStorage."""
        values = {"node": self._node, "lease_ms": lease_ms}
        with self._asking() as driver:
            lost = [node for (node,) in driver.rows(node_queries.LOST, values)]
        ended, lacking = [], False
        for node in lost:
            of_node = {"of_node": node, "lease_ms": lease_ms}
            with self._writing() as connection:
                if self._shared:
                    # In the order in which `compare` takes the rows.
                    connection.execute(node_queries.LOCK_EPOCH)
                    connection.execute(node_queries.END_LOST_COMMIT, of_node)
                server = connection.scalar(node_queries.SERVER_OF, of_node)
                # Another node may have been quicker, or this one was alive after all.
                if connection.execute(node_queries.DELETE_LOST_NODE, of_node).rowcount:
                    _take_out(connection, node)
                    ended.append(node)
                    if server and self._may_lack(lineage(server)):
                        # What it knew of the log before this server, nobody has compared.
                        new_epoch(connection)
                        lacking = True
        if lacking:
            self._backend.shut()
        return ended

    # --- which server answers

    def watch(self, changed: Callable[[], None]) -> None:
        """See SharedStorage."""
        self._backend.watch(changed)

    def compare(self, served: Mapping[int, int]) -> Compared:
        """See SharedStorage."""
        try:
            with self._backend.comparing() as (connection, mark):
                # What is under way ends first: what comes of it is compared too.
                with self._writer:
                    known = merged(served, self._ends)
                another = mark != self._backend.mark
                return compare(connection, self._node, mark, self._epoch, known, another=another)
        except SQLAlchemyError as error:
            raise self._backend.explain(error) from error

    def accept(self, compared: Compared) -> None:
        """See SharedStorage."""
        if compared.epoch != self._epoch:
            self._epoch = compared.epoch
            self._ends.clear()
        self._backend.accept(compared.mark)

    def nodes(self) -> set[str]:
        """See SharedStorage."""
        with self._asking() as driver:
            return {node for (node,) in driver.rows(node_queries.NODES, {})}

    def next_user_number(self) -> int:
        """See SharedStorage."""
        if self._shared:
            # A sequence counts by itself, whatever becomes of a transaction.
            with self._asking() as driver:
                found = driver.first(node_queries.NEXT_NUMBER, {})
            assert found is not None, "a sequence has a next number"
            return int(found[0])
        with self._writing() as connection:
            number = int(connection.scalar(node_queries.NUMBER) or 0)
            connection.execute(node_queries.COUNT_NUMBER)
            return number

    def room_ids(self, rooms: Sequence[str]) -> dict[str, int]:
        """See SharedStorage."""
        with self._asking() as driver:
            values = {"names": json_list(list(rooms))}
            return {row[0]: row[1] for row in driver.rows(node_queries.ROOM_IDS, values)}

    def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """See SharedStorage."""
        with self._asking() as driver:
            values = {"room_ids": json_list([str(room_id) for room_id in ids])}
            rows = driver.read(node_queries.PLACES, values)
        for *_, epoch in rows[:1]:
            self._check_epoch(epoch)
        return {row[0]: (row[1], row[2]) for row in rows}

    def direct_positions(self, user_ids: Sequence[str]) -> dict[str, int]:
        """See SharedStorage."""
        with self._asking() as driver:
            values = {"user_ids": json_list(list(user_ids))}
            return {row[0]: row[1] for row in driver.rows(node_queries.DIRECT_POSITIONS, values)}

    def roles(self, ids: Sequence[int]) -> dict[int, dict[str, Role]]:
        """See SharedStorage."""
        values = {"room_ids": json_list([str(room_id) for room_id in ids])}
        with self._reading() as driver:
            found: dict[int, dict[str, Role]] = {
                room_id: {} for room_id, *_ in driver.read(node_queries.PLACES, values)
            }
            for room_id, user_id, role in driver.rows(node_queries.ROLES, values):
                found[room_id][user_id] = Role(role)
        return found

    def present(self, rooms: Sequence[str]) -> list[tuple[str, Present]]:
        """See SharedStorage."""
        with self._asking() as driver:
            rows = driver.rows(node_queries.PRESENT, {"names": json_list(list(rooms))})
            return [(room, present_record(row)) for room, *row in rows]

    def users_in(self, rooms: Sequence[str] | None = None) -> dict[str, int]:
        """See SharedStorage."""
        query, values = node_queries.ALL_USERS_IN, dict[str, Any]()
        if rooms is not None:
            query, values = node_queries.USERS_IN, {"names": json_list(list(rooms))}
        with self._asking() as driver:
            return {row[0]: row[1] for row in driver.rows(query, values)}

    def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """See SharedStorage."""
        with self._asking() as driver:
            values = {"user_ids": json_list(list(user_ids))}
            return [present_record(row) for row in driver.rows(node_queries.WHEREABOUTS, values)]

    def present_by_name(self, key: str) -> UserRecord | None:
        """See SharedStorage."""
        with self._asking() as driver:
            row = driver.first(node_queries.PRESENT_BY_NAME, {"name_key": key})
        return None if row is None else user_record(row)

    def own_users(self) -> list[Present]:
        """See SharedStorage."""
        with self._asking() as driver:
            rows = driver.rows(node_queries.OWN_USERS, {"node": self._node})
            return [present_record(row) for row in rows]

    def own_names(self) -> dict[str, str]:
        """See SharedStorage."""
        with self._asking() as driver:
            return {
                row[0]: row[1] for row in driver.rows(node_queries.OWN_NAMES, {"node": self._node})
            }

    def alone(self, what: str) -> AbstractContextManager[None]:
        """See SharedStorage."""
        return self._backend.alone(what)


def _take_out(connection: Connection, node: str) -> None:
    """Deletes what a node said of people; a name goes to another node where its user is too."""
    of_node = {"of_node": node}
    connection.execute(node_queries.DELETE_PRESENT_IN_OF, of_node)
    connection.execute(node_queries.DELETE_PRESENT_OF, of_node)
    elsewhere: dict[str, dict[str, str]] = {}
    for key, user_id, other in connection.execute(node_queries.HELD_ELSEWHERE, of_node):
        moved = {"of_key": key, "of_user": user_id, "of_node": node, "to_node": other}
        elsewhere.setdefault(key, moved)
    if elsewhere:
        connection.execute(node_queries.MOVE_NAME, list(elsewhere.values()))
    connection.execute(node_queries.DELETE_HELD_OF, of_node)
