"""Requests of those who see to it that one can talk in peace."""

from hubbub.hub import reports
from hubbub.hub.handlers.table import handles
from hubbub.hub.parts import Parts
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import format_instant
from hubbub.protocol import events, replies, requests
from hubbub.storage.records import Sanction


async def _room(parts: Parts, session: Session, name: str | None) -> Room | None:
    return None if name is None else await parts.rooms.open_for(session, name)


def _until(laid: Sanction) -> str | None:
    return None if laid.ends_ms is None else format_instant(laid.ends_ms)


@handles(requests.Kick)
async def _kick(parts: Parts, session: Session, user: User, request: requests.Kick) -> replies.Done:
    room = await parts.rooms.open_for(session, request.room)
    whom = await parts.moderation.kick(user, room, request.name, request.reason)
    return replies.Done(id=request.id, act="kick", whom=whom, room=room.name)


@handles(requests.Mute)
async def _mute(parts: Parts, session: Session, user: User, request: requests.Mute) -> replies.Done:
    room = await _room(parts, session, request.room)
    laid = await parts.moderation.mute(user, room, request.name, request.duration_s, request.reason)
    return replies.Done(
        id=request.id, act="mute", whom=laid.whom, room=_name(room), until=_until(laid)
    )


@handles(requests.Unmute)
async def _unmute(
    parts: Parts, session: Session, user: User, request: requests.Unmute
) -> replies.Done:
    room = await _room(parts, session, request.room)
    whom = await parts.moderation.unmute(user, room, request.name)
    return replies.Done(id=request.id, act="unmute", whom=whom, room=_name(room))


@handles(requests.Ban)
async def _ban(parts: Parts, session: Session, user: User, request: requests.Ban) -> replies.Done:
    laid = await parts.moderation.ban(user, request.name, request.duration_s, request.reason)
    return replies.Done(id=request.id, act="ban", whom=laid.whom, until=_until(laid))


@handles(requests.Unban)
async def _unban(
    parts: Parts, session: Session, user: User, request: requests.Unban
) -> replies.Done:
    whom = await parts.moderation.unban(user, request.name)
    return replies.Done(id=request.id, act="unban", whom=whom)


@handles(requests.SetRole)
async def _set_role(
    parts: Parts, session: Session, user: User, request: requests.SetRole
) -> replies.Done:
    room = await _room(parts, session, request.room)
    if room is None:
        whom = await parts.role_grants.set_role(user, request.name, request.role)
    else:
        whom = await parts.role_grants.set_room_role(user, room, request.name, request.role)
    return replies.Done(
        id=request.id, act="set_role", whom=whom, room=_name(room), role=request.role
    )


@handles(requests.Delete)
async def _delete(
    parts: Parts, session: Session, user: User, request: requests.Delete
) -> events.Ok:
    room = await parts.rooms.open_for(session, request.room)
    await parts.moderation.delete(user, room, request.seq, request.reason)
    return events.Ok(id=request.id)


def _name(room: Room | None) -> str | None:
    return None if room is None else room.name


handles(requests.Audit)(reports.audit)
handles(requests.Bans)(reports.bans)
