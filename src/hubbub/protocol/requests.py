"""Every request that a client may make (docs/protocol.md, Requests); one class is one request."""

from typing import Annotated, get_args

from msgspec import Meta, Struct

from hubbub.model import NotifyLevel, Role, RoomKind

RequestId = Annotated[str, Meta(min_length=1, max_length=64)]
# NUL is refused where a value becomes a database key: PostgreSQL has no such character.
NO_NUL = r"^[^\x00]*\Z"
Nonce = Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_NUL)]
After = Annotated[str, Meta(pattern=NO_NUL)]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Limit = Annotated[int, Meta(ge=1, le=200)]
# Keys as browsers give them: base64url without padding (RFC 8291).
PushKey = Annotated[str, Meta(min_length=16, max_length=128, pattern=r"^[\w-]+={0,2}\Z")]
SearchText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]
REASON_CHARS = 200
Reason = Annotated[str, Meta(max_length=REASON_CHARS, pattern=NO_NUL)]
NameText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]
"""What somebody or a room is called, or an address, as it was typed."""
DurationS = Annotated[int, Meta(ge=1, le=10 * 365 * 86_400)]
"""In seconds, up to ten years."""
Uses = Annotated[int, Meta(ge=1, le=1_000)]
Days = Annotated[int, Meta(ge=1, le=365)]
Recipients = Annotated[list[str], Meta(min_length=1, max_length=16)]


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all requests have: an `id` of the client's choice, echoed by the one reply."""

    id: RequestId | None = None


class Hello(Request, frozen=True, kw_only=True, tag="hello"):
    """Says who is there and what it has seen; must come first. Answered by `welcome`.

    A member comes by `token`, or by `name` and `password`; with `register` these make an account,
    by an invitation's code in `invite` where the server asks for one.
    """

    name: str | None = None
    token: str | None = None
    password: str | None = None
    register: bool = False
    invite: str | None = None
    epoch: str | None = None
    rooms: dict[str, Seq | None] | None = None


class Join(Request, frozen=True, kw_only=True, tag="join"):
    """Enters a room, made if absent; answered with its last page or what came after `after`."""

    room: str
    after: Seq | None = None


class Leave(Request, frozen=True, kw_only=True, tag="leave"):
    """Leaves a room."""

    room: str


class Post(Request, frozen=True, kw_only=True, tag="post"):
    """Says something in a room. The plain dialect, which cannot retry, leaves `nonce` empty."""

    room: str
    text: str
    nonce: Nonce


class Whisper(Request, frozen=True, kw_only=True, tag="whisper"):
    """Says something in the direct room of exactly this user and those named."""

    to: Recipients
    text: str
    nonce: Nonce


class Command(Request, frozen=True, kw_only=True, tag="command"):
    """Runs a slash command, as it would be typed in `room`; some need none."""

    room: str | None = None
    line: str


class History(Request, frozen=True, kw_only=True, tag="history"):
    """A page of a room's log, oldest first: what came before or after a seq, or the last page."""

    room: str
    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = 50


class Search(Request, frozen=True, kw_only=True, tag="search"):
    """Messages of a room with a text in them, newest first, those before a seq where one is given.

    Upper and lower case count as one.
    """

    room: str
    text: SearchText
    before: Seq | None = None
    limit: Limit = 50


class Members(Request, frozen=True, kw_only=True, tag="members"):
    """A page of the people in a room, by name; `after` is the last name of the page before."""

    room: str
    after: After | None = None
    limit: Limit = 50


class Rooms(Request, frozen=True, kw_only=True, tag="rooms"):
    """A page of the rooms that this user may see, by name; `after` as in `members`."""

    after: After | None = None
    limit: Limit = 50


class Typing(Request, frozen=True, kw_only=True, tag="typing"):
    """Tells a room that this user is writing."""

    room: str


class Read(Request, frozen=True, kw_only=True, tag="read"):
    """Moves this user's read marker of a room forward."""

    room: str
    seq: Seq


class Notify(Request, frozen=True, kw_only=True, tag="notify"):
    """Chooses what of a room is pushed to this user while no client is open."""

    room: str
    level: NotifyLevel


class Push(Request, frozen=True, kw_only=True, tag="push"):
    """Has notices for this user sent to a browser's push service (RFC 8030), too."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2048, pattern=NO_NUL)]
    p256dh: PushKey
    auth: PushKey


class Unpush(Request, frozen=True, kw_only=True, tag="unpush"):
    """Ends what `push` began."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2048, pattern=NO_NUL)]


