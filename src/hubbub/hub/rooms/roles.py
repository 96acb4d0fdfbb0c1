"""What users are in rooms, as the log has it: read, and given to the rooms.

What a commit of this node has changed meanwhile is not taken back by what was read before it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar, cast

from hubbub.errors import StorageError
from hubbub.hub.flow.log import Log
from hubbub.hub.state.room import Room
from hubbub.hub.state.room_roles import Roles
from hubbub.model import Role
from hubbub.storage.changes import RoleChanged
from hubbub.storage.shared import SharedStorage

READS = 20
"""How often a room is read anew for roles that change meanwhile."""
T = TypeVar("T")


async def take_roles(log: Log, rooms: Sequence[Room]) -> tuple[Mapping[Room, set[str]], bool]:
    """Reads rooms anew on a node of a cluster: whose roles changed in each that is kept, and
    whether it has to be done again, for one whose roles changed meanwhile and that is left out.

    Raises StorageError.
    """
    known = {room.id: (room, room.roles.version) for room in rooms}
    found = await log.read(cast(SharedStorage, log.storage).nodes.roles, list(known))
    changed: dict[Room, set[str]] = {}
    for room_id, roles in found.items():
        room, version = known[room_id]
        if room.roles.version == version:
            changed[room] = room.roles.apply(Roles(roles))
    return changed, len(changed) < len(found)


async def take_room(log: Log, room: Room) -> None:
    """Reads one room anew. Raises StorageError."""
    read = log.storage.members.of_room
    room.roles.apply(Roles(await _settled(room, lambda: log.read(read, room.name))))


async def take_member(log: Log, room: Room, user_id: str) -> bool:
    """Reads what one user is in a room; whether they are a member. Raises StorageError."""
    read = log.storage.members.membership
    kept = await _settled(room, lambda: log.read(read, user_id, room.name))
    role = None if kept is None else kept.role
    counts = room.private or role is not Role.MEMBER
    room.roles.apply(RoleChanged(user_id, role if counts else None))
    return kept is not None


async def _settled(room: Room, read: Callable[[], Awaitable[T]]) -> T:
    """What was read while no role changed; tried `READS` times. Raises StorageError."""
    for _ in range(READS):
        version = room.roles.version
        found = await read()
        if version == room.roles.version:
            return found
    raise StorageError(f"The roles in {room.title} change all the time; they are looked at later.")
