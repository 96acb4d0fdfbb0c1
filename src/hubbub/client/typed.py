"""What a person types into the line client, read; pure.

Most commands are the server's. Those that change what this client shows are its own: which
room is in view, what is hidden, when it ends (docs/protocol.md, `/ignore`).
"""

from dataclasses import dataclass

from hubbub.protocol.requests import Post
from hubbub.protocol.text import parse_line


@dataclass(frozen=True, slots=True)
class Say:
    """A message to the room in view."""

    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A command for the server."""

    line: str


@dataclass(frozen=True, slots=True)
class GoTo:
    """Enter a room and bring it into view."""

    room: str


@dataclass(frozen=True, slots=True)
class GoFrom:
    """Leave a room, the one in view if none is named."""

    room: str


@dataclass(frozen=True, slots=True)
class Notices:
    """Show or hide who comes and goes; None asks."""

    on: bool | None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Hide what somebody says; an empty name lists whom."""

    name: str


@dataclass(frozen=True, slots=True)
class Unignore:
    """Show it again."""

    name: str


@dataclass(frozen=True, slots=True)
class Quit:
    """End the client."""


Typed = Say | Run | GoTo | GoFrom | Notices | Ignore | Unignore | Quit

OWN_COMMANDS = ("join", "leave", "notices", "ignore", "unignore", "quit")


def read_typed(line: str) -> Typed | None:
    """What a line asks for; None for a blank one."""
    if line.strip().lower() == "exit":
        return Quit()
    request = parse_line(line, "-")
    if request is None:
        return None
    if isinstance(request, Post):
        return Say(request.text)
    word, _, rest = request.line.removeprefix("/").partition(" ")
    rest = rest.strip()
    match word.lower():
        case "quit" | "exit" | "bye":
            return Quit()
        case "join" | "j" if rest:
            return GoTo(rest)
        case "leave" | "part":
            return GoFrom(rest)
        case "notices":
            return Notices({"on": True, "off": False}.get(rest.lower()))
        case "ignore":
            return Ignore(rest.removeprefix("@"))
        case "unignore":
            return Unignore(rest.removeprefix("@"))
        case _:
            return Run(request.line)
