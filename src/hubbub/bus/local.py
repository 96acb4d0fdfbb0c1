"""A bus within one process, for several hubs in it."""

import asyncio
from collections.abc import Callable

from structlog import get_logger

from hubbub.bus.interface import LARGEST, Heard
from hubbub.bus.subjects import is_subject

log = get_logger(__name__)


class LocalHub:
    """What joins the buses of one loop."""

    def __init__(self) -> None:
        self.subscribers: dict[str, dict[LocalBus, None]] = {}

    def bus(self) -> "LocalBus":
        """One more of them."""
        return LocalBus(self)


class LocalBus:
    """One node's end; see `hubbub.bus.interface.Bus`. `dropped` counts what reached nobody."""

    def __init__(self, hub: LocalHub) -> None:
        self.dropped = 0
        self._hub = hub
        self._subjects: dict[str, None] = {}
        self._connected = False
        self._heard: Heard | None = None
        self._back: Callable[[], None] | None = None

    @property
    def connected(self) -> bool:
        """Whether what is published now can reach others."""
        return self._connected

    async def start(self, heard: Heard, back: Callable[[], None]) -> None:
        """Begins to listen."""
        self._heard, self._back = heard, back
        self._connected = True

    def publish(self, subject: str, data: bytes) -> None:
        """Tells the others, when the loop comes to it."""
        assert is_subject(subject), subject
        if len(data) > LARGEST:
            log.error("too large for the bus", subject=subject, bytes=len(data), largest=LARGEST)
        if not self._connected or len(data) > LARGEST:
            self.dropped += 1
            return
        loop = asyncio.get_running_loop()
        for other in self._hub.subscribers.get(subject, ()):
            if other is not self:
                loop.call_soon(other._hear, subject, data)

    async def push(self) -> None:
        """Returns when the others have heard it."""
        await asyncio.sleep(0)

    def subscribe(self, subject: str) -> None:
        """Hears that subject."""
        assert is_subject(subject), subject
        self._subjects[subject] = None
        self._hub.subscribers.setdefault(subject, {})[self] = None

    def unsubscribe(self, subject: str) -> None:
        """Hears it no longer."""
        if subject in self._subjects:
            del self._subjects[subject]
            others = self._hub.subscribers[subject]
            del others[self]
            if not others:
                del self._hub.subscribers[subject]

    async def settle(self) -> None:
        """Returns at once: a subscription is in force when it is made."""

    async def close(self) -> None:
        """Ends it; what was published before is on its way."""
        for subject in list(self._subjects):
            self.unsubscribe(subject)
        self._connected = False
        self._heard = self._back = None

    def cut(self) -> None:
        """Is away from now on, as a bus may be whose server is."""
        self._connected = False

    def mend(self) -> None:
        """Is connected again."""
        assert self._back is not None, "not started"
        self._connected = True
        self._back()

    def _hear(self, subject: str, data: bytes) -> None:
        if self._connected and self._heard is not None and subject in self._subjects:
            self._heard(subject, data)
