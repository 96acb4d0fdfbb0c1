"""The lines of an exported log (docs/data.md, Export): JSON, one object each.

The head comes first, then users, rooms, members, moderation, and the entries of all rooms, in the
order in which they were said; the end comes last: a file that was cut off is known by its lack.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from hubbub.model import NotifyLevel, Role, RoomKind, UserKind
from hubbub.protocol.events import Person
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


class MessageLine(_Line, frozen=True, kw_only=True, tag="message"):
    """Something said; `to` stands in direct rooms and names the others."""

    room: str
    seq: Seq
    at: str
    sender: Person = field(name="from")
    text: str
    me: bool = False
    to: tuple[Person, ...] | None = None
    nonce: Key | None = None
    deleted: bool = False


class TopicLine(_Line, frozen=True, kw_only=True, tag="topic"):
    """A topic, as an entry of its room's log."""

    room: str
    seq: Seq
    at: str
    sender: Person = field(name="from")
    text: str


class DeletedLine(_Line, frozen=True, kw_only=True, tag="deleted"):
    """That a message lost its text, as an entry of its room's log."""

    room: str
    seq: Seq
    at: str
    sender: Person = field(name="from")
    target: Seq


class SettingsLine(_Line, frozen=True, kw_only=True, tag="settings"):
    """What the room was from there on, as an entry of its log."""

    room: str
    seq: Seq
    at: str
    sender: Person = field(name="from")
    kind: RoomKind
    read_only: bool = False
    archived: bool = False
    was: str | None = None


class End(_Line, frozen=True, kw_only=True, tag="end"):
    """How many lines of each kind came."""

    users: int
    rooms: int
    members: int
    events: int


EntryLine = MessageLine | TopicLine | DeletedLine | SettingsLine
ModerationLine = IgnoredLine | SanctionLine | AuditLine
Line = Head | UserLine | RoomLine | MemberLine | ModerationLine | EntryLine | End

decoder = msgspec.json.Decoder(Line)
encoder = msgspec.json.Encoder()
