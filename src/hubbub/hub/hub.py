"""The hub: a chat on one storage. Here its parts are put together, run and stopped.

A request enters by the dispatcher. What must last goes through the committer to the log; the batch
that was committed goes on to the settlement, and from there through the fan-out to everyone it
concerns. Nothing else in hub/ imports this module.
"""

import asyncio
from dataclasses import dataclass, field

from hubbub.hub import commands
from hubbub.hub.clock import SystemClock
from hubbub.hub.cluster.node import Node
from hubbub.hub.core import Core
from hubbub.hub.directory import Directory
from hubbub.hub.dispatcher import Dispatcher
from hubbub.hub.flow.committer import Committer
from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.flow.log import Log
from hubbub.hub.flow.presence import Announcer
from hubbub.hub.names import Names
from hubbub.hub.order.moderation import Moderation
from hubbub.hub.order.opaque_ids import OpaqueIds
from hubbub.hub.order.roles import RoleGrants
from hubbub.hub.order.sanction_log import SanctionLog
from hubbub.hub.parts import Parts
from hubbub.hub.peers import alone
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.people.arrivals import Arrivals
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.people.identity import Identity
from hubbub.hub.people.invitations import Invitations
from hubbub.hub.people.plain_arrivals import PlainArrivals
from hubbub.hub.ports import Clock, Pusher
from hubbub.hub.push.notifier import Notifier
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.rooms.replay import Replay
from hubbub.hub.rooms.settings import RoomSettings
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates
from hubbub.hub.rules.registration import Policy
from hubbub.hub.settlement import Settlement
from hubbub.hub.state.permissions import Permissions, Right, higher
from hubbub.hub.state.room import Session, User
from hubbub.hub.state.sanctions import Sanctions
from hubbub.hub.state.stats import Stats
from hubbub.hub.talk.lookups import Lookups
from hubbub.hub.talk.messages import Messages
from hubbub.hub.talk.searches import Searches
from hubbub.hub.upkeep.housekeeping import Housekeeping
from hubbub.hub.upkeep.outside_changes import OutsideChanges
from hubbub.hub.upkeep.retention import Retention
from hubbub.hub.welcome import ServerFacts, Welcome
from hubbub.model import Role, room_name
from hubbub.protocol import events
from hubbub.storage.interface import Storage


@dataclass(frozen=True, slots=True)
class Options:
    """What a hub is told besides its limits, each with what it is where nobody says otherwise."""

    server_name: str = "hubbub"
    version: str = ""
    default_room: str = "lobby"
    rate_limits: bool = True
    policy: Policy = field(default_factory=Policy)
    pusher: Pusher | None = None
    """The way to push services; without it nobody is notified."""
    push_key: str | None = None


