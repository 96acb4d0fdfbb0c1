"""What the SDK itself tells between a server's events; plain scripts can ignore all of it."""

from dataclasses import dataclass

from hubbub.errors import Refusal
from hubbub.protocol.events import Count, Message, Notice, Presence, ReadMarker, Topic, Typing


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The line broke; the first attempt to come back is in `retry_in_s` seconds."""

    reason: str
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The line is back; what was missed comes next, each event once."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """The room's log is another one from here on: its seqs begin anew (protocol.md, `epoch`)."""

    room: str


@dataclass(frozen=True, slots=True)
class RoomRefused:
    """The server did not let this client back into a room, which is followed no more."""

    room: str
    refusal: Refusal


Change = Disconnected | Reconnected | Restarted | RoomRefused
ServerEvent = Message | Topic | Presence | Typing | ReadMarker | Notice | Count
ChatEvent = ServerEvent | Change
