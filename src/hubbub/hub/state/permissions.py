"""Who may do what: the one table, which docs/accounts.md shows, and the one place that asks it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hubbub.errors import Forbidden
from hubbub.hub.state.room import Room, User
from hubbub.model import Role, RoomKind, with_article

RANKS = {Role.GUEST: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.ADMIN: 3, Role.OWNER: 4}
SERVER_ROLES = tuple(RANKS)
ROOM_ROLES = (Role.MEMBER, Role.MODERATOR, Role.OWNER)
_IN_ROOMS = {Role.OWNER: Role.OWNER, Role.ADMIN: Role.OWNER, Role.MODERATOR: Role.MODERATOR}
"""What a role on the server makes of somebody in the rooms that they may see."""


class Right(StrEnum):
    """What not everybody may do, as `may` names it (docs/protocol.md)."""

    SEE_SESSIONS = "sessions"
    CREATE_ROOM = "create_room"
    CREATE_PRIVATE = "create_private"
    INVITE = "invite"
    MUTE_EVERYWHERE = "mute_everywhere"
    BAN = "ban"
    AUDIT = "audit"
    GRANT = "roles"

    POST = "post"
    ANNOUNCE = "announce"
    TOPIC = "topic"
    DELETE = "delete"
    INVITE_HERE = "invite_here"
    KICK = "kick"
    MUTE = "mute"
    AUDIT_HERE = "audit_here"
    SETTINGS = "settings"
    GRANT_HERE = "roles_here"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has a right: those of at least that role, on the server or in the room."""

    meaning: str
    server: Role | None = None
    room: Role | None = None


TABLE: dict[Right, Rule] = {
    Right.CREATE_ROOM: Rule("make a room", server=Role.GUEST),
    Right.CREATE_PRIVATE: Rule("make a private room", server=Role.MEMBER),
    Right.SEE_SESSIONS: Rule("list and end one's own sessions", server=Role.MEMBER),
    Right.INVITE: Rule("invite people to the server", server=Role.MODERATOR),
    Right.MUTE_EVERYWHERE: Rule("mute somebody in all rooms", server=Role.MODERATOR),
    Right.BAN: Rule("ban and unban names and addresses", server=Role.MODERATOR),
    Right.AUDIT: Rule("read the audit log and the bans of the server", server=Role.MODERATOR),
    Right.GRANT: Rule("give somebody a role below one's own", server=Role.ADMIN),
    Right.POST: Rule("say something in a room", room=Role.MEMBER),
    Right.ANNOUNCE: Rule("say something in a read-only room", room=Role.MODERATOR),
    Right.TOPIC: Rule("set the topic of a room where one may write", room=Role.MEMBER),
    Right.DELETE: Rule("delete what somebody else said", room=Role.MODERATOR),
    Right.INVITE_HERE: Rule("invite somebody into a private room", room=Role.MODERATOR),
    Right.KICK: Rule("show somebody out of a room", room=Role.MODERATOR),
    Right.MUTE: Rule("mute somebody in a room", room=Role.MODERATOR),
    Right.AUDIT_HERE: Rule("read the audit log and the mutes of a room", room=Role.MODERATOR),
    Right.SETTINGS: Rule("rename, archive or close a room, or open it", room=Role.OWNER),
    Right.GRANT_HERE: Rule("give somebody a role in a room", room=Role.OWNER),
}
"""The setting `room_creation` moves the first line, and the second where it is above member."""

_IN_DIRECT = frozenset({Right.POST})
_IN_ARCHIVED = frozenset({Right.SETTINGS, Right.GRANT_HERE, Right.AUDIT_HERE})


def at_least(role: Role, least: Role) -> bool:
    """Whether a role is that one or a higher one."""
    return RANKS[role] >= RANKS[least]


def higher(one: Role, other: Role) -> Role:
    """The higher of two roles."""
    return max(one, other, key=RANKS.__getitem__)


