"""What a commit changes about who belongs to which room, and what they have read there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hubbub.model import NotifyLevel, Role, RoomKind
from hubbub.protocol.events import Act, Settings
from hubbub.storage.changes import Append, Change, Done, RemoveMember, RoleChanged, SaveMember
from hubbub.storage.sql import queries
from hubbub.storage.sql.batch_rooms import BatchRoom, BatchRooms
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.rows import json_list


@dataclass(slots=True)
class _Membership:
    """What becomes of one membership: deleted, then made, then its marker moved."""

    delete: bool = False
    insert: int | None = None
    move: int = 0
    notify: NotifyLevel | None = None
    role: Role | None = None


@dataclass(slots=True)
class Members:
    """These changes of one commit, by the name of the room and the user's id."""

    found: dict[tuple[str, str], _Membership] = field(default_factory=dict)
    roles: dict[tuple[str, str], Role] = field(default_factory=dict)
    """What those are, or were last, of whom an outcome has to tell it."""

    @classmethod
    def among(cls, driver: Driver, rooms: BatchRooms, changes: Sequence[Change]) -> "Members":
        """With what the changes do not say themselves of roles, and the log does."""
        asked = list(_asked(rooms, changes))
        if not asked:
            return cls()
        names = {room.id: room.name for room, _ in asked}
        pairs = json_list([(str(room.id), user_id) for room, user_id in asked])
        rows = driver.read(queries.ROLES_OF, {"pairs": pairs})
        return cls(roles={(names[room_id], user_id): Role(role) for room_id, user_id, role in rows})

    def join(self, room: BatchRoom, user_id: str, role: Role | None = None) -> RoleChanged | Done:
        """A user is a member, for whom what is there counts as read."""
        membership = self._of(room, user_id)
        if membership.insert is None:
            membership.insert = room.last
        if role is not None:
            membership.role = role
        key = room.name, user_id
        there = self.roles[key] = role or self.roles.get(key, Role.MEMBER)
        if role is None and room.kind is not RoomKind.PRIVATE:
            return Done()
        return RoleChanged(user_id, there if _counts(there, room) else None, room.id)

    def leave(self, room: BatchRoom, user_id: str) -> RoleChanged | Done:
        """A user is no longer a member."""
        key = room.name, user_id
        self.found[key] = _Membership(delete=True)
        there = self.roles.pop(key, None)
        if there is None or not _counts(there, room):
            return Done()
        return RoleChanged(user_id, None, room.id)

    def notify(self, room: BatchRoom, user_id: str, level: NotifyLevel) -> None:
        """What of the room is pushed to the user."""
        self._of(room, user_id).notify = level

    def read(self, room: BatchRoom, user_id: str, seq: int) -> None:
        """The user has read up to there, or to the log's end."""
        membership = self._of(room, user_id)
        membership.move = max(membership.move, min(seq, room.last))

    def rename(self, was: str, name: str) -> None:
        """Takes note of a room's new name."""
        for key in [key for key in self.found if key[0] == was]:
            self.found[name, key[1]] = self.found.pop(key)
        for key in [key for key in self.roles if key[0] == was]:
            self.roles[name, key[1]] = self.roles.pop(key)

    def _of(self, room: BatchRoom, user_id: str) -> _Membership:
        return self.found.setdefault((room.name, user_id), _Membership())

    def write(self, driver: Driver, rooms: dict[str, BatchRoom]) -> None:
        """Executes what the changes came to."""
        deleted, inserted, moved, notified, promoted = [], [], [], [], []
        for (name, user_id), membership in sorted(self.found.items(), key=_key):
            room_id = rooms[name].id
            if membership.delete:
                deleted.append({"of_room": room_id, "of_user": user_id})
            if membership.insert is not None:
                read = membership.insert
                inserted.append({"room_id": room_id, "user_id": user_id, "read_seq": read})
            if membership.role is not None:
                role = membership.role.value
                promoted.append({"of_room": room_id, "of_user": user_id, "to_role": role})
            if membership.move:
                seq = membership.move
                moved.append({"of_room": room_id, "of_user": user_id, "seq": seq})
            if membership.notify is not None:
                level = membership.notify.value
                notified.append({"of_room": room_id, "of_user": user_id, "level": level})
        if deleted:
            driver.write(queries.DELETE_MEMBERS, deleted)
        if inserted:
            driver.write(queries.INSERT_MEMBERS, inserted)
        if promoted:
            driver.write(queries.SET_ROLE, promoted)
        if moved:
            driver.write(queries.MOVE_READ, moved)
        if notified:
            driver.write(queries.SET_NOTIFY, notified)


def _key(item: tuple[tuple[str, str], _Membership]) -> tuple[str, str]:
    return item[0]


def _counts(role: Role, room: BatchRoom) -> bool:
    """Whether one of that role is among Storage.room_members."""
    return role is not Role.MEMBER or room.kind is RoomKind.PRIVATE


def _closes(entry: Act) -> bool:
    return isinstance(entry, Settings) and entry.kind == RoomKind.PRIVATE


def _asked(rooms: BatchRooms, changes: Iterable[Change]) -> Iterable[tuple[BatchRoom, str]]:
    """Whose memberships matter: of those who go, and of those in rooms for members alone."""
    members = [each for each in changes if isinstance(each, SaveMember | RemoveMember)]
    if not members:
        return
    closing = any(isinstance(c, Append) and _closes(c.entry) for c in changes)
    for change in members:
        room = rooms.known(change.room)
        if room is None:
            continue
        closed = closing or room.kind is RoomKind.PRIVATE
        if isinstance(change, RemoveMember) or closed:
            yield room, change.user_id
