"""The other servers on the same log, as the parts of the hub see them: by itself there are none.

What happens here is told to them, and what this node cannot know by itself is asked of them,
through the small protocols that `Peers` holds. hub/cluster is where there are others; `alone` gives
those of a server that has none.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from hubbub.errors import Refusal
from hubbub.hub.flow.committer import Submission
from hubbub.hub.signs import AnySign
from hubbub.hub.state.room import Room, User
from hubbub.model import Name
from hubbub.protocol.events import LogEvent
from hubbub.storage.changes import NodeChange, Outcome
from hubbub.storage.records import Present, UserRecord


class Signals(Protocol):
    """What they hear of what happens here. All of it may be lost; the log has what counts."""

    def tell(self, sign: AnySign) -> None:
        """Tells the nodes that a sign concerns."""
        ...

    async def publish(self, appended: Mapping[Room, Sequence[LogEvent]]) -> None:
        """Entries of a batch are durable, and this node's people are served with them next: it
        waits for nothing but the turns of the loop.
        """
        ...

    def committed(
        self,
        batch: Sequence[Submission],
        results: Sequence[Outcome | Refusal],
        appended: Mapping[Room, Sequence[LogEvent]],
    ) -> None:
        """A batch is durable, and this node's people have been served."""
        ...


class PeerDirectory(Protocol):
    """Who and what is on other nodes. Each call may raise StorageError."""

    async def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """Those of these users who are on other nodes, a record for each node."""
        ...

    async def present_by_name(self, key: str) -> UserRecord | None:
        """Who is on another node by that name."""
        ...

    async def users_in(self, names: Sequence[str]) -> Mapping[str, int]:
        """How many users are in each of these rooms, as far as others know better."""
        ...

    async def nodes(self) -> set[str]:
        """Those that nobody has taken for dead."""
        ...

    async def user_number(self) -> int | None:
        """The number of the next automatic name, where this node may not count by itself."""
        ...


class PeerAttendance(Protocol):
    """Who is on this node, written where the others find it."""

    def expecting(self, user_id: str) -> AbstractAsyncContextManager[None]:
        """Spans somebody's coming in: from now on what is said to them alone comes here too."""
        ...

    def note(self, change: NodeChange) -> None:
        """Somebody came, went, or is in or out of a room by this node; nobody waits for it."""
        ...

    async def noted(self, user: User) -> None:
        """Returns when others can know in which rooms a user of this node is."""
        ...


class Agreement(Protocol):
    """What must not be decided on two nodes at once."""

    async def hold_name(self, name: Name, user_id: str) -> None:
        """Makes a user the only one of that name on all nodes. Raises NameTaken, Unavailable."""
        ...

    def alone(self, what: str, room: Room | None = None) -> AbstractAsyncContextManager[None]:
        """Spans what is decided on one node at a time, by the latest that is known of `room`.

        Raises Unavailable.
        """
        ...


class PeerRooms(Protocol):
    """Rooms that others write too, while they are in memory here."""

    def opening(self, name: str) -> AbstractAsyncContextManager[None]:
        """Spans the reading of a room from the log: what others say of it meanwhile is not lost."""
        ...

    def opened(self, room: Room, present: Sequence[Present]) -> None:
        """A room was read; `present` is who is in it on any node."""
        ...

    def dropped(self, name: str) -> None:
        """A room is no longer in memory."""
        ...

    def moved(self, was: str, room: Room) -> None:
        """A room in memory has another name."""
        ...

    def gap(self, room: Room) -> None:
        """A room waits for an entry that another node has committed."""
        ...

    async def catch_up(self, room: Room) -> None:
        """Serves a room with all that the log has of it. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Peers:
    """The other nodes."""

    shared: bool
    """Whether others write this log too."""
    sure_after_s: float
    """After how long a node that was dead at some moment is known to be."""
    signals: Signals
    directory: PeerDirectory
    attendance: PeerAttendance
    agreement: Agreement
    rooms: PeerRooms


class _Nobody:
    """Nobody has to be told anything, and nobody is anywhere else."""

    def tell(self, sign: AnySign) -> None:
        pass

    async def publish(self, appended: Mapping[Room, Sequence[LogEvent]]) -> None:
        pass

    def committed(
        self,
        batch: Sequence[Submission],
        results: Sequence[Outcome | Refusal],
        appended: Mapping[Room, Sequence[LogEvent]],
    ) -> None:
        pass

    async def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        return []

    async def present_by_name(self, key: str) -> UserRecord | None:
        return None

    async def users_in(self, names: Sequence[str]) -> Mapping[str, int]:
        return {}

    async def nodes(self) -> set[str]:
        return set()

    async def user_number(self) -> int | None:
        return None

    @asynccontextmanager
    async def expecting(self, user_id: str) -> AsyncIterator[None]:
        yield

    def note(self, change: NodeChange) -> None:
        pass

    async def noted(self, user: User) -> None:
        pass

    async def hold_name(self, name: Name, user_id: str) -> None:
        pass

    @asynccontextmanager
    async def alone(self, what: str, room: Room | None = None) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def opening(self, name: str) -> AsyncIterator[None]:
        yield

    def opened(self, room: Room, present: Sequence[Present]) -> None:
        pass

    def dropped(self, name: str) -> None:
        pass

    def moved(self, was: str, room: Room) -> None:
        pass

    def gap(self, room: Room) -> None:
        pass

    async def catch_up(self, room: Room) -> None:
        pass


def alone() -> Peers:
    """The peers of a server that has its log for itself."""
    nobody = _Nobody()
    return Peers(
        shared=False,
        sure_after_s=0.0,
        signals=nobody,
        directory=nobody,
        attendance=nobody,
        agreement=nobody,
        rooms=nobody,
    )
