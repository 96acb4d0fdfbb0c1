"""Every event that the server may send, and the replies that go with them (docs/protocol.md).

The replies that need no event are in `replies.py`; `Reply` and `ServerFrame` have all.

Instants are RFC 3339 strings in UTC with milliseconds; see `hubbub.model.format_instant`.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from hubbub.errors import Refusal
from hubbub.model import NotifyLevel
from hubbub.protocol.frames import Frame
from hubbub.protocol.replies import (
    AuditPage,
    BanList,
    Done,
    InvitationList,
    InvitationMade,
    MemberPage,
    Pushed,
    RoomChanged,
    RoomPage,
    SessionList,
)


class Person(Struct, frozen=True):
    """A user as an event names it: a stable id, and the name at that time."""

    id: str
    name: str


# --- durable events: entries of a room's log


class Entry(Frame, frozen=True, kw_only=True):
    """What every entry of a room's log has: where it stands, when it came, and whose it is.

    One that is yet to be appended has the seq 0 and no instant (see storage/changes.py).
    """

    room: str
    seq: int
    at: str
    sender: Person = field(name="from")

    @property
    def instant(self) -> datetime:
        """When it came, `at` as a program reckons with it, in UTC."""
        return datetime.fromisoformat(self.at)


class Message(Entry, frozen=True, kw_only=True, tag="message"):
    """Something said in a room; `to` names the others of a direct room, `me` an action.

    One that was `deleted` has kept its place and lost its text.
    """

    text: str
    me: bool = False
    to: tuple[Person, ...] | None = None
    deleted: bool = False


class Topic(Entry, frozen=True, kw_only=True, tag="topic"):
    """The room's topic from here on."""

    text: str


class Deleted(Entry, frozen=True, kw_only=True, tag="deleted"):
    """The message with the seq `target` has lost its text."""

    target: int


class Settings(Entry, frozen=True, kw_only=True, tag="settings"):
    """What the room is from here on; `was` is its former name, where it has got another."""

    kind: str
    read_only: bool = False
    archived: bool = False
    was: str | None = None


Act = Topic | Deleted | Settings
"""What was done to a room, as opposed to said in it."""
LogEvent = Message | Act
KINDS: dict[int, type[LogEvent]] = {0: Message, 1: Topic, 3: Deleted, 4: Settings}
"""The number by which each kind stands in logs, for good; 2 is a message that was deleted."""


class Unknown(Entry, frozen=True, kw_only=True, tag="unknown"):
    """What a client takes an entry for whose kind it does not know; no server sends it.

    A later release has that `kind`. Its place in the log is all that is certain of it.
    """

    kind: str


AnyEntry = LogEvent | Unknown
"""An entry as clients have it."""


# --- ephemeral events: never stored, never replayed


class Presence(Frame, frozen=True, kw_only=True, tag="presence"):
    """Somebody came, went, or changed; with `renamed`, `user` has the new name, `was` the old."""

    room: str
    user: Person
    state: Literal["joined", "left", "renamed", "away", "back"]
    was: str | None = None


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    """Somebody is writing."""

    room: str
    user: Person


class ReadMarker(Frame, frozen=True, kw_only=True, tag="read"):
    """Another connection of this user has read up to `seq`."""

    room: str
    seq: int


class Notice(Frame, frozen=True, kw_only=True, tag="notice"):
    """A sentence of the server's to this connection alone."""

    text: str


class Count(Frame, frozen=True, kw_only=True, tag="count"):
    """How many users are in a room that is too large for `presence`."""

    room: str
    users: int


# --- the answer to hello


class Self(Struct, frozen=True):
    """Who this connection is."""

    id: str
    name: str
    kind: str
    role: str


class ArgumentInfo(Struct, frozen=True, omit_defaults=True):
    """A word that a slash command takes; `kind` says what completes it."""

    name: str
    kind: str = "word"
    """word, person, people, room, command, choice, duration, number or text, which is the rest."""
    optional: bool = False
    choices: tuple[str, ...] = ()


class CommandInfo(Struct, frozen=True, omit_defaults=True):
    """One slash command, for help and completion; with `room` it needs one in view.

    `aliases` are its other names.
    """

    name: str
    usage: str
    summary: str
    room: bool = False
    arguments: tuple[ArgumentInfo, ...] = ()
    aliases: tuple[str, ...] = ()


