"""What several servers that share one log ask of it besides: who is where, and who is still alive.

A server that shares is a node. It has a lease, which it renews; a node that did not for too long is
taken out by another one, and with it everybody who was there. From then on nothing that it commits
is taken (`NodeLost`), so that one that was paused, or cut off, cannot speak for people whose names
others have by now. All instants of a shared log are those of the database's clock.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from hubbub.model import Role
from hubbub.storage.interface import Storage
from hubbub.storage.records import Compared, Present, UserRecord


class Nodes(Protocol):
    """The nodes of a log, each with a lease. Every call may raise StorageError.

    After `join` each commit is made as that node, with `hubbub.errors.NodeLost` (a StorageError)
    and nothing changed where the node was taken out.
    """

    def join(self, node: str) -> None:
        """Makes this process a node, with a lease from now on; what an earlier one of that id left
        is gone, and so is what this process was before.
        """
        ...

    def leave(self) -> None:
        """Takes this node out, with everybody who is there."""
        ...

    def renew_lease(self) -> bool:
        """Notes that this node is alive; False where it was taken out."""
        ...

    def end_lost(self, lease_ms: int) -> list[str]:
        """Takes out the nodes that have not renewed their lease for so long, but not this one."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed`, from any thread, each time that the log is shut.

        That is where another server answers than was compared, or the log has a new epoch. From
        then on all calls but `compare` raise LogChanged, until `accept`. Who does not watch is
        never shut out.
        """
        ...

    def compare(self, served: Mapping[int, int]) -> Compared:
        """Compares what this node knows with the log of the server that answers now.

        That are the last seqs of rooms that it has served, by their ids, and what it has committed.
        Where the log ends before any of it, the log has a new epoch from then on; of several nodes
        the first gives it. Takes note that this node has compared, and is alive.
        """
        ...

    def accept(self, compared: Compared) -> None:
        """Goes on with that server, and with the epoch that its log has."""
        ...

    def ids(self) -> set[str]:
        """The nodes that nobody has taken out, this one too."""
        ...

    def next_user_number(self) -> int:
        """A number for an automatic name, which no call has given before, from 0."""
        ...

    def room_ids(self, rooms: Sequence[str]) -> dict[str, int]:
        """The id of each room that is kept and called so."""
        ...

    def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """What each of these rooms is called now, and its last seq."""
        ...

    def direct_positions(self, user_ids: Sequence[str]) -> dict[str, int]:
        """The last seq of each direct room that one of these users is a member of."""
        ...

    def roles(self, ids: Sequence[int]) -> dict[int, dict[str, Role]]:
        """`MemberReads.of_room` of each of these rooms that is kept."""
        ...

    def alone(self, what: str) -> AbstractContextManager[None]:
        """A block that runs on one node at a time, for what must not be decided twice at once.

        Raises StorageError where it is not free within a few seconds. It ends with the process, or
        when that is paused.
        """
        ...


class PresenceReads(Protocol):
    """Who is on which node, in which rooms, by which names."""

    def in_rooms(self, rooms: Sequence[str]) -> list[tuple[str, Present]]:
        """Who is in each of these rooms, by which node; also by this one."""
        ...

    def users_in(self, rooms: Sequence[str] | None = None) -> dict[str, int]:
        """How many users are in each of these rooms, or of all in which there is anybody."""
        ...

    def whereabouts(self, user_ids: Sequence[str]) -> list[Present]:
        """On which nodes these users are."""
        ...

    def by_name(self, key: str) -> UserRecord | None:
        """The user who is on some node by a name."""
        ...

    def own_users(self) -> list[Present]:
        """Who is on this node, as the log has it."""
        ...

    def own_names(self) -> dict[str, str]:
        """The names that this node, or a user who is on it, holds, by their compared form, with the
        users' ids.
        """
        ...


class SharedStorage(Storage, Protocol):
    """A log that several nodes write."""

    @property
    def nodes(self) -> Nodes:
        """See Nodes."""
        ...

    @property
    def presence(self) -> PresenceReads:
        """See PresenceReads."""
        ...
