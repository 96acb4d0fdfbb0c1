"""Who may come in, and who may become a member."""

from dataclasses import dataclass
from enum import StrEnum

from hubbub.model import Role


class Registration(StrEnum):
    """How one becomes a member."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings `registration`, `guests` and `room_creation`, worked out.

    With `first_is_owner` whoever registers first owns the server: only where nobody but the
    operator can be the first.
    """

    registration: Registration = Registration.OPEN
    guests: bool = True
    first_is_owner: bool = True
    room_creation: Role = Role.GUEST
    """The least role that may make rooms."""
