"""hubbub: group chat that one command starts and anything can join.

The SDK: `async with hubbub.connect("127.0.0.1:8080", name="ann") as chat: ...`. Its names are
loaded when they are first used, so that importing `hubbub.protocol` costs no web library.
"""

import importlib
from typing import TYPE_CHECKING

from hubbub.version import __version__

if TYPE_CHECKING:
    from hubbub.client.backoff import Backoff
    from hubbub.client.calls import Bounds, LineLost
    from hubbub.client.changes import (
        Disconnected,
        NewGuest,
        Reconnected,
        Renamed,
        Restarted,
        RoomRefused,
    )
    from hubbub.client.chat import Chat
    from hubbub.client.connect import connect
    from hubbub.client.failures import HandshakeRefused, PlainServer
    from hubbub.client.moderation import Moderation
    from hubbub.client.plain import PlainConnection, connect_plain
    from hubbub.errors import (
        BadName,
        BadPassword,
        BadRequest,
        BadToken,
        Banned,
        ConfigError,
        Conflict,
        ConnectionFailed,
        Forbidden,
        HubbubError,
        Muted,
        NameTaken,
        NoSuchCommand,
        NoSuchRoom,
        NoSuchUser,
        NotAMember,
        NotSignedIn,
        RateLimited,
        Refusal,
        RoomFull,
        ServerFull,
        TooLong,
        Unavailable,
    )
    from hubbub.protocol.events import (
        Count,
        Deleted,
        Found,
        Joined,
        Message,
        Notice,
        Page,
        Person,
        Posted,
        Presence,
        ReadMarker,
        Settings,
        Standing,
        Topic,
        Typing,
        Unknown,
        Welcome,
        You,
    )
    from hubbub.protocol.replies import (
        AuditEntry,
        AuditPage,
        Ban,
        BanList,
        Done,
        Invitation,
        InvitationList,
        InvitationMade,
        Member,
        MemberPage,
        RoomChanged,
        RoomPage,
        RoomSummary,
        SessionList,
        SignedIn,
    )

_HOMES = {
    "hubbub.client.backoff": ("Backoff",),
    "hubbub.client.calls": ("Bounds", "LineLost"),
    "hubbub.client.changes": (
        "Disconnected",
        "NewGuest",
        "Reconnected",
        "Renamed",
        "Restarted",
        "RoomRefused",
    ),
    "hubbub.client.chat": ("Chat",),
    "hubbub.client.connect": ("connect",),
    "hubbub.client.failures": ("HandshakeRefused", "PlainServer"),
    "hubbub.client.moderation": ("Moderation",),
    "hubbub.client.plain": ("PlainConnection", "connect_plain"),
    "hubbub.errors": (
        "BadName",
        "BadPassword",
        "BadRequest",
        "BadToken",
        "Banned",
        "ConfigError",
        "Conflict",
        "ConnectionFailed",
        "Forbidden",
        "HubbubError",
        "Muted",
        "NameTaken",
        "NoSuchCommand",
        "NoSuchRoom",
        "NoSuchUser",
        "NotAMember",
        "NotSignedIn",
        "RateLimited",
        "Refusal",
        "RoomFull",
        "ServerFull",
        "TooLong",
        "Unavailable",
    ),
    "hubbub.protocol.events": (
        "Count",
        "Deleted",
        "Found",
        "Joined",
        "Message",
        "Notice",
        "Page",
        "Person",
        "Posted",
        "Presence",
        "ReadMarker",
        "Settings",
        "Standing",
        "Topic",
        "Typing",
        "Unknown",
        "Welcome",
        "You",
    ),
    "hubbub.protocol.replies": (
        "AuditEntry",
        "AuditPage",
        "Ban",
        "BanList",
        "Done",
        "Invitation",
        "InvitationList",
        "InvitationMade",
        "Member",
        "MemberPage",
        "RoomChanged",
        "RoomPage",
        "RoomSummary",
        "SessionList",
        "SignedIn",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AuditEntry",
    "AuditPage",
    "Backoff",
    "BadName",
    "BadPassword",
    "BadRequest",
    "BadToken",
    "Ban",
    "BanList",
    "Banned",
    "Bounds",
    "Chat",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "Count",
    "Deleted",
    "Disconnected",
    "Done",
    "Forbidden",
    "Found",
    "HandshakeRefused",
    "HubbubError",
    "Invitation",
    "InvitationList",
    "InvitationMade",
    "Joined",
    "LineLost",
    "Member",
    "MemberPage",
    "Message",
    "Moderation",
    "Muted",
    "NameTaken",
    "NewGuest",
    "NoSuchCommand",
    "NoSuchRoom",
    "NoSuchUser",
    "NotAMember",
    "NotSignedIn",
    "Notice",
    "Page",
    "Person",
    "PlainConnection",
    "PlainServer",
    "Posted",
    "Presence",
    "RateLimited",
    "ReadMarker",
    "Reconnected",
    "Refusal",
    "Renamed",
    "Restarted",
    "RoomChanged",
    "RoomFull",
    "RoomPage",
    "RoomRefused",
    "RoomSummary",
    "ServerFull",
    "SessionList",
    "Settings",
    "SignedIn",
    "Standing",
    "TooLong",
    "Topic",
    "Typing",
    "Unavailable",
    "Unknown",
    "Welcome",
    "You",
    "__version__",
    "connect",
    "connect_plain",
]


if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for an attribute.
    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