class You(Frame, frozen=True, kw_only=True, tag="you"):
    """This connection's own user has changed: become a member, or got another role.

    `may` and `commands` are as in `welcome`. With `session` the secret that it had is of no use
    any more, and this one is.
    """

    user: Self
    may: tuple[str, ...] = ()
    commands: tuple[CommandInfo, ...] = ()
    session: str | None = None


class Standing(Frame, frozen=True, kw_only=True, tag="standing"):
    """What this user is, and may do, in a room from now on."""

    room: str
    role: str
    may: tuple[str, ...]


EphemeralEvent = Presence | Typing | ReadMarker | Notice | Count | You | Standing


class ServerInfo(Struct, frozen=True):
    """What answers; `registration` (open, invite or closed) is how one becomes a member."""

    name: str
    version: str
    registration: str = "open"
    guests: bool = True


class RoomState(Struct, frozen=True):
    """One of this user's rooms: where its log begins and ends, and how far the user has read.

    `role` is what the user is in this room, `may` the rights that come of it; `was` is the name by
    which `hello` asked for it, where it has got another.
    """

    room: str
    kind: str
    topic: str
    first: int
    last: int
    read: int
    unread: int
    role: str
    notify: str = NotifyLevel.MENTIONS
    read_only: bool = False
    archived: bool = False
    may: tuple[str, ...] = ()
    was: str | None = None


class Welcome(Frame, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `hello`. `session` is a secret: whoever has it can be this user.

    It is empty for a browser that came by its cookie. `may` are the user's rights on the server,
    `ignored` whom a member ignores.
    With `push_key` browsers subscribe to push services (RFC 8292); without, there is no `push`.
    """

    id: str | None = None
    user: Self
    session: str
    epoch: str
    server: ServerInfo
    ping_s: float
    rooms: tuple[RoomState, ...]
    commands: tuple[CommandInfo, ...]
    limits: dict[str, int]
    may: tuple[str, ...] = ()
    ignored: tuple[Person, ...] = ()
    push_key: str | None = None


class Replay(Frame, frozen=True, kw_only=True, tag="replay"):
    """What a room's log has after the client's last seq; comes right after `welcome`."""

    room: str
    events: tuple[AnyEntry, ...]
    more: bool


class Gap(Frame, frozen=True, kw_only=True, tag="gap"):
    """Too much was missed to replay: the client has up to `have`; `next` to `last` is stored."""

    room: str
    have: int
    next: int
    last: int


# --- replies


class Ok(Frame, frozen=True, kw_only=True, tag="ok"):
    """Done; nothing to tell."""

    id: str | None = None


class Joined(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `join`; `room` is its name now, where the request had a former one."""

    id: str | None = None
    room: str
    topic: str
    kind: str
    read_only: bool
    archived: bool
    role: str
    may: tuple[str, ...]
    first: int
    last: int
    events: tuple[AnyEntry, ...]
    more: bool


class Posted(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `post` and `whisper`: it is durable, and this is its place in the log."""

    id: str | None = None
    room: str
    seq: int
    at: str
    dup: bool = False


class Ran(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `command`: what a person who typed it should read, or nothing."""

    id: str | None = None
    text: str


class Page(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `history`; `first` and `last` are the ends of the room's whole log."""

    id: str | None = None
    events: tuple[AnyEntry, ...]
    more: bool
    first: int
    last: int


class Found(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `search`, newest first; `next` is the `before` that goes on from there."""

    id: str | None = None
    events: tuple[Message, ...]
    next: int | None = None


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """A request that was not carried out; `retry_after` is in seconds."""

    id: str | None = None
    code: str
    message: str
    temporary: bool
    retry_after: float | None = None
    room: str | None = None

    @classmethod
    def of(cls, refusal: Refusal, request_id: str | None = None) -> "Error":
        """The frame that tells a client of this refusal."""
        return cls(
            id=request_id,
            code=refusal.code,
            message=refusal.message,
            temporary=refusal.temporary,
            retry_after=refusal.retry_after,
            room=refusal.room,
        )


Reply = (
    Welcome
    | Ok
    | Joined
    | Posted
    | Ran
    | Pushed
    | Page
    | Found
    | MemberPage
    | RoomPage
    | SessionList
    | AuditPage
    | BanList
    | Done
    | RoomChanged
    | InvitationMade
    | InvitationList
    | Error
)
Event = LogEvent | EphemeralEvent | Replay | Gap
ServerFrame = Reply | Event
