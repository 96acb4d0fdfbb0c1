"""How a connection that speaks JSON becomes somebody: hello, resume, another name."""

from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress

from structlog import get_logger

from hubbub.errors import (
    BadRequest,
    Forbidden,
    NoSuchRoom,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub.core import Core
from hubbub.hub.flow.committer import Submission
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.names import Names
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.people.identity import Arrival, Identity
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.rooms.replay import PAGE, Replay
from hubbub.hub.state.room import Room, Session, User
from hubbub.hub.welcome import Welcome
from hubbub.model import ROOM_NAME_CHARS, UserKind
from hubbub.protocol import events, requests
from hubbub.storage.changes import (
    Change,
    EndSession,
    RenameUser,
    RenewSession,
    SaveMember,
    SaveSession,
    SaveUser,
)

log = get_logger(__name__)

NOT_YOURS = "There is no such room that you may enter."


class Arrivals:
    """The door."""

    def __init__(
        self,
        core: Core,
        rooms: Rooms,
        names: Names,
        membership: RoomMembership,
        replay: Replay,
        attendance: Attendance,
        identity: Identity,
        welcome: Welcome,
    ) -> None:
        self._peers = core.peers
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._limits = core.limits
        self._presence = core.presence
        self._default_room = core.default_room
        self._rooms = rooms
        self._names = names
        self._membership = membership
        self._catching_up = replay
        self._attendance = attendance
        self._identity = identity
        self._welcome = welcome

    async def hello(self, session: Session, request: requests.Hello) -> None:
        """Answers `hello`: welcome, then a replay or a gap for each room. Raises Refusal."""
        if session.user is not None:
            raise BadRequest("`hello` was said; `join` and `leave` change the rooms.")
        async with AsyncExitStack() as pins:
            pins.enter_context(self._presence.arrival())
            arrival = await self._identity.identify(session, request)
            try:
                self._identity.check_alive(session, arrival.user)
                await pins.enter_async_context(self._peers.attendance.expecting(arrival.user.id))
                wanted, refused, asked = await self._wanted_rooms(
                    session, arrival.user, request, pins
                )
                await self._keep(arrival, wanted, session.device)
                for room, after in wanted.items():
                    await self._catching_up.reach(room, after)
                session.token_hash = arrival.token_hash
                self._identity.check_alive(session, arrival.user)
                # Another connection of the same session may have come in meanwhile.
                arrival.user = self._users.get(arrival.user.id, arrival.user)
                self._names.keep(arrival.user.name, arrival.user.id)
            except BaseException:
                self._forget(arrival)
                raise
            # No await until all holds are set: where the logs end now, the replays end, and what
            # comes later waits for its turn.
            self._attendance.be(session, arrival.user)
            # From here on they are served; what they had was read a while ago.
            memberships = [self._rooms.latest(each) for each in arrival.memberships]
            session.ignored |= {person.id: person.name for person in arrival.ignored}
            for room in [room for room in wanted if not room.visible_to(arrival.user.id)]:
                # Shown out on the way in.
                del wanted[room]
                refused.append(NoSuchRoom(NOT_YOURS, room=asked.get(room.name, room.name)))
            for room in wanted:
                self._membership.enter(session, room)
                room.hold(session)
                pins.callback(room.release, session)
            # What comes meanwhile is held.
            await self._peers.attendance.noted(arrival.user)
            secret = arrival.secret if arrival.told is None else arrival.told
            welcome = self._welcome(
                session,
                secret,
                memberships,
                request.id,
                asked=asked,
                ignored=arrival.ignored,
            )
            session.reply(welcome)
            for refusal in refused:
                session.reply(events.Error.of(refusal))
            stale = request.epoch is not None and request.epoch != self._log.storage.epoch
            for room, after in wanted.items():
                if session.closed:
                    return
                await self._replay(session, room, after, stale=stale)

    def _forget(self, arrival: Arrival) -> None:
        self._identity.put_away(arrival.user)
        if arrival.new:
            # Nobody has the secret, so nobody could come back for the name.
            self._committer.submit_unless_stopping(EndSession(arrival.token_hash))

    async def _wanted_rooms(
        self, session: Session, user: User, request: requests.Hello, pins: AsyncExitStack
    ) -> tuple[dict[Room, int | None], list[Refusal], dict[str, str]]:
        asked = {self._default_room: None} if request.rooms is None else request.rooms
        wanted: dict[Room, int | None] = {}
        refused: list[Refusal] = []
        former: dict[str, str] = {}
        for typed, after in asked.items():
            try:
                if len(wanted) >= self._limits.rooms_per_connection:
                    most = self._limits.rooms_per_connection
                    raise Forbidden(f"One connection may be in {most} rooms, the rest is refused.")
                room = await self._membership.admit(session, typed, user)
            except Refusal as refusal:
                refusal.room = typed[:ROOM_NAME_CHARS]
                refused.append(refusal)
            else:
                pins.enter_context(room.pinned())
                wanted[room] = after
                if room.name != typed:
                    former[room.name] = typed
        return wanted, refused, former

    async def _keep(self, arrival: Arrival, wanted: Iterable[Room], device: str) -> None:
        """Makes durable that this user exists, may come back, and is in these rooms."""
        user, token_hash = arrival.user, arrival.token_hash
        changes: list[Change] = []
        if not user.stored:
            changes.append(SaveUser(user.record))
            changes.append(RenameUser(user.id, user.name.shown, user.name.key))
        if arrival.new:
            changes.append(
                SaveSession(token_hash, user.id, self._attendance.session_end_ms(user), device)
            )
        elif user.kind is not UserKind.BOT:
            changes.append(RenewSession(token_hash, self._attendance.session_end_ms(user)))
        known = {membership.room.name for membership in arrival.memberships}
        unmade = [room for room in wanted if not room.made and not room.direct]
        members: list[Change] = [
            SaveMember(room.name, user.id)
            for room in wanted
            if not room.direct and room.name not in known
        ]
        if user.stored and not arrival.new:
            # Somebody who comes back may come in while the disk is full: it is only a renewal.
            makings = [self._membership.submit_making(room, user) for room in unmade]
            for change in changes + members:
                self._committer.submit(Submission(change))
            for making in makings:
                await self._membership.made(making)
            return
        changes += [self._membership.make(room, user) for room in unmade] + members
        try:
            await self._committer.outcomes(*changes)
        except BaseException:
            for room in unmade:
                # The next who enters makes it.
                room.made = bool(room.last)
            raise
        user.stored = user.kept = True

    async def _replay(
        self, session: Session, room: Room, after: int | None, *, stale: bool
    ) -> None:
        hold = room.audience.held.get(session)
        if hold is None:
            return
        limit = PAGE
        if after is not None:
            missed = hold.last - after
            if stale or missed < 0 or missed > self._limits.resume_events or after < room.first - 1:
                start = room.first if stale or missed < 0 else max(room.first, after + 1)
                gap = events.Gap(room=room.name, have=after, next=start, last=hold.last)
                self._catching_up.give_and_release(session, room, gap)
                return
            limit = max(1, missed)
        try:
            async with self._catching_up.catch_up(session, room, after, limit) as page:
                if session.closed:
                    return
                if after is not None and after < page.first - 1:
                    # Retention took the beginning of it while it was read.
                    last = max(hold.last, page.first - 1)
                    gap = events.Gap(room=room.name, have=after, next=page.first, last=last)
                    session.send(gap)
                else:
                    replay = events.Replay(room=room.name, events=page.events, more=page.more)
                    session.send(replay)
        except StorageError as error:
            log.error("replay failed", room=room.name, error=str(error))
            session.reply(events.Error.of(Unavailable(NOT_READ, room=room.name)))
            if not room.direct and room.name in session.rooms:
                self._membership.leave(session, room)

    async def end_guest_session(self, session: Session) -> None:
        """Forgets a guest who goes for good, unless another connection stays."""
        user = session.user
        if user is None or user.kind is not UserKind.GUEST or len(user.sessions) > 1:
            return
        if session.token_hash is not None and not await self._peers.directory.whereabouts(
            [user.id]
        ):
            token_hash, session.token_hash = session.token_hash, None
            user.kept = False
            # The name is free by the time that the answer is there. A log that cannot be written
            # keeps nobody here: the session then runs out by itself.
            with suppress(Refusal):
                await self._committer.outcome(EndSession(token_hash))

    async def rename(self, session: Session, user: User, typed: str) -> None:
        """Gives the user another name. Raises BadName, NameTaken, Banned."""
        former = user.name
        name = await self._identity.claim(session, typed, user.id)
        if user.kept or user.stored:
            try:
                await self._committer.outcome(RenameUser(user.id, name.shown, name.key))
            except BaseException:
                if name.key != former.key:
                    self._names.release(name, user.id)
                raise
        user.name = name
        if name.key != former.key:
            self._names.release(former, user.id)
        if not user.sessions:
            self._names.release(name, user.id)
        self._membership.announce(user, "renamed", was=former.shown)
        log.info("renamed", user=name.shown, was=former.shown, id=user.id)
