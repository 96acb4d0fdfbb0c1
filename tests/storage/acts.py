"""Acts for a log, in the fewest words."""

from hubbub.model import RoomKind
from hubbub.protocol.events import Deleted, Person, Settings, Topic
from hubbub.storage.changes import Append


def topic(room: str, sender: Person, text: str, room_id: int = 0) -> Append:
    """Sets a topic."""
    return Append(Topic(room=room, seq=0, at="", sender=sender, text=text), room_id)


def deletion(room: str, sender: Person, target: int, room_id: int = 0) -> Append:
    """Deletes a message."""
    return Append(Deleted(room=room, seq=0, at="", sender=sender, target=target), room_id)


def settled(
    room: str,
    sender: Person,
    kind: RoomKind,
    read_only: bool = False,
    archived: bool = False,
    name: str | None = None,
) -> Append:
    """Says what a room is, which gets the name `name`."""
    settings = Settings(
        room=name or room,
        seq=0,
        at="",
        sender=sender,
        kind=kind,
        read_only=read_only,
        archived=archived,
        was=None if name in (None, room) else room,
    )
    return Append(settings)
