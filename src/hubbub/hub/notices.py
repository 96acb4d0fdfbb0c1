"""Who is told of a message while no client of theirs is open, and by which of their browsers.

Only members of a room are told: of everything in a direct conversation, elsewhere of what names
them, or as they chose with `notify`. What is in the queue when the server stops is not sent; the
message itself is in the log.
"""

import asyncio
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

from structlog import get_logger

from hubbub.errors import BadName, BadRequest, NotAMember, StorageError, Unavailable
from hubbub.hub.committer import Committer, Submission
from hubbub.hub.log import Log
from hubbub.hub.room import Room
from hubbub.hub.session import Session, User
from hubbub.hub.stats import Stats
from hubbub.model import NotifyLevel, user_name
from hubbub.protocol import requests
from hubbub.protocol.events import LogEvent, Message, PushFate
from hubbub.storage.interface import (
    EndSubscription,
    SaveNotify,
    SaveSubscription,
    Subscriber,
    Subscription,
)

log = get_logger(__name__)

QUEUED = 1000
AT_ONCE = 16
TEXT_CHARS = 240
_MENTION = re.compile(r"(?<![\w@])@(\w[\w.-]*)")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a browser is told; `room` is what a click opens."""

    room: str
    sender: str
    text: str
    direct: bool = False


class Fate(Enum):
    """What became of a notice at a push service."""

    SENT = "sent"
    GONE = "gone"
    FAILED = "failed"


class Pusher(Protocol):
    """The way to push services."""

    def why_not(self, endpoint: str) -> str | None:
        """Why nothing can be sent there, or nothing."""
        ...

    async def push(self, subscription: Subscription, notice: Notice) -> tuple[Fate, str]:
        """Sends a notice, in at most a few seconds: what became of it, and why."""
        ...


class Notices:
    """The queue between the fan-out and the push services, `QUEUED` messages long."""

    def __init__(
        self,
        storage_log: Log,
        committer: Committer,
        users: Mapping[str, User],
        stats: Stats,
        pusher: Pusher,
    ) -> None:
        self._log = storage_log
        self._committer = committer
        self._users = users
        self._stats = stats
        self._pusher = pusher
        self._queue: deque[tuple[Room, Message]] = deque(maxlen=QUEUED)
        self._arrived = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self.loud: set[str] = set()
        """Rooms of which somebody wants everything; others are looked at when a text has an @."""

    def consider(self, room: Room, events: Sequence[LogEvent]) -> None:
        """Takes new entries of a room; never waits. The oldest give way when there are too many."""
        every = room.direct or room.name in self.loud
        for event in events:
            if isinstance(event, Message) and (every or "@" in event.text):
                self._queue.append((room, event))
                self._arrived.set()

    async def run(self) -> None:
        """Sends until it is cancelled."""
        self.loud.update(await self._log.read(self._log.storage.loud_rooms))
        async with asyncio.TaskGroup() as group:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._queue:
                    room, message = self._queue.popleft()
                    for subscriber in await self._concerned(room, message):
                        await self._places.acquire()
                        group.create_task(self._send(subscriber.subscription, room, message))

    # --- what people ask for

    def choose(self, session: Session, user: User, request: requests.Notify) -> None:
        """Submits what a user wants of a room. Raises NotAMember."""
        room = session.rooms.get(request.room)
        if room is None or user.token_hash is None:
            raise NotAMember(f"You are not in {request.room[:64]}, or have no session.")
        if request.level is NotifyLevel.ALL:
            self.loud.add(room.name)
        change = SaveNotify(room.name, user.id, request.level)
        self._committer.submit(Submission(change, None, session, request.id))

    def subscribe(self, session: Session, user: User, request: requests.Push) -> None:
        """Submits a browser of the user's. Raises BadRequest, NotAMember."""
        if user.token_hash is None:
            raise NotAMember("Only who has a session can be notified when nobody is there.")
        why_not = self._pusher.why_not(request.endpoint)
        if why_not is not None:
            raise BadRequest(f"Nothing can be sent to that endpoint: {why_not}.")
        mine = Subscription(request.endpoint, user.id, request.p256dh, request.auth)
        change = SaveSubscription(mine)
        self._committer.submit(Submission(change, None, session, request.id))

    def unsubscribe(self, session: Session, user: User, request: requests.Unpush) -> None:
        """Submits that a browser of the user's is notified no more."""
        change = EndSubscription(request.endpoint, user.id)
        self._committer.submit(Submission(change, None, session, request.id))

    async def test(self, user: User) -> tuple[PushFate, ...]:
        """Sends a notice to the user's own browsers: what became of each. Raises StorageError."""
        notice = Notice("", "hubbub", "Notifications of this server arrive here.")
        mine = await self._log.read(self._log.storage.subscriptions, user.id)
        fates = await asyncio.gather(*(self._pusher.push(each, notice) for each in mine))
        told = []
        for each, (fate, why) in zip(mine, fates, strict=True):
            self._settle(each, fate)
            service = urlsplit(each.endpoint).hostname or ""
            told.append(PushFate(service, fate is Fate.SENT, why))
        return tuple(told)

    # --- sending

    async def _concerned(self, room: Room, message: Message) -> list[Subscriber]:
        try:
            subscribers = await self._log.read(self._log.storage.subscribers, room.name)
        except StorageError as error:
            log.error("notices were not sent", room=room.name, error=str(error))
            return []
        named = set(mentions(message.text))
        return [
            each
            for each in subscribers
            if each.subscription.user_id not in self._users
            and each.subscription.user_id != message.sender.id
            and (room.direct or each.notify is NotifyLevel.ALL or each.name_key in named)
        ]

    async def _send(self, subscription: Subscription, room: Room, message: Message) -> None:
        text = message.text
        if len(text) > TEXT_CHARS:
            text = text[: TEXT_CHARS - 1] + "…"
        try:
            notice = Notice(room.name, message.sender.name, text, room.direct)
            fate, why = await self._pusher.push(subscription, notice)
        except Exception:
            log.exception("push failed")
        else:
            self._settle(subscription, fate)
            if fate is Fate.FAILED:
                log.warning("push failed", why=why)
        finally:
            self._places.release()

    def _settle(self, subscription: Subscription, fate: Fate) -> None:
        if fate is Fate.SENT:
            self._stats.pushes += 1
        else:
            self._stats.push_failures += 1
        if fate is Fate.GONE:
            gone = EndSubscription(subscription.endpoint, subscription.user_id)
            try:
                self._committer.submit(Submission(gone))
            except Unavailable:
                log.debug("a subscription that is gone stays for now")


def mentions(text: str) -> Iterator[str]:
    """The keys of the names that a text speaks to with an @."""
    for found in _MENTION.finditer(text):
        try:
            yield user_name(found[1].rstrip(".-")).key
        except BadName:
            continue
