"""Giving roles, on the server and in rooms; each time it is in the audit log."""

from hubbub.errors import BadRequest, Forbidden, NotAMember
from hubbub.hub.core import Core
from hubbub.hub.directory import Directory
from hubbub.hub.order.audit import audited
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.state.permissions import ROOM_ROLES, Right
from hubbub.hub.state.room import Room, User
from hubbub.hub.welcome import Welcome
from hubbub.model import Role, UserKind
from hubbub.storage.changes import SaveMember
from hubbub.storage.records import UserRecord


class RoleGrants:
    """Gives roles to accounts, and tells them what they are."""

    def __init__(
        self,
        core: Core,
        membership: RoomMembership,
        directory: Directory,
        accounts: Accounts,
        welcome: Welcome,
    ) -> None:
        self._committer = core.committer
        self._users = core.users
        self._permissions = core.permissions
        self._membership = membership
        self._directory = directory
        self._accounts = accounts
        self._welcome = welcome

    async def set_role(self, user: User, typed: str, role: Role) -> str:
        """Gives an account a role on the server; the name. Raises Refusal."""
        self._permissions.require(user, Right.GRANT)
        if role is Role.GUEST:
            raise BadRequest("A role is member, moderator, admin or owner.")
        whom = await self._account(typed)
        if user.role is not Role.OWNER:
            self._permissions.require_rank(user, whom.role)
            self._permissions.require_rank(user, role)
        audit = audited("role", user, whom.name, None, role.value, whom_id=whom.id)
        await self._accounts.save_role(whom, role, audit)
        target = self._users.get(whom.id)
        if target is not None:
            self.tell_role(target)
        return whom.name

    def tell_role(self, target: User) -> None:
        """Tells somebody of a new role on the server, and what it makes of them in their rooms."""
        self._welcome.tell(target)
        rooms = {room for session in target.sessions for room in session.rooms.values()}
        for room in rooms:
            self._membership.tell_standing(target, room)

    async def set_room_role(self, user: User, room: Room, typed: str, role: Role) -> str:
        """Gives an account a role in a room; the name. Raises Refusal."""
        self._permissions.require(user, Right.GRANT_HERE, room)
        if role not in ROOM_ROLES:
            names = ", ".join(each.value for each in ROOM_ROLES)
            raise BadRequest(f"In a room one is {names}.")
        whom = await self._account(typed)
        target = self._users.get(whom.id)
        if not room.has(whom.id) and whom.id not in room.roles:
            raise NotAMember(f"{whom.name} is not in {room.title}.")
        audit = audited("role", user, whom.name, room, role.value, whom_id=whom.id)
        await self._committer.outcomes(SaveMember(room.name, whom.id, role), audit)
        if target is not None:
            self._membership.tell_standing(target, room)
            self._welcome.tell(target)
        return whom.name

    async def _account(self, typed: str) -> UserRecord:
        whom = await self._directory.find(typed)
        if whom.kind is UserKind.GUEST:
            raise Forbidden(f"{whom.name} is a guest; roles are for members: /register first.")
        return whom
