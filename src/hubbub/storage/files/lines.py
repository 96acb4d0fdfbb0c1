"""The lines of an exported log (docs/data.md, Export): JSON, one object each.

The head comes first, then users, rooms, members, moderation, and the entries of all rooms, in the
order in which they were said; the end comes last: a file that was cut off is known by its lack.
An entry's line is the frame by which clients have it; a message's has its nonce too.
"""

from typing import Annotated, Union, get_args

import msgspec
from msgspec import Meta, Struct

from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import Act, Entry, Person
from hubbub.storage.records import Against, SanctionKind

FORMAT = 1
"""What this release writes, and the newest that it reads."""
LINE_BYTES = 16 * 1024 * 1024
"""The longest line; a text of the highest `text_bytes` fits whatever characters it has."""

Seq = Annotated[int, Meta(ge=1, le=2**62)]
Count = Annotated[int, Meta(ge=0, le=2**62)]
Key = Annotated[str, Meta(min_length=1, max_length=64)]


class _Line(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
):
    pass


class Head(_Line, frozen=True, kw_only=True, tag="hubbub-log"):
    """What this is, and which log at which instant."""

    format: int
    version: str
    epoch: str
    at: str


class UserLine(_Line, frozen=True, kw_only=True, tag="user"):
    """A user; `saved` is when it was last seen to be in use, `role` what it is on the server."""

    id: Key
    name: str
    key: str
    kind: UserKind
    saved: str
    role: Role = Role.GUEST


class RoomLine(_Line, frozen=True, kw_only=True, tag="room"):
    """A room, the seqs of its entries (without one, `first` is `last` + 1), its former names."""

    name: str
    kind: RoomKind
    topic: str = ""
    first: Seq
    last: Count
    read_only: bool = False
    archived: bool = False
    former: tuple[str, ...] = ()


class MemberLine(_Line, frozen=True, kw_only=True, tag="member"):
    """Who is in a room, has read up to which seq, and wants what of it to be pushed."""

    room: str
    user: str
    read: Count
    notify: NotifyLevel = NotifyLevel.MENTIONS
    role: Role = Role.MEMBER


class IgnoredLine(_Line, frozen=True, kw_only=True, tag="ignored"):
    """A member, and somebody whom it ignores."""

    user: str
    whom: str


class SanctionLine(_Line, frozen=True, kw_only=True, tag="sanction"):
    """A ban or a mute by a user's id or a name; those of addresses stay behind."""

    kind: SanctionKind
    room: str = ""
    against: Against
    subject: str
    whom: str
    by: str
    at: str
    until: str | None = None
    reason: str = ""


class AuditLine(_Line, frozen=True, kw_only=True, tag="audit"):
    """An act of moderation, in the order in which they were done."""

    at: str
    act: str
    by: str
    whom: str = ""
    room: str = ""
    reason: str = ""
    by_id: str = ""
    whom_id: str = ""


class MessageLine(
    Entry, frozen=True, kw_only=True, tag="message", forbid_unknown_fields=True, omit_defaults=True
):
    """Something said, and the nonce with which it was, which no event tells."""

    text: str
    me: bool = False
    to: tuple[Person, ...] | None = None
    nonce: Key | None = None
    deleted: bool = False


class End(_Line, frozen=True, kw_only=True, tag="end"):
    """How many lines of each kind came."""

    users: int
    rooms: int
    members: int
    events: int


EntryLine = MessageLine | Act
ModerationLine = IgnoredLine | SanctionLine | AuditLine
Line = Head | UserLine | RoomLine | MemberLine | ModerationLine | EntryLine | End


def _strict(kind: type) -> type:
    """The same line, which takes no field that it does not know: a file is read whole or not."""
    if not issubclass(kind, Entry) or kind is MessageLine:
        return kind
    return msgspec.defstruct(
        kind.__name__,
        (),
        bases=(kind,),
        tag=kind.__struct_config__.tag,
        frozen=True,
        forbid_unknown_fields=True,
    )


decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(
    Union[tuple(_strict(kind) for kind in get_args(Line))]  # noqa: UP007 - made while running
)
encoder = msgspec.json.Encoder()
