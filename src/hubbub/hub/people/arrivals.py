"""How a connection becomes somebody, and how it ends: hello, the greeting, resume, leaving."""

from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from structlog import get_logger

from hubbub.errors import (
    BadRequest,
    Forbidden,
    NoSuchRoom,
    NotSignedIn,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub.clock import Clock
from hubbub.hub.flow.committer import Committer, Submission
from hubbub.hub.flow.log import NOT_READ, Log
from hubbub.hub.names import Names
from hubbub.hub.peers import Others
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.people.identity import Arrival, Identity
from hubbub.hub.people.welcome import Welcome
from hubbub.hub.rooms.registry import PAGE, Rooms
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates
from hubbub.hub.state.room import Room
from hubbub.hub.state.session import Session, User
from hubbub.model import ROOM_NAME_CHARS, UserKind
from hubbub.protocol import events
from hubbub.storage.changes import (
    Change,
    EndSession,
    RenameUser,
    RenewSession,
    SaveMember,
    SaveSession,
    SaveUser,
)

if TYPE_CHECKING:
    from hubbub.protocol import requests

log = get_logger(__name__)

NOT_YOURS = "There is no such room that you may enter."


class Arrivals:
    """The door."""

    def __init__(
        self,
        storage_log: Log,
        committer: Committer,
        rooms: Rooms,
        names: Names,
        users: dict[str, User],
        limits: Limits,
        clock: Clock,
        rates: Rates,
        welcome: Welcome,
        accounts: Accounts,
        identity: Identity,
        others: Others,
    ) -> None:
        self._others = others
        self._accounts = accounts
        self._identity = identity
        self._rates = rates
        self._log = storage_log
        self._committer = committer
        self._rooms = rooms
        self._names = names
        self._users = users
        self._limits = limits
        self._clock = clock
        self._welcome = welcome

    # --- plain connections

    async def greet(
        self,
        session: Session,
        name: str | None,
        room_name: str | None,
        token: str | None = None,
    ) -> tuple[int, list[Refusal]]:
        """Lets a plain connection in: how many connections its room has, and what was refused.

        Raises NotSignedIn where nobody comes in without an account, BadToken, and Refusal where
        not even the default room can be entered.
        """
        refusals: list[Refusal] = []
        if token is not None:
            arrival = await self._identity.recognise(session, token, None)
            session.token_hash = arrival.token_hash
            user = arrival.user
            self._ignore(session, arrival.ignored)
        elif not self._accounts.policy.guests:
            raise NotSignedIn("sign in: /login NAME PASSWORD")
        else:
            user = await self._identity.plain_guest(session, name, refusals)
        return await self._let_in(session, user, room_name, refusals), refusals

    def _ignore(self, session: Session, people: Iterable[events.Person]) -> None:
        session.ignored |= {person.id: person.name for person in people}

    async def _let_in(
        self, session: Session, user: User, room_name: str | None, refusals: list[Refusal]
    ) -> int:
        async with self._others.expecting(user.id):
            try:
                room = await self._first_room(session, user, room_name, refusals)
                self._identity.check_alive(session, user)
            except BaseException:
                self._identity.put_away(user)
                raise
            self._be(session, self._users.get(user.id, user))
        making = self._rooms.enter(session, room)
        self._rooms.remember(user, room)
        if user.kind is not UserKind.GUEST:
            # Guests own nothing that they would have to wait for.
            await self._rooms.made(making)
        await self._others.announced(user)
        # What is said meanwhile would come before the greeting.
        if room in session.rooms.values():
            room.add_to_audience(session)
        return room.crowd

    async def sign_in(
        self, session: Session, name: str, password: str, room_name: str | None = None
    ) -> int:
        """Makes a plain connection a member's, who is somebody or nobody by now.

        How many connections its room has. Raises Refusal, and then nothing has changed.
        """
        record = await self._accounts.sign_in(session, name, password)
        user = await self._identity.member(record)
        try:
            people = await self._log.read(self._log.storage.ignored, user.id)
        except BaseException:
            self._identity.put_away(user)
            raise
        self._ignore(session, people)
        return await self._become(session, user, room_name)

    async def register(
        self,
        session: Session,
        name: str,
        password: str,
        code: str | None,
        room_name: str | None = None,
    ) -> int:
        """The same for somebody who becomes a member by an invitation. Raises Refusal."""
        user = await self._identity.new_member(session, name, password, code)
        return await self._become(session, user, room_name)

    async def _become(self, session: Session, user: User, room_name: str | None) -> int:
        if session.user is None:
            return await self._let_in(session, user, room_name, [])
        self._identity.check_alive(session, user)
        default = await self._rooms.admit(session, self._welcome.facts.default_room, user)
        async with self._others.expecting(user.id):
            self._identity.check_alive(session, user)
            # What the guest was invited to is not the member's.
            rooms = [r for r in session.rooms.values() if r.visible_to(user.id)] or [default]
            self._part(session, "signed in")
            self._be(session, self._users.get(user.id, user))
        for room in rooms:
            self._rooms.enter(session, room)
            room.add_to_audience(session)
            self._rooms.remember(user, room)
        return sum(room.crowd for room in rooms[:1])

    async def _first_room(
        self, session: Session, user: User, room_name: str | None, refusals: list[Refusal]
    ) -> Room:
        if room_name is not None:
            try:
                return await self._rooms.admit(session, room_name, user)
            except Refusal as refusal:
                refusals.append(refusal)
        return await self._rooms.admit(session, self._welcome.facts.default_room, user)

    # --- JSON connections

    async def hello(self, session: Session, request: "requests.Hello") -> None:
        """Answers `hello`: welcome, then a replay or a gap for each room. Raises Refusal."""
        if session.user is not None:
            raise BadRequest("`hello` was said; `join` and `leave` change the rooms.")
        async with AsyncExitStack() as pins:
            pins.enter_context(self._rooms.presence.arrival())
            arrival = await self._identity.identify(session, request)
            try:
                self._identity.check_alive(session, arrival.user)
                await pins.enter_async_context(self._others.expecting(arrival.user.id))
                wanted, refused, asked = await self._wanted_rooms(
                    session, arrival.user, request, pins
                )
                await self._keep(arrival, wanted, session.device)
                for room, after in wanted.items():
                    await self._rooms.reach(room, after)
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
            self._be(session, arrival.user)
            # From here on they are served; what they had was read a while ago.
            memberships = [self._rooms.latest(each) for each in arrival.memberships]
            self._ignore(session, arrival.ignored)
            for room in [room for room in wanted if not room.visible_to(arrival.user.id)]:
                # Shown out on the way in.
                del wanted[room]
                refused.append(NoSuchRoom(NOT_YOURS, room=asked.get(room.name, room.name)))
            for room in wanted:
                self._rooms.enter(session, room)
                room.hold(session)
                pins.callback(room.release, session)
            # What comes meanwhile is held.
            await self._others.announced(arrival.user)
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
        self, session: Session, user: User, request: "requests.Hello", pins: AsyncExitStack
    ) -> tuple[dict[Room, int | None], list[Refusal], dict[str, str]]:
        asked = {self._welcome.facts.default_room: None} if request.rooms is None else request.rooms
        wanted: dict[Room, int | None] = {}
        refused: list[Refusal] = []
        former: dict[str, str] = {}
        for typed, after in asked.items():
            try:
                if len(wanted) >= self._limits.rooms_per_connection:
                    most = self._limits.rooms_per_connection
                    raise Forbidden(f"One connection may be in {most} rooms, the rest is refused.")
                room = await self._rooms.admit(session, typed, user)
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
            changes.append(SaveSession(token_hash, user.id, self._session_end_ms(user), device))
        elif user.kind is not UserKind.BOT:
            changes.append(RenewSession(token_hash, self._session_end_ms(user)))
        known = {membership.room.name for membership in arrival.memberships}
        unmade = [room for room in wanted if not room.made and not room.direct]
        members: list[Change] = [
            SaveMember(room.name, user.id)
            for room in wanted
            if not room.direct and room.name not in known
        ]
        if user.stored and not arrival.new:
            # Somebody who comes back may come in while the disk is full: it is only a renewal.
            makings = [self._rooms.submit_making(room, user) for room in unmade]
            for change in changes + members:
                self._committer.submit(Submission(change))
            for making in makings:
                await self._rooms.made(making)
            return
        changes += [self._rooms.make(room, user) for room in unmade] + members
        await self._committer.outcomes(*changes)
        user.stored = user.kept = True

    async def _replay(
        self, session: Session, room: Room, after: int | None, *, stale: bool
    ) -> None:
        hold = room.joining.get(session)
        if hold is None:
            return
        limit = PAGE
        if after is not None:
            missed = hold.last - after
            if stale or missed < 0 or missed > self._limits.resume_events or after < room.first - 1:
                start = room.first if stale or missed < 0 else max(room.first, after + 1)
                gap = events.Gap(room=room.name, have=after, next=start, last=hold.last)
                self._rooms.give_and_release(session, room, gap)
                return
            limit = max(1, missed)
        try:
            async with self._rooms.catch_up(session, room, after, limit) as page:
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
                self._rooms.leave(session, room)

    # --- both

    def _be(self, session: Session, user: User) -> None:
        first = not user.sessions
        if first:
            self._rates.come(session.address, user)
        self._users[user.id] = user
        session.be(user)
        if first:
            self._others.arrived(user)
        log.info("joined", user=user.name.shown, id=user.id, sessions=len(user.sessions))

    def leave(self, session: Session, why: str) -> None:
        """Lets go of a session: out of its rooms and, with its user's last one, out of the house.

        Does nothing for one that was let go.
        """
        session.closed = True
        session.lose()
        if session.unblocked is not None and not session.unblocked.done():
            session.unblocked.set_result(None)
        self._part(session, why)

    def _part(self, session: Session, why: str) -> None:
        user = session.user
        if user is None or session not in user.sessions:
            return
        for room in list(session.rooms.values()):
            self._rooms.leave(session, room)
        user.sessions.discard(session)
        log.info("left", user=user.name.shown, id=user.id, why=why, sessions=len(user.sessions))
        if session.token_hash is not None and user.kind is not UserKind.BOT:
            renewal = RenewSession(session.token_hash, self._session_end_ms(user))
            self._committer.submit_unless_stopping(renewal)
        if user.sessions:
            return
        del self._users[user.id]
        self._others.departed(user)
        left = self._rates.leave(session.address, user)
        if left is not None:
            self._others.spent(session.address.key, left)
        self._names.release(user.name, user.id)

    async def end_guest_session(self, session: Session) -> None:
        """Forgets a guest who goes for good, unless another connection stays."""
        user = session.user
        if user is None or user.kind is not UserKind.GUEST or len(user.sessions) > 1:
            return
        if session.token_hash is not None and not await self._others.whereabouts([user.id]):
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
        self._rooms.announce(user, "renamed", was=former.shown)
        log.info("renamed", user=name.shown, was=former.shown, id=user.id)

    def session_ends(self) -> dict[bytes, int]:
        """The sessions that are in use, and when they shall end from now on."""
        return {
            session.token_hash: self._session_end_ms(user)
            for user in self._users.values()
            for session in user.sessions
            if session.token_hash is not None and user.kind is not UserKind.BOT
        }

    def saved_guests(self) -> list[SaveUser]:
        """Those who are here without a session and are kept, because a direct room names them."""
        return [
            SaveUser(user.record) for user in self._users.values() if user.stored and not user.kept
        ]

    def _session_end_ms(self, user: User) -> int:
        guest = user.kind is UserKind.GUEST
        hours = self._limits.guest_session_h if guest else self._limits.session_days * 24.0
        return self._clock.now_ms() + int(hours * 3_600_000)
