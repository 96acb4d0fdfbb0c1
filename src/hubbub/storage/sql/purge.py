"""What nothing names any more is deleted, also where several servers do so at once."""

from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, or_, select, update

from hubbub.model import RoomKind, UserKind
from hubbub.storage.records import ADDRESS
from hubbub.storage.sql.schema import (
    audit,
    ignored,
    invitations,
    members,
    present,
    present_in,
    rooms,
    sanctions,
    sessions,
    subscriptions,
    users,
)

# A guest is kept this long after its SaveUser even while nothing names it yet: its session or its
# direct room may come with a later commit.
GUEST_GRACE_MS = 24 * 60 * 60 * 1000

# --- what nothing names any more; run in this order, after which every session is a live one

_session_of_user = exists().where(sessions.c.user_id == users.c.id)
_on_a_node = exists().where(present.c.user_id == users.c.id)
_sessionless = select(users.c.id).where(
    users.c.kind == UserKind.GUEST.value, ~_session_of_user, ~_on_a_node
)
_gone = _sessionless.where(users.c.saved_ms < bindparam("saved_before_ms"))
_fellow = members.alias("fellow")
_someone_left = exists().where(
    _fellow.c.room_id == rooms.c.id,
    users.c.id == _fellow.c.user_id,
    users.c.id.not_in(_gone.correlate(None)),
)
_dead_rooms = select(rooms.c.id).where(
    rooms.c.kind == RoomKind.DIRECT.value,
    rooms.c.id.in_(select(members.c.room_id).where(members.c.user_id.in_(_gone))),
    ~_someone_left,
)
PURGES = (
    update(audit)
    .where(audit.c.whom.like(f"{ADDRESS} %"), audit.c.at_ms < bindparam("addresses_before_ms"))
    .values(whom=ADDRESS),
    delete(sessions).where(sessions.c.expires_ms <= bindparam("now_ms")),
    delete(sanctions).where(sanctions.c.ends_ms <= bindparam("now_ms")),
    delete(invitations).where(
        or_(invitations.c.expires_ms <= bindparam("now_ms"), invitations.c.uses <= 0)
    ),
    delete(subscriptions).where(
        ~exists().where(
            sessions.c.token_hash == subscriptions.c.token_hash,
            sessions.c.user_id == subscriptions.c.user_id,
        )
    ),
    delete(members).where(
        members.c.user_id.in_(_sessionless),
        members.c.room_id.in_(select(rooms.c.id).where(rooms.c.kind != RoomKind.DIRECT.value)),
    ),
    delete(members).where(members.c.room_id.in_(_dead_rooms)),
    delete(users).where(users.c.id.in_(_gone), ~exists().where(members.c.user_id == users.c.id)),
    delete(ignored).where(
        or_(
            ignored.c.user_id.not_in(select(users.c.id)),
            ignored.c.ignored_id.not_in(select(users.c.id)),
        )
    ),
)

# A room whose log was emptied by retention keeps its last seq, and so its row.
_empty = and_(
    rooms.c.last_seq == 0,
    ~exists().where(members.c.room_id == rooms.c.id),
    ~exists().where(present_in.c.room == rooms.c.name),
)
EMPTY_ROOMS = (
    select(rooms.c.id).where(_empty).order_by(rooms.c.id).with_for_update(skip_locked=True)
)
DELETE_EMPTY_ROOMS = delete(rooms).where(rooms.c.id == bindparam("of_room"), _empty)


def purge(connection: Connection, now_ms: int, addresses_before_ms: int) -> int:
    """Deletes within the transaction of the connection; see Care.purge."""
    values: dict[str, Any] = {
        "now_ms": now_ms,
        "saved_before_ms": now_ms - GUEST_GRACE_MS,
        "addresses_before_ms": addresses_before_ms,
    }
    gone = 0
    for statement in PURGES:
        gone += connection.execute(statement, values).rowcount
    # Locked first and looked at again: somebody may be coming in.
    empty = connection.scalars(EMPTY_ROOMS).all()
    if empty:
        ids = [{"of_room": room_id} for room_id in empty]
        gone += connection.execute(DELETE_EMPTY_ROOMS, ids).rowcount
    return gone
