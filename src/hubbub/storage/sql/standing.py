"""How this process stands to the log: as which node it writes it, and how far it knows it."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hubbub.storage.changes import Appended, Outcome

ENDS_ROOMS = 10_000
"""Of how many rooms that is kept, those with the latest entries: what is lost is what came last."""


@dataclass(slots=True)
class Standing:
    """Written by the commit thread and by whoever compares; read by all."""

    node: str = ""
    """Empty where no other process writes the log, and before `join`."""
    epoch: str = ""
    synchronous: bool = False
    """Whether the server's standbys have all that was acknowledged: the operator says so."""
    ends: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """By the ids of rooms the last seq that was committed here, the latest at the end."""

    def note_ends(self, outcomes: Sequence[Outcome]) -> None:
        """Takes note of what a commit has appended."""
        for outcome in outcomes:
            if isinstance(outcome, Appended):
                self.ends[outcome.room_id] = outcome.event.seq
                self.ends.move_to_end(outcome.room_id)
        while len(self.ends) > ENDS_ROOMS:
            self.ends.popitem(last=False)

    def known_ends(self, served: Mapping[int, int]) -> dict[int, int]:
        """The later end of each room, of those here and those that were served."""
        known = dict(served)
        for room_id, last in self.ends.items():
            known[room_id] = max(last, known.get(room_id, 0))
        return known

    def may_lack(self, former: str, now: str) -> bool:
        """Whether a server of the lineage `now` may lack what one of `former` acknowledged."""
        return bool(former and now) and former != now and not self.synchronous
