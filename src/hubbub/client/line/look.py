"""How events look as lines: the plain dialect's words, with the time and colours on a terminal."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from hubbub.client.changes import (
    ChatEvent,
    Disconnected,
    NewGuest,
    Reconnected,
    Renamed,
    Restarted,
    RoomRefused,
)
from hubbub.client.sentences import LOCK, deleted_line
from hubbub.model import PRIVATE, parse_instant, room_title
from hubbub.protocol.events import (
    Count,
    Entry,
    Message,
    Notice,
    Presence,
    ReadMarker,
    Standing,
    Topic,
    Typing,
    You,
)
from hubbub.protocol.plain import clean, format_message, notice
from hubbub.protocol.words import sentence

_COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)


def plain_line(
    event: ChatEvent, viewer: str, *, notices: bool = False, person: bool = False
) -> str | None:
    """What a plain connection of the user with the id `viewer` would read, if anything.

    A `person` also reads what was deleted and what became of the room.
    """
    match event:
        case Message(deleted=True):
            return notice(deleted_line(event)) if person else None
        case Message():
            return clean(format_message(event, viewer))
        case Topic() | Presence():
            return notice(sentence(event)) if notices else None
        case Entry():
            return notice(sentence(event)) if person else None
        case Notice(text=text):
            return notice(text)
        case Typing() | ReadMarker() | Count() | You() | Standing():
            return None
        case Disconnected() | Reconnected() | Restarted() | Renamed() | RoomRefused() | NewGuest():
            return None
        case _:
            assert_never(event)


def colour_allowed(environment: Mapping[str, str]) -> bool:
    """Whether a terminal may be coloured (no-color.org, and dumb terminals)."""
    return not environment.get("NO_COLOR") and environment.get("TERM", "dumb") != "dumb"


@dataclass(frozen=True, slots=True)
class Look:
    """The dress of lines on a terminal; nobody's text can add to it, for it has no controls."""

    colour: bool

    def dress(self, line: str, event: ChatEvent, room: str) -> str:
        """The line with its local time, and with its room where that is not the one in view."""
        at = event.at if isinstance(event, Entry) else None
        prefix = local_time(at)
        other = isinstance(event, Entry | Presence) and event.room != room
        if other and not (isinstance(event, Message) and event.to is not None):
            prefix += f" {room_label(event.room)}"  # type: ignore[union-attr]
        name = event.sender.name if isinstance(event, Message) else None
        return "\n".join(
            f"{self._dim(prefix)} {self._painted(part, name)}" for part in line.split("\n")
        )

    def faint(self, text: str) -> str:
        """A line that stands back, each part of it."""
        return "\n".join(self._dim(part) for part in text.split("\n"))

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colour else text

    def _painted(self, line: str, name: str | None) -> str:
        if not self.colour or name is None:
            return line
        head, found, tail = line.partition(clean(name))
        # Only where the prefix has it: `[ann`, `* ann`; not in the text behind.
        if not found or head not in {"[", "* "}:
            return line
        return f"{head}\x1b[{colour_of(name)}m{found}\x1b[0m{tail}"


def room_label(room: str) -> str:
    """A room as a person reads it: `#dev`, or a private one by its title."""
    return clean(f"{LOCK if room.startswith(PRIVATE) else '#'}{room_title(room)}")


def colour_of(name: str) -> int:
    """The same colour for the same name in every process, as an SGR number."""
    return _COLOURS[zlib.crc32(name.casefold().encode()) % len(_COLOURS)]


def local_time(at: str | None) -> str:
    """Hours and minutes here of an instant, or of now."""
    try:
        instant = datetime.fromtimestamp(parse_instant(at) / 1000, UTC) if at else None
    except (ValueError, OverflowError, OSError):
        instant = None
    return f"{(instant or datetime.now(UTC)).astimezone():%H:%M}"
