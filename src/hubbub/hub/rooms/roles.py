"""What users are in rooms, as the log has it: read, and given to the rooms.

What a commit of this node has changed meanwhile is not taken back by what was read before it.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from hubbub.hub.flow.log import Log
from hubbub.hub.state.room import Room
from hubbub.hub.state.room_roles import Roles
from hubbub.model import Role
from hubbub.storage.changes import RoleChanged
from hubbub.storage.shared import SharedStorage


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
    version = -1
    while version != room.roles.version:
        version = room.roles.version
        roles = await log.read(log.storage.members.of_room, room.name)
    room.roles.apply(Roles(roles))


async def take_member(log: Log, room: Room, user_id: str) -> bool:
    """Reads what one user is in a room; whether they are a member. Raises StorageError."""
    version = -1
    while version != room.roles.version:
        version = room.roles.version
        kept = await log.read(log.storage.members.membership, user_id, room.name)
    role = None if kept is None else kept.role
    counts = room.private or role is not Role.MEMBER
    room.roles.apply(RoleChanged(user_id, role if counts else None))
    return kept is not None
