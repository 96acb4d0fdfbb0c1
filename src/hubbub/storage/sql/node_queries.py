"""The statements about nodes: leases, who is where by which node, and who holds which name."""

from sqlalchemy import (
    BigInteger,
    Sequence,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    update,
)

from hubbub.model import Role, RoomKind, UserKind
from hubbub.storage.sql.dialects import ClockMs, JsonItem, claim, listed, others, upsert
from hubbub.storage.sql.schema import (
    held_names,
    members,
    meta,
    nodes,
    present,
    present_in,
    rooms,
    sessions,
    users,
)

_names = listed("names")
_ids = listed("user_ids")
_of_node = bindparam("of_node", type_=Text())

# --- leases

CLOCK = select(ClockMs())
EPOCH = select(meta.c.value).where(meta.c.key == "epoch")
_epoch = EPOCH.scalar_subquery().label("epoch")
# Whoever takes the node out waits for the commit under way, and it finds no row afterwards. The
# epoch's row is not locked: all commits of all nodes would meet there.
FENCE = (
    select(ClockMs(), _epoch)
    .select_from(nodes)
    .where(nodes.c.id == bindparam("node"))
    .with_for_update(read=True, key_share=True)
)
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

# --- which server answers

# One node after the other: the first that knows better gives the log its new epoch.
LOCK_EPOCH = EPOCH.with_for_update()
COMPARED = (
    update(nodes)
    .where(nodes.c.id == bindparam("node"))
    .values(server=bindparam("mark", type_=Text()), seen_ms=ClockMs())
)
# A node of the release before compares nothing.
NOT_COMPARED = (
    select(nodes.c.id)
    .where(
        nodes.c.id != bindparam("node"),
        nodes.c.server != bindparam("mark", type_=Text()),
        nodes.c.server != "",
    )
    .order_by(nodes.c.id)
)
NONE_COMPARED = update(nodes).values(server="")
SERVER_OF = select(nodes.c.server).where(nodes.c.id == _of_node)
LIVE_NODES = select(func.count()).select_from(nodes).where(~_lost)

DELETE_PRESENT_OF = delete(present).where(present.c.node_id == _of_node)
DELETE_PRESENT_IN_OF = delete(present_in).where(present_in.c.node_id == _of_node)
DELETE_HELD_OF = delete(held_names).where(held_names.c.node_id == _of_node)
# Locked, so that a user who leaves that other node at this moment has left or leaves afterwards.
HELD_ELSEWHERE = (
    select(held_names.c.name_key, held_names.c.user_id, present.c.node_id)
    .join_from(held_names, present, present.c.user_id == held_names.c.user_id)
    .where(
        held_names.c.node_id == _of_node,
        present.c.node_id != _of_node,
        present.c.name_key == held_names.c.name_key,
    )
    .order_by(held_names.c.name_key, present.c.node_id)
    .with_for_update(read=True, key_share=True, of=present)
)

# --- numbers

NEXT_NUMBER = select(Sequence("user_numbers").next_value())
_number = meta.c.key == "user_number"
NUMBER = select(meta.c.value).where(_number)
COUNT_NUMBER = (
    update(meta).where(_number).values(value=cast(cast(meta.c.value, BigInteger) + 1, Text))
)

# --- names

_claims = listed("claims")
_key = JsonItem(_claims.c.value, literal_column("0"))
_user = JsonItem(_claims.c.value, literal_column("1"))
_taken = exists().where(
    users.c.name_key == _key,
    users.c.id != _user,
    or_(
        users.c.kind != UserKind.GUEST.value,
        exists().where(
            sessions.c.user_id == users.c.id,
            sessions.c.expires_ms > bindparam("now_ms", type_=BigInteger()),
        ),
    ),
)
HOLD_NAMES = claim(
    held_names,
    select(_key, _user, bindparam("node", type_=Text())).where(~_taken).order_by(_key),
    "node_id",
    "user_id",
)
PRESENT_ELSEWHERE = (
    select(present.c.user_id, present.c.name_key, present.c.node_id)
    .where(present.c.user_id.in_(select(_ids.c.value)), present.c.node_id != bindparam("node"))
    .order_by(present.c.user_id, present.c.node_id)
    .with_for_update(read=True, key_share=True)
)
_hold = and_(
    held_names.c.name_key == bindparam("of_key"),
    held_names.c.user_id == bindparam("of_user"),
    held_names.c.node_id == _of_node,
)
MOVE_NAME = update(held_names).where(_hold).values(node_id=bindparam("to_node"))
RELEASE_NAME = delete(held_names).where(_hold)
OWN_NAMES = select(held_names.c.name_key, held_names.c.user_id).where(
    or_(
        held_names.c.node_id == bindparam("node"),
        held_names.c.user_id.in_(
            select(present.c.user_id).where(present.c.node_id == bindparam("node"))
        ),
    )
)

# --- who is where

SAVE_PRESENT = upsert(present, others(present))
DELETE_PRESENT = delete(present).where(
    present.c.node_id == _of_node, present.c.user_id == bindparam("of_user")
)
ENTER = upsert(present_in)
EXIT = delete(present_in).where(
    present_in.c.room == bindparam("of_room"),
    present_in.c.node_id == _of_node,
    present_in.c.user_id == bindparam("of_user"),
)
EXIT_ALL = delete(present_in).where(
    present_in.c.node_id == _of_node, present_in.c.user_id == bindparam("of_user")
)
DELETE_PRESENT_IN = delete(present_in).where(present_in.c.room == bindparam("of_room"))
MOVE_PRESENT_IN = (
    update(present_in)
    .where(present_in.c.room == bindparam("of_room"))
    .values(room=bindparam("to_room"))
)

_present = (
    present.c.node_id,
    present.c.user_id,
    present.c.name,
    present.c.name_key,
    present.c.kind,
    present.c.role,
    present.c.away,
    present.c.addresses,
)
PRESENT = (
    select(present_in.c.room, *_present)
    .join_from(
        present_in,
        present,
        and_(
            present.c.node_id == present_in.c.node_id,
            present.c.user_id == present_in.c.user_id,
        ),
    )
    .where(present_in.c.room.in_(select(_names.c.value)))
    .order_by(present_in.c.room, present.c.name_key, present.c.user_id, present.c.node_id)
)
WHEREABOUTS = (
    select(*_present)
    .where(present.c.user_id.in_(select(_ids.c.value)))
    .order_by(present.c.user_id, present.c.node_id)
)
OWN_USERS = (
    select(*_present).where(present.c.node_id == bindparam("node")).order_by(present.c.user_id)
)
PRESENT_BY_NAME = (
    select(present.c.user_id, present.c.name, present.c.name_key, present.c.kind, present.c.role)
    .where(present.c.name_key == bindparam("name_key"))
    .order_by(present.c.user_id, present.c.node_id)
    .limit(1)
)
ALL_USERS_IN = select(
    present_in.c.room, func.count(present_in.c.user_id.distinct())
).group_by(present_in.c.room)  # fmt: skip
USERS_IN = ALL_USERS_IN.where(present_in.c.room.in_(select(_names.c.value)))

# --- many rooms at once

ROOM_IDS = select(rooms.c.name, rooms.c.id).where(rooms.c.name.in_(select(_names.c.value)))
_room_ids = listed("room_ids")
PLACES = select(rooms.c.id, rooms.c.name, rooms.c.last_seq, _epoch).where(
    rooms.c.id.in_(select(cast(_room_ids.c.value, BigInteger)))
)
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
