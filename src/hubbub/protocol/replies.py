"""Replies about people, rooms and sessions, and to acts upon them (docs/protocol.md, Replies).

Instants are RFC 3339 strings in UTC with milliseconds; see `hubbub.model.format_instant`.
"""

from typing import Literal

from msgspec import Struct

from hubbub.protocol.frames import Frame


class PushFate(Struct, frozen=True):
    """What became of a notice; `service` is the host of a browser's push service."""

    service: str
    sent: bool
    why: str


class Pushed(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `test_push`: one for each browser of the user's."""

    id: str | None = None
    pushed: tuple[PushFate, ...]


class Member(Struct, frozen=True):
    """Somebody in a room, with the role there; guests who have none are `guest`."""

    id: str
    name: str
    role: str
    away: bool


class MemberPage(Frame, frozen=True, kw_only=True, tag="ok"):
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


class RoomPage(Frame, frozen=True, kw_only=True, tag="ok"):
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


class SessionList(Frame, frozen=True, kw_only=True, tag="ok"):
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


class AuditPage(Frame, frozen=True, kw_only=True, tag="ok"):
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


class BanList(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `bans`, the newest first."""

    id: str | None = None
    bans: tuple[Ban, ...]


class Done(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to an act upon somebody: who it was, by their name or as an address; in which room,
    or on the server without one; until when, or for good without `until`.
    """

    id: str | None = None
    act: Literal["kick", "mute", "unmute", "ban", "unban", "set_role", "invite"]
    whom: str
    room: str | None = None
    until: str | None = None
    role: str | None = None


class RoomChanged(Frame, frozen=True, kw_only=True, tag="ok"):
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


class InvitationMade(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `make_invitation`; `code` is a secret that is told once, `link` has it too."""

    id: str | None = None
    code: str
    link: str
    uses: int
    until: str


class InvitationList(Frame, frozen=True, kw_only=True, tag="ok"):
    """The reply to `invitations`, the next to run out first."""

    id: str | None = None
    invitations: tuple[Invitation, ...]
