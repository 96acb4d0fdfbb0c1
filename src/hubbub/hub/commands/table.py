"""The table of slash commands: one decorated function beside this is one command, in every client.

`/help`, completion (by `welcome`), and the table in docs/protocol.md are made from this table. It
takes the words apart, asks for the right, and knows which commands need a room. A command that does
what a request does (`acts`) makes that request; the others answer by themselves (`command`). What
the person who typed it should read comes back, its effects reach others as events.
"""

import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

from hubbub.errors import BadRequest, NoSuchCommand
from hubbub.hub import handlers
from hubbub.hub.commands.words import Arg, take_apart
from hubbub.hub.parts import Parts
from hubbub.hub.state.permissions import Permissions, Right
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import Role
from hubbub.protocol import events, requests
from hubbub.protocol.words import answer


@dataclass(slots=True)
class Call:
    """One typed command: who typed it, in which room, and what follows the command's name."""

    parts: Parts
    session: Session
    user: User
    command: "Command"
    view: str | None
    """The room in which it was typed, if any was in view."""
    rest: str
    then: Callable[[], None] | None = None
    """What happens after the answer was given."""
    answer: str = ""

    @property
    def room(self) -> str:
        """The room in which it was typed. Raises BadRequest where there was none."""
        if self.view is None:
            raise BadRequest(f"/{self.command.name} is about a room; go into one first.")
        return self.view


Run = Callable[[Call], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    name: str
    summary: str
    arguments: tuple[Arg, ...]
    usage: str
    """How it is typed."""
    run: Run
    aliases: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    """Of which one must have one; none is needed where there are none."""
    room: bool = False
    """Whether it needs a room in view."""
    plain: bool = False
    """Whether it is for plain connections alone."""


COMMANDS: dict[str, Command] = {}
_BY_ALIAS: dict[str, Command] = {}


def command(
    name: str,
    summary: str,
    *arguments: Arg,
    syntax: str | None = None,
    aliases: tuple[str, ...] = (),
    rights: tuple[Right, ...] = (),
    room: bool = False,
    plain: bool = False,
) -> Callable[[Run], Run]:
    """Puts a function into the table; `summary` is one sentence.

    `syntax` is how its words are typed, where that is more than one after the other.
    """

    def register(run: Run) -> Run:
        typed = " ".join(each.shown for each in arguments) if syntax is None else syntax
        usage = f"/{name} {typed}".rstrip()
        entry = Command(name, summary, arguments, usage, run, aliases, rights, room, plain)
        COMMANDS[name] = entry
        for alias in (name, *aliases):
            _BY_ALIAS[alias] = entry
        return run

    return register


def acts(
    name: str,
    summary: str,
    *arguments: Arg,
    syntax: str | None = None,
    rights: tuple[Right, ...] = (),
    room: bool = False,
) -> Callable[[Callable[..., requests.Request]], Run]:
    """The same for a function that makes a request of the call and its words, one for each `Arg`,
    None for those that were left out.
    """

    def register(make: Callable[..., requests.Request]) -> Run:
        async def run(call: Call) -> str:
            return await act(call, make(call, *take_apart(call.command, call.rest)))

        put = command(name, summary, *arguments, syntax=syntax, rights=rights, room=room)
        return put(run)

    return register


async def act(call: Call, request: requests.Request) -> str:
    """Carries out what a command comes to; what its person should read."""
    run = handlers.HANDLERS[type(request)].run
    return answer(request, await run(call.parts, call.session, call.user, request))


async def run_line(parts: Parts, session: Session, user: User, view: str | None, line: str) -> Call:
    """Runs a typed line, and gives its call with the answer.

    Raises NoSuchCommand, which suggests the nearest one, and what the command itself refuses.
    """
    # As in texts: a database may have no such character.
    line = line.replace("\x00", "\ufffd")
    typed, _, rest = line.removeprefix("/").partition(" ")
    if "\n" in typed:
        typed, _, rest = line.removeprefix("/").partition("\n")
    found = find(typed)
    if len(found.rights) == 1 and not parts.permissions.is_of_rooms(found.rights[0]):
        # What is a right in a room is asked for where the room is known.
        parts.permissions.require(user, found.rights[0])
    call = Call(parts, session, user, found, view, rest.strip())
    if not call.rest and any(not each.optional for each in found.arguments):
        raise BadRequest(f"/{found.name} needs more: {found.usage}")
    if found.room:
        _ = call.room
    call.answer = await found.run(call)
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
        told(entry)
        for entry in COMMANDS.values()
        if permissions.offers(entry.rights, role, there) and not entry.plain
    )


def told(entry: Command) -> events.CommandInfo:
    """A line of the table, as clients are told of it."""
    arguments = tuple(each.info for each in entry.arguments)
    return events.CommandInfo(
        entry.name, entry.usage, entry.summary, entry.room, arguments, entry.aliases
    )


def reference() -> str:
    """The table as docs/protocol.md shows it, in Markdown."""
    rows = ["| command | also | what it does |", "|---|---|---|"]
    for entry in COMMANDS.values():
        usage = entry.usage.replace("|", "\\|")
        also = ", ".join(f"`/{alias}`" for alias in entry.aliases)
        rows.append(f"| `{usage}` | {also} | {entry.summary} |")
    return "\n".join(rows)


async def room_of(call: Call) -> Room:
    """The room in which a command was typed. Raises BadRequest, NotAMember, NoSuchRoom."""
    return await call.parts.rooms.open_for(call.session, call.room)
