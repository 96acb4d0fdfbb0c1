"""Everything that the full-screen client shows, as one frozen value; `store.py` makes the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hubbub.client.state import ChatState, RoomView
from hubbub.client.tui.timeline import Timeline
from hubbub.errors import BadName
from hubbub.model import user_name
from hubbub.protocol.events import Message


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the screen but the composer's own text."""

    chat: ChatState
    room: str | None = None
    order: tuple[str, ...] = ()
    timelines: Mapping[str, Timeline] = field(default_factory=dict)
    drafts: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    typing: Mapping[str, Mapping[str, tuple[str, float]]] = field(default_factory=dict)
    ignored: Mapping[str, str | None] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    notices: bool = False
    reading: bool = False
    line: Literal["up", "down", "over"] = "up"
    status: str = ""
    alerts: int = 0
    notes: int = 0

    def current(self, room: str) -> str:
        """What a room is called now, by this name or a former one."""
        while room not in self.chat.rooms and room in self.renamed:
            room = self.renamed[room]
        return room

    @property
    def in_view(self) -> RoomView | None:
        """The room in view."""
        return self.chat.rooms.get(self.room) if self.room is not None else None

    @property
    def timeline(self) -> Timeline:
        """Its window; where no room is in view, it has this client's own lines alone."""
        return self.timelines.get(self.room or "", Timeline())

    @property
    def mark(self) -> int | None:
        """The seq after which the room in view has new messages."""
        return self.marks.get(self.room or "")

    @property
    def unread_elsewhere(self) -> tuple[int, int]:
        """Unread messages and mentions in the rooms that are not in view."""
        others = [room for name, room in self.chat.rooms.items() if name != self.room]
        return sum(room.unread for room in others), sum(room.mentions for room in others)

    @property
    def unsent(self) -> int:
        """Messages of this user's that wait for the server, in all rooms."""
        waiting = (p for timeline in self.timelines.values() for p in timeline.unsent)
        return sum(pending.refused is None for pending in waiting)

    def ignores(self, message: Message) -> bool:
        """Whether this user does not want to see it."""
        if not self.ignored or message.sender.id == self.chat.user.id:
            return False
        wanted = {user_id for user_id in self.ignored.values() if user_id is not None}
        return message.sender.id in wanted or name_key(message.sender.name) in self.ignored

    def typists(self, now_s: float) -> tuple[str, ...]:
        """Who is writing in the room in view."""
        here = self.typing.get(self.room or "", {})
        return tuple(name for name, until_s in here.values() if until_s > now_s)


def name_key(name: str) -> str:
    """A name as names are compared, also one that no server would give."""
    try:
        return user_name(name).key
    except BadName:
        return name.casefold()
