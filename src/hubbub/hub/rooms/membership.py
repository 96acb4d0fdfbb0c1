"""Who is in which room: the only place where that changes, and what the others hear of it."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from hubbub.errors import (
    BadRequest,
    Forbidden,
    NoSuchRoom,
    NotAMember,
    Refusal,
    RoomFull,
    Unavailable,
)
from hubbub.hub.core import Core
from hubbub.hub.flow.committer import Submission
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.signs import Changed, Somebody, State, Went
from hubbub.hub.state.permissions import Right, role_in
from hubbub.hub.state.room import Room, Session, User
from hubbub.hub.welcome import Welcome
from hubbub.model import Role, UserKind, room_name
from hubbub.protocol.events import Person, Presence, Settings, Standing
from hubbub.storage.changes import EnterRoom, ExitRoom, MakeRoom, Outcome, RemoveMember, SaveMember


def in_room(user: User, room: Room) -> list[Session]:
    """The connections of a user that are in a room."""
    return [each for each in user.sessions if each.rooms.get(room.name) is room]


class RoomMembership:
    """Takes sessions into rooms and out of them, and tells those who are there."""

    def __init__(self, core: Core, rooms: Rooms, welcome: Welcome) -> None:
        self._committer = core.committer
        self._fanout = core.fanout
        self._limits = core.limits
        self._permissions = core.permissions
        self._peers = core.peers
        self._presence = core.presence
        self._rooms = rooms
        self._welcome = welcome
        self._default = core.default_room
        self._leaving = asyncio.Lock()

    async def admit(
        self,
        session: Session,
        typed: str,
        user: User | None = None,
        *,
        former: bool = True,
    ) -> Room:
        """A room that the session may enter. Raises BadName, NoSuchRoom, RoomFull, Forbidden.

        `user` is who comes in by `hello`, whom the session does not have yet.
        """
        user = user or session.user
        room = await self._rooms.open(typed, "" if user is None else user.id, former=former)
        if room.direct:
            return room
        if user is not None and not room.made and room.name != self._default:
            self._permissions.require(user, Right.CREATE_ROOM)
        if room.name not in session.rooms:
            self.check_place(session)
        if room.connections >= self._limits.connections_per_room and room.name not in session.rooms:
            raise RoomFull(f"{room.name} is full; try again later.", room=room.name)
        return room

    def check_place(self, session: Session) -> None:
        """Raises Forbidden for a connection that is in as many rooms as it may be."""
        # One that is in one room at a time leaves it for the next.
        most = self._limits.rooms_per_connection + session.dialect.one_room
        if len(session.rooms) >= most:
            raise Forbidden(
                f"You are in {len(session.rooms)} rooms, the most for one connection; "
                "leave one first."
            )

    def enter(
        self, session: Session, room: Room, *, tell_self: bool = False
    ) -> asyncio.Future[Outcome] | None:
        """Makes the session one of the room's and tells the others.

        It is not served yet: `catch_up` or the room's audience begins that. Whoever makes
        the room by that is its owner once `made` has waited for what this returns.
        """
        if session.closed:
            raise Unavailable("The connection ended before it was in the room.")
        if room.direct or room.name in session.rooms:
            return None
        user = session.user
        assert user is not None, "a session enters rooms after it has a user"
        making = None if room.made else self.submit_making(room, user)
        known = room.has(user.id)
        if room.enter(session):
            self._peers.attendance.note(EnterRoom(room.name, user.id))
        self._rooms.touch(room)
        if not known:
            joined = Presence(room=room.name, user=user.person, state="joined")
            self._presence.tell(room, joined, session)
            if tell_self:
                self._fanout.tell((session,), joined)
        return making

    def submit_making(self, room: Room, user: User) -> asyncio.Future[Outcome]:
        """Makes a room for somebody; what `made` waits for."""

        def note(making: asyncio.Future[Outcome]) -> None:
            if making.cancelled() or making.exception() is not None:
                # The next who enters makes it.
                room.made = bool(room.last)

        making: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        making.add_done_callback(note)
        self._committer.submit(Submission(self.make(room, user), future=making))
        return making

    async def made(self, making: asyncio.Future[Outcome] | None) -> bool:
        """Returns once a room is made and its maker owns it; whether there was one to make.

        A log that cannot be written keeps nobody out of a room: they own it not.
        """
        if making is None:
            return False
        with suppress(Refusal):
            await making
        return True

    def leave(self, session: Session, room: Room) -> None:
        """Takes the session out of the room and tells the others."""
        user = session.user
        assert user is not None, "a session in a room has a user"
        if room.depart(session):
            self._peers.attendance.note(ExitRoom(room.name, user.id))
            if not room.has(user.id):
                left = Presence(room=room.name, user=user.person, state="left")
                self._presence.tell(room, left)
        if not room.connections:
            self._rooms.touch(room)
            self._presence.forget(room)

    def remember(self, user: User, room: Room) -> None:
        """Keeps the membership of a user who has a session to come back with."""
        if user.kept and not room.direct:
            self._committer.submit(Submission(SaveMember(room.name, user.id)))

    async def forget(self, user: User, room: Room) -> None:
        """Ends a membership, with the role that went with it. Raises Unavailable."""
        if user.kept or user.stored:
            await self._committer.outcome(RemoveMember(room.name, user.id))

    async def join(self, session: Session, typed: str) -> Room:
        """Takes a session into a room by command; one that is in one room leaves the other."""
        room = await self.admit(session, typed)
        if room.direct:
            raise NoSuchRoom("A direct conversation is not entered; /whisper to its people.")
        one_room = session.dialect.one_room
        making = self.enter(session, room, tell_self=not one_room)
        room.audience.add(session)
        if one_room:
            for other in [each for each in session.rooms.values() if each is not room]:
                self.leave(session, other)
        if (user := session.user) is not None:
            self.remember(user, room)
            if await self.made(making) or room.roles.get(user.id) is Role.OWNER:
                self._welcome.tell(user)
        return room

    async def leave_room(self, session: Session, typed: str) -> str:
        """Takes all of the user's connections that speak JSON out of a room; its name.

        A plain connection leaves for itself, and never its last room, the default one.
        """
        name = typed if typed.startswith("@") else room_name(typed)
        room = session.rooms.get(name)
        if room is None or session.user is None:
            raise NotAMember(f"You are not in {name[:64]}.")
        if session.dialect.one_room:
            if name == self._default:
                raise BadRequest(f"This is {name}, where everyone begins; /quit ends it all.")
            self.leave(session, room)
            return name
        # Whoever of them comes in again meanwhile stays.
        here = in_room(session.user, room)
        if room.private:
            # One after the other, so that two owners cannot both leave a private room to nobody.
            async with self._leaving:
                if room.roles.get(session.user.id) is Role.OWNER:
                    _check_left_to_somebody(room, session.user)
                await self.forget(session.user, room)
        else:
            await self.forget(session.user, room)
        # It may have another name by now.
        self.take_out(here, room, but=session)
        self._peers.signals.tell(Went(session.user.id, room.name))
        return name

    def take_out(self, sessions: Iterable[Session], room: Room, but: Session | None = None) -> None:
        """Takes those of a user's connections that speak JSON and are in a room out of it, and
        tells them but for one.
        """
        for session in list(sessions):
            user = session.user
            if user is None or session.rooms.get(room.name) is not room:
                continue
            if not session.dialect.one_room:
                self.leave(session, room)
                if session is not but:
                    left = Presence(room=room.name, user=user.person, state="left")
                    self._fanout.tell((session,), left)

    # --- telling

    def announce(self, user: User, state: State, was: str | None = None) -> None:
        """Tells every room that the user is in of a change."""
        self._peers.attendance.note(user.arrival())
        self._peers.signals.tell(Changed(Somebody.of(user.record, user.away), state, was))
        self.tell_changed(user.person, state, was)

    def tell_changed(self, person: Person, state: State, was: str | None) -> None:
        """The same, to those on this node alone."""
        for room in [room for room in self._rooms.all_live() if room.has(person.id)]:
            change = Presence(room=room.name, user=person, state=state, was=was)
            self._presence.tell(room, change)

    def tell_settings(self, room: Room, settings: Settings) -> None:
        """Tells those in a room what they may do there now, and those who skip `settings` that
        they are in another room.
        """
        by_role: dict[Role, list[User]] = {}
        for user in room.users():
            if settings.was is not None:
                left = Presence(room=settings.was, user=user.person, state="left")
                joined = Presence(room=room.name, user=user.person, state="joined")
                for session in in_room(user, room):
                    session.send(left)
                    session.send(joined)
            by_role.setdefault(role_in(user, room), []).append(user)
        for users in by_role.values():
            self._tell_standing(users, room)

    def tell_standing(self, user: User, room: Room) -> None:
        """Tells a user what they are and may do in a room."""
        self._tell_standing([user], room)

    def _tell_standing(self, users: Sequence[User], room: Room) -> None:
        role, may = role_in(users[0], room), self._permissions.in_room(users[0], room)
        sessions = [session for user in users for session in in_room(user, room)]
        self._fanout.tell(sessions, Standing(room=room.name, role=role, may=may))

    def make(self, room: Room, user: User) -> MakeRoom:
        """What makes a room: a member owns it, a guest's belongs to nobody.

        It is to be committed before anything else of the room: its name may have been another's.
        """
        room.made = True
        owns = user.kind is not UserKind.GUEST and room.name != self._default
        return MakeRoom(room.name, user.id if owns else None)


def _check_left_to_somebody(room: Room, user: User) -> None:
    """Raises Forbidden where a private room would have people in it and nobody to care for it."""
    others = [role for user_id, role in room.roles.items() if user_id != user.id]
    if others and Role.OWNER not in others:
        raise Forbidden(f"You own {room.title}: first make somebody owner, /role NAME owner here.")
