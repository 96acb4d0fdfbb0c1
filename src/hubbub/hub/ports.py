"""What the hub asks of the world outside: lines to clients, languages, a clock, push services.

The hub knows no socket; a transport gives each session its `Line` and its `Dialect`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hubbub.protocol.events import Event, Reply
from hubbub.storage.records import Subscription


class Clock(Protocol):
    """Two readings: the wall, for what is stored, and a steady one, for waits and rates."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...

    def steady_s(self) -> float:
        """Seconds since some moment; never goes back."""
        ...


class Line(Protocol):
    """The way to one client, as the hub sees it. Nothing here waits, and nothing is raised.

    What was handed over and has not left is bounded in bytes (docs/protocol.md, Order and loss, 4).
    """

    full: bool
    """Whether the bound was passed; nothing is taken from then on."""

    def write(self, data: bytes) -> bool:
        """Hands over encoded frames; False if the line is full. This is all that a delivery does.

        A line on which nothing waits takes data of any size: one answer may be larger than the
        bound. One that is gone takes everything and does nothing.
        """
        ...

    def write_ephemeral(self, data: bytes) -> bool:
        """The same for what may be lost, which is where half of the bound waits already."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begins to end the connection, with a close code of docs/protocol.md."""
        ...


class View(Protocol):
    """How events look to some sessions. Sessions that see the same share one view."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """The frames of these events, joined; empty where this view shows none of them."""
        ...


class Dialect(Protocol):
    """A language that clients speak."""

    one_room: bool
    """Whether a connection is in one room at a time, where `join` moves it."""

    def room_view(self, *, notices: bool, ignored: frozenset[str]) -> View:
        """How a room's events look to a session with these wishes."""
        ...

    def private_view(self, viewer: str, *, ignored: frozenset[str]) -> View:
        """How events that are for the user with the id `viewer` look."""
        ...

    def reply(self, reply: Reply) -> bytes:
        """The frame that answers a request; empty where this dialect stays silent."""
        ...


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
    REFUSED = "refused"
    SILENT = "silent"


class Pusher(Protocol):
    """The way to push services."""

    def why_not(self, endpoint: str) -> str | None:
        """Why nothing can be sent there, or nothing."""
        ...

    async def push(self, subscription: Subscription, notice: Notice) -> tuple[Fate, str]:
        """Sends a notice, in at most a few seconds: what became of it, and why."""
        ...
