"""The hub: the parts of a chat on one storage, and the life of its sessions.

A request enters by the dispatcher. What must last goes through the committer to the log; the batch
that was committed goes on to the settlement, and from there through the fan-out to everyone it
concerns.
"""

import asyncio
from collections.abc import Awaitable, Callable

from structlog import get_logger

from hubbub.errors import BadRequest, Forbidden, NoSuchRoom, NotAMember, NotSignedIn
from hubbub.hub import commands
from hubbub.hub.clock import Clock, SystemClock
from hubbub.hub.directory import Directory
from hubbub.hub.dispatcher import Dispatcher
from hubbub.hub.faults import contained
from hubbub.hub.flow.committer import Committer
from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.flow.log import Log
from hubbub.hub.flow.settlement import Settlement
from hubbub.hub.names import Names
from hubbub.hub.order.moderation import Moderation
from hubbub.hub.order.opaque_ids import Veil
from hubbub.hub.peers import Others
from hubbub.hub.people.accounts import Accounts, split_invitation
from hubbub.hub.people.arrivals import Arrivals
from hubbub.hub.people.identity import Identity
from hubbub.hub.people.welcome import ServerFacts, Welcome
from hubbub.hub.push.notifier import Notices, Pusher
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.rooms.settings import RoomSettings
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import AddressRates, Rates
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.state.permissions import Permissions, Right, higher
from hubbub.hub.state.room import Room
from hubbub.hub.state.sanctions import EVERYWHERE, Sanctions
from hubbub.hub.state.session import COME_AGAIN, TOO_SLOW, Dialect, Line, Session, User
from hubbub.hub.state.stats import Stats
from hubbub.hub.talk.lookups import Lookups
from hubbub.hub.talk.messages import RECIPIENTS, Messages
from hubbub.hub.talk.searches import Searches
from hubbub.hub.upkeep.outside_changes import Elsewhere
from hubbub.hub.upkeep.retention import Retention
from hubbub.model import Role, room_name
from hubbub.protocol import events
from hubbub.storage.interface import Storage
from hubbub.storage.records import Against, SanctionKind, UserRecord

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
        others: Others | None = None,
    ) -> None:
        policy = policy or Policy()
        self.others = others = others or Others()
        clock = clock or SystemClock()
        permissions = self.permissions = Permissions(
            {
                Right.CREATE_ROOM: policy.room_creation,
                Right.CREATE_PRIVATE: higher(policy.room_creation, Role.MEMBER),
            }
        )
        default_room = room_name(default_room)
        self.limits = limits
        self.recipients = RECIPIENTS
        self.default_room = default_room
        self.stats = Stats()
        self.users: dict[str, User] = {}
        self._leaving = asyncio.Lock()
        self.clock = clock
        self.rates = Rates(limits, clock, on=rate_limits)
        self.log = Log(storage)
        # The ids of acts count up; shown as they are they would tell how many one may not see.
        self.veil = Veil.of(storage)
        fanout = self.fanout = Fanout(
            self.users, self.stats, self.evict, held_events=limits.resume_events
        )
        settlement = self.settlement = Settlement(self.users, fanout, self.stats, others)
        self.committer = Committer(
            self.log, limits, clock, self.stats, settlement.settle, others.lost
        )
        self.names = Names(self.log, clock, others)
        self.rooms = Rooms(
            self.log, self.committer, fanout, limits, permissions, default_room, others
        )
        settlement.rooms = self.rooms
        self.rooms.on_renamed = self._renamed
        self.rooms.on_replaced = self._replaced
        self.sanctions = Sanctions(self.log, self.committer, clock)
        self.directory = Directory(self.log, self.names, self.users, clock, others)
        self.notices: Notices | None = None
        if pusher is not None:
            self.notices = settlement.notices = Notices(
                self.log,
                self.committer,
                self.users,
                self.stats,
                clock,
                self.rooms,
                pusher,
                others,
            )
        days = limits.retention_days
        self.retention = Retention(self.log, self.rooms, clock, days) if days else None
        self.lookups = Lookups(self.log, self.rooms, self.users, limits, default_room, others)
        self.searches = Searches(self.log, self.rooms, limits, self.rates)
        self.messages = Messages(
            self.committer,
            self.rooms,
            self.directory,
            self.users,
            fanout,
            limits,
            clock,
            self.rates,
            permissions,
            self.sanctions,
            others,
        )
        server = events.ServerInfo(server_name, version, policy.registration, policy.guests)
        facts = ServerFacts(server, default_room, commands.catalogue)
        welcome = Welcome(
            facts, limits, storage, permissions, rate_limits=rate_limits, push_key=push_key
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
            welcome.you,
            others,
        )
        self.identity = Identity(
            self.log,
            self.names,
            self.users,
            limits,
            clock,
            self.rates,
            self.accounts,
            self.sanctions,
        )
        self.arrivals = Arrivals(
            self.log,
            self.committer,
            self.rooms,
            self.names,
            self.users,
            limits,
            clock,
            self.rates,
            welcome,
            self.accounts,
            self.identity,
            others,
        )
        self.moderation = Moderation(
            self.log,
            self.committer,
            self.rooms,
            self.directory,
            self.users,
            limits,
            clock,
            permissions,
            self.sanctions,
            self.accounts,
            self.end_session,
            others,
        )
        self.room_settings = RoomSettings(
            self.log,
            self.committer,
            self.rooms,
            self.directory,
            self.users,
            permissions,
            default_room,
            others,
        )
        self.elsewhere = Elsewhere(self)
        self.accounts.may_invite = self._may_invite
        self.dispatcher = Dispatcher(self)

    # --- the life of the hub

    async def run(self, started: asyncio.Event) -> None:
        """Serves until `stop`, then commits what waits and returns; sets `started` when ready."""
        await self.names.load()
        await self.sanctions.load()
        await self.others.start(self)
        await self.hold_default_room()
        keeping = [
            asyncio.create_task(_every(HOUSEKEEPING_S, self._keep_house)),
            asyncio.create_task(_every(self.limits.count_interval_s, self._tell_presence)),
            asyncio.create_task(self.elsewhere.run()),
        ]
        if self.retention is not None:
            keeping.append(asyncio.create_task(self.retention.run()))
        if self.notices is not None:
            keeping.append(asyncio.create_task(self.notices.run()))
        try:
            started.set()
            await self.committer.run()
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await self.others.stop()
            self.accounts.close()

    async def hold_default_room(self) -> None:
        """Has the room where everyone begins in memory, from now on. Raises StorageError."""
        (await self.rooms.open(self.default_room)).waiting += 1

    def stop(self) -> None:
        """Takes no more changes; `run` returns once those that wait are durable."""
        self.committer.stop()

    def _may_invite(self, maker: UserRecord) -> bool:
        user = User.of(maker, self.limits)
        by = (Against.USER, maker.id)
        banned = self.sanctions.on(SanctionKind.BAN, EVERYWHERE, [by]) is not None
        return not banned and self.permissions.may(user, Right.INVITE)

    def _renamed(self, was: str, name: str) -> None:
        self.sanctions.rename(was, name)
        if self.notices is not None:
            self.notices.rename(was, name)

    def _replaced(self, room: Room) -> None:
        """Another room has got the name of one that nobody else knows."""
        for session in {each for audience in room.audience.values() for each in audience}:
            self.end_session(session, COME_AGAIN, "the room is another one now: come in again")

    async def _tell_presence(self) -> None:
        self.rooms.presence.tick()

    async def _keep_house(self) -> None:
        storage = self.log.storage
        now_ms = self.clock.now_ms()
        # What is not renewed now has its time until the next round, and nothing is purged before.
        with contained("sessions were not renewed"):
            await self.log.write(storage.renew_sessions, self.arrivals.session_ends(), now_ms)
        with contained("guests were not kept"):
            await self.committer.make_all(self.arrivals.saved_guests())
        addresses_before_ms = now_ms - int(self.limits.address_retention_h * 3_600_000)
        gone = await self.log.write(storage.purge, self.clock.now_ms(), addresses_before_ms)
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
        epoch = self.log.storage.epoch
        return Session(line, dialect, address, self.stats, device, cookie, epoch)

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

    def evict(self, session: Session) -> None:
        """Ends a connection that does not take what it is sent."""
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
            case "register" if code is not None or (
                secret and self.accounts.policy.registration is Registration.OPEN
            ):
                return await self.arrivals.register(session, name, password, code, room)
            case "quit" | "exit" | "bye":
                self.bye(session)
                return None
            case _:
                raise NotSignedIn(
                    "sign in: /login NAME PASSWORD, "
                    "or with an invitation /register NAME PASSWORD INVITATION"
                )

    # --- what requests and commands share

    async def enter(self, session: Session, typed: str) -> Room:
        """Takes a session into a room by command; one that is in one room leaves the other."""
        room = await self.rooms.admit(session, typed)
        if room.direct:
            raise NoSuchRoom("A direct conversation is not entered; /whisper to its people.")
        one_room = session.dialect.one_room
        making = self.rooms.enter(session, room, tell_self=not one_room)
        room.add_to_audience(session)
        if one_room:
            for other in [each for each in session.rooms.values() if each is not room]:
                self.rooms.leave(session, other)
        if (user := session.user) is not None:
            self.rooms.remember(user, room)
            if await self.rooms.made(making) or room.roles.get(user.id) is Role.OWNER:
                self.accounts.tell(user)
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
        # One after the other, so that two owners cannot both leave a private room to nobody.
        async with self._leaving:
            if room.private and room.roles.get(session.user.id) is Role.OWNER:
                _check_left_to_somebody(room, session.user)
            await self.rooms.forget(session.user, room)
        # It may have another name by now.
        self.take_out(session.user, room.name, but=session)
        self.others.leave(session.user.id, room)
        return name

    def take_out(self, user: User, name: str, but: Session | None = None) -> None:
        """Takes a user's connections that speak JSON out of a room, and tells them but for one."""
        for session in list(user.sessions):
            room = session.rooms.get(name)
            if room is not None and not session.dialect.one_room:
                self.rooms.leave(session, room)
                if session is not but:
                    left = events.Presence(room=name, user=user.person, state="left")
                    self.fanout.tell((session,), left)


def _check_left_to_somebody(room: Room, user: User) -> None:
    """Raises Forbidden where a private room would have people in it and nobody to care for it."""
    others = [role for user_id, role in room.roles.items() if user_id != user.id]
    if others and Role.OWNER not in others:
        raise Forbidden(f"You own {room.title}: first make somebody owner, /role NAME owner here.")


async def _every(pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Does some work again and again until it is cancelled; a fault costs one round."""
    while True:
        await asyncio.sleep(pause_s)
        with contained("housekeeping failed"):
            await work()
