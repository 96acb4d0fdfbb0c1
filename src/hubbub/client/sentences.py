"""What happened to a room and its messages, in words that every terminal client uses; pure."""

from hubbub.model import room_title
from hubbub.protocol.events import Deleted, Message, Settings

DELETED = "message deleted"
LOCK = "🔒"
"""The sign of a private room: two cells wide in terminals as in Unicode."""


def settings_sentence(settings: Settings) -> str:
    """What a room is from here on, and who made it so."""
    who, name = settings.sender.name, room_title(settings.room)
    if settings.was is not None:
        return f"{who} renamed {room_title(settings.was)} to {name}."
    return (
        f"{who} set {name} to {what_it_is(settings.kind, settings.read_only, settings.archived)}."
    )


def what_it_is(kind: str, read_only: bool, archived: bool) -> str:
    """A room's settings in a few words."""
    return ", ".join([kind, *(["read-only"] * read_only), *(["archived"] * archived)])


def deleted_sentence(deleted: Deleted) -> str:
    """That a message has lost its text."""
    return f"{deleted.sender.name} deleted a message."


def deleted_line(message: Message) -> str:
    """A message that was deleted before it was read here."""
    return f"A message of {message.sender.name}'s was deleted."


def why_silent(title: str, may: tuple[str, ...], *, read_only: bool, archived: bool) -> str | None:
    """Why nothing can be said in a room, if so; a mute is the server's to tell."""
    if archived:
        return f"{title} is archived: read only"
    if read_only and "post" not in may:
        return f"Only moderators write in {title}"
    return None
