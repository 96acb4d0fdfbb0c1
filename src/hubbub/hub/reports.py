"""What one may read of sessions, of the audit log, of bans and mutes."""

from hubbub.hub.parts import Parts
from hubbub.hub.rules.secrets import secret_id
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import PRIVATE, format_instant
from hubbub.protocol import replies, requests
from hubbub.storage.records import AuditRecord, Sanction


async def sessions(
    parts: Parts, session: Session, user: User, request: requests.Sessions
) -> replies.SessionList:
    """Where a member is signed in. Raises Forbidden."""
    parts.permissions.require(user, Right.SEE_SESSIONS)
    found = tuple(
        replies.SignedIn(
            secret_id(each.token_hash),
            each.device,
            format_instant(each.created_ms),
            format_instant(each.used_ms),
            each.token_hash == session.token_hash,
        )
        for each in await parts.accounts.sessions(user)
    )
    return replies.SessionList(id=request.id, sessions=found)


async def audit(
    parts: Parts, session: Session, user: User, request: requests.Audit
) -> replies.AuditPage:
    """What moderators did, of the server or of a room. Raises Forbidden, NoSuchRoom."""
    entries, more = await audit_page(
        parts, session, user, request.room, request.before, request.limit
    )
    told = tuple(
        replies.AuditEntry(
            parts.opaque_ids.shown(each.id),
            format_instant(each.at_ms),
            each.act,
            each.by,
            each.whom,
            each.room,
            each.reason,
        )
        for each in entries
    )
    return replies.AuditPage(id=request.id, entries=told, more=more)


async def audit_page(
    parts: Parts, session: Session, user: User, typed: str | None, before: int | None, limit: int
) -> tuple[list[AuditRecord], bool]:
    """A page of the audit log, and whether there is more; newest first.

    What was done in private rooms is for those who may see these. Raises Forbidden, NoSuchRoom.
    """
    room = await _room(parts, session, user, typed)
    storage = parts.log.storage
    own = {each.name for each in await parts.log.read(storage.members.private_rooms, user.id)}
    own |= {each.name for each in session.rooms.values()}
    found = await parts.log.read(
        storage.order.audit,
        room=None if room is None else room.name,
        before=None if before is None else parts.opaque_ids.meant(before),
        limit=limit + 1,
        own=sorted(own),
    )
    return found[:limit], len(found) > limit


async def bans(
    parts: Parts, session: Session, user: User, request: requests.Bans
) -> replies.BanList:
    """The bans and mutes that hold, of the server or of a room. Raises Forbidden, NoSuchRoom."""
    told = tuple(
        replies.Ban(
            each.kind.value,
            each.whom,
            each.room or None,
            each.by,
            format_instant(each.at_ms),
            None if each.ends_ms is None else format_instant(each.ends_ms),
            each.reason,
        )
        for each in await sanctions(parts, session, user, request.room)
    )
    return replies.BanList(id=request.id, bans=told)


async def sanctions(
    parts: Parts, session: Session, user: User, typed: str | None
) -> list[Sanction]:
    """The same, one for each act: a guest is banned by name and address at once."""
    room = await _room(parts, session, user, typed)
    held = parts.sanctions.holding(room=None if room is None else room.name)
    if room is None:
        rooms = session.rooms
        held = [e for e in held if not e.room.startswith(PRIVATE) or e.room in rooms]
    by_act = {(each.kind, each.room, each.whom): each for each in reversed(held)}
    return list(reversed(by_act.values()))


async def _room(parts: Parts, session: Session, user: User, typed: str | None) -> Room | None:
    if typed is None:
        parts.permissions.require(user, Right.AUDIT)
        return None
    room = await parts.rooms.open_for(session, typed)
    parts.permissions.require(user, Right.AUDIT_HERE, room)
    return room
