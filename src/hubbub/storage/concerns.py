"""Which change concerns other nodes than the one that commits it, and how they come to know."""

from enum import Enum, auto
from typing import assert_never

from hubbub.model import NotifyLevel
from hubbub.storage.changes import (
    Append,
    AppendAudit,
    AppendMessage,
    Arrive,
    Change,
    Depart,
    Duplicate,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    EnterRoom,
    ExitRoom,
    Gone,
    HoldName,
    MakeRoom,
    MoveRead,
    NameUsed,
    NonceUsed,
    Outcome,
    ReleaseName,
    RemoveMember,
    RenameUser,
    RenewSession,
    RoleChanged,
    SaveAccount,
    SaveIgnored,
    SaveInvitation,
    SaveMember,
    SaveNotify,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveSubscription,
    SaveUser,
)


class Concern(Enum):
    """How a committed change concerns other nodes."""

    NOTHING = auto()
    """Nobody keeps in memory what it changes, or an act of its own tells of it."""
    LOG = auto()
    """An entry of a room's log, which every node that has the room in memory delivers."""
    PRESENCE = auto()
    """Who is in a room by which node."""
    LOOK = auto()
    """Who people are and what they may: counted, and looked at by all nodes."""


# Not a union: it would be built for every message of a commit.
_NOT_MADE = (NameUsed, Gone, Duplicate, NonceUsed)


def concerns(change: Change, outcome: Outcome) -> Concern:
    """How a change that came to `outcome` concerns other nodes."""
    if isinstance(outcome, _NOT_MADE):
        return Concern.NOTHING
    match change:
        case AppendMessage() | Append():
            return Concern.LOG
        case EnterRoom() | ExitRoom():
            return Concern.PRESENCE
        case SaveMember() | RemoveMember():
            return Concern.LOOK if isinstance(outcome, RoleChanged) else Concern.NOTHING
        case SaveNotify(level=level):
            # Of the others only whoever is mentioned is looked for, and in the log.
            return Concern.LOOK if level is NotifyLevel.ALL else Concern.NOTHING
        case (
            RenameUser()
            | SaveAccount()
            | SavePassword()
            | EndSession()
            | EndSessions()
            | SaveSanction()
            | EndSanction()
        ):
            return Concern.LOOK
        case (
            # Of a new room nobody knows anything yet; who asked for it reads it once it has an id.
            MakeRoom()
            | SaveUser()
            | SaveSession()
            | RenewSession()
            | SaveInvitation()
            | SaveSubscription()
            | EndSubscription()
            | MoveRead()
            | AppendAudit()
            | SaveIgnored()
            | HoldName()
            | ReleaseName()
            | Arrive()
            | Depart()
        ):
            return Concern.NOTHING
        case _:
            assert_never(change)