class Permissions:
    """Asks the table. `least` moves rights on the server to other roles."""

    def __init__(self, least: Mapping[Right, Role] | None = None) -> None:
        self._table = dict(TABLE)
        for right, role in (least or {}).items():
            self._table[right] = Rule(TABLE[right].meaning, server=role)

    def offers(self, rights: Sequence[Right], role: Role, there: Role = Role.MEMBER) -> bool:
        """Whether one of a role, on the server and in some room, may have one of these rights."""
        return not rights or any(self._offers(right, role, there) for right in rights)

    def _offers(self, right: Right, role: Role, there: Role) -> bool:
        rule = self._table[right]
        if rule.server is not None:
            return at_least(role, rule.server)
        best = max(there, _IN_ROOMS.get(role, Role.MEMBER), key=RANKS.__getitem__)
        return at_least(best, rule.room or Role.OWNER)

    def is_of_rooms(self, right: Right) -> bool:
        """Whether it is a right that one has in a room."""
        return self._table[right].server is None

    def may(self, user: User, right: Right, room: Room | None = None) -> bool:
        """Whether a user has a right, in a room that the user is in where it is one of rooms."""
        rule = self._table[right]
        if rule.server is not None:
            return at_least(user.role, rule.server)
        assert rule.room is not None, "a right is one of the server's or of rooms"
        if room is None:
            return False
        if room.direct:
            return right in _IN_DIRECT
        if room.archived and right not in _IN_ARCHIVED:
            return False
        least = rule.room
        if room.read_only and right in {Right.POST, Right.TOPIC}:
            least = Role.MODERATOR
        return at_least(role_in(user, room), least)

    def require(self, user: User, right: Right, room: Room | None = None) -> None:
        """Raises Forbidden for one who has not that right."""
        if not self.may(user, right, room):
            raise Forbidden(self._why(user, right, room))

    def _why(self, user: User, right: Right, room: Room | None) -> str:
        rule = self._table[right]
        if rule.server is not None or room is None:
            least = rule.server or Role.MODERATOR
            own = with_article(user.role)
            return f"To {rule.meaning} one must be {with_article(least)}; you are {own}."
        if room.direct:
            return "In a direct conversation there is nothing of that kind."
        if room.archived and right not in _IN_ARCHIVED:
            return f"{room.title} is archived: it can be read, and nothing is added to it."
        read_only = room.read_only and right in {Right.POST, Right.TOPIC}
        rule = self._table[Right.ANNOUNCE] if read_only else rule
        assert rule.room is not None, "a right of rooms"
        role = with_article(role_in(user, room))
        return f"To {rule.meaning} one must be its {rule.room}; in {room.title} you are {role}."

    def on_server(self, user: User) -> tuple[str, ...]:
        """The rights that a user has everywhere, as `welcome` names them."""
        rights = (r for r, rule in self._table.items() if rule.server is not None)
        return tuple(right.value for right in rights if self.may(user, right))

    def in_room(self, user: User, room: Room) -> tuple[str, ...]:
        """The rights that a user has in a room that the user is in."""
        rights = (r for r, rule in self._table.items() if rule.room and r is not Right.ANNOUNCE)
        return tuple(right.value for right in rights if self.may(user, right, room))

    def require_rank(self, user: User, other: Role, room: Room | None = None) -> None:
        """Raises Forbidden where `other`, a role on the server or in the room, is not below."""
        own = user.role if room is None else role_in(user, room)
        if not (RANKS[own] > RANKS[other]):
            raise Forbidden(
                f"You are {with_article(own)}, and cannot do that to {with_article(other)}."
            )


def role_in(user: User, room: Room) -> Role:
    """What a user is in a room: by a role of that room, or by one on the server."""
    return stored_role_in(user.role, room.roles.get(user.id, Role.MEMBER), room.kind)


def stored_role_in(server: Role, there: Role, kind: RoomKind) -> Role:
    """The same by the roles alone."""
    if kind is RoomKind.DIRECT:
        return Role.MEMBER
    return max(there, _IN_ROOMS.get(server, Role.MEMBER), key=RANKS.__getitem__)


def highest_in_rooms(user: User) -> Role:
    """The highest role that a user has in a room where they are."""
    rooms = {room for session in user.sessions for room in session.rooms.values()}
    roles = [Role.MEMBER, *(role_in(user, room) for room in rooms)]
    return max(roles, key=RANKS.__getitem__)


def reference() -> str:
    """The table as docs/accounts.md shows it, in Markdown."""
    head = " | ".join(role.value for role in SERVER_ROLES)
    there = " | ".join(f"room's {role.value}" for role in ROOM_ROLES)
    rows = [f"| to | `may` | {head} | {there} |"]
    rows.append("|---|---|" + "---|" * (len(SERVER_ROLES) + len(ROOM_ROLES)))
    for right, rule in TABLE.items():
        cells = _cells(rule)
        rows.append(f"| {rule.meaning} | `{right.value}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cells(rule: Rule) -> Iterable[str]:
    for role in SERVER_ROLES:
        own = role if rule.server else _IN_ROOMS.get(role, Role.MEMBER)
        yield "yes" if at_least(own, rule.server or rule.room or Role.OWNER) else ""
    for role in ROOM_ROLES:
        yield "yes" if rule.room and at_least(role, rule.room) else ""
