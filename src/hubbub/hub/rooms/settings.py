"""What rooms are: making them, opening and closing them, who is invited into them."""

import asyncio
import base64
import secrets

from hubbub.errors import BadRequest, Forbidden, NameTaken, Refusal
from hubbub.hub.core import Core
from hubbub.hub.directory import Directory
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.rooms.roles import take_room
from hubbub.hub.signs import BroughtIn
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import Role, RoomKind, UserKind, private_name, room_name, room_title
from hubbub.protocol.events import Notice, Person, Settings
from hubbub.protocol.words import settings_in_words
from hubbub.storage.changes import (
    Append,
    AppendAudit,
    Change,
    Made,
    MakeRoom,
    NameUsed,
    SaveMember,
    SaveUser,
)
from hubbub.storage.records import RoomRecord

MARK_BYTES = 4


class RoomSettings:
    """Makes rooms and changes them; each change is in the audit log and in the room's own."""

    def __init__(
        self, core: Core, rooms: Rooms, membership: RoomMembership, directory: Directory
    ) -> None:
        self._peers = core.peers
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._limits = core.limits
        self._permissions = core.permissions
        self._default = core.default_room
        self._rooms = rooms
        self._membership = membership
        self._directory = directory
        self._changing = asyncio.Lock()

    async def make(
        self, session: Session, user: User, typed: str, *, private: bool, read_only: bool
    ) -> Room:
        """Makes a room, which is its maker's; the session still has to enter it. Raises Refusal."""
        self._permissions.require(user, Right.CREATE_PRIVATE if private else Right.CREATE_ROOM)
        if read_only and user.kind is UserKind.GUEST:
            raise Forbidden("A read-only room needs an owner: /register first.")
        if private:
            self._membership.check_place(session)
            name = await self._private_name(typed)
            async with self._peers.rooms.opening(name):
                room = self._rooms.add(RoomRecord(name, RoomKind.PRIVATE, "", 1, 0))
        else:
            room = await self._membership.admit(session, typed, former=False)
            if room.made or room.name == self._default or await self._is_taken(user, room):
                raise NameTaken(f"There is a room {room.title}: /join {room.name}")
        # Of a private one the name is new as well; so the log tells its id.
        changes: list[Change] = [MakeRoom(room.name)] if private else []
        room.made = True
        if user.kind is not UserKind.GUEST:
            changes.append(SaveMember(room.name, user.id, Role.OWNER))
        changes.append(
            self._audit("room", user, room.name, settings_in_words(room.kind, read_only, False))
        )
        change = _settings(user, room.name, room.kind, read_only)
        try:
            await self._commit(changes, change, room)
        except BaseException:
            room.made = False
            raise
        return room

    async def _is_taken(self, user: User, room: Room) -> bool:
        """Makes the room in the log; whether another node was quicker."""
        owner_id = None if user.kind is UserKind.GUEST else user.id
        outcome = await self._committer.outcome(MakeRoom(room.name, owner_id))
        taken = isinstance(outcome, Made) and not outcome.new
        room.made = room.made or taken
        return taken

    async def change(
        self,
        user: User,
        room: Room,
        *,
        kind: RoomKind | None = None,
        read_only: bool | None = None,
        archived: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Changes what a room is; the rest stays as it was. Raises Refusal."""
        # One change after the other: each says all that the room is.
        async with self._changing, self._peers.agreement.alone("rooms", room):
            await self._change(user, room, kind, read_only, archived, name)

    async def _change(
        self,
        user: User,
        room: Room,
        kind: RoomKind | None,
        read_only: bool | None,
        archived: bool | None,
        name: str | None,
    ) -> None:
        self._permissions.require(user, Right.SETTINGS, room)
        if kind is RoomKind.DIRECT:
            raise BadRequest("A room is public or private; whispers alone make a direct one.")
        if room.private and kind is RoomKind.PUBLIC:
            self._permissions.require(user, Right.CREATE_ROOM)
        kind = kind or room.kind
        read_only = room.read_only if read_only is None else read_only
        archived = room.archived if archived is None else archived
        moves = kind is not room.kind or name is not None
        if room.name == self._default and (moves or archived):
            raise Forbidden(f"{room.title} is where everyone begins: it stays as it is.")
        new = await self._new_name(room, kind, name) if moves else room.name
        if (kind, read_only, archived, new) == (
            room.kind,
            room.read_only,
            room.archived,
            room.name,
        ):
            raise BadRequest(f"{room.title} is so already.")
        was = None if new == room.name else room.name
        change = _settings(user, new, kind, read_only, archived, was)
        described = settings_in_words(kind, read_only, archived)
        if moves:
            described += f", called {room_title(new)}"
        # What was public is its own members' alone from here on.
        closes = kind is RoomKind.PRIVATE and not room.private
        audit = self._audit("room", user, room.name, described)
        with self._rooms.reserved(room, new):
            await self._commit([audit], change, room)
        if closes:
            await self._keep_members(room)

    async def _private_name(self, title: str) -> str:
        while True:
            name = private_name(title, _mark())
            kept = await self._log.read(self._log.storage.rooms.find, name)
            if kept is None and self._rooms.live(name) is None:
                return name

    async def _new_name(self, room: Room, kind: RoomKind, typed: str | None) -> str:
        title = room.title if typed is None else typed
        if kind is RoomKind.PRIVATE:
            return await self._private_name(title)
        name = room_name(title)
        if name.startswith("+"):
            raise BadRequest("A public room's name begins with a letter or a digit.")
        return name

    async def _keep_members(self, room: Room) -> None:
        """Makes whoever is in a room that has closed one of its members, before anything else."""
        people = list(room.users())
        changes: list[Change] = []
        for user in people:
            changes += [SaveUser(user.record)] if not user.stored else []
            changes.append(SaveMember(room.name, user.id))
        for user_id, guest in room.remote.items():
            changes += [SaveUser(guest.user), SaveMember(room.name, user_id)]
        if changes:
            await self._committer.outcomes(*changes)
        for user in people:
            user.stored = True
        await take_room(self._log, room)

    async def _commit(self, changes: list[Change], change: Append, room: Room) -> None:
        if isinstance(await self._committer.outcomes(*changes, change, room=room), NameUsed):
            raise NameTaken("Another room has that name; take another.")

    async def invite(self, user: User, room: Room, typed: str) -> str:
        """Lets somebody into a private room, at once where they are here; the name.

        Raises Refusal.
        """
        if not room.private:
            raise BadRequest(f"{room.title} is open to everybody: /join {room.name}")
        self._permissions.require(user, Right.INVITE_HERE, room)
        whom = await self._directory.find(typed)
        if whom.id in room.roles:
            raise BadRequest(f"{whom.name} is invited already.")
        target = self._users.get(whom.id)
        changes: list[Change] = []
        if target is not None and not target.stored:
            changes.append(SaveUser(target.record))
        elif target is None and whom.kind is UserKind.GUEST:
            # On another node, perhaps without a session.
            changes.append(SaveUser(whom))
        audit = AppendAudit(
            "invite", user.name.shown, whom.name, room.name, by_id=user.id, whom_id=whom.id
        )
        await self._committer.outcomes(*changes, SaveMember(room.name, whom.id), audit)
        if target is not None:
            target.stored = True
            await self.bring_in(target, room, user.person)
        self._peers.signals.tell(BroughtIn(whom.id, room.name, user.person))
        return whom.name

    async def bring_in(self, target: User, room: Room, by: Person) -> None:
        """Takes somebody's connections to this node into a room, or tells that they may come."""
        title = room.title
        invited = Notice(text=f"{by.name} invites you to {title}: /join {room.name}")
        if any(by.id in session.ignored for session in target.sessions):
            return
        for session in list(target.sessions):
            # Nobody's places are taken up by what others invite them to.
            full = len(session.rooms) >= self._limits.rooms_per_connection // 2
            if session.dialect.one_room or full:
                session.send(invited)
                continue
            try:
                await self._membership.admit(session, room.name)
            except Refusal:
                session.send(invited)
                continue
            if session.closed:
                continue
            self._membership.enter(session, room, tell_self=True)
            room.audience.add(session)
            session.send(Notice(text=f"{by.name} invited you into {title}."))

    def _audit(self, act: str, user: User, room: str, what: str) -> AppendAudit:
        return AppendAudit(act, user.name.shown, "", room, what, user.id)


def _mark() -> str:
    """What makes a private room's name the only one: 30 random bits, so that none is met twice."""
    return base64.b32encode(secrets.token_bytes(MARK_BYTES)).decode().lower()[:6]


def _settings(
    user: User,
    room: str,
    kind: RoomKind,
    read_only: bool,
    archived: bool = False,
    was: str | None = None,
) -> Append:
    settings = Settings(
        room=room,
        seq=0,
        at="",
        sender=user.person,
        kind=kind,
        read_only=read_only,
        archived=archived,
        was=was,
    )
    return Append(settings)
