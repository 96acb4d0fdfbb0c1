"""What menus and forms ask of the server, one function for each.

Each is sent as the command that could be typed for it: the command and its answer, or why it was
refused, are shown in the room. `room` is where it is run; None is the room in view.
"""

from typing import TYPE_CHECKING

from hubbub.client.tui.stage import Stage
from hubbub.client.typed import read_typed
from hubbub.errors import HubbubError
from hubbub.protocol.replies import Ban

if TYPE_CHECKING:
    from hubbub.client.chat import Chat

# --- rooms


def enter(stage: Stage, room: str) -> None:
    """Enters a room, which is made where there is none, and brings it into view."""
    _run(stage, None, "/join", room)


def leave(stage: Stage, room: str) -> None:
    """Leaves a room."""
    _run(stage, room, "/leave", room)


def make_room(stage: Stage, name: str, settings: str) -> None:
    """Makes a room; `settings` are `private` and `read-only`, both or neither."""
    _run(stage, None, "/room new", name, settings)


def rename_room(stage: Stage, room: str, name: str) -> None:
    """Gives a room another name."""
    _run(stage, room, "/room rename", name)


def change_room(stage: Stage, room: str, setting: str) -> None:
    """`public`, `private`, `read-only`, `writable`, `archive` or `unarchive`."""
    _run(stage, room, "/room", setting)


def set_topic(stage: Stage, room: str, topic: str) -> None:
    """Sets what a room is about."""
    _run(stage, room, "/topic", topic)


def invite(stage: Stage, room: str, name: str) -> None:
    """Lets somebody into a private room."""
    _run(stage, room, "/invite", name)


# --- people


def look_up_person(stage: Stage, name: str) -> None:
    """Tells who somebody is."""
    _run(stage, None, "/whois", name)


def ignore(stage: Stage, name: str) -> None:
    """Hides what somebody says."""
    _run(stage, None, "/ignore", name)


def unignore(stage: Stage, name: str) -> None:
    """Shows it again."""
    _run(stage, None, "/unignore", name)


def kick(stage: Stage, room: str | None, name: str, reason: str) -> None:
    """Removes somebody from a room."""
    _run(stage, room, "/kick", name, reason)


def mute(stage: Stage, room: str | None, name: str, duration: str, reason: str) -> None:
    """Mutes somebody in a room; an empty duration is until it is lifted."""
    _run(stage, room, "/mute", name, duration, reason)


def mute_everywhere(stage: Stage, room: str | None, name: str, duration: str, reason: str) -> None:
    """Mutes somebody in all rooms; an empty duration is until it is lifted."""
    _run(stage, room, "/mute", name, "everywhere", duration, reason)


def unmute(stage: Stage, room: str | None, name: str) -> None:
    """Lifts a mute in a room."""
    _run(stage, room, "/unmute", name)


def unmute_everywhere(stage: Stage, name: str) -> None:
    """Lifts a mute in all rooms."""
    _run(stage, None, "/unmute", name, "everywhere")


def ban(stage: Stage, room: str | None, name: str, duration: str, reason: str) -> None:
    """Bans somebody from the server; an empty duration is until it is lifted."""
    _run(stage, room, "/ban", name, duration, reason)


def lift(stage: Stage, sanction: Ban) -> None:
    """Lifts a ban or a mute."""
    _run(stage, sanction.room, lifting(sanction))


def lifting(sanction: Ban) -> str:
    """The command that lifts a ban or a mute."""
    if sanction.kind == "ban":
        return f"/unban {sanction.whom.removeprefix('address ')}"
    return f"/unmute {sanction.whom}{' everywhere' if sanction.room is None else ''}"


def set_role(stage: Stage, room: str | None, name: str, role: str) -> None:
    """Gives somebody a role on the server."""
    _run(stage, room, "/role", name, role)


def set_room_role(stage: Stage, room: str | None, name: str, role: str) -> None:
    """Gives somebody a role in a room."""
    _run(stage, room, "/role", name, role, "here")


# --- the house


def end_session(stage: Stage, session: str) -> None:
    """Signs this user out somewhere."""
    _run(stage, None, "/sessions end", session)


def make_invitation(stage: Stage, people: str, days: str) -> None:
    """Makes an invitation to the server, for so many people and days."""
    _run(stage, None, "/invite link", people, days)


async def list_invitations(chat: "Chat") -> str:
    """The invitations that can be used, a line each. Raises HubbubError."""
    return await chat.command("/invite list")


def revoke_invitation(stage: Stage, invitation: str) -> None:
    """Nobody comes in by it any more."""
    _run(stage, None, "/invite revoke", invitation)


# ---


def _run(stage: Stage, room: str | None, *words: str) -> None:
    conversation, typed = stage.conversation, read_typed(" ".join(filter(None, words)))
    if conversation is None or typed is None:
        return
    try:
        conversation.do(typed, room or conversation.view.room)
    except HubbubError as error:
        conversation.note(str(error), "refusal")
