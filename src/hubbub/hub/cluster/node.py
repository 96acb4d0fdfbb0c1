"""A node of a cluster: its life, what it tells the others, and what it does with what they tell.

The log is the truth and the bus the wake-up. What is committed here is published; what is published
elsewhere is delivered here, in the order of the log, and what is missing between is read from it. A
sweep, every few seconds and much more often while the bus is away, finds what no sign told.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, assert_never

from msgspec import MsgspecError, structs
from structlog import get_logger

from hubbub.bus.interface import LARGEST, Bus
from hubbub.errors import NameTaken, Refusal, StorageError, Unavailable
from hubbub.hub import signs
from hubbub.hub.cluster.backfill import Reading
from hubbub.hub.cluster.direct_cursors import Tails
from hubbub.hub.cluster.inbound import Deeds
from hubbub.hub.cluster.lease import AGAIN_S, Lease
from hubbub.hub.cluster.rate_sync import take_stock
from hubbub.hub.cluster.room_loading import Openings
from hubbub.hub.cluster.roster import Roster, arrival
from hubbub.hub.cluster.succession import Succession
from hubbub.hub.cluster.sweep import BLIND_ENDS_S, Sweep
from hubbub.hub.faults import contained
from hubbub.hub.flow.committer import Submission
from hubbub.hub.flow.log import NOT_READ, NOT_STORED
from hubbub.hub.peers import Others, State
from hubbub.hub.people.identity import ANOTHER_LOG
from hubbub.hub.state.room import Room
from hubbub.hub.state.session import COME_AGAIN, User
from hubbub.model import Name
from hubbub.protocol.events import LogEvent, Person, Settings
from hubbub.storage.changes import (
    AppendMessage,
    Change,
    Depart,
    EnterRoom,
    ExitRoom,
    HoldName,
    Made,
    MakeRoom,
    NameUsed,
    Outcome,
    ReleaseName,
)
from hubbub.storage.concerns import Concern, concerns
from hubbub.storage.records import Present, UserRecord
from hubbub.storage.shared import SharedStorage

if TYPE_CHECKING:
    from hubbub.hub.hub import Hub

log = get_logger(__name__)

SPENT_S = 2.0
LEASES = 2.0
"""A lease, a third of it until another node looks, and time for one that finds the log busy."""
LOOKED_S = 15.0
"""Longer than anybody is on the way in."""


class Cluster(Others):
    """This node among others."""

    shared = True

    def __init__(self, storage: SharedStorage, bus: Bus, *, lease_s: float) -> None:
        self._storage = storage
        self._bus = bus
        self._lease_s = lease_s
        self.sure_after_s = LEASES * lease_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._expected: dict[str, int] = {}
        self._whispered: set[str] = set()
        self._entering: dict[str, asyncio.Future[Outcome]] = {}
        self._tails = Tails()

    # --- the life of the node

    async def start(self, hub: "Hub") -> None:
        """See Others."""
        self._hub = hub
        self._log = hub.log
        self._roster = Roster(hub.rooms)
        self._openings = Openings(hub.rooms, self._bus, self._take)
        self._deeds = Deeds(hub, self._storage, self._roster, self._begin)
        self._lease = Lease(hub.log, self._storage, self._lease_s, self._let_go, self._bury)
        self._reading = Reading(hub, self._storage, self._deliver, self._begin)
        self._sweep = Sweep(
            hub,
            self._storage,
            self._bus,
            self._lease,
            self._reading,
            self._roster,
            self._tails,
        )
        self._succession = Succession(
            hub,
            self._storage,
            self._lease_s,
            self._begin_anew,
            lambda: self._publish(signs.EVERYONE, signs.Compare(self.node)),
        )
        self._storage.watch(self._succession.look)
        await self._lease.join()
        # From now on: a bus that is away takes seconds of its own.
        self._begin(self._lease.keep())
        self._begin(self._succession.run())
        await self._bus.start(self._heard, self._sweep.soon.set)
        self._bus.subscribe(signs.EVERYONE)
        await self._bus.settle()
        self._begin(self._sweep.run())
        if hub.rates.on:
            self._begin(self._tell_spent())

    @property
    def node(self) -> str:
        """The id of this node."""
        return self._lease.node

    async def stop(self) -> None:
        """See Others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._lease.leave()
        self._publish(signs.EVERYONE, signs.NodeEnded(self.node, ended=self.node))
        await self._bus.close()

    def missing(self) -> str | None:
        """See Others. Without the bus a node serves on, only later."""
        return None if self._lease.held else "this node joins the cluster again"

    def degraded(self) -> str | None:
        """See Others."""
        if self._bus.connected:
            return None
        return f"there is no bus: other nodes are heard every {BLIND_ENDS_S:g} s"

    def lost(self) -> None:
        """See Others: whoever is here must come in again, others may have their names by now."""
        self._lease.lose()

    def _let_go(self) -> None:
        self._close_all("this server was away: come in again")
        self._begin(self._rejoin())

    def _close_all(self, why: str) -> None:
        for user in list(self._hub.users.values()):
            for session in list(user.sessions):
                with contained("one was not closed"):
                    self._hub.end_session(session, COME_AGAIN, why)

    def _begin_anew(self) -> None:
        """The log has a new epoch: nothing that is known here is of it."""
        self._lease.give_up()
        self._close_all(ANOTHER_LOG)
        self._hub.rooms.forget_all()
        self._begin(self._join_anew())

    async def _join_anew(self) -> None:
        await self._lease.rejoin()
        self._sweep.soon.set()
        self._hub.elsewhere.look_soon()
        while True:
            try:
                await self._hub.hold_default_room()
            except (StorageError, Refusal) as error:
                log.error("the default room was not read", error=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _rejoin(self) -> None:
        await self._lease.rejoin()
        self._sweep.soon.set()

    def _bury(self, node: str) -> None:
        self._roster.end(node)
        self._publish(signs.EVERYONE, signs.NodeEnded(self.node, ended=node))

    # --- what is committed here

    async def publish(self, appended: Mapping[Room, Sequence[LogEvent]]) -> None:
        """See Others. What another node has committed after it must wait for it there."""
        for room, events in appended.items():
            self._publish_entries(room, events)
        await self._bus.push()

    def committed(
        self,
        batch: Sequence[Submission],
        results: Sequence[Outcome | Refusal],
        appended: Mapping[Room, Sequence[LogEvent]],
    ) -> None:
        """See Others."""
        for room in appended:
            if room.direct:
                self._note_served(room)
        look = False
        for submission, result in zip(batch, results, strict=True):
            change = submission.change
            if isinstance(change, AppendMessage):
                continue
            if isinstance(change, MakeRoom) and isinstance(result, Made) and not result.new:
                self._hub.elsewhere.look_soon()
            if isinstance(result, Refusal):
                continue
            match concerns(change, result):
                case Concern.LOOK:
                    look = True
                case Concern.PRESENCE:
                    self._tell_presence(change)
                case Concern.LOG | Concern.NOTHING:
                    pass
                case _ as unknown:
                    assert_never(unknown)
        if look:
            self._publish(signs.EVERYONE, signs.Look(self.node))

    def _room_id(self, name: str) -> int:
        room = self._hub.rooms.live(name)
        return 0 if room is None else room.id

    def _tell_presence(self, change: Change) -> None:
        if isinstance(change, EnterRoom):
            user = self._hub.users.get(change.user_id)
            if user is not None:
                somebody = signs.Somebody.of(user.record, user.away)
                room_id = self._room_id(change.room)
                entered = signs.Entered(self.node, change.room, somebody, room_id)
                self._tell_room(change.room, entered)
        elif isinstance(change, ExitRoom):
            room_id = self._room_id(change.room)
            exited = signs.Exited(self.node, change.room, change.user_id, room_id)
            self._tell_room(change.room, exited)

    def _publish_entries(self, room: Room, events: Sequence[LogEvent]) -> None:
        people = room.participants if room.direct else ()
        # It may have got another name here, or elsewhere a moment ago.
        names = {room.name, *(event.room for event in events)}
        names |= {event.was for event in events if isinstance(event, Settings) and event.was}
        for name in names:
            said = signs.Said(self.node, name, tuple(events), people, room.id)
            subjects = [signs.user_subject(p.id) for p in people] or [signs.room_subject(name)]
            for data in _parts(said):
                for subject in subjects:
                    self._bus.publish(subject, data)

    def _note_served(self, room: Room) -> None:
        here = (person.id for person in room.participants if person.id in self._hub.users)
        self._tails.served(room.name, room.last, here)

    def _tell_room(self, name: str, sign: signs.AnySign) -> None:
        self._publish(signs.room_subject(name), sign)

    def _tell_users(self, user_ids: Iterable[str], sign: signs.AnySign) -> None:
        data = signs.encode(sign)
        for user_id in user_ids:
            self._bus.publish(signs.user_subject(user_id), data)

    def _publish(self, subject: str, sign: signs.AnySign) -> None:
        self._bus.publish(subject, signs.encode(sign))

    # --- what others commit

    def _heard(self, subject: str, data: bytes) -> None:
        try:
            sign = signs.decode(data)
        except (MsgspecError, UnicodeDecodeError):
            # Another release may say what this one does not know; the log has what counts.
            log.debug("a sign was not understood", subject=subject)
            self._sweep.soon.set()
            return
        self._hub.stats.signs_heard += 1
        if sign.node != self.node:
            with contained("a sign was not taken", sign=type(sign).__name__):
                self._take(sign)

    def _take(self, sign: signs.AnySign) -> None:
        if isinstance(sign, signs.OfRoom):
            room = self._hub.rooms.live(sign.room)
            if room is not None:
                self._take_of_room(sign, room)
            elif sign.room in self._openings:
                self._openings.keep(sign)
            elif isinstance(sign, signs.Said) and sign.people:
                self._begin(self._open_direct(sign))
        elif isinstance(sign, signs.Compare):
            self._succession.look()
        else:
            self._deeds.carry_out(sign)

    def _take_of_room(self, sign: signs.OfRoom, room: Room) -> None:
        if room.meant and sign.room_id and sign.room_id != room.meant:
            # One of two that had the name one after the other: the log knows which is called what.
            self._sweep.soon.set()
            return
        match sign:
            case signs.Said(room_id=room_id) if room_id and room_id != room.id:
                # Which one of them this is, is known in a moment.
                self._reading.read_on(room)
            case signs.Said(events=events):
                self._deliver(room, events)
            case signs.Entered(node=node, user=user):
                room.made = True
                self._roster.enter(room, node, user.record, away=user.away is not None)
            case signs.Exited(node=node, user_id=user_id):
                self._roster.exit(room, node, user_id)

    def _deliver(self, room: Room, events: Sequence[LogEvent]) -> None:
        self._hub.settlement.deliver({room: events})
        if room.direct:
            self._note_served(room)

    async def _open_direct(self, sign: signs.Said) -> None:
        """Delivers in a direct room that was not in memory."""
        ids = [person.id for person in sign.people]
        here = [user_id for user_id in ids if user_id in self._hub.users]
        # Those on the way in are looked for once they are here.
        self._whispered |= self._expected.keys() & ids
        if not here:
            return
        for user_id in here:
            self._hub.users[user_id].stored = True
        if self._tails.last(sign.room) is None:
            self._tails.served(sign.room, sign.events[0].seq - 1, here)
        try:
            room = await self._hub.rooms.open_direct(sign.people)
        except StorageError as error:
            log.error("a direct room was not read", error=str(error))
            return
        self._deliver(room, sign.events)

    def gap(self, room: Room) -> None:
        """See Others."""
        self._reading.gap(room, at_once=not self._bus.connected)

    async def catch_up(self, room: Room) -> None:
        """See Others."""
        await self._reading.catch_up(room)

    # --- rooms

    @asynccontextmanager
    async def opening(self, name: str) -> AsyncIterator[None]:
        """See Others."""
        if name.startswith("@"):
            yield
            return
        async with self._openings.span(name):
            yield

    def opened(self, room: Room, present: Sequence[Present]) -> None:
        """See Others."""
        self._look_again()
        if not room.direct:
            for each in present:
                if each.node != self.node:
                    room.enter_elsewhere(each.node, each.user, away=each.away is not None)
            return
        # Others may have said something that those who are here have not been served with yet.
        last = self._tails.last(room.name)
        if last is None and any(person.id in self._hub.users for person in room.participants):
            # It was made after they came.
            last = room.first - 1
        if last is not None and last < room.last:
            room.last = last
            asyncio.get_running_loop().call_soon(self._reading.read_on, room)

    def dropped(self, name: str) -> None:
        """See Others."""
        if not name.startswith("@") and name not in self._openings:
            self._bus.unsubscribe(signs.room_subject(name))

    def moved(self, was: str, room: Room) -> None:
        """See Others."""
        self.dropped(was)
        self._bus.subscribe(signs.room_subject(room.name))
        self._begin(self._follow(room))

    async def _follow(self, room: Room) -> None:
        await self._bus.settle()
        self._reading.read_on(room)

    async def users_in(self, names: Sequence[str]) -> Mapping[str, int]:
        """See Others."""
        return await self._log.read(self._storage.users_in, names) if names else {}

    # --- people

    async def hold_name(self, name: Name, user_id: str) -> None:
        """See Others."""
        outcome = await self._hub.committer.outcome(HoldName(name.key, user_id))
        if isinstance(outcome, NameUsed):
            raise NameTaken(f"The name {name.shown} is taken; take another.")

    def release_name(self, key: str, user_id: str) -> None:
        """See Others."""
        self._hub.committer.submit_unless_stopping(ReleaseName(key, user_id))

    async def user_number(self) -> int | None:
        """See Others."""
        return await self._log.read(self._storage.next_user_number)

    @asynccontextmanager
    async def expecting(self, user_id: str) -> AsyncIterator[None]:
        """See Others."""
        self._expected[user_id] = self._expected.get(user_id, 0) + 1
        try:
            if user_id not in self._hub.users:
                self._bus.subscribe(signs.user_subject(user_id))
                await self._bus.settle()
                known = await self._log.read(self._storage.direct_positions, [user_id])
                self._tails.expect(user_id, known)
            yield
        finally:
            self._expected[user_id] -= 1
            if not self._expected[user_id]:
                del self._expected[user_id]
                if user_id not in self._hub.users:
                    self._no_longer_for(user_id)
                elif user_id in self._whispered:
                    self._sweep.soon.set()
                self._whispered.discard(user_id)

    def _no_longer_for(self, user_id: str) -> None:
        self._bus.unsubscribe(signs.user_subject(user_id))
        self._tails.forget(user_id)

    def arrived(self, user: User) -> None:
        """See Others."""
        self._hub.committer.submit_unless_stopping(arrival(user))
        self._look_again()

    def _look_again(self) -> None:
        """What was read on the way in may be older than what was looked at meanwhile."""
        if self._hub.elsewhere.looked_lately(LOOKED_S):
            self._hub.elsewhere.look_soon()

    def departed(self, user: User) -> None:
        """See Others."""
        self._hub.committer.submit_unless_stopping(Depart(user.id))
        if user.id not in self._expected:
            self._no_longer_for(user.id)

    def entered(self, room: Room, user: User) -> None:
        """See Others."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: self._announce(user.id, done))
        self._entering[user.id] = future
        try:
            change = EnterRoom(room.name, user.id)
            self._hub.committer.submit(Submission(change, future=future))
        except Unavailable as refusal:
            future.set_exception(refusal)

    def _announce(self, user_id: str, done: "asyncio.Future[Outcome]") -> None:
        if self._entering.get(user_id) is done:
            del self._entering[user_id]
        if not done.cancelled():
            # The sweep sees to it that the log has it.
            done.exception()

    async def announced(self, user: User) -> None:
        """See Others."""
        future = self._entering.get(user.id)
        if future is not None:
            await asyncio.wait((future,))

    def exited(self, room: Room, user: User) -> None:
        """See Others."""
        self._hub.committer.submit_unless_stopping(ExitRoom(room.name, user.id))

    def changed(self, user: User, state: State, was: str | None) -> None:
        """See Others."""
        self._hub.committer.submit_unless_stopping(arrival(user))
        self._roster.change(user.record, away=user.away is not None)
        somebody = signs.Somebody.of(user.record, user.away)
        self._publish(signs.EVERYONE, signs.Changed(self.node, somebody, state, was))

    async def present_by_name(self, key: str) -> UserRecord | None:
        """See Others."""
        return await self._log.read(self._storage.present_by_name, key)

    async def nodes(self) -> set[str]:
        """See Others."""
        return await self._log.read(self._storage.nodes)

    async def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """See Others."""
        if not user_ids:
            return []
        found = await self._log.read(self._storage.whereabouts, user_ids)
        return [present for present in found if present.node != self.node]

    # --- signs and acts

    def typing(self, room: Room, person: Person) -> None:
        """See Others."""
        if room.direct:
            others = tuple(each.id for each in room.participants if each.id != person.id)
            self._tell_users(others, signs.Wrote(self.node, room.name, person, others))
        elif room.size <= self._hub.limits.presence_room_limit:
            self._tell_room(room.name, signs.Wrote(self.node, room.name, person))

    def read(self, user_id: str, room: str, seq: int) -> None:
        """See Others."""
        self._tell_users([user_id], signs.ReadTo(self.node, user_id, room, seq))

    def tell(self, user_id: str, text: str) -> None:
        """See Others."""
        self._tell_users([user_id], signs.Told(self.node, user_id, text))

    def show_out(self, user_id: str, room: Room, text: str) -> None:
        """See Others."""
        self._tell_users([user_id], signs.ShownOut(self.node, user_id, room.name, text))

    def bring_in(self, user_id: str, room: Room, by: Person) -> None:
        """See Others."""
        self._tell_users([user_id], signs.BroughtIn(self.node, user_id, room.name, by))

    def ignore(self, user_id: str, other_id: str, name: str | None) -> None:
        """See Others."""
        self._tell_users([user_id], signs.Ignored(self.node, user_id, other_id, name))

    def leave(self, user_id: str, room: Room) -> None:
        """See Others."""
        self._tell_users([user_id], signs.Went(self.node, user_id, room.name))

    def cut(self, user_id: str, code: int, why: str, *, all_of_them: bool = True) -> None:
        """See Others."""
        sign = signs.Cut(self.node, user_id, code, why, all_of_them)
        self._tell_users([user_id], sign)

    def spent(self, address: str, tokens: float) -> None:
        """See Others."""
        self._publish(signs.EVERYONE, signs.Spent(self.node, {}, {address: tokens}))

    async def _tell_spent(self) -> None:
        while True:
            await asyncio.sleep(SPENT_S)
            with contained("what was spent was not told"):
                for tokens in take_stock(self._hub.rates, self._hub.users.values()):
                    self._publish(signs.EVERYONE, signs.Spent(self.node, tokens))

    @asynccontextmanager
    async def alone(self, what: str, room: Room | None = None) -> AsyncIterator[None]:
        """See Others."""
        block = self._storage.alone(what)
        try:
            await self._log.read(block.__enter__)
        except StorageError as error:
            log.error("nothing was decided", what=what, error=str(error))
            raise Unavailable(NOT_STORED, retry_after=1.0) from error
        try:
            if room is not None:
                try:
                    await self.catch_up(room)
                except StorageError as error:
                    raise Unavailable(NOT_READ, retry_after=1.0) from error
            yield
        finally:
            with suppress(StorageError):
                await self._log.read(block.__exit__, None, None, None)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("the cluster made a mistake", fault=type(fault).__name__, exc_info=fault)


def _parts(said: signs.Said) -> list[bytes]:
    """The same in publications that a bus takes."""
    data = signs.encode(said)
    if len(data) <= LARGEST or len(said.events) == 1:
        return [data]
    half = len(said.events) // 2
    first = structs.replace(said, events=said.events[:half])
    second = structs.replace(said, events=said.events[half:])
    return _parts(first) + _parts(second)
