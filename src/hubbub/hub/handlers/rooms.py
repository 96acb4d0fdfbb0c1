"""Requests about rooms: entering and leaving them, what they are, who is in them."""

from hubbub.hub.handlers.table import handles
from hubbub.hub.parts import Parts
from hubbub.hub.rooms.replay import PAGE
from hubbub.hub.state.permissions import role_in
from hubbub.hub.state.room import Room, Session, User
from hubbub.protocol import events, replies, requests


@handles(requests.Join)
async def _join(parts: Parts, session: Session, user: User, request: requests.Join) -> None:
    room = await parts.membership.admit(session, request.room)
    await _enter(parts, session, user, room, request)


async def _enter(
    parts: Parts,
    session: Session,
    user: User,
    room: Room,
    request: requests.Join | requests.MakeRoom,
) -> None:
    """Takes a session into a room and answers with where its log ends, before what comes next."""
    making = parts.membership.enter(session, room)
    parts.membership.remember(user, room)
    after = request.after if isinstance(request, requests.Join) else None
    limit = PAGE if after is None else parts.limits.resume_events
    async with parts.replay.catch_up(session, room, after, limit) as page:
        made = await parts.membership.made(making)
        joined = events.Joined(
            id=request.id,
            room=room.name,
            topic=room.topic,
            kind=room.kind,
            read_only=room.read_only,
            archived=room.archived,
            role=role_in(user, room),
            may=parts.permissions.in_room(user, room),
            first=page.first,
            last=page.last,
            events=page.events,
            more=page.more,
        )
        if not session.closed:
            session.reply(joined)
    if made:
        parts.welcome.tell(user)


@handles(requests.Leave)
async def _leave(parts: Parts, session: Session, user: User, request: requests.Leave) -> events.Ok:
    await parts.membership.leave_room(session, request.room)
    return events.Ok(id=request.id)


@handles(requests.MakeRoom)
async def _make(parts: Parts, session: Session, user: User, request: requests.MakeRoom) -> None:
    room = await parts.room_settings.make(
        session, user, request.room, private=request.private, read_only=request.read_only
    )
    await _enter(parts, session, user, room, request)
    parts.welcome.tell(user)


@handles(requests.ChangeRoom)
async def _change(
    parts: Parts, session: Session, user: User, request: requests.ChangeRoom
) -> replies.RoomChanged:
    room = await parts.rooms.open_for(session, request.room)
    await parts.room_settings.change(
        user,
        room,
        kind=request.kind,
        read_only=request.read_only,
        archived=request.archived,
        name=request.name,
    )
    return replies.RoomChanged(
        id=request.id,
        room=room.name,
        kind=room.kind,
        read_only=room.read_only,
        archived=room.archived,
        role=role_in(user, room),
    )


@handles(requests.Invite)
async def _invite(
    parts: Parts, session: Session, user: User, request: requests.Invite
) -> replies.Done:
    room = await parts.rooms.open_for(session, request.room)
    whom = await parts.room_settings.invite(user, room, request.name)
    return replies.Done(id=request.id, act="invite", whom=whom, room=room.name)


@handles(requests.Members)
async def _members(
    parts: Parts, session: Session, user: User, request: requests.Members
) -> replies.MemberPage:
    found = await parts.lookups.members(session, request.room, request.after, request.limit)
    return replies.MemberPage(id=request.id, members=found.members, more=found.more)


@handles(requests.Rooms)
async def _rooms(
    parts: Parts, session: Session, user: User, request: requests.Rooms
) -> replies.RoomPage:
    found = await parts.lookups.rooms(user, request.after, request.limit)
    return replies.RoomPage(id=request.id, rooms=found.rooms, more=found.more)
