"""How a connection becomes somebody, and how it ends: hello, the greeting, resume, leaving."""

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from structlog import get_logger

from hubbub.errors import (
    BadRequest,
    BadToken,
    Forbidden,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub.clock import Clock
from hubbub.hub.committer import Committer, Submission
from hubbub.hub.limits import Limits
from hubbub.hub.log import NOT_READ, Log
from hubbub.hub.names import Names
from hubbub.hub.rates import Rates
from hubbub.hub.room import Room
from hubbub.hub.rooms import PAGE, Rooms
from hubbub.hub.session import Session, User
from hubbub.hub.welcome import Welcome
from hubbub.model import ROOM_NAME_CHARS, Name, UserKind
from hubbub.protocol import events
from hubbub.storage.interface import (
    Change,
    EndSession,
    Membership,
    SaveMember,
    SaveSession,
    SaveUser,
    Storage,
    UserRecord,
)

if TYPE_CHECKING:
    from hubbub.protocol import requests

log = get_logger(__name__)


@dataclass(slots=True)
class Arrival:
    """Somebody on the way in: who, with which secret, and what is known of them from before."""

    user: User
    secret: str
    memberships: list[Membership]
    new: bool


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
    ) -> None:
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
        self, session: Session, name: str | None, room_name: str | None
    ) -> tuple[int, list[Refusal]]:
        """Lets a plain connection in: how many connections its room has, and what was refused.

        Raises Refusal where not even the default room can be entered.
        """
        refusals: list[Refusal] = []
        user_id = secrets.token_urlsafe(9)
        claimed: Name | None = None
        if name is not None:
            try:
                claimed = await self._names.claim(name, user_id)
            except Refusal as refusal:
                refusals.append(refusal)
        user = User(
            user_id,
            claimed or self._names.next_automatic(user_id),
            UserKind.GUEST,
            self._limits,
        )
        try:
            room = await self._first_room(session, room_name, refusals)
        except BaseException:
            self._names.release(user.name, user.id)
            raise
        self._be(session, user)
        self._rooms.enter(session, room)
        room.add_to_audience(session)
        return room.connections, refusals

    async def _first_room(
        self, session: Session, room_name: str | None, refusals: list[Refusal]
    ) -> Room:
        if room_name is not None:
            try:
                return await self._rooms.admit(session, room_name)
            except Refusal as refusal:
                refusals.append(refusal)
        return await self._rooms.admit(session, self._welcome.facts.default_room)

    # --- JSON connections

    async def hello(self, session: Session, request: "requests.Hello") -> None:
        """Answers `hello`: welcome, then a replay or a gap for each room. Raises Refusal."""
        if session.user is not None:
            raise BadRequest("`hello` was said; `join` and `leave` change the rooms.")
        with self._rooms.presence.arrival(), ExitStack() as pins:
            arrival = await self._identify(session, request)
            try:
                wanted, refused = await self._wanted_rooms(session, arrival.user, request, pins)
                await self._keep(arrival, wanted)
                if session.closed:
                    raise Unavailable("The connection ended during `hello`.")
                # Another connection of the same session may have come in meanwhile.
                arrival.user = self._users.get(arrival.user.id, arrival.user)
                self._names.resume(arrival.user.name, arrival.user.id)
            except BaseException:
                self._forget(arrival)
                raise
            # No await until all holds are set: where the logs end now, the replays end, and what
            # comes later waits for its turn.
            self._be(session, arrival.user)
            for room in wanted:
                self._rooms.enter(session, room)
                room.hold(session)
                pins.callback(room.release, session)
            session.reply(self._welcome(session, arrival.secret, arrival.memberships, request.id))
            for refusal in refused:
                session.reply(events.Error.of(refusal))
            stale = request.epoch is not None and request.epoch != self._log.storage.epoch
            for room, after in wanted.items():
                await self._replay(session, room, after, stale=stale)

    def _forget(self, arrival: Arrival) -> None:
        user = arrival.user
        if user.id in self._users:
            return
        self._names.release(user.name, user.id)
        if arrival.new and user.token_hash is not None:
            # Nobody has the secret, so nobody could come back for the name.
            with suppress(Unavailable):
                self._committer.submit(Submission(EndSession(user.token_hash)))

    async def _identify(self, session: Session, request: "requests.Hello") -> Arrival:
        if request.token is not None:
            return await self._recognise(session, request.token, request.name)
        user_id = secrets.token_urlsafe(9)
        if request.name is None:
            name = self._names.next_automatic(user_id)
        else:
            name = await self._names.claim(request.name, user_id)
        secret = secrets.token_urlsafe(24)
        user = User(user_id, name, UserKind.GUEST, self._limits)
        user.token_hash = _hashed(secret)
        return Arrival(user, secret, [], new=True)

    async def _recognise(self, session: Session, secret: str, name: str | None) -> Arrival:
        self._rates.sign_in(session)
        token_hash = _hashed(secret)
        storage = self._log.storage
        found = await self._log.read(_session, storage, token_hash, self._clock.now_ms())
        if found is None:
            self._rates.failed_sign_in(session)
            raise BadToken("That session is unknown or has run out; say `hello` without `token`.")
        record, memberships = found
        user = self._users.get(record.id)
        if user is None:
            user = User(record.id, Name(record.name, record.key), record.kind, self._limits)
            user.stored = True
            user.token_hash = token_hash
            self._names.resume(user.name, user.id)
        if name is not None and name != user.name.shown and user.id not in self._users:
            former = user.name
            try:
                user.name = await self._names.claim(name, user.id)
            except Refusal:
                self._names.release(former, user.id)
                raise
            if user.name.key != former.key:
                self._names.release(former, user.id)
            user.stored = False
        return Arrival(user, secret, memberships, new=False)

    async def _wanted_rooms(
        self, session: Session, user: User, request: "requests.Hello", pins: ExitStack
    ) -> tuple[dict[Room, int | None], list[Refusal]]:
        asked = {self._welcome.facts.default_room: None} if request.rooms is None else request.rooms
        wanted: dict[Room, int | None] = {}
        refused: list[Refusal] = []
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
        return wanted, refused

    async def _keep(self, arrival: Arrival, wanted: Iterable[Room]) -> None:
        """Makes durable that this user exists, may come back, and is in these rooms."""
        user = arrival.user
        assert user.token_hash is not None, "a JSON user has a session"
        changes: list[Change] = []
        if not user.stored:
            name = user.name
            changes.append(SaveUser(UserRecord(user.id, name.shown, name.key, user.kind)))
        changes.append(SaveSession(user.token_hash, user.id, self._session_end_ms()))
        known = {membership.room.name for membership in arrival.memberships}
        changes += [
            SaveMember(room.name, user.id)
            for room in wanted
            if not room.direct and room.name not in known
        ]
        if user.stored:
            # Somebody who comes back may come in while the disk is full: it is only a renewal.
            for change in changes:
                self._committer.submit(Submission(change))
            return
        await self._committer.outcomes(*changes)
        user.stored = True

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
        if not user.sessions:
            self._rates.come(session.address, user)
        self._users[user.id] = user
        session.be(user)
        log.info("joined", user=user.name.shown, id=user.id, sessions=len(user.sessions))

    def leave(self, session: Session, why: str) -> None:
        """Lets go of a session: out of its rooms and, with its user's last one, out of the house.

        Does nothing for one that was let go.
        """
        session.closed = True
        if session.unblocked is not None and not session.unblocked.done():
            session.unblocked.set_result(None)
        user = session.user
        if user is None or session not in user.sessions:
            return
        for room in list(session.rooms.values()):
            self._rooms.leave(session, room)
        user.sessions.discard(session)
        log.info("left", user=user.name.shown, id=user.id, why=why, sessions=len(user.sessions))
        if user.sessions:
            return
        del self._users[user.id]
        self._rates.leave(session.address, user)
        self._names.release(user.name, user.id)
        if user.token_hash is not None:
            renewal = SaveSession(user.token_hash, user.id, self._session_end_ms())
            with suppress(Unavailable):
                self._committer.submit(Submission(renewal))

    async def end_guest_session(self, session: Session) -> None:
        """Forgets a guest who goes for good, unless another connection stays."""
        user = session.user
        if user is None or user.kind is not UserKind.GUEST or len(user.sessions) > 1:
            return
        if user.token_hash is not None:
            token_hash, user.token_hash = user.token_hash, None
            # The name is free by the time that the answer is there. A log that cannot be written
            # keeps nobody here: the session then runs out by itself.
            with suppress(Unavailable):
                await self._committer.outcome(EndSession(token_hash))

    async def rename(self, user: User, typed: str) -> None:
        """Gives the user another name. Raises BadName, NameTaken."""
        former = user.name
        name = await self._names.claim(typed, user.id)
        if user.token_hash is not None or user.stored:
            try:
                record = UserRecord(user.id, name.shown, name.key, user.kind)
                await self._committer.outcome(SaveUser(record))
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

    def renew_all(self) -> tuple[list[str], int]:
        """Whose sessions are in use, and when they shall end from now on."""
        kept = [user.id for user in self._users.values() if user.token_hash is not None]
        return kept, self._session_end_ms()

    def saved_guests(self) -> list[SaveUser]:
        """Those who are here without a session and are kept, because a direct room names them."""
        return [
            SaveUser(UserRecord(user.id, user.name.shown, user.name.key, user.kind))
            for user in self._users.values()
            if user.stored and user.token_hash is None
        ]

    def _session_end_ms(self) -> int:
        return self._clock.now_ms() + int(self._limits.guest_session_h * 3_600_000)


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _session(
    storage: Storage, token_hash: bytes, now_ms: int
) -> tuple[UserRecord, list[Membership]] | None:
    """Whose session it is and where they are, in one go."""
    record = storage.session_user(token_hash, now_ms)
    return None if record is None else (record, storage.memberships(record.id))