class Hub:
    """A chat on one storage; with a `node` it is one of several on it."""

    def __init__(
        self,
        storage: Storage,
        limits: Limits,
        options: Options | None = None,
        *,
        clock: Clock | None = None,
        node: Node | None = None,
    ) -> None:
        self._options = options = options or Options()
        self.node = node
        core = self._core(storage, limits, clock or SystemClock())
        self.parts = parts = self._assemble(core, options)
        self.dispatcher = Dispatcher(parts)
        self.housekeeping = Housekeeping(parts)
        self.outside_changes = OutsideChanges(parts)
        self._keeping = [self.housekeeping.run, self.outside_changes.run]
        days = limits.retention_days
        self.retention = Retention(parts.log, parts.rooms, parts.clock, days) if days else None
        if self.retention is not None:
            self._keeping.append(self.retention.run)
        if parts.notifier is not None:
            self._keeping.append(parts.notifier.run)

    def _core(self, storage: Storage, limits: Limits, clock: Clock) -> Core:
        options, node, stats, log = self._options, self.node, Stats(), Log(storage)
        users: dict[str, User] = {}

        def evict(session: Session) -> None:
            self.parts.attendance.evict(session)

        def lost() -> None:
            if node is not None:
                node.lost()

        rights = {
            Right.CREATE_ROOM: options.policy.room_creation,
            Right.CREATE_PRIVATE: higher(options.policy.room_creation, Role.MEMBER),
        }
        fanout = Fanout(users, stats, evict, held_events=limits.resume_events)
        return Core(
            limits=limits,
            clock=clock,
            stats=stats,
            rates=Rates(limits, clock, on=options.rate_limits),
            log=log,
            committer=Committer(log, limits, clock, stats, lost),
            fanout=fanout,
            presence=Announcer(fanout, limits),
            users=users,
            permissions=Permissions(rights),
            peers=alone() if node is None else node.peers,
            default_room=room_name(options.default_room),
        )

    def _assemble(self, core: Core, options: Options) -> Parts:
        policy = options.policy
        server = events.ServerInfo(
            options.server_name, options.version, policy.registration, policy.guests
        )
        facts = ServerFacts(server, commands.catalogue, options.push_key)
        welcome = Welcome(core, facts)
        names = Names(core.log, core.clock, core.peers)
        directory = Directory(core, names)
        rooms = Rooms(core)
        membership = RoomMembership(core, rooms, welcome)
        replay = Replay(core)
        sanctions = Sanctions(core.clock)
        sanction_log = SanctionLog(core, sanctions)
        attendance = Attendance(core, names, membership)
        invitations = Invitations(core, policy, sanctions)
        accounts = Accounts(core, invitations, attendance, welcome)
        identity = Identity(core, names, accounts, sanctions, policy)
        arrivals = Arrivals(core, rooms, names, membership, replay, attendance, identity, welcome)
        moderation = Moderation(
            core, membership, directory, sanctions, sanction_log, accounts, attendance
        )
        notifier = None if options.pusher is None else Notifier(core, rooms, options.pusher)
        return Parts(
            limits=core.limits,
            clock=core.clock,
            stats=core.stats,
            rates=core.rates,
            log=core.log,
            committer=core.committer,
            fanout=core.fanout,
            presence=core.presence,
            users=core.users,
            permissions=core.permissions,
            peers=core.peers,
            default_room=core.default_room,
            names=names,
            directory=directory,
            rooms=rooms,
            membership=membership,
            replay=replay,
            room_settings=RoomSettings(core, rooms, membership, directory),
            messages=Messages(core, rooms, directory, sanctions),
            lookups=Lookups(core, rooms),
            searches=Searches(core, rooms),
            welcome=welcome,
            attendance=attendance,
            accounts=accounts,
            invitations=invitations,
            identity=identity,
            arrivals=arrivals,
            plain_arrivals=PlainArrivals(core, membership, attendance, accounts, identity, policy),
            sanctions=sanctions,
            sanction_log=sanction_log,
            moderation=moderation,
            role_grants=RoleGrants(core, membership, directory, accounts, welcome),
            opaque_ids=OpaqueIds.of(core.log.storage),
            settlement=Settlement(core, rooms, membership, attendance, sanctions, notifier),
            notifier=notifier,
        )

    async def run(self, started: asyncio.Event) -> None:
        """Serves until `stop`, then commits what waits and returns; sets `started` when ready."""
        parts = self.parts
        await parts.names.load()
        await parts.sanction_log.load()
        if self.node is not None:
            await self.node.start(parts, self.outside_changes)
        await parts.rooms.hold(parts.default_room)
        keeping = [asyncio.create_task(run()) for run in self._keeping]
        try:
            started.set()
            await parts.committer.run(parts.settlement.settle)
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            if self.node is not None:
                await self.node.stop()
            parts.accounts.close()

    def stop(self) -> None:
        """Takes no more changes; `run` returns once those that wait are durable."""
        self.parts.committer.stop()

    def missing(self) -> str | None:
        """What this server needs and has not, as `/readyz` says it."""
        if self.parts.committer.failing:
            return "the last commit failed"
        return None if self.node is None else self.node.missing()

    def degraded(self) -> str | None:
        """What it lacks and serves on without."""
        return None if self.node is None else self.node.degraded()
