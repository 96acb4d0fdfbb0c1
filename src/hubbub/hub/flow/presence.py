"""Who comes, goes and changes, told to the others in a room.

A large room hears how many it is, not who. While many arrive at once, after a restart say, what
there is to tell is gathered: otherwise each of them would be a write to everyone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.rules.limits import Limits
from hubbub.hub.state.room import Room, Session
from hubbub.protocol.events import Count, Presence


class _Gathered:
    """What a room will be told; a newcomer hears of those who came after it."""

    def __init__(self) -> None:
        self.events: list[Presence] = []
        self.heard: dict[Session, int] = {}


class Announcer:
    """Tells rooms of presence."""

    def __init__(self, fanout: Fanout, limits: Limits) -> None:
        self._fanout = fanout
        self._limits = limits
        self._arriving = 0
        self._gathered: dict[Room, _Gathered] = {}
        self._uncounted: set[Room] = set()

    @contextmanager
    def arrival(self) -> Iterator[None]:
        """Spans somebody's coming in; while there are several, what they tell waits."""
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1
            if self._arriving <= 1:
                self._tell_gathered()

    def tell(self, room: Room, presence: Presence, newcomer: Session | None = None) -> None:
        """Tells a room, at the next `tick` at the latest."""
        if room.size > self._limits.presence_room_limit:
            self._uncounted.add(room)
        elif self._arriving <= 1:
            self._fanout.broadcast(room, presence)
        else:
            gathered = self._gathered.setdefault(room, _Gathered())
            gathered.events.append(presence)
            if newcomer is not None:
                gathered.heard[newcomer] = len(gathered.events)

    def forget(self, room: Room) -> None:
        """Nobody is in the room any more."""
        self._uncounted.discard(room)
        self._gathered.pop(room, None)

    def tick(self) -> None:
        """Tells what was gathered, and large rooms how many they are if that changed."""
        self._tell_gathered()
        rooms, self._uncounted = self._uncounted, set()
        for room in rooms:
            self._fanout.broadcast(room, Count(room=room.name, users=room.size))

    def _tell_gathered(self) -> None:
        rooms, self._gathered = self._gathered, {}
        for room, gathered in rooms.items():
            self._fanout.broadcast_all(room, gathered.events, gathered.heard)
