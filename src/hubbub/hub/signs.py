"""What the nodes of a cluster tell each other over the bus, and on which subjects.

Every sign may be lost: what it says is in the log, or is read there again by the next sweep, or is
of this moment alone. Nodes of two releases may hear each other while one is replaced by the other:
fields are added with defaults, and a sign that is not known is passed over.
"""

import base64
import hashlib
from typing import Literal, assert_never

from msgspec import Struct, msgpack

from hubbub.model import Role, UserKind
from hubbub.protocol.events import LogEvent, Person
from hubbub.storage.records import UserRecord

EVERYONE = "all"
State = Literal["renamed", "away", "back"]


def room_subject(name: str) -> str:
    """Where what happens in a room is told to the nodes that have people in it."""
    digest = hashlib.sha256(name.encode()).digest()
    return "r." + base64.b32encode(digest)[:24].decode()


def user_subject(user_id: str) -> str:
    """Where what is for one user is told to the nodes on which they are."""
    return f"u.{user_id}"


class Somebody(Struct, frozen=True, omit_defaults=True):
    """A user of the node that speaks, as it knows them."""

    id: str
    name: str
    key: str
    kind: UserKind
    role: Role
    away: str | None = None

    @classmethod
    def of(cls, user: UserRecord, away: str | None) -> "Somebody":
        """The user of a record."""
        return cls(user.id, user.name, user.key, user.kind, user.role, away)

    @property
    def record(self) -> UserRecord:
        """The user as the hub knows others."""
        return UserRecord(self.id, self.name, self.key, self.kind, self.role)


class Sign(Struct, frozen=True, omit_defaults=True, tag_field="sign", kw_only=True):
    """Something that a node says."""

    node: str = ""
    """Which one; written by whoever tells it."""


class Said(Sign, frozen=True, omit_defaults=True, tag="said"):
    """Entries of a room's log that are durable, in order; `people` are those of a direct room."""

    room: str
    events: tuple[LogEvent, ...]
    people: tuple[Person, ...] = ()
    room_id: int = 0
    """As in RoomRecord: another room may have had that name, or have it by now."""


class Entered(Sign, frozen=True, omit_defaults=True, tag="entered"):
    """Somebody is in a room by that node."""

    room: str
    user: Somebody
    room_id: int = 0


class Exited(Sign, frozen=True, omit_defaults=True, tag="exited"):
    """They are no longer."""

    room: str
    user_id: str
    room_id: int = 0


class Wrote(Sign, frozen=True, omit_defaults=True, tag="wrote"):
    """Somebody is writing in a room; `to` are the others in a direct one."""

    room: str
    user: Person
    to: tuple[str, ...] = ()


class ReadTo(Sign, frozen=True, omit_defaults=True, tag="read"):
    """A user has read a room so far, by that node."""

    user_id: str
    room: str
    seq: int


class Told(Sign, frozen=True, omit_defaults=True, tag="told"):
    """A word of the server's to a user."""

    user_id: str
    text: str


class ShownOut(Sign, frozen=True, omit_defaults=True, tag="shown_out"):
    """A user was shown out of a room."""

    user_id: str
    room: str
    text: str


class BroughtIn(Sign, frozen=True, omit_defaults=True, tag="brought_in"):
    """A user was invited into a private room."""

    user_id: str
    room: str
    by: Person


class Ignored(Sign, frozen=True, omit_defaults=True, tag="ignored"):
    """A member ignores somebody, or no longer does where there is no name."""

    user_id: str
    other_id: str
    name: str | None = None


class Went(Sign, frozen=True, omit_defaults=True, tag="went"):
    """A user has left a room with all connections that speak JSON."""

    user_id: str
    room: str


class Cut(Sign, frozen=True, omit_defaults=True, tag="cut"):
    """A user's connections end: all, or those that were signed in without a session to end."""

    user_id: str
    code: int
    why: str
    all_of_them: bool = True


class Changed(Sign, frozen=True, omit_defaults=True, tag="changed"):
    """A user has another name (`was` is the former one), or is away or back."""

    user: Somebody
    state: State
    was: str | None = None


class Look(Sign, frozen=True, omit_defaults=True, tag="look"):
    """Accounts, sessions, roles or bans have changed: look at the log."""


class Compare(Sign, frozen=True, omit_defaults=True, tag="compare"):
    """Another database server answers, or the log has a new epoch: compare what you know."""


class NodeEnded(Sign, frozen=True, omit_defaults=True, tag="node_ended"):
    """A node has left, or was taken out."""

    ended: str


class Spent(Sign, frozen=True, omit_defaults=True, tag="spent"):
    """How much of their rates users and addresses have used up at that node lately."""

    tokens: dict[str, dict[str, int]]
    left: dict[str, float] = {}
    """What whoever comes from an address may post at once."""


OfRoom = Said | Entered | Exited
OfUser = ReadTo | Told | ShownOut | BroughtIn | Ignored | Went | Cut
OfAll = Wrote | Changed | Look | NodeEnded | Spent
AnySign = OfRoom | OfUser | OfAll | Compare


def subjects_of(sign: AnySign) -> list[str]:
    """Where a sign is told, so that the nodes that it concerns hear it.

    Entries of a direct room are for its people, who are wherever they are.
    """
    match sign:
        case Said(people=people) if people:
            return [user_subject(person.id) for person in people]
        case Wrote(to=to) if to:
            return [user_subject(user_id) for user_id in to]
        case Said() | Entered() | Exited() | Wrote():
            return [room_subject(sign.room)]
        case ReadTo() | Told() | ShownOut() | BroughtIn() | Ignored() | Went() | Cut():
            return [user_subject(sign.user_id)]
        case Changed() | Look() | NodeEnded() | Spent() | Compare():
            return [EVERYONE]
        case _:
            assert_never(sign)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(AnySign).decode
"""Raises msgspec.DecodeError, ValidationError for what is no sign that this release knows."""
