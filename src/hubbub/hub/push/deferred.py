"""Messages of which somebody was not told because they had a client open on another node.

Whether that node was alive is known some seconds later. Where it has gone by then, and its user has
not come in anywhere else, nobody has read the message for sure.
"""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hubbub.hub.ports import Clock
from hubbub.hub.state.room import Room
from hubbub.protocol.events import Message

KEPT = 1000


@dataclass(frozen=True, slots=True)
class _Entry:
    due_s: float
    room: Room
    message: Message
    nodes: Mapping[str, frozenset[str]]
    """By the user, where they were."""


class Deferred:
    """The last `KEPT` of them, the oldest first, each for `wait_s` seconds."""

    def __init__(self, clock: Clock, wait_s: float) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._entries: deque[_Entry] = deque()

    def keep(self, room: Room, message: Message, nodes: Mapping[str, frozenset[str]]) -> bool:
        """Users are thought to read a message on these nodes; False where another had to go."""
        full = len(self._entries) >= KEPT
        if full:
            self._entries.popleft()
        self._entries.append(_Entry(self._clock.steady_s() + self._wait_s, room, message, nodes))
        return not full

    @property
    def due(self) -> bool:
        """Whether it must be known by now of one of them which nodes are alive."""
        return bool(self._entries) and self._entries[0].due_s <= self._clock.steady_s()

    def take_due(self, alive: Collection[str]) -> list[tuple[Room, Message, frozenset[str]]]:
        """What is due and was read on nodes that are not alive, if at all, and by whom."""
        found = []
        while self.due:
            entry = self._entries.popleft()
            unsure = frozenset(u for u, nodes in entry.nodes.items() if nodes.isdisjoint(alive))
            if unsure:
                found.append((entry.room, entry.message, unsure))
        return found
