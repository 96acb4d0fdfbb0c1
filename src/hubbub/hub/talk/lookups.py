"""What may be looked up: pages of a log, the people in a room, the rooms there are."""

import heapq
from collections.abc import Iterable

from hubbub.errors import BadName, BadRequest, NoSuchRoom
from hubbub.hub.core import Core
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.state.permissions import stored_role_in
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import Role, RoomKind, user_name
from hubbub.protocol import events, replies
from hubbub.storage.records import LogPage, UserRecord

LAST_LOOKED = 200


class Lookups:
    """Reads, and changes nothing."""

    def __init__(self, core: Core, rooms: Rooms) -> None:
        self._peers = core.peers
        self._log = core.log
        self._users = core.users
        self._limits = core.limits
        self._default_room = core.default_room
        self._rooms = rooms

    async def page(
        self, session: Session, typed: str, before: int | None, after: int | None, limit: int
    ) -> LogPage:
        """A page of a room's log, for one of its members."""
        if before is not None and after is not None:
            raise BadRequest("`history` takes `before` or `after`, not both.")
        room = await self._rooms.open_for(session, typed)
        return await self._log.read(
            self._log.storage.log.page,
            room.name,
            room_id=room.meant,
            before=before,
            after=after,
            limit=limit,
            limit_bytes=self._limits.page_bytes,
        )

    async def last_of(self, room: Room, user_id: str) -> int:
        """The seq of what somebody said last in a room, among the last `LAST_LOOKED`."""
        page = await self._log.read(
            self._log.storage.log.page,
            room.name,
            room_id=room.meant,
            limit=LAST_LOOKED,
            limit_bytes=self._limits.page_bytes,
        )
        for event in reversed(page.events):
            said = isinstance(event, events.Message) and not event.deleted
            if said and event.sender.id == user_id:
                return event.seq
        raise BadRequest("You have said nothing lately; name a message by its number.")

    async def members(
        self, session: Session, typed: str, after: str | None, limit: int
    ) -> replies.MemberPage:
        """Who is in a room, in the order of the compared names."""
        room = await self._visible(session, typed)
        past = _key(after)
        people = await self._people(room)
        rest = ((user, away) for user, away in people if user.key > past)
        found = heapq.nsmallest(limit + 1, rest, key=lambda each: each[0].key)
        members = tuple(
            replies.Member(user.id, user.name, _shown_role(user, room), away)
            for user, away in found[:limit]
        )
        return replies.MemberPage(members=members, more=len(found) > limit)

    async def _people(self, room: Room) -> list[tuple[UserRecord, bool]]:
        """Who is in a room, and whether they are away."""
        here: Iterable[User] = room.users()
        others = [(g.user, g.away) for i, g in room.remote.items() if i not in room.people]
        if room.direct:
            ids = [person.id for person in room.participants]
            here = [self._users[user_id] for user_id in ids if user_id in self._users]
            missing = [user_id for user_id in ids if user_id not in self._users]
            found = await self._peers.directory.whereabouts(missing)
            others = list({p.user.id: (p.user, p.away is not None) for p in found}.values())
        return [(user.record, user.away is not None) for user in here] + others

    async def _visible(self, session: Session, typed: str) -> Room:
        if typed.startswith("@"):
            return await self._rooms.open_for(session, typed)
        room = await self._rooms.open(typed, "" if session.user is None else session.user.id)
        if not room.made and room.name != self._default_room:
            raise NoSuchRoom(f"There is no room {room.name}; /join {room.name} makes it.")
        return room

    async def rooms(self, user: User, after: str | None, limit: int) -> replies.RoomPage:
        """The public rooms that have a log or people, and the private ones of this user, in the
        order of their names.
        """
        past = after or ""
        stored = await self._log.read(self._log.storage.rooms.public, after=past, limit=limit + 1)
        topics = {record.name: record.topic for record in stored}
        topics |= {r.name: r.topic for r in self._rooms.occupied() if r.name > past}
        if self._default_room > past:
            topics.setdefault(self._default_room, "")
        own = await self._private_rooms(user)
        topics |= {name: topic for name, topic in own.items() if name > past}
        names = heapq.nsmallest(limit + 1, topics)
        users = await self._peers.directory.users_in(
            [n for n in names if self._rooms.live(n) is None]
        )
        rooms = tuple(
            replies.RoomSummary(
                name,
                topics[name],
                users.get(name, 0) if (room := self._rooms.live(name)) is None else room.size,
                RoomKind.PRIVATE if name in own else RoomKind.PUBLIC,
            )
            for name in names[:limit]
        )
        return replies.RoomPage(rooms=rooms, more=len(names) > limit)

    async def _private_rooms(self, user: User) -> dict[str, str]:
        """The topics of the private rooms that a user may enter."""
        kept = await self._log.read(self._log.storage.members.private_rooms, user.id)
        return {each.name: each.topic for each in kept if not each.archived}


def _shown_role(user: UserRecord, room: Room) -> Role:
    """What somebody is in a room; a guest who is no more than a member there is a guest."""
    role = stored_role_in(user.role, room.roles.get(user.id, Role.MEMBER), room.kind)
    return user.role if role is Role.MEMBER and user.role is Role.GUEST else role


def _key(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return user_name(name).key
    except BadName:
        return name.casefold()
