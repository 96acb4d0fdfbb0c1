"""What the SDK itself tells between a server's events; plain scripts can ignore all of it."""

from dataclasses import dataclass

from hubbub.errors import Refusal
from hubbub.protocol.events import AnyEntry, EphemeralEvent


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
class Renamed:
    """A room that is followed was called `was`; all that comes of it from here on says `room`."""

    was: str
    room: str


@dataclass(frozen=True, slots=True)
class RoomRefused:
    """The server did not let this client back into a room, which is followed no more."""

    room: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class NewGuest:
    """The server no longer knew this guest, who came back as a new one; direct rooms are gone."""

    name: str

    def __str__(self) -> str:
        return (
            "You were away for longer than the server remembers a guest: "
            f"you are a new one now, called {self.name}."
        )


Change = Disconnected | Reconnected | Restarted | Renamed | RoomRefused | NewGuest
ServerEvent = AnyEntry | EphemeralEvent
ChatEvent = ServerEvent | Change
