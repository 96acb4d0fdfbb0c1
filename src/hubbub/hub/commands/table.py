"""The table of slash commands: one decorated function beside this is one command, in every client.

`/help`, completion (by `welcome`), and the table in docs/protocol.md are made from this table.
A command returns what the person who typed it should read; its effects reach others as events.
"""

import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from hubbub.errors import BadRequest, NoSuchCommand
from hubbub.hub.state.permissions import Permissions, Right
from hubbub.model import Role
from hubbub.protocol import events

if TYPE_CHECKING:
    from hubbub.hub.hub import Hub
    from hubbub.hub.state.room import Room
    from hubbub.hub.state.session import Session, User


@dataclass(slots=True)
class Call:
    """One typed command: who typed it, in which room, and what follows the command's name."""

    hub: "Hub"
    session: "Session"
    user: "User"
    room: str
    rest: str
    then: Callable[[], None] | None = None
    """What happens after the answer was given."""


Run = Callable[[Call], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    name: str
    arguments: str
    summary: str
    aliases: tuple[str, ...]
    run: Run
    rights: tuple[Right, ...] = ()
    """Of which one must have one; none is needed where there are none."""
    plain: bool = False
    """Whether it is for plain connections alone."""

    @property
    def usage(self) -> str:
        """How it is typed."""
        return f"/{self.name} {self.arguments}".rstrip()


COMMANDS: dict[str, Command] = {}
_BY_ALIAS: dict[str, Command] = {}


def command(
    name: str,
    summary: str,
    *,
    arguments: str = "",
    aliases: tuple[str, ...] = (),
    rights: tuple[Right, ...] = (),
    plain: bool = False,
) -> Callable[[Run], Run]:
    """Puts a function into the table; `summary` is one sentence."""

    def register(run: Run) -> Run:
        entry = Command(name, arguments, summary, aliases, run, rights, plain)
        COMMANDS[name] = entry
        for alias in (name, *aliases):
            _BY_ALIAS[alias] = entry
        return run

    return register


async def run_line(hub: "Hub", session: "Session", user: "User", room: str, line: str) -> Call:
    """Runs a typed line and answers with its call, whose `rest` is then the answer.

    Raises NoSuchCommand, which suggests the nearest one, and what the command itself refuses.
    """
    # As in texts: a database may have no such character.
    line = line.replace("\x00", "\ufffd")
    typed, _, rest = line.removeprefix("/").partition(" ")
    if "\n" in typed:
        typed, _, rest = line.removeprefix("/").partition("\n")
    found = find(typed)
    if len(found.rights) == 1 and not hub.permissions.is_of_rooms(found.rights[0]):
        # What is a right in a room is asked for where the room is known.
        hub.permissions.require(user, found.rights[0])
    call = Call(hub, session, user, room, rest.strip())
    call.rest = await found.run(call)
    return call


def find(typed: str) -> Command:
    """The command of that name or alias. Raises NoSuchCommand."""
    found = _BY_ALIAS.get(typed.lower())
    if found is None:
        shown = typed[:32]
        near = difflib.get_close_matches(shown.lower(), _BY_ALIAS, n=1)
        hint = f"did you mean /{near[0]}?" if near else "/help lists the commands."
        raise NoSuchCommand(f"There is no command /{shown}; {hint}")
    return found


@lru_cache(maxsize=64)
def catalogue(permissions: Permissions, role: Role, there: Role) -> tuple[events.CommandInfo, ...]:
    """The table as `welcome` carries it to somebody of a role, on the server and in some room."""
    return tuple(
        events.CommandInfo(entry.name, entry.usage, entry.summary)
        for entry in COMMANDS.values()
        if permissions.offers(entry.rights, role, there) and not entry.plain
    )


def reference() -> str:
    """The table as docs/protocol.md shows it, in Markdown."""
    rows = ["| command | also | what it does |", "|---|---|---|"]
    for entry in COMMANDS.values():
        usage = entry.usage.replace("|", "\\|")
        also = ", ".join(f"`/{alias}`" for alias in entry.aliases)
        rows.append(f"| `{usage}` | {also} | {entry.summary} |")
    return "\n".join(rows)


async def room_of(call: Call) -> "Room":
    """The room in which a command was typed. Raises NotAMember, NoSuchRoom."""
    return await call.hub.rooms.open_for(call.session, call.room)


def needs_more(call: Call, name: str) -> None:
    """Raises BadRequest where nothing stands behind the command."""
    if not call.rest:
        raise BadRequest(f"/{name} needs more: {COMMANDS[name].usage}")
