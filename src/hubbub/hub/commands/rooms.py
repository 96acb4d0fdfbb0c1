"""Commands about what a room is."""

from collections.abc import Callable

from hubbub.errors import BadRequest
from hubbub.hub.commands.table import Call, act, command, room_of
from hubbub.hub.commands.words import Arg
from hubbub.hub.state.permissions import role_in
from hubbub.hub.state.room import Room
from hubbub.model import RoomKind
from hubbub.protocol import requests, words

_CHANGES: dict[str, Callable[[str], requests.ChangeRoom]] = {
    "private": lambda room: requests.ChangeRoom(room=room, kind=RoomKind.PRIVATE),
    "public": lambda room: requests.ChangeRoom(room=room, kind=RoomKind.PUBLIC),
    "read-only": lambda room: requests.ChangeRoom(room=room, read_only=True),
    "writable": lambda room: requests.ChangeRoom(room=room, read_only=False),
    "archive": lambda room: requests.ChangeRoom(room=room, archived=True),
    "unarchive": lambda room: requests.ChangeRoom(room=room, archived=False),
}


@command(
    "room",
    "Tells what this room is, makes one, or changes this one.",
    Arg("WHAT", "choice", optional=True, choices=("new", "rename", *_CHANGES)),
    Arg("NAME", optional=True),
    Arg("private", "choice", optional=True, choices=("private",)),
    Arg("read-only", "choice", optional=True, choices=("read-only",)),
    syntax="[new NAME [private] [read-only] | private | public | read-only | writable | "
    "archive | unarchive | rename NAME]",
)
async def _room(call: Call) -> str:
    typed = call.rest.split()
    match [word.lower() for word in typed[:1]]:
        case []:
            return _told(call, await room_of(call))
        case ["new"] if len(typed) > 1:
            return await _new(call, typed[1], typed[2:])
        case ["rename"] if len(typed) == 2:
            return await act(call, requests.ChangeRoom(room=call.room, name=typed[1]))
        case [word] if len(typed) == 1 and word in _CHANGES:
            return await act(call, _CHANGES[word](call.room))
        case _:
            raise BadRequest(f"/room is typed so: {call.command.usage}")


async def _new(call: Call, name: str, marks: list[str]) -> str:
    """A room that one is taken into as by `/join`, which on a plain connection leaves another."""
    if not set(marks) <= {"private", "read-only"}:
        raise BadRequest("A new room is private, read-only, both, or neither: /room new NAME ...")
    private, read_only = "private" in marks, "read-only" in marks
    room = await call.parts.room_settings.make(
        call.session, call.user, name, private=private, read_only=read_only
    )
    await call.parts.membership.join(call.session, room.name)
    return words.room_made(room.name, private=room.private)


def _told(call: Call, room: Room) -> str:
    if room.direct:
        return "This is a direct conversation, for its people alone."
    settings = words.settings_in_words(room.kind, room.read_only, room.archived)
    return words.what_it_is(room.name, settings, role_in(call.user, room))
