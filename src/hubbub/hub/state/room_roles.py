"""What users are in a room, and the one way in which that changes; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from hubbub.model import Role
from hubbub.storage.changes import RoleChanged


@dataclass(frozen=True, slots=True)
class Roles:
    """All who are something in a room, as MemberReads.of_room has read it."""

    by_user: Mapping[str, Role]


class RoomRoles(Mapping[str, Role]):
    """By user: of a private room all who may enter it, of another those above member."""

    __slots__ = ("_by_user", "version")

    def __init__(self, roles: Mapping[str, Role] | None = None) -> None:
        self._by_user = dict(roles or {})
        self.version = 0
        """How often they were applied: what was read since an earlier one may lack something."""

    def __getitem__(self, user_id: str) -> Role:
        return self._by_user[user_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_user)

    def __len__(self) -> int:
        return len(self._by_user)

    def apply(self, outcome: RoleChanged | Roles) -> set[str]:
        """Takes what a commit has made of somebody, or what was read of all; whose role changed.

        The only way to a role here: the settlement calls it in the order of the commits, and
        hub/rooms/roles.py with what the log has.
        """
        self.version += 1
        match outcome:
            case RoleChanged(user_id, role):
                return {user_id} if self._set_role(user_id, role) else set()
            case Roles(by_user):
                users = by_user.keys() | self._by_user.keys()
                return {i for i in users if self._set_role(i, by_user.get(i))}
            case _:
                assert_never(outcome)

    def _set_role(self, user_id: str, role: Role | None) -> bool:
        was = self._by_user.pop(user_id, None)
        if role is not None:
            self._by_user[user_id] = role
        return was is not role
