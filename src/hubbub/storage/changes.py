"""What is changed, and what became of it: one commit takes any number of changes, in order."""

from dataclasses import dataclass, field

from msgspec import Struct, structs

from hubbub.model import NotifyLevel, Role, UserKind
from hubbub.protocol.events import Act, Deleted, LogEvent, Person, Settings
from hubbub.storage.records import (
    Invitation,
    Sanction,
    SanctionKey,
    Subscription,
    UserRecord,
)


class AppendMessage(Struct, frozen=True):
    """A message that wants the next seq of its room; the room is made if absent.

    `to` stands in direct rooms and names the others; making such a room makes them and the
    sender its members. An empty `nonce` is none; others are unique for the sender. With `room_id`,
    as in RoomRecord, that room is meant and no other one of its name (`Gone`).
    """

    room: str
    sender: Person
    text: str
    me: bool = False
    to: tuple[Person, ...] | None = None
    nonce: str = ""
    room_id: int = 0


@dataclass(frozen=True, slots=True)
class Append:
    """An act that wants the next seq of its room, with all that it does.

    The room is made if absent. Seq and instant are given by the commit, 0 and empty until then.
    `room_id` is that of AppendMessage. After `Settings` the room is called as they say, and its
    former name, which is `was`, goes on leading to it as long as no room has that; a name that
    another room has changes nothing (`NameUsed`).
    """

    entry: Act
    room_id: int = 0

    @property
    def room(self) -> str:
        """What the room is called before it."""
        entry = self.entry
        return entry.was if isinstance(entry, Settings) and entry.was is not None else entry.room

    @property
    def erases(self) -> bool:
        """Whether text that stands in the log goes with it."""
        return isinstance(self.entry, Deleted)

    def in_room(self, name: str) -> "Append":
        """The same for a room that is called otherwise by now."""
        entry = self.entry
        if isinstance(entry, Settings):
            # They say all that the room is, its name too.
            return Append(structs.replace(entry, was=name), self.room_id)
        return Append(structs.replace(entry, room=name), self.room_id)


@dataclass(frozen=True, slots=True)
class SaveUser:
    """Makes a user; of one who is there it only notes that they still are."""

    user: UserRecord


@dataclass(frozen=True, slots=True)
class RenameUser:
    """Gives a user another name, if the user is there; `key` is its compared form."""

    user_id: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class SaveAccount:
    """What a user is from now on, and with which role on the server, if the user is there."""

    user_id: str
    kind: UserKind
    role: Role


@dataclass(frozen=True, slots=True)
class SaveSession:
    """Makes a session; `token_hash` is the SHA-256 of the secret."""

    token_hash: bytes
    user_id: str
    expires_ms: int
    device: str = ""
    succeeds: bytes = b""
    """The session whose browsers go on being notified by this one, where there was one."""


@dataclass(frozen=True, slots=True)
class RenewSession:
    """Moves the end of a session forward and notes that it was in use, if it is there."""

    token_hash: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True)
class EndSession:
    """Deletes a session, if it is there."""

    token_hash: bytes


@dataclass(frozen=True, slots=True)
class EndSessions:
    """Deletes all sessions of a user but one."""

    user_id: str
    but: bytes = b""


@dataclass(frozen=True, slots=True)
class SavePassword:
    """Sets the password of an account."""

    user_id: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class SaveInvitation:
    """Makes an invitation, or changes how many uses are left; one without any is deleted."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class SaveMember:
    """Makes a user a member of a room, made if absent, with what is there counted as read.

    Does nothing for one who is a member, but for a `role` that is given.
    """

    room: str
    user_id: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Ends a membership, if it is there."""

    room: str
    user_id: str


@dataclass(frozen=True, slots=True)
class SaveNotify:
    """Sets what of a room is pushed to one of its members."""

    room: str
    user_id: str
    level: NotifyLevel


