"""What terminal clients say of rooms and messages besides `protocol/words.py`; pure."""

from hubbub.protocol.events import Message

DELETED = "message deleted"
LOCK = "🔒"
"""The sign of a private room: two cells wide in terminals as in Unicode."""


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
