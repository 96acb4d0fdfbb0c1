"""The statements about people: users, sessions, browsers, moderation, and what goes with them."""

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from hubbub.model import PRIVATE, NotifyLevel, RoomKind, UserKind
from hubbub.storage.interface import SUBSCRIPTIONS
from hubbub.storage.records import ADDRESS
from hubbub.storage.sql.dialects import listed, others, upsert
from hubbub.storage.sql.schema import (
    audit,
    ignored,
    invitations,
    members,
    passwords,
    present,
    present_in,
    rooms,
    sanctions,
    sessions,
    subscriptions,
    users,
)

# --- browsers to be notified

_subscription = (
    subscriptions.c.endpoint,
    subscriptions.c.user_id,
    subscriptions.c.p256dh,
    subscriptions.c.auth,
)
SUBSCRIPTIONS_OF = (
    select(*_subscription)
    .where(subscriptions.c.user_id == bindparam("user_id"))
    .order_by(subscriptions.c.saved_ms.desc(), subscriptions.c.endpoint)
)
SUBSCRIBERS = (
    select(*_subscription, users.c.name_key, members.c.notify, present.c.node_id)
    .join_from(rooms, members, members.c.room_id == rooms.c.id)
    .join(subscriptions, subscriptions.c.user_id == members.c.user_id)
    .join(users, users.c.id == members.c.user_id)
    .outerjoin(present, present.c.user_id == members.c.user_id)
    .where(
        rooms.c.name == bindparam("name"),
        members.c.notify != NotifyLevel.NONE.value,
        # Whoever has left for good is not called until the next purge either.
        exists().where(sessions.c.user_id == subscriptions.c.user_id),
    )
)
LOUD_ROOMS = select(rooms.c.name).where(
    rooms.c.id.in_(
        select(members.c.room_id)
        .join_from(subscriptions, members, members.c.user_id == subscriptions.c.user_id)
        .where(members.c.notify == NotifyLevel.ALL.value)
    )
)
SAVE_SUBSCRIPTIONS = upsert(subscriptions, others(subscriptions))
_kept = subscriptions.alias("kept")
DELETE_OLDEST_SUBSCRIPTIONS = delete(subscriptions).where(
    subscriptions.c.user_id == bindparam("of_user"),
    subscriptions.c.endpoint.not_in(
        select(_kept.c.endpoint)
        .where(_kept.c.user_id == bindparam("of_user"))
        .order_by(_kept.c.saved_ms.desc(), _kept.c.endpoint)
        .limit(SUBSCRIPTIONS)
    ),
)
DELETE_SUBSCRIPTIONS = delete(subscriptions).where(
    subscriptions.c.endpoint == bindparam("of"), subscriptions.c.user_id == bindparam("of_user")
)

# --- users and sessions

_user = (users.c.id, users.c.name, users.c.name_key, users.c.kind, users.c.role)
_account = users.c.kind != UserKind.GUEST.value
_unexpired = sessions.c.expires_ms > bindparam("now_ms")

