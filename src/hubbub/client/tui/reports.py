"""Rooms, sessions, bans and the audit log as lines to read and choose from; pure."""

from hubbub.client.state import RoomView
from hubbub.client.tui.items import Item
from hubbub.client.tui.rows import local_time
from hubbub.client.tui.shown import one_line
from hubbub.model import room_title
from hubbub.protocol.replies import AuditEntry, Ban, Invitation, SignedIn
from hubbub.protocol.words import settings_in_words


def room_line(room: RoomView) -> str:
    """What a room is, and what this user is in it."""
    what = settings_in_words(room.kind, room.read_only, room.archived)
    return f"{one_line(room.title)}: {what}; you are its {room.role}"


def session_item(session: SignedIn) -> Item:
    """A session: from where, and when it was used last."""
    here = "this one, " if session.current else ""
    label = f"{one_line(session.device) or 'unknown device'}"
    return Item(session.id, f"{here}{label}", f"used {when(session.used)}")


def invitation_item(invitation: Invitation) -> Item:
    """An invitation that can be used; its id is what revokes it."""
    people = "1 person" if invitation.uses == 1 else f"{invitation.uses} people"
    label = f"{invitation.id}  for {people}"
    return Item(invitation.id, label, f"until {when(invitation.until)}")


def ban_item(value: str, ban: Ban) -> Item:
    """A ban or a mute, and how long it holds."""
    what = "banned" if ban.kind == "ban" else "muted"
    why = f": {ban.reason}" if ban.reason else ""
    until = f"until {when(ban.until)}" if ban.until is not None else "until lifted"
    return Item(value, one_line(f"{ban.whom} {what}{_where(ban)} by {ban.by}{why}"), until)


def lift_question(ban: Ban) -> str:
    """Whether a ban or a mute shall be lifted."""
    if ban.kind == "ban":
        return f"Let {one_line(ban.whom)} in again?"
    return f"Give {one_line(ban.whom)} the word again{_where(ban)}?"


def _where(ban: Ban) -> str:
    if ban.room is not None:
        return f" in {room_title(ban.room)}"
    return " everywhere" if ban.kind == "mute" else ""


def audit_line(entry: AuditEntry) -> str:
    """What a moderator did, on one line."""
    whom = f" {entry.whom}" if entry.whom else ""
    where = f" in {room_title(entry.room)}" if entry.room else ""
    why = f": {entry.reason}" if entry.reason else ""
    return one_line(f"{when(entry.at)}  {entry.by}  {entry.act}{whom}{where}{why}")


def when(at: str) -> str:
    """An instant in the time of this place, to the minute."""
    local = local_time(at)
    return f"{local:%Y-%m-%d %H:%M}" if local is not None else at
