"""What may be looked up: pages of a log, the people in a room, the rooms there are."""

import heapq

from hubbub.errors import BadName, BadRequest, NoSuchRoom
from hubbub.hub.limits import Limits
from hubbub.hub.log import Log
from hubbub.hub.room import Room
from hubbub.hub.rooms import Rooms
from hubbub.hub.session import Session, User
from hubbub.model import room_name, user_name
from hubbub.protocol import events
from hubbub.storage.interface import LogPage


class Lookups:
    """Reads, and changes nothing."""

    def __init__(
        self,
        log: Log,
        rooms: Rooms,
        users: dict[str, User],
        limits: Limits,
        default_room: str,
    ) -> None:
        self._log = log
        self._rooms = rooms
        self._users = users
        self._limits = limits
        self._default_room = default_room

    async def page(
        self, session: Session, typed: str, before: int | None, after: int | None, limit: int
    ) -> LogPage:
        """A page of a room's log, for one of its members."""
        if before is not None and after is not None:
            raise BadRequest("`history` takes `before` or `after`, not both.")
        room = await self._rooms.open_for(session, typed)
        return await self._log.read(
            self._log.storage.page,
            room.name,
            before=before,
            after=after,
            limit=limit,
            limit_bytes=self._limits.page_bytes,
        )

    async def members(
        self, session: Session, typed: str, after: str | None, limit: int
    ) -> events.MemberPage:
        """Who is in a room, in the order of the compared names."""
        room = await self._visible(session, typed)
        past = _key(after)
        if room.direct:
            people = [self._users[p.id] for p in room.participants if p.id in self._users]
        else:
            people = list(room.users())
        rest = (user for user in people if user.name.key > past)
        found = heapq.nsmallest(limit + 1, rest, key=lambda user: user.name.key)
        members = tuple(
            events.Member(user.id, user.name.shown, user.role, user.away is not None)
            for user in found[:limit]
        )
        return events.MemberPage(members=members, more=len(found) > limit)

    async def _visible(self, session: Session, typed: str) -> Room:
        if typed.startswith("@"):
            return await self._rooms.open_for(session, typed)
        room = await self._rooms.open(typed)
        if not room.people and not room.last and room.name != self._default_room:
            raise NoSuchRoom(f"There is no room {room.name}; /join {room.name} makes it.")
        return room

    def count_members(self, typed: str) -> int:
        """How many users are in a room that is in memory."""
        room = self._rooms.live(typed if typed.startswith("@") else room_name(typed))
        return 0 if room is None else len(room.people)

    async def rooms(self, after: str | None, limit: int) -> events.RoomPage:
        """The public rooms that have a log or people, in the order of their names."""
        past = after or ""
        stored = await self._log.read(self._log.storage.public_rooms, after=past, limit=limit + 1)
        topics = {record.name: record.topic for record in stored}
        live = {room.name: room for room in self._rooms.occupied()}
        topics |= {name: room.topic for name, room in live.items() if name > past}
        if self._default_room > past:
            topics.setdefault(self._default_room, "")
        names = heapq.nsmallest(limit + 1, topics)
        rooms = tuple(
            events.RoomSummary(name, topics[name], len(live[name].people) if name in live else 0)
            for name in names[:limit]
        )
        return events.RoomPage(rooms=rooms, more=len(names) > limit)


def _key(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return user_name(name).key
    except BadName:
        return name.casefold()
