"""Rooms, sessions, bans and the audit log as lines to read and choose from; pure."""

from hubbub.client.state import RoomView
from hubbub.client.tui.items import Item
from hubbub.client.tui.rows import local_time
from hubbub.client.tui.shown import one_line
from hubbub.model import room_title
from hubbub.protocol.replies import AuditEntry, Ban, SignedIn
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


def invitation_items(answer: str) -> list[Item]:
    """The lines of `/invite list`; each begins with the id that revokes it."""
    rows = [line.split(maxsplit=1) for line in answer.splitlines()]
    return [Item(row[0], one_line(row[1])) for row in rows if len(row) == 2 and " left," in row[1]]


def ban_item(value: str, ban: Ban) -> Item:
    """A ban or a mute, and how long it holds."""
    what = "banned" if ban.kind == "ban" else "muted"
    where = f" in {room_title(ban.room)}" if ban.room is not None else ""
    if ban.kind == "mute" and ban.room is None:
        where = " everywhere"
    why = f": {ban.reason}" if ban.reason else ""
    until = f"until {when(ban.until)}" if ban.until is not None else "until lifted"
    return Item(value, one_line(f"{ban.whom} {what}{where} by {ban.by}{why}"), until)


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
