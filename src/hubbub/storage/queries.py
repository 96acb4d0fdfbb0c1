"""What is asked of the log, built once, so that SQLAlchemy compiles each statement once."""

from sqlalchemy import case, delete, exists, or_, select, update
from sqlalchemy.sql import bindparam

from hubbub.model import RoomKind, UserKind
from hubbub.storage.schema import events, members, meta, rooms, sessions, users

READY = select(meta.c.value).limit(1)

# --- rooms and their logs

ROOM = select(rooms).where(rooms.c.name == bindparam("room"))
PUBLIC_ROOMS = (
    select(rooms)
    .where(rooms.c.kind == RoomKind.PUBLIC.value, rooms.c.name > bindparam("after"))
    .order_by(rooms.c.name)
    .limit(bindparam("most"))
)
_LOG = select(events).where(events.c.room_id == bindparam("room_id")).limit(bindparam("most"))
AFTER = _LOG.where(events.c.seq > bindparam("after")).order_by(events.c.seq)
BEFORE = _LOG.where(events.c.seq < bindparam("before")).order_by(events.c.seq.desc())

# --- members

_MEMBERS = select(rooms, members.c.read_seq).join(members, members.c.room_id == rooms.c.id)
MEMBERSHIPS = _MEMBERS.where(members.c.user_id == bindparam("user")).order_by(rooms.c.name)
MEMBERSHIP = _MEMBERS.where(
    rooms.c.name == bindparam("room"), members.c.user_id == bindparam("user")
)
DIRECT_MEMBERS = (
    select(users.c.id, users.c.name)
    .join(members, members.c.user_id == users.c.id)
    .join(rooms, rooms.c.id == members.c.room_id)
    .where(rooms.c.name == bindparam("room"))
    .order_by(users.c.id)
)

# --- users and their sessions

_ACCOUNT = users.c.kind != UserKind.GUEST.value
_HAS_SESSION = exists().where(
    sessions.c.user_id == users.c.id, sessions.c.expires_ms > bindparam("now")
)
SESSION_USER = (
    select(users)
    .join(sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.expires_ms > bindparam("now"))
)
# What an account holds is the account's, whatever guest came to that name before.
NAME_HOLDER = (
    select(users)
    .where(users.c.name_key == bindparam("key"), or_(_ACCOUNT, _HAS_SESSION))
    .order_by(case((_ACCOUNT, 0), else_=1), users.c.id)
    .limit(1)
)
# The range is for the index; in the order of code points `uses` follows every `user...`.
HELD_AUTOMATIC = select(users.c.name_key).where(
    users.c.name_key > "user",
    users.c.name_key < "uses",
    users.c.name_key.regexp_match("^user[0-9]+$"),
    _HAS_SESSION,
)
RENEW = (
    update(sessions)
    .where(sessions.c.user_id == bindparam("user"), sessions.c.expires_ms < bindparam("expires"))
    .values(expires_ms=bindparam("expires"))
)

# --- what nothing names any more, in this order: then every session that is left is a live one

PURGE_SESSIONS = delete(sessions).where(sessions.c.expires_ms <= bindparam("now"))
_GONE = select(users.c.id).where(~_ACCOUNT, ~exists().where(sessions.c.user_id == users.c.id))
_DIRECT = select(rooms.c.id).where(rooms.c.kind == RoomKind.DIRECT.value)
_FELLOWS = members.alias("fellows")
_LEFT_TO_ALL = _DIRECT.where(
    rooms.c.id.in_(select(members.c.room_id).where(members.c.user_id.in_(_GONE))),
    ~exists().where(
        _FELLOWS.c.room_id == rooms.c.id,
        _FELLOWS.c.user_id.in_(select(users.c.id).where(users.c.id.not_in(_GONE))),
    ),
)
PURGES = (
    PURGE_SESSIONS,
    delete(members).where(members.c.user_id.in_(_GONE), members.c.room_id.not_in(_DIRECT)),
    delete(members).where(members.c.room_id.in_(_LEFT_TO_ALL)),
    delete(users).where(users.c.id.in_(_GONE), ~exists().where(members.c.user_id == users.c.id)),
    # A log that had entries keeps its last seq, also when none of them is left.
    delete(rooms).where(rooms.c.last_seq == 0, ~exists().where(members.c.room_id == rooms.c.id)),
)
