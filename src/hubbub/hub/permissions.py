"""Who may do what: the one table, which docs/accounts.md shows, and the one place that asks it."""

from dataclasses import dataclass
from enum import StrEnum

from hubbub.errors import Forbidden
from hubbub.hub.session import User
from hubbub.model import Role

RANKS = {Role.GUEST: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.ADMIN: 3, Role.OWNER: 4}


class Right(StrEnum):
    """What not everybody may do."""

    INVITE = "invite"
    SEE_SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has a right: those of at least that role on the server."""

    meaning: str
    server: Role


TABLE: dict[Right, Rule] = {
    Right.SEE_SESSIONS: Rule("list and end one's own sessions", Role.MEMBER),
    Right.INVITE: Rule("invite people to the server", Role.MODERATOR),
}


def at_least(role: Role, least: Role) -> bool:
    """Whether a role is that one or a higher one."""
    return RANKS[role] >= RANKS[least]


def has(right: Right | None, role: Role) -> bool:
    """Whether a role on the server is enough for a right."""
    return right is None or at_least(role, TABLE[right].server)


def require(right: Right | None, user: User) -> None:
    """Raises Forbidden for one who has not that right."""
    if right is not None and not has(right, user.role):
        rule = TABLE[right]
        raise Forbidden(
            f"To {rule.meaning} one must be {_a(rule.server)}; you are {_a(user.role)}."
        )


def reference() -> str:
    """The table as docs/accounts.md shows it, in Markdown."""
    roles = list(RANKS)
    head = " | ".join(role.value for role in roles)
    rows = [f"| to | {head} |", "|---|" + "---|" * len(roles)]
    for right, rule in TABLE.items():
        cells = " | ".join("yes" if has(right, role) else "" for role in roles)
        rows.append(f"| {rule.meaning} | {cells} |")
    return "\n".join(rows)


def _a(role: Role) -> str:
    return f"{'an' if role.value[0] in 'ao' else 'a'} {role.value}"
