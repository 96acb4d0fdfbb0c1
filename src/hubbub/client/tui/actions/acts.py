"""What menus and forms ask of the server, one function for each.

Each is a request whose fields are what was filled in. What came of it, or why it was refused, is
noted in the room that it is about, else in the one in view. What has no request is asked for by
the command that could be typed.
"""

from hubbub.client.tui.stage import Stage
from hubbub.client.typed import GoFrom, GoTo, Ignore, Run, Typed, Unignore
from hubbub.errors import HubbubError
from hubbub.model import Role, RoomKind
from hubbub.protocol import replies, requests

# --- rooms


def enter(stage: Stage, room: str) -> None:
    """Enters a room, which is made where there is none, and brings it into view."""
    _do(stage, GoTo(room))


def leave(stage: Stage, room: str) -> None:
    """Leaves a room."""
    _do(stage, GoFrom(""), room)


def make_room(stage: Stage, name: str, *, private: bool, read_only: bool) -> None:
    """Makes a room and brings it into view."""
    if stage.conversation is not None:
        stage.conversation.make_room(name, private=private, read_only=read_only)


def rename_room(stage: Stage, room: str, name: str) -> None:
    """Gives a room another name."""
    _change(stage, requests.ChangeRoom(room=_now(stage, room), name=name))


def set_kind(stage: Stage, room: str, kind: RoomKind) -> None:
    """Makes a room public or private."""
    _change(stage, requests.ChangeRoom(room=_now(stage, room), kind=kind))


def set_read_only(stage: Stage, room: str, *, on: bool) -> None:
    """Lets moderators alone write in a room, or everybody."""
    _change(stage, requests.ChangeRoom(room=_now(stage, room), read_only=on))


def archive(stage: Stage, room: str, *, on: bool) -> None:
    """Closes a room for all that would be new, or opens it again."""
    _change(stage, requests.ChangeRoom(room=_now(stage, room), archived=on))


def set_topic(stage: Stage, room: str, topic: str) -> None:
    """Sets what a room is about; without a topic, tells it."""
    _do(stage, Run(f"/topic {topic}".rstrip()), room)


def invite(stage: Stage, room: str, name: str) -> None:
    """Lets somebody into a private room."""
    room = _now(stage, room)
    _act(stage, requests.Invite(room=room, name=name), room)


# --- people


def look_up_person(stage: Stage, name: str) -> None:
    """Tells who somebody is."""
    _do(stage, Run(f"/whois {name}"))


def ignore(stage: Stage, name: str) -> None:
    """Hides what somebody says."""
    _do(stage, Ignore(name))


def unignore(stage: Stage, name: str) -> None:
    """Shows it again."""
    _do(stage, Unignore(name))


def kick(stage: Stage, room: str, name: str, reason: str) -> None:
    """Removes somebody from a room."""
    room = _now(stage, room)
    _act(stage, requests.Kick(room=room, name=name, reason=reason), room)


def mute(stage: Stage, room: str, name: str, duration_s: int | None, reason: str) -> None:
    """Mutes somebody in a room; without a duration until it is lifted."""
    room = _now(stage, room)
    request = requests.Mute(room=room, name=name, duration_s=duration_s, reason=reason)
    _act(stage, request, room)


def mute_everywhere(stage: Stage, name: str, duration_s: int | None, reason: str) -> None:
    """Mutes somebody in all rooms; without a duration until it is lifted."""
    _act(stage, requests.Mute(name=name, duration_s=duration_s, reason=reason))


def unmute(stage: Stage, room: str, name: str) -> None:
    """Lifts a mute in a room."""
    room = _now(stage, room)
    _act(stage, requests.Unmute(room=room, name=name), room)


def unmute_everywhere(stage: Stage, name: str) -> None:
    """Lifts a mute in all rooms."""
    _act(stage, requests.Unmute(name=name))


def ban(stage: Stage, name: str, duration_s: int | None, reason: str) -> None:
    """Bans somebody from the server; without a duration until it is lifted."""
    _act(stage, requests.Ban(name=name, duration_s=duration_s, reason=reason))


def lift(stage: Stage, sanction: replies.Ban) -> None:
    """Lifts a ban or a mute."""
    _act(stage, lifting(sanction), sanction.room)


def lifting(sanction: replies.Ban) -> requests.Unban | requests.Unmute:
    """The request that lifts a ban or a mute."""
    if sanction.kind == "ban":
        return requests.Unban(name=sanction.whom)
    return requests.Unmute(room=sanction.room, name=sanction.whom)


def set_role(stage: Stage, name: str, role: Role) -> None:
    """Gives somebody a role on the server."""
    _act(stage, requests.SetRole(name=name, role=role))


def set_room_role(stage: Stage, room: str, name: str, role: Role) -> None:
    """Gives somebody a role in a room."""
    room = _now(stage, room)
    _act(stage, requests.SetRole(room=room, name=name, role=role), room)


# --- the house


def end_session(stage: Stage, session: str) -> None:
    """Signs this user out somewhere."""
    _do(stage, Run(f"/sessions end {session}"))


def make_invitation(stage: Stage, people: int, days: int) -> None:
    """Makes an invitation to the server, for so many people and days."""
    _act(stage, requests.MakeInvitation(uses=people, days=days))


def revoke_invitation(stage: Stage, invitation: str) -> None:
    """Nobody comes in by it any more."""
    _act(stage, requests.RevokeInvitation(invitation=invitation))


# ---


def _now(stage: Stage, room: str) -> str:
    # It may have another name than when the menu was opened.
    return stage.view.current(room) if stage.view is not None else room


def _change(stage: Stage, request: requests.ChangeRoom) -> None:
    _act(stage, request, request.room)


def _act(stage: Stage, request: requests.Act, room: str | None = None) -> None:
    if stage.conversation is not None:
        stage.conversation.act(request, room)


def _do(stage: Stage, typed: Typed, room: str | None = None) -> None:
    conversation = stage.conversation
    if conversation is None:
        return
    try:
        conversation.do(typed, room or conversation.view.room)
    except HubbubError as error:
        conversation.note(str(error), "refusal")
