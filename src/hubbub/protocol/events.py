"""Every reply and event that the server may send (docs/protocol.md, Replies and Events).

Instants are RFC 3339 strings in UTC with milliseconds; see `hubbub.model.format_instant`.
"""

from typing import Literal

from msgspec import Struct, field

from hubbub.errors import Refusal
from hubbub.model import NotifyLevel


class Person(Struct, frozen=True):
    """A user as an event names it: a stable id, and the name at that time."""

    id: str
    name: str


class _Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    pass


# --- durable events: entries of a room's log


class Entry(_Frame, frozen=True, kw_only=True):
    """What every entry of a room's log has: where it stands, when it came, and whose it is.

    One that is yet to be appended has the seq 0 and no instant (see storage/changes.py).
    """

    room: str
    seq: int
    at: str
    sender: Person = field(name="from")


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


class Presence(_Frame, frozen=True, kw_only=True, tag="presence"):
    """Somebody came, went, or changed; with `renamed`, `user` has the new name, `was` the old."""

    room: str
    user: Person
    state: Literal["joined", "left", "renamed", "away", "back"]
    was: str | None = None


class Typing(_Frame, frozen=True, kw_only=True, tag="typing"):
    """Somebody is writing."""

    room: str
    user: Person


class ReadMarker(_Frame, frozen=True, kw_only=True, tag="read"):
    """Another connection of this user has read up to `seq`."""

    room: str
    seq: int


class Notice(_Frame, frozen=True, kw_only=True, tag="notice"):
    """A sentence of the server's to this connection alone."""

    text: str


class Count(_Frame, frozen=True, kw_only=True, tag="count"):
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


class You(_Frame, frozen=True, kw_only=True, tag="you"):
    """This connection's own user has changed: become a member, or got another role.

    `may` and `commands` are as in `welcome`. With `session` the secret that it had is of no use
    any more, and this one is.
    """

    user: Self
    may: tuple[str, ...] = ()
    commands: tuple[CommandInfo, ...] = ()
    session: str | None = None


class Standing(_Frame, frozen=True, kw_only=True, tag="standing"):
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


class Welcome(_Frame, frozen=True, kw_only=True, tag="welcome"):
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


class Replay(_Frame, frozen=True, kw_only=True, tag="replay"):
    """What a room's log has after the client's last seq; comes right after `welcome`."""

    room: str
    events: tuple[AnyEntry, ...]
    more: bool


class Gap(_Frame, frozen=True, kw_only=True, tag="gap"):
    """Too much was missed to replay: the client has up to `have`; `next` to `last` is stored."""

    room: str
    have: int
    next: int
    last: int


# --- replies


class Ok(_Frame, frozen=True, kw_only=True, tag="ok"):
    """Done; nothing to tell."""

    id: str | None = None


class Joined(_Frame, frozen=True, kw_only=True, tag="ok"):
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


class Posted(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `post` and `whisper`: it is durable, and this is its place in the log."""

    id: str | None = None
    room: str
    seq: int
    at: str
    dup: bool = False


class Ran(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `command`: what a person who typed it should read, or nothing."""

    id: str | None = None
    text: str


class PushFate(Struct, frozen=True):
    """What became of a notice; `service` is the host of a browser's push service."""

    service: str
    sent: bool
    why: str


class Pushed(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `test_push`: one for each browser of the user's."""

    id: str | None = None
    pushed: tuple[PushFate, ...]


class Page(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `history`; `first` and `last` are the ends of the room's whole log."""

    id: str | None = None
    events: tuple[AnyEntry, ...]
    more: bool
    first: int
    last: int


class Found(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `search`, newest first; `next` is the `before` that goes on from there."""

    id: str | None = None
    events: tuple[Message, ...]
    next: int | None = None


class Member(Struct, frozen=True):
    """Somebody in a room, with the role there; guests who have none are `guest`."""

    id: str
    name: str
    role: str
    away: bool


class MemberPage(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `members`."""

    id: str | None = None
    members: tuple[Member, ...]
    more: bool


class RoomSummary(Struct, frozen=True):
    """A room as a list shows it."""

    room: str
    topic: str
    users: int
    kind: str = "public"


class RoomPage(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `rooms`."""

    id: str | None = None
    rooms: tuple[RoomSummary, ...]
    more: bool


class SignedIn(Struct, frozen=True):
    """A session of this user's; instants in RFC 3339, `current` is the one that asks."""

    id: str
    device: str
    created: str
    used: str
    current: bool


class SessionList(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `sessions`, the last used first."""

    id: str | None = None
    sessions: tuple[SignedIn, ...]


class AuditEntry(Struct, frozen=True):
    """An act of moderation: who did what to whom, where and why; empty where there is none."""

    id: int
    at: str
    act: str
    by: str
    whom: str
    room: str
    reason: str


class AuditPage(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `audit`, newest first; `more` goes on before the last `id`."""

    id: str | None = None
    entries: tuple[AuditEntry, ...]
    more: bool


class Ban(Struct, frozen=True):
    """A ban or a mute that holds; without `room` on the whole server, without `until` for good."""

    kind: Literal["ban", "mute"]
    whom: str
    room: str | None
    by: str
    at: str
    until: str | None
    reason: str


class BanList(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `bans`, the newest first."""

    id: str | None = None
    bans: tuple[Ban, ...]


class Done(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to an act upon somebody: who it was, by their name or as an address; in which room,
    or on the server without one; until when, or for good without `until`.
    """

    id: str | None = None
    act: Literal["kick", "mute", "unmute", "ban", "unban", "set_role", "invite"]
    whom: str
    room: str | None = None
    until: str | None = None
    role: str | None = None


class RoomChanged(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `change_room`: what the room is now, and what this user is in it."""

    id: str | None = None
    room: str
    kind: str
    read_only: bool
    archived: bool
    role: str


class Invitation(Struct, frozen=True):
    """An invitation to the server; `id` names it where its secret is not shown."""

    id: str
    uses: int
    until: str


class InvitationMade(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `make_invitation`; `code` is a secret that is told once, `link` has it too."""

    id: str | None = None
    code: str
    link: str
    uses: int
    until: str


class InvitationList(_Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `invitations`, the next to run out first."""

    id: str | None = None
    invitations: tuple[Invitation, ...]


class Error(_Frame, frozen=True, kw_only=True, tag="error"):
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
