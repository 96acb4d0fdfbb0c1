"""The other servers on the same log, as the parts of the hub see them: by itself there are none.

Each part tells `Others` what happens here and asks it what it cannot know by itself. `Cluster`
(hub/cluster) is the one that has somebody to tell and to ask.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from hubbub.model import Name
from hubbub.protocol.events import LogEvent, Person
from hubbub.storage.changes import Outcome
from hubbub.storage.records import Present, UserRecord

if TYPE_CHECKING:
    from hubbub.errors import Refusal
    from hubbub.hub.flow.committer import Submission
    from hubbub.hub.hub import Hub
    from hubbub.hub.state.room import Room
    from hubbub.hub.state.session import User

State = Literal["renamed", "away", "back"]


class Others:
    """No other node: nothing has to be told, and nobody is anywhere else."""

    shared = False
    """Whether others write this log too."""
    sure_after_s = 0.0
    """After how long a node that was dead at some moment is known to be."""

    async def start(self, hub: "Hub") -> None:
        """Begins to be one of several. Raises StorageError, StartError."""

    async def stop(self) -> None:
        """Ends it, after the last commit."""

    def missing(self) -> str | None:
        """What this node needs and has not, as `/readyz` says it."""
        return None

    def degraded(self) -> str | None:
        """What it lacks and serves on without."""
        return None

    # --- what is committed here

    async def publish(self, appended: "Mapping[Room, Sequence[LogEvent]]") -> None:
        """Entries of a batch are durable, and this node's people are served with them next: it
        waits for nothing but the turns of the loop.
        """

    def committed(
        self,
        batch: "Sequence[Submission]",
        results: "Sequence[Outcome | Refusal]",
        appended: "Mapping[Room, Sequence[LogEvent]]",
    ) -> None:
        """A batch is durable, and this node's people have been served."""

    def gap(self, room: "Room") -> None:
        """A room waits for an entry that another node has committed."""

    async def catch_up(self, room: "Room") -> None:
        """Serves a room with all that the log has of it. Raises StorageError."""

    def lost(self) -> None:
        """A commit was refused because this node was taken for dead."""

    # --- rooms

    @asynccontextmanager
    async def opening(self, name: str) -> AsyncIterator[None]:
        """Spans the reading of a room from the log: what others say of it meanwhile is not lost."""
        yield

    def opened(self, room: "Room", present: Sequence[Present]) -> None:
        """A room was read; `present` is who is in it on any node."""

    def dropped(self, name: str) -> None:
        """A room is no longer in memory."""

    def moved(self, was: str, room: "Room") -> None:
        """A room in memory has another name."""

    async def users_in(self, names: Sequence[str]) -> Mapping[str, int]:
        """How many users are in each of these rooms, as far as others know better."""
        return {}

    # --- people

    async def hold_name(self, name: Name, user_id: str) -> None:
        """Makes a user the only one of that name on all nodes. Raises NameTaken, Unavailable."""

    def release_name(self, key: str, user_id: str) -> None:
        """The user goes, or has another name."""

    async def user_number(self) -> int | None:
        """The number of the next automatic name, where this node may not count by itself."""
        return None

    @asynccontextmanager
    async def expecting(self, user_id: str) -> AsyncIterator[None]:
        """Spans somebody's coming in: from now on what is said to them alone comes here too."""
        yield

    def arrived(self, user: "User") -> None:
        """A user's first connection to this node is there."""

    def departed(self, user: "User") -> None:
        """A user's last connection to this node has ended."""

    def entered(self, room: "Room", user: "User") -> None:
        """A user is in a room by this node."""

    async def announced(self, user: "User") -> None:
        """Returns when others can know in which rooms a user of this node is."""

    def exited(self, room: "Room", user: "User") -> None:
        """A user is no longer in a room by this node."""

    def changed(self, user: "User", state: State, was: str | None) -> None:
        """A user of this node has another name, or is away or back."""

    async def present_by_name(self, key: str) -> UserRecord | None:
        """Who is on another node by that name."""
        return None

    async def nodes(self) -> set[str]:
        """Those that nobody has taken for dead. Raises StorageError."""
        return set()

    async def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """Those of these users who are on other nodes, a record for each node."""
        return []

    # --- signs, which may be lost

    def typing(self, room: "Room", person: Person) -> None:
        """Somebody here is writing."""

    def read(self, user_id: str, room: str, seq: int) -> None:
        """Somebody here has read so far."""

    # --- acts, carried out by whatever node has that user

    def tell(self, user_id: str, text: str) -> None:
        """A word of the server's to a user."""

    def show_out(self, user_id: str, room: "Room", text: str) -> None:
        """Takes a user out of a room, with a word."""

    def bring_in(self, user_id: str, room: "Room", by: Person) -> None:
        """Brings a user into a room, or tells them that they may come."""

    def ignore(self, user_id: str, other_id: str, name: str | None) -> None:
        """A member ignores somebody on all connections, or with no name no longer does."""

    def leave(self, user_id: str, room: "Room") -> None:
        """A user leaves a room, with the connections on other nodes too."""

    def cut(self, user_id: str, code: int, why: str, *, all_of_them: bool = True) -> None:
        """Ends a user's connections on other nodes, or those without a session that has ended."""

    def spent(self, address: str, tokens: float) -> None:
        """Somebody left an address with so little left to post that a newcomer gets no more."""

    @asynccontextmanager
    async def alone(self, what: str, room: "Room | None" = None) -> AsyncIterator[None]:
        """Spans what must be decided on one node at a time, by the latest that is known of `room`.

        Raises Unavailable.
        """
        yield
