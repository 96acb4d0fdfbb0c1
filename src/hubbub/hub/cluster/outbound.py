"""What this node tells the others: signs, and what was committed here."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import structs

from hubbub.bus.interface import LARGEST
from hubbub.errors import Refusal
from hubbub.hub import signs
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.flow.committer import Submission
from hubbub.hub.state.room import Room
from hubbub.protocol.events import LogEvent, Settings
from hubbub.storage.changes import (
    AppendMessage,
    Change,
    EnterRoom,
    ExitRoom,
    Made,
    MakeRoom,
    Outcome,
)
from hubbub.storage.concerns import Concern, concerns


class Outbound:
    """See hubbub.hub.peers.Signals."""

    def __init__(self, context: NodeContext, cursors: DirectCursors) -> None:
        self._context = context
        self._cursors = cursors

    def tell(self, sign: signs.AnySign) -> None:
        """See Signals."""
        data = signs.encode(structs.replace(sign, node=self._context.node))
        for subject in signs.subjects_of(sign):
            self._context.bus.publish(subject, data)

    async def publish(self, appended: Mapping[Room, Sequence[LogEvent]]) -> None:
        """See Signals. What another node has committed after it must wait for it there."""
        for room, events in appended.items():
            self._publish_entries(room, events)
        await self._context.bus.push()

    def committed(
        self,
        batch: Sequence[Submission],
        results: Sequence[Outcome | Refusal],
        appended: Mapping[Room, Sequence[LogEvent]],
    ) -> None:
        """See Signals."""
        for room in appended:
            if room.direct:
                self._cursors.serve(room, self._context.parts.users)
        look = False
        for submission, result in zip(batch, results, strict=True):
            change = submission.change
            if isinstance(change, AppendMessage):
                continue
            if isinstance(change, MakeRoom) and isinstance(result, Made) and not result.new:
                self._context.outside_changes.look_soon()
            if isinstance(result, Refusal):
                continue
            match concerns(change, result):
                case Concern.LOOK:
                    look = True
                case Concern.PRESENCE:
                    self._tell_presence(change)
                case Concern.LOG | Concern.NOTHING:
                    pass
                case _ as unknown:
                    assert_never(unknown)
        if look:
            self.tell(signs.Look())

    def _tell_presence(self, change: Change) -> None:
        if isinstance(change, EnterRoom):
            user = self._context.parts.users.get(change.user_id)
            if user is not None:
                somebody = signs.Somebody.of(user.record, user.away)
                self.tell(signs.Entered(change.room, somebody, self._room_id(change.room)))
        elif isinstance(change, ExitRoom):
            self.tell(signs.Exited(change.room, change.user_id, self._room_id(change.room)))

    def _room_id(self, name: str) -> int:
        room = self._context.parts.rooms.live(name)
        return 0 if room is None else room.id

    def _publish_entries(self, room: Room, events: Sequence[LogEvent]) -> None:
        people = room.participants if room.direct else ()
        # It may have got another name here, or on another node a moment ago.
        names = {room.name, *(event.room for event in events)}
        names |= {event.was for event in events if isinstance(event, Settings) and event.was}
        node = self._context.node
        for name in names:
            said = signs.Said(name, tuple(events), people, room.id, node=node)
            subjects = signs.subjects_of(said)
            for data in _parts(said):
                for subject in subjects:
                    self._context.bus.publish(subject, data)


def _parts(said: signs.Said) -> list[bytes]:
    """The same in publications that a bus takes."""
    data = signs.encode(said)
    if len(data) <= LARGEST or len(said.events) == 1:
        return [data]
    half = len(said.events) // 2
    first = structs.replace(said, events=said.events[:half])
    second = structs.replace(said, events=said.events[half:])
    return _parts(first) + _parts(second)
