"""Commands about what a room is."""

from hubbub.errors import BadRequest
from hubbub.hub.commands.table import COMMANDS, Call, command, room_of
from hubbub.hub.state.permissions import role_in
from hubbub.hub.state.room import Room
from hubbub.model import RoomKind, room_title, with_article


@command(
    "room",
    "Tells what this room is, makes one, or changes this one.",
    arguments="[new NAME [private] [read-only] | private | public | read-only | writable | "
    "archive | unarchive | rename NAME]",
)
async def _room(call: Call) -> str:
    words = call.rest.split()
    match [word.lower() for word in words[:1]]:
        case []:
            return _told(call, await room_of(call))
        case ["new"] if len(words) > 1:
            return await _new(call, words[1], words[2:])
        case ["rename"] if len(words) == 2:
            room, former = await room_of(call), call.room
            await call.hub.room_settings.change(call.user, room, name=words[1])
            return f"{room_title(former)} is called {room.title} now."
        case [word] if len(words) == 1:
            return await _change(call, word)
        case _:
            raise BadRequest(f"/room is typed so: {COMMANDS['room'].usage}")


async def _new(call: Call, name: str, words: list[str]) -> str:
    if not set(words) <= {"private", "read-only"}:
        raise BadRequest("A new room is private, read-only, both, or neither: /room new NAME ...")
    private, read_only = "private" in words, "read-only" in words
    room = await call.hub.room_settings.make(
        call.session, call.user, name, private=private, read_only=read_only
    )
    await call.hub.enter(call.session, room.name)
    return f"{room.title} is made, and you are in it.{_hint(room)}"


def _hint(room: Room) -> str:
    return " /invite NAME lets others in." if room.private else ""


async def _change(call: Call, word: str) -> str:
    room = await room_of(call)
    change = call.hub.room_settings.change
    match word:
        case "private":
            await change(call.user, room, kind=RoomKind.PRIVATE)
        case "public":
            await change(call.user, room, kind=RoomKind.PUBLIC)
        case "read-only" | "writable":
            await change(call.user, room, read_only=word == "read-only")
        case "archive" | "unarchive":
            await change(call.user, room, archived=word == "archive")
        case _:
            raise BadRequest(f"/room is typed so: {COMMANDS['room'].usage}")
    return _told(call, room)


def _told(call: Call, room: Room) -> str:
    if room.direct:
        return "This is a direct conversation, for its people alone."
    words = [room.kind.value, *(["read-only"] * room.read_only), *(["archived"] * room.archived)]
    role = with_article(role_in(call.user, room))
    return f"{room.title} is a {', '.join(words)} room; you are {role} of it."
