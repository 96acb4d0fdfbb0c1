"""What terminal clients say of rooms and messages besides `protocol/words.py`; pure."""

from hubbub.client.options import JoinOptions
from hubbub.protocol.events import Message

DELETED = "message deleted"
LOCK = "🔒"
"""The sign of a private room: two cells wide in terminals as in Unicode."""


def retrying(reason: str, retry_in_s: float) -> str:
    """Why a line was lost, a sentence or a few words, and when the next attempt is."""
    wait = f"{max(retry_in_s, 0.1):.1f}" if retry_in_s < 10 else f"{retry_in_s:.0f}"
    return f"{reason.rstrip('.')}; trying again in {wait} s"


def of_no_use(options: JoinOptions) -> str | None:
    """Which of the flags a server that knows only plain text has no use for, if any."""
    given = {"--name": options.name, "--room": options.rooms, "--token": options.token}
    unused = [flag for flag, value in given.items() if value]
    return f"It has no use for {' and '.join(unused)}." if unused else None


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
