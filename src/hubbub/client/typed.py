"""What a person types into the line client, read; pure.

Most commands are the server's. Those that change what this client shows are its own: which
room is in view, what is hidden, when it ends (docs/protocol.md, `/ignore`).
"""

import re
from dataclasses import dataclass

from hubbub.protocol.events import ArgumentInfo, CommandInfo
from hubbub.protocol.plain import parse_line
from hubbub.protocol.requests import Post

_SECRET = re.compile(r"\s*/(?:register|login|password)\s", re.IGNORECASE)
"""The commands that a password stands behind; they have no other names."""


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


@dataclass(frozen=True, slots=True)
class Wrong:
    """A command of this client's own that cannot be meant so; `why` tells what to type."""

    why: str


Typed = Say | Run | GoTo | GoFrom | Notices | Ignore | Unignore | Quit | Wrong

OWN_COMMANDS = (
    CommandInfo(
        "join",
        "/join ROOM",
        "Enters a room, which is made if there is none.",
        arguments=(ArgumentInfo("ROOM", "room"),),
        aliases=("j",),
    ),
    CommandInfo(
        "leave",
        "/leave [ROOM]",
        "Leaves a room.",
        arguments=(ArgumentInfo("ROOM", "room", optional=True),),
        aliases=("part",),
    ),
    CommandInfo(
        "notices",
        "/notices on|off",
        "Shows or hides who comes and goes.",
        arguments=(ArgumentInfo("on|off", "choice", choices=("on", "off")),),
    ),
    CommandInfo(
        "ignore",
        "/ignore [NAME]",
        "Hides what somebody says.",
        arguments=(ArgumentInfo("NAME", "person", optional=True),),
    ),
    CommandInfo(
        "unignore",
        "/unignore NAME",
        "Shows it again.",
        arguments=(ArgumentInfo("NAME", "person"),),
    ),
    CommandInfo("quit", "/quit", "Ends the client.", aliases=("exit", "bye")),
)
"""What this client does by itself, whatever the server tells of it."""


def read_typed(line: str) -> Typed | None:
    """What a line asks for; None for a blank one."""
    if line.strip().lower() == "exit":
        return Quit()
    request = parse_line(line, "-")
    if request is None:
        return None
    if isinstance(request, Post):
        if is_secret(request.text) and not line.startswith("//"):
            # With a blank before the slash it would be said to everybody.
            return Wrong("That has a password in it; type it without the blank before the slash.")
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
            return _notices(rest)
        case "ignore":
            return Ignore(rest.removeprefix("@"))
        case "unignore" if not rest:
            return Wrong("/unignore needs a name: /unignore NAME; /ignore lists whom you ignore.")
        case "unignore":
            return Unignore(rest.removeprefix("@"))
        case _:
            return Run(request.line)


def read_plainly(line: str) -> Say | Quit | Wrong | None:
    """The same for a server that knows only plain text, to which a command is what anybody says."""
    typed = read_typed(line)
    match typed:
        case None | Say() | Quit() | Wrong():
            return typed
        case _:
            return Wrong(
                "This server knows no commands: everybody would read it. "
                "What begins with // is said from the second slash on."
            )


def is_secret(line: str) -> bool:
    """Whether a line has a password in it, which is shown and kept nowhere."""
    return _SECRET.match(line) is not None


def masked(line: str) -> str:
    """A line without the password that may be in it."""
    return f"{line.split(maxsplit=1)[0]} …" if is_secret(line) else line


def makes_room(line: str) -> bool:
    """Whether a command makes a room, in which whoever makes it wants to be."""
    return line.lower().split()[:2] == ["/room", "new"]


def is_farewell(answer: str) -> bool:
    """Whether somebody who was asked for a name wants to leave instead."""
    return answer.strip().lower() == "quit" or isinstance(read_typed(answer), Quit)


NO_ROOM = "You are in no room; /join ROOM enters one."


def _notices(wish: str) -> Typed:
    match wish.lower():
        case "":
            return Notices(None)
        case "on" | "off":
            return Notices(wish.lower() == "on")
        case _:
            return Wrong("/notices takes on or off; without either it tells which it is.")