@dataclass(frozen=True, slots=True)
class SaveSubscription:
    """Makes or updates a subscription; a user has at most `SUBSCRIPTIONS`, of which the oldest
    give way.
    """

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class EndSubscription:
    """Deletes a subscription of that user's, if it is there."""

    endpoint: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MoveRead:
    """Moves a member's read marker forward, to the log's end at most; never backward."""

    room: str
    user_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class SaveSanction:
    """Makes a sanction, in place of the one with the same key."""

    sanction: Sanction


@dataclass(frozen=True, slots=True)
class EndSanction:
    """Deletes a sanction, if it is there."""

    key: SanctionKey


@dataclass(frozen=True, slots=True)
class AppendAudit:
    """Writes down an act of moderation, for good."""

    act: str
    by: str
    whom: str = ""
    room: str = ""
    reason: str = ""
    by_id: str = ""
    whom_id: str = ""


@dataclass(frozen=True, slots=True)
class SaveIgnored:
    """Notes whom a member ignores, or with `ignored` false no longer does."""

    user_id: str
    ignored_id: str
    ignored: bool = True


@dataclass(frozen=True, slots=True)
class MakeRoom:
    """Makes a public room with an owner, or without one, where no room is called so (`Made`).

    One that is there stays as it is. What was called so formerly no longer is.
    """

    room: str
    owner_id: str | None = None


# --- what a node of a cluster says of itself (see shared.py)


@dataclass(frozen=True, slots=True)
class HoldName:
    """Gives a name, by its compared form, to a user of this node.

    `NameUsed` where another user holds it on some node, by an account, or by a session that has not
    run out.
    """

    key: str
    user_id: str


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """Ends this node's part in a user's hold of a name; another node with that user keeps it."""

    key: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Arrive:
    """A user is on this node, or is there by another name, role or address than before."""

    user: UserRecord
    addresses: tuple[str, ...] = ()
    away: str | None = None


@dataclass(frozen=True, slots=True)
class Depart:
    """A user is no longer on this node, nor in any room by it."""

    user_id: str


@dataclass(frozen=True, slots=True)
class EnterRoom:
    """A user of this node is in a room."""

    room: str
    user_id: str


@dataclass(frozen=True, slots=True)
class ExitRoom:
    """A user of this node is no longer in a room."""

    room: str
    user_id: str


NodeChange = HoldName | ReleaseName | Arrive | Depart | EnterRoom | ExitRoom

Change = (
    AppendMessage
    | Append
    | SaveUser
    | RenameUser
    | SaveAccount
    | SaveSession
    | RenewSession
    | EndSession
    | EndSessions
    | SavePassword
    | SaveInvitation
    | SaveMember
    | RemoveMember
    | MoveRead
    | SaveNotify
    | SaveSubscription
    | EndSubscription
    | SaveSanction
    | EndSanction
    | AppendAudit
    | SaveIgnored
    | MakeRoom
    | NodeChange
)

# --- what became of a change


class Appended(Struct, frozen=True):
    """The entry as it now stands in the log, of the room with that id (see RoomRecord)."""

    event: LogEvent
    room_id: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The sender used that nonce before for the very same message, which stands there."""

    room: str
    seq: int
    at: str


@dataclass(frozen=True, slots=True)
class NonceUsed:
    """The sender used that nonce before for another message; nothing was stored."""


@dataclass(frozen=True, slots=True)
class NameUsed:
    """Another room, or another user, has that name; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Made:
    """There is a room of that name: a `new` one, or one that was there before."""

    new: bool
    room_id: int = field(default=0, compare=False)
    """As in RoomRecord."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The room that was meant is not called so any more; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is no entry of a log was made."""


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """What a user is in a room from now on: a role that MemberReads.of_room tells, or none.

    What became of a change of members, where it is `Done` for those who are mere members of a room
    that everybody may enter.
    """

    user_id: str
    role: Role | None
    room_id: int = field(default=0, compare=False)
    """As in RoomRecord; 0 where the same commit has made the room."""


Outcome = Appended | Duplicate | NonceUsed | NameUsed | Made | RoleChanged | Gone | Done
