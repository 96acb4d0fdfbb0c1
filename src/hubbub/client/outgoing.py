"""What waits to be said and what waits for its answer, in one order; pure, time is an argument.

The order of the calls is the order on the wire, also when posts are sent again. After a lost
line everything unanswered goes again, in order: the server has taken a prefix of it, and the
nonces make those harmless. A temporary refusal in the middle stops the sending until everything
on the wire is answered; then what was refused goes again, in order, and one at a time at first.
What a refusal cannot bring back is a later post that the server had already let through; so
where the server tells its rates, posts keep below them and none is refused.
"""

from collections import deque
from dataclasses import dataclass

DEFAULT_RETRY_S = 1.0
SHORTEST_RETRY_S = 0.02


@dataclass(slots=True)
class Entry:
    """A request in the order; `again` tells that it may be sent twice, having a nonce."""

    id: str
    frame: bytes
    paced: bool
    again: bool
    room: str = ""
    order: int = 0
    sent_s: float = 0.0
    refused_s: float | None = None


class Outgoing:
    """One client's posts, whispers and commands."""

    def __init__(self, window: int, patience_s: float) -> None:
        self._window = self._width = window
        self._patience_s = patience_s
        self._accepted = 0
        self._count = 0
        self._waiting: deque[Entry] = deque()
        self._on_wire: dict[str, Entry] = {}
        self._refused: list[Entry] = []
        self._not_before_s = 0.0
        self._per_s = 0.0
        self._burst = 0.0
        self._tokens = 0.0
        self._tokens_s = 0.0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._on_wire) + len(self._refused)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._on_wire

    def pace(self, per_s: float, burst: float, now_s: float) -> None:
        """Keeps posts below a server's rate; 0 is none.

        A window's worth of the burst is spared: that is how many posts a stalled network can
        gather and deliver at once.
        """
        if (per_s, burst) == (self._per_s, self._burst):
            return
        self._per_s, self._burst = per_s, burst
        self._tokens, self._tokens_s = self._usable_burst, now_s

    @property
    def _usable_burst(self) -> float:
        return max(1.0, self._burst - min(self._window, self._burst / 2))

    @property
    def _gain_per_s(self) -> float:
        # A little slower than the server counts, for clocks that differ.
        return self._per_s * 0.99

    def add(self, entry: Entry) -> None:
        """Puts a request at the end of the order."""
        self._count += 1
        entry.order = self._count
        self._waiting.append(entry)

    def in_room(self, room: str) -> list[Entry]:
        """What is said in a room and not answered, on the wire or not."""
        entries = (*self._on_wire.values(), *self._refused, *self._waiting)
        return [entry for entry in entries if entry.room == room]

    def next(self, now_s: float) -> Entry | None:
        """The request to write now, which is then on the wire."""
        if not self._waiting or self._refused or len(self._on_wire) >= self._width:
            return None
        if now_s < self._not_before_s:
            return None
        entry = self._waiting[0]
        if entry.paced and not self._take_token(now_s):
            return None
        self._waiting.popleft()
        entry.sent_s = now_s
        self._on_wire[entry.id] = entry
        return entry

    def wait_s(self, now_s: float) -> float | None:
        """How long until `next` may have something; None: not before an answer or an `add`."""
        if not self._waiting or self._refused or len(self._on_wire) >= self._width:
            return None
        wait_s = self._not_before_s - now_s
        if self._waiting[0].paced and self._per_s:
            wait_s = max(wait_s, (1.0 - self._refilled(now_s)) / self._gain_per_s)
        return max(wait_s, 0.001)

    def oldest_sent_s(self) -> float | None:
        """When the longest unanswered request was written."""
        return min((entry.sent_s for entry in self._on_wire.values()), default=None)

    def answered(self, entry_id: str) -> None:
        """The request was carried out, or refused for good."""
        self._on_wire.pop(entry_id, None)
        if self._width < self._window:
            self._accepted += 1
            if self._accepted >= self._window:
                self._accepted = 0
                self._width += 1
        self._settle()

    def refused(self, entry_id: str, retry_after_s: float | None, now_s: float) -> bool:
        """A temporary refusal; False if the request has had its time and is given up."""
        entry = self._on_wire.pop(entry_id)
        self._width, self._accepted = 1, 0
        if entry.refused_s is None:
            entry.refused_s = now_s
        wait_s = DEFAULT_RETRY_S if retry_after_s is None else max(retry_after_s, SHORTEST_RETRY_S)
        given_up = now_s + wait_s > entry.refused_s + self._patience_s
        if not given_up:
            self._refused.append(entry)
            self._not_before_s = max(self._not_before_s, now_s + wait_s)
        self._settle()
        return not given_up

    def line_lost(self) -> list[str]:
        """Puts back what was on the wire; the ids of those that must not be sent twice."""
        back = sorted([*self._on_wire.values(), *self._refused], key=lambda entry: entry.order)
        on_wire = set(self._on_wire)
        self._on_wire.clear()
        self._refused.clear()
        self._not_before_s = 0.0
        lost = [entry.id for entry in back if entry.id in on_wire and not entry.again]
        gone = set(lost)
        self._waiting.extendleft(entry for entry in reversed(back) if entry.id not in gone)
        return lost

    def forget_sent(self) -> list[str]:
        """Takes out what was written to a line that is lost; the ids."""
        sent = [entry.id for entry in self._waiting if entry.sent_s]
        self._waiting = deque(entry for entry in self._waiting if not entry.sent_s)
        return sent

    def _settle(self) -> None:
        if self._refused and not self._on_wire:
            self._refused.sort(key=lambda entry: entry.order, reverse=True)
            self._waiting.extendleft(self._refused)
            self._refused.clear()

    def _refilled(self, now_s: float) -> float:
        gained = (now_s - self._tokens_s) * self._gain_per_s
        return min(self._usable_burst, self._tokens + gained)

    def _take_token(self, now_s: float) -> bool:
        if not self._per_s:
            return True
        tokens = self._refilled(now_s)
        if tokens < 1.0 - 1e-9:
            return False
        self._tokens, self._tokens_s = tokens - 1.0, now_s
        return True
