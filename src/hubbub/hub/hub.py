"""The hub: requests in, events out; the only writer of the state of rooms and people.

A request enters by `handle`. What must last goes through the committer to the log; the batch that
was committed goes on to the settlement, and from there through the fan-out to everyone it concerns.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import assert_never

from structlog import get_logger

from hubbub.accounts.accounts import Accounts, split_invitation
from hubbub.accounts.policy import Policy
from hubbub.errors import (
    BadRequest,
    Forbidden,
    HelloFirst,
    Internal,
    NoSuchRoom,
    NotAMember,
    NotSignedIn,
    RateLimited,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub import commands
from hubbub.hub.arrivals import Arrivals
from hubbub.hub.clock import Clock, SystemClock
from hubbub.hub.committer import Committer
from hubbub.hub.fanout import Fanout
from hubbub.hub.limits import Limits
from hubbub.hub.log import NOT_READ, Log
from hubbub.hub.lookups import Lookups
from hubbub.hub.messages import RECIPIENTS, Messages
from hubbub.hub.names import Names
from hubbub.hub.notices import Notices, Pusher
from hubbub.hub.rates import AddressRates, Rates
from hubbub.hub.retention import Retention
from hubbub.hub.room import Room
from hubbub.hub.rooms import PAGE, Rooms
from hubbub.hub.session import FLOODING, TOO_SLOW, Dialect, Line, Session, User
from hubbub.hub.settlement import Settlement
from hubbub.hub.stats import Stats
from hubbub.hub.welcome import ServerFacts, Welcome
from hubbub.model import room_name
from hubbub.protocol import events, requests
from hubbub.protocol.json import Rejected
from hubbub.storage.interface import Storage

log = get_logger(__name__)

HOUSEKEEPING_S = 600.0


class Hub:
    """A chat on one storage."""

    def __init__(
        self,
        storage: Storage,
        limits: Limits,
        *,
        server_name: str = "hubbub",
        version: str = "",
        default_room: str = "lobby",
        rate_limits: bool = True,
        clock: Clock | None = None,
        pusher: Pusher | None = None,
        push_key: str | None = None,
        policy: Policy | None = None,
    ) -> None:
        policy = policy or Policy()
        clock = clock or SystemClock()
        default_room = room_name(default_room)
        self.limits = limits
        self.recipients = RECIPIENTS
        self.default_room = default_room
        self.stats = Stats()
        self.users: dict[str, User] = {}
        self._clock = clock
        self.rates = Rates(limits, clock, on=rate_limits)
        self.log = Log(storage)
        fanout = Fanout(self.users, self.stats, self._evict, held_events=limits.resume_events)
        self._fanout = fanout
        settlement = Settlement(fanout, self.stats)
        self.committer = Committer(self.log, limits, clock, self.stats, settlement.settle)
        self.names = Names(self.log, clock)
        self.rooms = Rooms(self.log, self.committer, fanout, limits)
        self.notices: Notices | None = None
        if pusher is not None:
            self.notices = settlement.notices = Notices(
                self.log, self.committer, self.users, self.stats, clock, self.rooms, pusher
            )
        days = limits.retention_days
        self.retention = Retention(self.log, self.rooms, clock, days) if days else None
        self.lookups = Lookups(self.log, self.rooms, self.users, limits, default_room)
        self.messages = Messages(
            self.log,
            self.committer,
            self.rooms,
            self.names,
            self.users,
            fanout,
            limits,
            clock,
            self.rates,
        )
        self.accounts = Accounts(
            self.log,
            self.committer,
            self.users,
            limits,
            clock,
            self.rates,
            policy,
            self.end_session,
        )
        server = events.ServerInfo(server_name, version, policy.registration, policy.guests)
        facts = ServerFacts(server, default_room, commands.catalogue)
        self.arrivals = Arrivals(
            self.log,
            self.committer,
            self.rooms,
            self.names,
            self.users,
            limits,
            clock,
            self.rates,
            Welcome(facts, limits, storage, rate_limits=rate_limits, push_key=push_key),
            self.accounts,
        )

    # --- the life of the hub

    async def run(self, started: asyncio.Event) -> None:
        """Serves until `stop`, then commits what waits and returns; sets `started` when ready."""
        await self.names.load()
        lobby = await self.rooms.open(self.default_room)
        keeping = [
            asyncio.create_task(_every(HOUSEKEEPING_S, self._keep_house)),
            asyncio.create_task(_every(self.limits.count_interval_s, self._tell_presence)),
        ]
        if self.retention is not None:
            keeping.append(asyncio.create_task(self.retention.run()))
        if self.notices is not None:
            keeping.append(asyncio.create_task(self.notices.run()))
        try:
            with lobby.pinned():
                started.set()
                await self.committer.run()
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            self.accounts.close()

    def stop(self) -> None:
        """Takes no more changes; `run` returns once those that wait are durable."""
        self.committer.stop()

    async def _tell_presence(self) -> None:
        self.rooms.presence.tick()

    async def _keep_house(self) -> None:
        storage = self.log.storage
        now_ms = self._clock.now_ms()
        await self.log.write(storage.renew_sessions, self.arrivals.session_ends(), now_ms)
        await self.log.commit(self.arrivals.saved_guests(), now_ms)
        gone = await self.log.write(storage.purge, self._clock.now_ms())
        log.debug("housekeeping", rows_purged=gone)

    # --- the life of a session

    def open_session(
        self,
        line: Line,
        dialect: Dialect,
        address: AddressRates,
        device: str = "",
        cookie: str | None = None,
    ) -> Session:
        """A new connection; it is nobody until `hello`, the greeting or a sign-in.

        `cookie` is the secret of the browser's session, which its page does not know.
        """
        self.stats.connections += 1
        self.stats.connected += 1
        return Session(line, dialect, address, self.stats, device, cookie)

    def close_session(self, session: Session, why: str) -> None:
        """The connection has ended; called once for each `open_session`."""
        self.stats.connections -= 1
        self.arrivals.leave(session, why)

    def end_session(self, session: Session, code: int, why: str) -> None:
        """Ends a connection from this side."""
        self.arrivals.leave(session, why)
        session.close(code, why)

    def bye(self, session: Session) -> None:
        """Ends a connection whose person wants to go."""
        self.end_session(session, 1000, "bye")

    def _evict(self, session: Session) -> None:
        self.end_session(session, TOO_SLOW, "too slow: resume from your last seq")

    async def sign_in_by_line(self, session: Session, line: str, room: str | None) -> int | None:
        """Lets a plain connection sign in that is nobody yet; how many its room has then.

        None where the connection ends instead. Raises Refusal.
        """
        self.rates.command(session)
        word, _, rest = line.strip().removeprefix("/").partition(" ")
        name, _, secret = rest.strip().partition(" ")
        password, code = split_invitation(secret.strip())
        match word.lower():
            case "login" if secret:
                return await self.arrivals.sign_in(session, name, secret, room)
            case "register" if code is not None:
                return await self.arrivals.register(session, name, password, code, room)
            case "quit" | "exit" | "bye":
                self.bye(session)
                return None
            case _:
                raise NotSignedIn(
                    "sign in: /login NAME PASSWORD, "
                    "or with an invitation /register NAME PASSWORD INVITATION"
                )

    # --- requests

    async def reject(self, session: Session, rejected: Rejected) -> None:
        """Answers a frame that is no request; one who keeps sending such is closed with 4000."""
        try:
            self.rates.command(session)
        except RateLimited as refusal:
            self._refuse(session, refusal, rejected.id)
        else:
            self._refuse(session, rejected.refusal, rejected.id)
        session.malformed += 1
        if session.malformed >= self.limits.malformed_requests and not session.closed:
            self.end_session(session, 4000, "too many malformed requests")

    async def handle(self, session: Session, request: requests.AnyRequest) -> None:
        """Carries out one request of a session, or refuses it; answers in either case.

        Returns when the session may send its next request.
        """
        session.malformed = 0
        try:
            reply = await self._carry_out(session, request)
        except Refusal as refusal:
            self._refuse(session, refusal, request.id)
        except StorageError as error:
            log.error("request failed", type=type(request).__name__, error=str(error))
            self._refuse(session, Unavailable(NOT_READ, retry_after=1.0), request.id)
        else:
            if reply is not None and not session.closed:
                session.reply(reply)
        if session.full and not session.closed:
            self._evict(session)
        await self.committer.wait_for_room(session)

    def post_now(self, session: Session, request: requests.Post) -> bool:
        """Carries out a post, or refuses it, if that needs no wait; otherwise does nothing.

        The same as `handle`, for those who would have to wake a task to call that.
        """
        user, room = session.user, session.rooms.get(request.room)
        if user is None or room is None or session.closed or not self.committer.has_room(session):
            return False
        session.malformed = 0
        try:
            self.messages.post_in(session, user, room, request)
        except Refusal as refusal:
            self._refuse(session, refusal, request.id)
        if session.full and not session.closed:
            self._evict(session)
        return True

    def _refuse(self, session: Session, refusal: Refusal, request_id: str | None) -> None:
        self.stats.refusals += 1
        if session.closed:
            return
        session.reply(events.Error.of(refusal, request_id))
        if isinstance(refusal, RateLimited) and self.rates.flooding(session):
            self.stats.flooding += 1
            self.end_session(session, FLOODING, "flooding: wait as long as retry_after says")

    def fault(self, session: Session, request_id: str | None) -> None:
        """Answers a request that met a fault of our own; the log has the details."""
        sorry = Internal("The server made a mistake; its log has the details. Try again.")
        self._refuse(session, sorry, request_id)

    async def _carry_out(
        self, session: Session, request: requests.AnyRequest
    ) -> events.Reply | None:
        if isinstance(request, requests.Hello):
            if session.said_hello:
                self.rates.command(session)
            session.said_hello = True
            await self.arrivals.hello(session, request)
            return None
        user = session.user
        if user is None:
            self.rates.command(session)
            raise HelloFirst("Say `hello` first; it tells who you are.")
        if isinstance(request, requests.Post):
            await self.messages.post(session, user, request)
            return None
        if isinstance(request, requests.Whisper):
            await self.messages.whisper(session, user, request)
            return None
        self.rates.command(session)
        await self.committer.wait_for_own(session)
        return await self._look_up(session, user, request)

    async def _look_up(
        self,
        session: Session,
        user: User,
        request: requests.Join
        | requests.Leave
        | requests.Command
        | requests.History
        | requests.Members
        | requests.Rooms
        | requests.Typing
        | requests.Read
        | requests.Notify
        | requests.Push
        | requests.Unpush
        | requests.TestPush
        | requests.Ping,
    ) -> events.Reply | None:
        match request:
            case requests.Join():
                await self._join(session, user, request)
                return None
            case requests.Leave():
                await self.leave_room(session, request.room)
                return events.Ok(id=request.id)
            case requests.Command():
                return await self._command(session, user, request)
            case requests.History():
                page = await self.lookups.page(
                    session, request.room, request.before, request.after, request.limit
                )
                return events.Page(
                    id=request.id,
                    events=page.events,
                    more=page.more,
                    first=page.first,
                    last=page.last,
                )
            case requests.Members():
                members = await self.lookups.members(
                    session, request.room, request.after, request.limit
                )
                return events.MemberPage(id=request.id, members=members.members, more=members.more)
            case requests.Rooms():
                rooms = await self.lookups.rooms(request.after, request.limit)
                return events.RoomPage(id=request.id, rooms=rooms.rooms, more=rooms.more)
            case requests.Typing():
                await self.messages.typing(session, user, request.room)
                return events.Ok(id=request.id)
            case requests.Read():
                await self.messages.read(session, user, request)
                return None
            case requests.Notify() | requests.Push() | requests.Unpush() | requests.TestPush():
                if self.notices is None:
                    raise Forbidden("This server sends no notices; its setting `push` is off.")
                await self.notices.carry_out(session, user, request)
                return None
            case requests.Ping():
                return events.Ok(id=request.id)
            case _:
                assert_never(request)

    async def _command(
        self, session: Session, user: User, request: requests.Command
    ) -> events.Reply | None:
        call = await commands.run_line(self, session, user, request.room, request.line)
        if session.closed:
            return None
        reply = events.Ran(id=request.id, text=call.rest)
        if call.then is None:
            return reply
        session.reply(reply)
        call.then()
        return None

    async def _join(self, session: Session, user: User, request: requests.Join) -> None:
        room = await self.rooms.admit(session, request.room)
        self.rooms.enter(session, room)
        self.rooms.remember(user, room)
        limit = PAGE if request.after is None else self.limits.resume_events
        async with self.rooms.catch_up(session, room, request.after, limit) as page:
            joined = events.Joined(
                id=request.id,
                room=room.name,
                topic=room.topic,
                first=page.first,
                last=page.last,
                events=page.events,
                more=page.more,
            )
            session.reply(joined)

    # --- what requests and commands share

    async def enter(self, session: Session, typed: str) -> Room:
        """Takes a session into a room by command; one that is in one room leaves the other."""
        room = await self.rooms.admit(session, typed)
        if room.direct:
            raise NoSuchRoom("A direct conversation is not entered; /whisper to its people.")
        one_room = session.dialect.one_room
        self.rooms.enter(session, room, tell_self=not one_room)
        room.add_to_audience(session)
        if one_room:
            for other in [each for each in session.rooms.values() if each is not room]:
                self.rooms.leave(session, other)
        if session.user is not None:
            self.rooms.remember(session.user, room)
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
            if name == self.default_room:
                raise BadRequest(f"This is {name}, where everyone begins; /quit ends it all.")
            self.rooms.leave(session, room)
            return name
        for other in list(session.user.sessions):
            if name in other.rooms and not other.dialect.one_room:
                self.rooms.leave(other, room)
                if other is not session:
                    left = events.Presence(room=name, user=session.user.person, state="left")
                    self._fanout.tell((other,), left)
        self.rooms.forget(session.user, room)
        return name


async def _every(pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Does some work again and again until it is cancelled; a fault costs one round."""
    while True:
        await asyncio.sleep(pause_s)
        try:
            await work()
        except StorageError as error:
            log.error("housekeeping failed", error=str(error))
        except Exception:
            log.exception("housekeeping failed")