class TestPush(Request, frozen=True, kw_only=True, tag="test_push"):
    """Sends a notice to this user's own browsers and tells what became of it."""


class Delete(Request, frozen=True, kw_only=True, tag="delete"):
    """Takes the text of a message away, one's own or, for moderators, another's."""

    room: str
    seq: Seq
    reason: Reason = ""


class Sessions(Request, frozen=True, kw_only=True, tag="sessions"):
    """Lists where this member is signed in; `/sessions end ID` ends one."""


class Audit(Request, frozen=True, kw_only=True, tag="audit"):
    """A page of what moderators did, newest first, of the server or of one room."""

    room: str | None = None
    before: Seq | None = None
    limit: Limit = 50


class Bans(Request, frozen=True, kw_only=True, tag="bans"):
    """Lists the bans and mutes that hold, of the server or of one room."""

    room: str | None = None


class Kick(Request, frozen=True, kw_only=True, tag="kick"):
    """Shows somebody out of a room. Answered by `Done`, as are the others that act on people."""

    room: str
    name: NameText
    reason: Reason = ""


class Mute(Request, frozen=True, kw_only=True, tag="mute"):
    """Takes the word from somebody in a room, or everywhere without one; without `duration_s` for
    good.
    """

    room: str | None = None
    name: NameText
    duration_s: DurationS | None = None
    reason: Reason = ""


class Unmute(Request, frozen=True, kw_only=True, tag="unmute"):
    """Gives somebody the word back, where `mute` took it."""

    room: str | None = None
    name: NameText


class Ban(Request, frozen=True, kw_only=True, tag="ban"):
    """Shuts somebody out of the server, by a name or an address; without `duration_s` for good."""

    name: NameText
    duration_s: DurationS | None = None
    reason: Reason = ""


class Unban(Request, frozen=True, kw_only=True, tag="unban"):
    """Lets somebody in again, named as `bans` names them."""

    name: NameText


class SetRole(Request, frozen=True, kw_only=True, tag="set_role"):
    """Gives a member a role in a room, or on the server without one."""

    room: str | None = None
    name: NameText
    role: Role


class MakeRoom(Request, frozen=True, kw_only=True, tag="make_room"):
    """Makes a room and enters it; answered as `join` is. A private one's name is told there."""

    room: str
    private: bool = False
    read_only: bool = False


class ChangeRoom(Request, frozen=True, kw_only=True, tag="change_room"):
    """Changes what a room is; what is not given stays as it is. Answered by `RoomChanged`."""

    room: str
    kind: RoomKind | None = None
    read_only: bool | None = None
    archived: bool | None = None
    name: NameText | None = None


class Invite(Request, frozen=True, kw_only=True, tag="invite"):
    """Lets somebody into a private room, at once where they are here."""

    room: str
    name: NameText


class MakeInvitation(Request, frozen=True, kw_only=True, tag="make_invitation"):
    """Makes an invitation to the server, for so many people and days."""

    uses: Uses = 1
    days: Days = 7


class Invitations(Request, frozen=True, kw_only=True, tag="invitations"):
    """Lists the invitations that can be used."""


class RevokeInvitation(Request, frozen=True, kw_only=True, tag="revoke_invitation"):
    """Ends an invitation, named by its id in `invitations`."""

    invitation: Annotated[str, Meta(min_length=1, max_length=16, pattern=NO_NUL)]


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Asks for an `ok` and nothing else."""


AnyRequest = (
    Hello
    | Join
    | Leave
    | Post
    | Whisper
    | Command
    | History
    | Search
    | Members
    | Rooms
    | Typing
    | Read
    | Notify
    | Push
    | Unpush
    | TestPush
    | Delete
    | Sessions
    | Audit
    | Bans
    | Kick
    | Mute
    | Unmute
    | Ban
    | Unban
    | SetRole
    | MakeRoom
    | ChangeRoom
    | Invite
    | MakeInvitation
    | Invitations
    | RevokeInvitation
    | Ping
)


Act = (
    Kick
    | Mute
    | Unmute
    | Ban
    | Unban
    | SetRole
    | Invite
    | ChangeRoom
    | MakeInvitation
    | RevokeInvitation
)
"""What is done upon people, rooms and invitations; each is made once."""
TYPES = tuple(str(request.__struct_config__.tag) for request in get_args(AnyRequest))
"""The `type` of every request."""
