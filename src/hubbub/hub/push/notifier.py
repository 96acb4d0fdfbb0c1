"""Who is told of a message while no client of theirs is open, and by which of their browsers.

Only members of a room are told: of everything in a direct conversation, elsewhere of what names
them, or as they chose with `notify`. What is in the queue when the server stops is not sent; the
message itself is in the log.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import NamedTuple, assert_never
from urllib.parse import urlsplit

from structlog import get_logger

from hubbub.errors import (
    BadRequest,
    NotAMember,
    RateLimited,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub.core import Core
from hubbub.hub.faults import contained, sorry
from hubbub.hub.flow.committer import Submission
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.ports import Fate, Notice, Pusher
from hubbub.hub.push.backoff import Backoff
from hubbub.hub.push.deferred import Deferred
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import NotifyLevel
from hubbub.protocol import events, replies, requests
from hubbub.protocol.events import LogEvent, Message
from hubbub.protocol.mentions import could_mention, mentions
from hubbub.protocol.replies import PushFate
from hubbub.storage.changes import EndSubscription, SaveNotify, SaveSubscription
from hubbub.storage.records import Subscriber, Subscription

log = get_logger(__name__)

QUEUED = 1000
AT_ONCE = 32
TESTS_AT_ONCE = 8
TEXT_CHARS = 240
SERVICE_PATIENCE = 2
NO_SESSION = "Only who has a session can be notified while no client is open."

PushRequest = requests.Notify | requests.Push | requests.Unpush | requests.TestPush


class _Queued(NamedTuple):
    room: Room
    message: Message
    again: frozenset[str] | None = None
    """Whom it is looked at for once more; None the first time, when it is for all."""


class Notifier:
    """The queue between the fan-out and the push services, `QUEUED` messages long."""

    def __init__(self, core: Core, rooms: Rooms, pusher: Pusher) -> None:
        self._peers = core.peers
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._stats = core.stats
        self._rooms = rooms
        self._pusher = pusher
        self._queue: deque[_Queued] = deque()
        self._arrived = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._testing: set[str] = set()
        self._loud: set[str] = set()
        self._loud_known = False
        self._deferred = Deferred(core.clock, core.peers.sure_after_s)
        self._resting_users = Backoff(core.clock, patience=0)
        self._resting_services = Backoff(core.clock, patience=SERVICE_PATIENCE)

    def consider(self, room: Room, new: Sequence[LogEvent]) -> None:
        """Takes new entries of a room; never waits. The oldest give way when there are too many."""
        every = room.direct or room.name in self._loud or not self._loud_known
        for event in new:
            if isinstance(event, Message) and (every or could_mention(event.text)):
                self._put(_Queued(room, event))

    async def consider_again(self) -> None:
        """Takes what was read on nodes that have gone since, if at all. Raises StorageError."""
        if not self._deferred.due:
            return
        # What becomes due meanwhile is judged by the same: no node comes back.
        alive = await self._peers.directory.nodes()
        for room, message, unsure in self._deferred.take_due(alive):
            self._put(_Queued(room, message, unsure))

    def _put(self, queued: _Queued) -> None:
        if len(self._queue) >= QUEUED:
            self._queue.popleft()
            self._stats.notices_dropped += 1
        self._queue.append(queued)
        self._arrived.set()

    def rename(self, was: str, name: str) -> None:
        """Follows a room to its new name."""
        if was in self._loud:
            self._loud.add(name)

    @property
    def queued(self) -> int:
        """How many messages nobody has looked at yet."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether anything is looked at or on its way."""
        return bool(self._queue) or self._looking or bool(self._tasks)

    async def run(self) -> None:
        """Sends until it is cancelled."""
        try:
            await self.learn_loud()
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                self._looking = True
                while self._queue:
                    with contained("notices were not sent"):
                        await self._tell_queued()
                self._looking = False
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what people ask for

    async def carry_out(self, session: Session, user: User, request: PushRequest) -> None:
        """Submits or begins what is asked. Raises BadRequest, NotAMember, RateLimited."""
        match request:
            case requests.Notify():
                await self._choose(session, user, request)
            case requests.Push():
                self._subscribe(session, user, request)
            case requests.Unpush():
                change = EndSubscription(request.endpoint, user.id)
                self._committer.submit(Submission(change, None, session, request.id))
            case requests.TestPush():
                self._begin_test(session, user, request)
            case _:
                assert_never(request)

    async def _choose(self, session: Session, user: User, request: requests.Notify) -> None:
        room = await self._rooms.open_for(session, request.room)
        if not user.kept:
            raise NotAMember(NO_SESSION)
        if request.level is NotifyLevel.ALL:
            self._loud.add(room.name)
        change = SaveNotify(room.name, user.id, request.level)
        self._committer.submit(Submission(change, None, session, request.id))

    def _subscribe(self, session: Session, user: User, request: requests.Push) -> None:
        if not user.kept or session.token_hash is None:
            raise NotAMember(NO_SESSION)
        why_not = self._pusher.why_not(request.endpoint)
        if why_not is not None:
            raise BadRequest(f"Nothing can be sent to that endpoint: {why_not}.")
        mine = Subscription(
            request.endpoint, user.id, request.p256dh, request.auth, session.token_hash
        )
        self._committer.submit(Submission(SaveSubscription(mine), None, session, request.id))

    def _begin_test(self, session: Session, user: User, request: requests.TestPush) -> None:
        # A session may send its next request, a ping above all, while a push service is waited for.
        if user.id in self._testing or len(self._testing) >= TESTS_AT_ONCE:
            raise RateLimited("A test is under way; wait for what becomes of it.", retry_after=5.0)
        self._testing.add(user.id)
        self._begin(self._test(session, user, request.id))

    # --- sending

    async def _tell_queued(self) -> None:
        """Looks at what is in the queue now; who subscribes to a room is read once for all."""
        if not self._loud_known:
            await self.learn_loud()
        known: dict[str, list[Subscriber]] = {}
        for _ in range(len(self._queue)):
            queued = self._queue.popleft()
            name = queued.room.name
            if name not in known:
                known[name] = await self._subscribers(queued.room)
            await self._tell(queued, known[name])

    async def _subscribers(self, room: Room) -> list[Subscriber]:
        with contained("notices were not sent", room=room.name):
            return await self._log.read(self._log.storage.push.subscribers, room.name)
        return []

    async def _tell(self, queued: _Queued, subscribers: list[Subscriber]) -> None:
        """Begins to send one message to whom it concerns."""
        if not subscribers:
            return
        room, message, again = queued
        named = set(mentions(message.text))
        notice = Notice(room.name, message.sender.name, _short(message.text), room.direct)
        concerned = [each for each in subscribers if self._concerns(each, room, message, named)]
        elsewhere = {each.subscription.user_id: each.nodes for each in concerned if each.nodes}
        if elsewhere and again is None:
            kept = self._deferred.keep(room, message, elsewhere)
            self._stats.notices_dropped += not kept
        for each in concerned:
            user_id = each.subscription.user_id
            if user_id not in elsewhere and (again is None or user_id in again):
                await self._places.acquire()
                self._begin(self._send(each.subscription, notice))

    def _concerns(self, whom: Subscriber, room: Room, message: Message, named: set[str]) -> bool:
        user_id = whom.subscription.user_id
        if user_id in self._users or user_id == message.sender.id:
            return False
        if message.sender.id in whom.ignored:
            return False
        wanted = room.direct or whom.notify is NotifyLevel.ALL or whom.name_key in named
        if wanted and self._resting(whom.subscription):
            self._stats.push_failures += 1
            return False
        return wanted

    async def _send(self, subscription: Subscription, notice: Notice) -> None:
        """Sends to one browser, in a place that was taken for it."""
        try:
            await self._push(subscription, notice)
        finally:
            self._places.release()

    async def _test(self, session: Session, user: User, request_id: str | None) -> None:
        """Sends a notice to all of a user's browsers and replies with what became of each."""
        notice = Notice("", "", "")
        reply: events.Reply
        try:
            mine = await self._log.read(self._log.storage.push.subscriptions, user.id)
            fates = await asyncio.gather(*(self._push(each, notice) for each in mine))
            reply = replies.Pushed(id=request_id, pushed=tuple(fates))
        except StorageError as error:
            log.error("a test of notices failed", error=str(error))
            reply = events.Error.of(Unavailable(NOT_READ, retry_after=1.0), request_id)
        except Exception as error:
            log.exception("a test of notices failed", fault=type(error).__name__)
            reply = events.Error.of(sorry(), request_id)
        finally:
            self._testing.discard(user.id)
        if not session.closed:
            session.reply(reply)

    async def _push(self, subscription: Subscription, notice: Notice) -> PushFate:
        service = _service(subscription.endpoint)
        try:
            fate, why = await self._pusher.push(subscription, notice)
        except Exception as error:
            log.exception("push failed", fault=type(error).__name__)
            fate, why = Fate.REFUSED, "the server made a mistake; its log has the details"
        if fate is Fate.SENT:
            self._stats.pushes += 1
            self._resting_users.went_well(subscription.user_id)
            self._resting_services.went_well(service)
        else:
            self._stats.push_failures += 1
            log.info("a notice was not taken", fate=fate.value, why=why)
        if fate is Fate.GONE:
            await self._forget(subscription)
        elif fate is not Fate.SENT:
            self._resting_users.failed(subscription.user_id)
        if fate is Fate.SILENT:
            # What a service refuses may be its user's doing; nobody else is left alone for that.
            self._resting_services.failed(service)
        return PushFate(service, fate is Fate.SENT, why)

    def _resting(self, subscription: Subscription) -> bool:
        service = _service(subscription.endpoint)
        own = self._resting_users.resting(subscription.user_id)
        return own or self._resting_services.resting(service)

    async def _forget(self, subscription: Subscription) -> None:
        try:
            await self._committer.outcome(
                EndSubscription(subscription.endpoint, subscription.user_id)
            )
        except Refusal:
            log.debug("a subscription that is gone stays for now")

    async def learn_loud(self) -> None:
        """Reads of which rooms somebody wants everything; of others only what may name somebody."""
        with contained("every message is looked at for now"):
            self._loud.update(await self._log.read(self._log.storage.push.loud_rooms))
            self._loud_known = True

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _alone(work: Coroutine[None, None, None]) -> None:
    with contained("a notice was not sent"):
        await work


def _service(endpoint: str) -> str:
    """The host that is called, and its port where that is not the usual one."""
    url = urlsplit(endpoint)
    port = "" if url.port is None else f":{url.port}"
    return f"{url.hostname}{port}"


def _short(text: str) -> str:
    return text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + "…"
