"""The nodes that share a log: leases, which server answers, and many rooms at once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy import Sequence as SqlSequence

from hubbub.errors import LogChanged
from hubbub.model import Role, RoomKind
from hubbub.storage.records import Compared
from hubbub.storage.sql.comparing import LOCK_EPOCH, PLACES, compare, lineage, new_epoch
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import ClockMs, json_list, listed
from hubbub.storage.sql.meta import EPOCH
from hubbub.storage.sql.presence import take_out
from hubbub.storage.sql.schema import members, meta, nodes, rooms
from hubbub.storage.sql.standing import Standing

NEW_EPOCH = "The log has a new epoch, which another node has given it; what is known is read anew."

_names = listed("names")
_ids = listed("user_ids")
_of_node = bindparam("of_node", type_=Text())

# --- leases

INSERT_NODE = insert(nodes).from_select(
    ["id", "seen_ms", "server"],
    select(
        bindparam("node", type_=Text()), ClockMs(), cast(bindparam("server", type_=Text()), Text)
    ),
)
RENEW_LEASE = update(nodes).where(nodes.c.id == bindparam("node")).values(seen_ms=ClockMs())
_lost = nodes.c.seen_ms < ClockMs() - bindparam("lease_ms", type_=BigInteger())
LOST = select(nodes.c.id).where(_lost, nodes.c.id != bindparam("node")).order_by(nodes.c.id)
DELETE_NODE = delete(nodes).where(nodes.c.id == _of_node)
DELETE_LOST_NODE = DELETE_NODE.where(_lost)
# Of a shared log: a paused node may hold the rows of rooms for as long as it is paused. Its commit
# holds the node's own row too (FENCE), whose xmax is then the transaction. A connection is its
# user's to end: where nodes have several users, the timeouts have to do.
# A commit that only takes its time is not idle, and is waited for.
_locks = table("pg_locks", *map(column, ("pid", "locktype", "transactionid", "granted")))
_activity = table("pg_stat_activity", *map(column, ("pid", "usename", "state", "state_change")))
END_LOST_COMMIT = (
    select(func.pg_terminate_backend(_locks.c.pid))
    .select_from(nodes)
    .join(_locks, _locks.c.transactionid == literal_column("nodes.xmax"))
    .join(_activity, _activity.c.pid == _locks.c.pid)
    .where(
        nodes.c.id == _of_node,
        _lost,
        _locks.c.locktype == "transactionid",
        _locks.c.granted,
        _activity.c.usename == literal_column("current_user"),
        _activity.c.state == "idle in transaction",
        func.clock_timestamp() - _activity.c.state_change
        > bindparam("lease_ms", type_=BigInteger()) * literal_column("interval '1 millisecond'"),
    )
)
NODES = select(nodes.c.id)
SERVER_OF = select(nodes.c.server).where(nodes.c.id == _of_node)
LIVE_NODES = select(func.count()).select_from(nodes).where(~_lost)

# --- numbers

NEXT_NUMBER = select(SqlSequence("user_numbers").next_value())
_number = meta.c.key == "user_number"
NUMBER = select(meta.c.value).where(_number)
COUNT_NUMBER = (
    update(meta).where(_number).values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
)

# --- many rooms at once

ROOM_IDS = select(rooms.c.name, rooms.c.id).where(rooms.c.name.in_(select(_names.c.value)))
_room_ids = listed("room_ids")
DIRECT_POSITIONS = (
    select(rooms.c.name, rooms.c.last_seq)
    .join_from(members, rooms, rooms.c.id == members.c.room_id)
    .where(
        members.c.user_id.in_(select(_ids.c.value)),
        rooms.c.kind == RoomKind.DIRECT.value,
    )
)
ROLES = (
    select(rooms.c.id, members.c.user_id, members.c.role)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .where(
        rooms.c.id.in_(select(cast(_room_ids.c.value, BigInteger))),
        or_(
            rooms.c.kind == RoomKind.PRIVATE.value,
            members.c.role != Role.MEMBER.value,
        ),
    )
)


class SqlNodes:
    """The nodes of a log in a database; see `hubbub.storage.shared.Nodes`."""

    def __init__(self, connections: Connections, standing: Standing) -> None:
        self._connections = connections
        self._backend = connections.backend
        self._standing = standing

    def join(self, node: str) -> None:
        """See Nodes."""
        with self._connections.writing() as connection:
            for each in filter(None, {node, self._standing.node}):
                connection.execute(DELETE_NODE, {"of_node": each})
                take_out(connection, each)
            values = {"node": node, "server": self._backend.mark}
            connection.execute(INSERT_NODE, values)
        self._standing.node = node

    def leave(self) -> None:
        """See Nodes."""
        node, self._standing.node = self._standing.node, ""
        if not node:
            return
        with self._connections.writing() as connection:
            connection.execute(DELETE_NODE, {"of_node": node})
            take_out(connection, node)

    def renew_lease(self) -> bool:
        """See Nodes."""
        with self._connections.writing() as connection:
            found = connection.execute(RENEW_LEASE, {"node": self._standing.node})
            self._check_epoch(connection.scalar(EPOCH))
            return bool(found.rowcount)

    def _check_epoch(self, found: str | None) -> None:
        """Shuts the log where another node has given it a new epoch. Raises LogChanged."""
        if self._standing.epoch and found != self._standing.epoch:
            self._backend.shut()
            raise LogChanged(NEW_EPOCH)

    def end_lost(self, lease_ms: int) -> list[str]:
        """See Nodes."""
        values = {"node": self._standing.node, "lease_ms": lease_ms}
        with self._connections.asking() as driver:
            lost = [node for (node,) in driver.rows(LOST, values)]
        ended, lacking = [], False
        for node in lost:
            of_node = {"of_node": node, "lease_ms": lease_ms}
            with self._connections.writing() as connection:
                if self._backend.shared:
                    # In the order in which `compare` takes the rows.
                    connection.execute(LOCK_EPOCH)
                    connection.execute(END_LOST_COMMIT, of_node)
                server = connection.scalar(SERVER_OF, of_node)
                # Another node may have been quicker, or this one was alive after all.
                if connection.execute(DELETE_LOST_NODE, of_node).rowcount:
                    take_out(connection, node)
                    ended.append(node)
                    now = lineage(self._backend.mark)
                    if server and self._standing.may_lack(lineage(server), now):
                        # What it knew of the log before this server, nobody has compared.
                        new_epoch(connection)
                        lacking = True
        if lacking:
            self._backend.shut()
        return ended

    def watch(self, changed: Callable[[], None]) -> None:
        """See Nodes."""
        self._backend.watch(changed)

    def compare(self, served: Mapping[int, int]) -> Compared:
        """See Nodes."""
        standing = self._standing
        with self._connections.explaining(), self._backend.comparing() as (connection, mark):
            # What is under way ends first: what comes of it is compared too.
            with self._connections.committing():
                known = standing.known_ends(served)
            another = mark != self._backend.mark
            return compare(connection, standing.node, mark, standing.epoch, known, another=another)

    def accept(self, compared: Compared) -> None:
        """See Nodes."""
        if compared.epoch != self._standing.epoch:
            self._standing.epoch = compared.epoch
            self._standing.ends.clear()
        self._backend.accept(compared.mark)

    def ids(self) -> set[str]:
        """See Nodes."""
        with self._connections.asking() as driver:
            return {node for (node,) in driver.rows(NODES, {})}

    def next_user_number(self) -> int:
        """See Nodes."""
        if self._backend.shared:
            # A sequence counts by itself, whatever becomes of a transaction.
            with self._connections.asking() as driver:
                found = driver.first(NEXT_NUMBER, {})
            assert found is not None, "a sequence has a next number"
            return int(found[0])
        with self._connections.writing() as connection:
            number = int(connection.scalar(NUMBER) or 0)
            connection.execute(COUNT_NUMBER)
            return number

    def room_ids(self, rooms: Sequence[str]) -> dict[str, int]:
        """See Nodes."""
        with self._connections.asking() as driver:
            values = {"names": json_list(list(rooms))}
            return {row[0]: row[1] for row in driver.rows(ROOM_IDS, values)}

    def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """See Nodes."""
        with self._connections.asking() as driver:
            values = {"room_ids": json_list([str(room_id) for room_id in ids])}
            rows = driver.read(PLACES, values)
        for *_, epoch in rows[:1]:
            self._check_epoch(epoch)
        return {row[0]: (row[1], row[2]) for row in rows}

    def direct_positions(self, user_ids: Sequence[str]) -> dict[str, int]:
        """See Nodes."""
        with self._connections.asking() as driver:
            values = {"user_ids": json_list(list(user_ids))}
            return {row[0]: row[1] for row in driver.rows(DIRECT_POSITIONS, values)}

    def roles(self, ids: Sequence[int]) -> dict[int, dict[str, Role]]:
        """See Nodes."""
        values = {"room_ids": json_list([str(room_id) for room_id in ids])}
        with self._connections.reading() as driver:
            found: dict[int, dict[str, Role]] = {
                room_id: {} for room_id, *_ in driver.read(PLACES, values)
            }
            for room_id, user_id, role in driver.rows(ROLES, values):
                found[room_id][user_id] = Role(role)
        return found

    def alone(self, what: str) -> AbstractContextManager[None]:
        """See Nodes."""
        return self._backend.alone(what)