SESSION_USER = (
    select(*_user)
    .join_from(sessions, users, users.c.id == sessions.c.user_id)
    .where(sessions.c.token_hash == bindparam("token_hash"), _unexpired)
)
NAME_HOLDER = (
    select(*_user)
    .where(
        users.c.name_key == bindparam("name_key"),
        or_(_account, exists().where(sessions.c.user_id == users.c.id, _unexpired)),
    )
    # A name that an account holds is the account's, whatever guest came to it before.
    .order_by(case((_account, 0), else_=1), users.c.id)
    .limit(1)
)
# `user` and what follows it in the order of code points, up to `uses`.
USER_NAMES = select(users.c.name_key).where(
    users.c.name_key > "user",
    users.c.name_key < "uses",
    exists().where(sessions.c.user_id == users.c.id, _unexpired),
)
SAVE_USERS = upsert(users, ["saved_ms"])
RENAME_USERS = (
    update(users)
    .where(users.c.id == bindparam("of"))
    .values(name=bindparam("to_name"), name_key=bindparam("to_key"))
)
SET_ACCOUNTS = (
    update(users)
    .where(users.c.id == bindparam("of"))
    .values(kind=bindparam("to_kind"), role=bindparam("to_role"))
)
SAVE_SESSIONS = upsert(sessions, ["user_id", "expires_ms", "used_ms"])
ACCOUNT = (
    select(*_user, passwords.c.hash)
    .join_from(users, passwords, passwords.c.user_id == users.c.id, isouter=True)
    .where(users.c.name_key == bindparam("name_key"), _account)
)
ACCOUNTS = select(*_user).where(_account).order_by(users.c.name_key)
SAVE_PASSWORDS = upsert(passwords, ["hash"])
INVITATION = select(invitations).where(
    invitations.c.code_hash == bindparam("code_hash"),
    invitations.c.uses > 0,
    invitations.c.expires_ms > bindparam("now_ms"),
)
SAVE_INVITATIONS = upsert(invitations, ["uses"])
INVITATIONS = (
    select(invitations)
    .where(invitations.c.uses > 0, invitations.c.expires_ms > bindparam("now_ms"))
    .order_by(invitations.c.expires_ms)
    .limit(bindparam("limit"))
)
_ids = listed("user_ids")
USERS = select(*_user).where(users.c.id.in_(select(_ids.c.value)))
LIVE_SESSIONS = select(sessions.c.token_hash).where(
    sessions.c.user_id.in_(select(_ids.c.value)), _unexpired
)
SESSIONS_OF = (
    select(
        sessions.c.token_hash,
        sessions.c.device,
        sessions.c.created_ms,
        sessions.c.used_ms,
        sessions.c.expires_ms,
    )
    .where(sessions.c.user_id == bindparam("user_id"), _unexpired)
    .order_by(sessions.c.used_ms.desc(), sessions.c.created_ms.desc())
)
DELETE_SESSIONS_OF = delete(sessions).where(
    sessions.c.user_id == bindparam("of_user"), sessions.c.token_hash != bindparam("but")
)
DELETE_SESSIONS = delete(sessions).where(sessions.c.token_hash == bindparam("of"))
RENEW_SESSIONS = (
    update(sessions)
    .where(sessions.c.token_hash == bindparam("of"), sessions.c.expires_ms < bindparam("end_ms"))
    .values(expires_ms=bindparam("end_ms"), used_ms=bindparam("now_ms"))
)

# --- moderation

IGNORED = (
    select(users.c.id, users.c.name)
    .join_from(ignored, users, users.c.id == ignored.c.ignored_id)
    .where(ignored.c.user_id == bindparam("user_id"))
    .order_by(users.c.name_key, users.c.id)
)
SAVE_IGNORED = upsert(ignored)
DELETE_IGNORED = delete(ignored).where(
    ignored.c.user_id == bindparam("of_user"), ignored.c.ignored_id == bindparam("of_other")
)
SANCTIONS = (
    select(sanctions)
    .where(or_(sanctions.c.ends_ms.is_(None), sanctions.c.ends_ms > bindparam("now_ms")))
    .order_by(sanctions.c.at_ms)
)
SAVE_SANCTIONS = upsert(sanctions, others(sanctions))
DELETE_SANCTIONS = delete(sanctions).where(
    sanctions.c.kind == bindparam("of_kind"),
    sanctions.c.room == bindparam("of_room"),
    sanctions.c.against == bindparam("of_against"),
    sanctions.c.subject == bindparam("of_subject"),
)
DELETE_SANCTIONS_IN = delete(sanctions).where(sanctions.c.room == bindparam("of_room"))
MOVE_SANCTIONS = (
    update(sanctions)
    .where(sanctions.c.room == bindparam("of_room"))
    .values(room=bindparam("to_room"))
)
MOVE_AUDIT = (
    update(audit).where(audit.c.room == bindparam("of_room")).values(room=bindparam("to_room"))
)
INSERT_AUDIT = insert(audit).inline()
_own_rooms = listed("own")
AUDIT = (
    select(audit)
    .where(
        audit.c.id < bindparam("before", type_=BigInteger()),
        # What was done in a private room is for those who may see it.
        or_(
            audit.c.room.not_like(f"{PRIVATE}%"),
            audit.c.room.in_(select(_own_rooms.c.value)),
        ),
    )
    .order_by(audit.c.id.desc())
    .limit(bindparam("limit"))
)
AUDIT_OF_ROOM = AUDIT.where(audit.c.room == bindparam("room"))

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
    delete(subscriptions).where(subscriptions.c.user_id.in_(_sessionless)),
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
