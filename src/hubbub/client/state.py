"""What a screen shows of a conversation, as a pure reading of its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from hubbub.client.changes import (
    ChatEvent,
    Disconnected,
    NewGuest,
    Reconnected,
    Renamed,
    Restarted,
    RoomRefused,
)
from hubbub.client.sentences import LOCK
from hubbub.model import room_title
from hubbub.protocol.events import (
    Count,
    Entry,
    Joined,
    Message,
    Notice,
    Person,
    Presence,
    ReadMarker,
    RoomState,
    Self,
    Settings,
    Standing,
    Topic,
    Typing,
    Welcome,
    You,
)
from hubbub.protocol.mentions import names
from hubbub.protocol.replies import Member

LOBBY = "lobby"
"""The room that servers call so unless they are told otherwise."""
KNOWN_MEMBERS = 1_000
"""Names kept for one room; in larger rooms those who were heard last."""


@dataclass(frozen=True, slots=True)
class RoomView:
    """One room: `members` by user id; `users` is how many there are, where a server counts.

    `mentions` counts the unread messages that speak to this user, in a direct room all of them.
    `role` is what this user is there, `may` the rights that come of it; `roles` has those of others
    who are more than members, by user id.
    """

    name: str
    kind: str = "public"
    topic: str = ""
    last: int = 0
    read: int = 0
    unread: int = 0
    mentions: int = 0
    members: Mapping[str, str] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    users: int | None = None
    role: str = "member"
    may: tuple[str, ...] = ()
    read_only: bool = False
    archived: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a person calls the room: a direct one by those who are in it."""
        if self.kind != "direct":
            return room_title(self.name)
        return ", ".join(sorted(self.members.values())) or self.name

    @property
    def label(self) -> str:
        """The title, with a lock before a private room's."""
        return f"{LOCK}{self.title}" if self.kind == "private" else self.title


@dataclass(frozen=True, slots=True)
class ChatState:
    """All rooms, and who is looking."""

    user: Self
    rooms: Mapping[str, RoomView] = field(default_factory=dict)
    connected: bool = True
    may: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Everyone whose name was seen."""
        return frozenset(name for room in self.rooms.values() for name in room.members.values()) - {
            self.user.name
        }


def welcomed(welcome: Welcome, former: ChatState | None = None) -> ChatState:
    """The state after a `welcome`; members that were known from before stay."""
    rooms = dict(former.rooms) if former is not None else {}
    for state in welcome.rooms:
        rooms[state.room] = _shown(state, rooms.get(state.room))
    return ChatState(welcome.user, rooms, may=welcome.may)


def apply(state: ChatState, event: ChatEvent) -> ChatState:
    """The state after an event."""
    match event:
        case Message():
            return _with_message(state, event)
        case Topic(room=room, seq=seq, text=text):
            view = _room(state, room)
            return _with(state, replace(view, topic=text, last=max(view.last, seq)))
        case Settings():
            return _with_settings(state, event)
        case Entry(room=room, seq=seq):
            # It has its place, and is nothing to read.
            view = _room(state, room)
            return _with(state, replace(view, last=max(view.last, seq)))
        case Renamed(was=was, room=room):
            return renamed(state, was, room)
        case Standing(room=room, role=role, may=may):
            if room not in state.rooms:
                return state
            return _with(state, replace(_room(state, room), role=role, may=may))
        case Presence():
            return _with_presence(state, event)
        case Typing(room=room, user=user):
            return _with(state, _with_member(_room(state, room), user))
        case ReadMarker(room=room, seq=seq):
            return mark_read(state, room, seq)
        case Count(room=room, users=users):
            return _with(state, replace(_room(state, room), users=users))
        case Restarted(room=room):
            return _with(state, replace(_room(state, room), last=0, read=0, unread=0, mentions=0))
        case RoomRefused(room=room):
            return left(state, room)
        case Disconnected():
            return replace(state, connected=False)
        case Reconnected():
            return replace(state, connected=True)
        case You(user=user, may=may):
            return replace(state, user=user, may=may)
        case Notice() | NewGuest():
            return state
        case _:
            assert_never(event)


def renamed(state: ChatState, was: str, room: str) -> ChatState:
    """The state with a room under another name, in its former place."""
    if was not in state.rooms or room in state.rooms:
        return state
    rooms = {
        room if name == was else name: replace(view, name=room) if name == was else view
        for name, view in state.rooms.items()
    }
    return replace(state, rooms=rooms)


def joined_view(joined: Joined, *, read: int | None = None) -> RoomView:
    """A room as the reply to `join` tells of it; what is new to this user has nothing unread."""
    read = joined.last if read is None else read
    return RoomView(
        joined.room,
        joined.kind,
        joined.topic,
        joined.last,
        read,
        max(0, joined.last - read),
        role=joined.role,
        may=joined.may,
        read_only=joined.read_only,
        archived=joined.archived,
    )


def with_members(state: ChatState, room: str, members: tuple[Member, ...]) -> ChatState:
    """The state after a page of a room's members."""
    view = _room(state, room)
    for member in members:
        if view.kind == "direct" and member.id == state.user.id:
            # A direct room is known by the others in it.
            continue
        view = _with_member(view, Person(member.id, member.name))
        view = _with_away(view, member.id, away=member.away)
        view = _with_role(view, member.id, member.role)
    return _with(state, view)


def with_people(state: ChatState, message: Message) -> ChatState:
    """The state with those who are in a direct room, as an earlier message of it names them."""
    view = replace(_room(state, message.room), kind="direct")
    return _with(state, _with_others(view, message, state.user))


def mark_read(state: ChatState, room: str, seq: int) -> ChatState:
    """The state after its user has read a room up to `seq`."""
    view = _room(state, room)
    if seq <= view.read:
        return state
    unread = max(0, view.last - seq)
    return _with(state, replace(view, read=seq, unread=unread, mentions=min(view.mentions, unread)))


def speaks_to(message: Message, user: Self) -> bool:
    """Whether a message of somebody else's is to this user, by a whisper or by the name in it."""
    if message.sender.id == user.id:
        return False
    return message.to is not None or names(message.text, user.name)


def left(state: ChatState, room: str) -> ChatState:
    """The state without a room."""
    return replace(state, rooms={k: v for k, v in state.rooms.items() if k != room})


def _shown(state: RoomState, former: RoomView | None) -> RoomView:
    return replace(
        former or RoomView(state.room),
        kind=state.kind,
        topic=state.topic,
        last=state.last,
        read=state.read,
        unread=state.unread,
        mentions=_mentions(state, former),
        role=state.role,
        may=state.may,
        read_only=state.read_only,
        archived=state.archived,
    )


def _mentions(state: RoomState, former: RoomView | None) -> int:
    if state.kind == "direct":
        return state.unread
    return min(former.mentions, state.unread) if former is not None else 0


def _with_message(state: ChatState, message: Message) -> ChatState:
    view = _room(state, message.room)
    if message.to is None:
        view = _with_member(view, message.sender)
    else:
        view = _with_others(replace(view, kind="direct"), message, state.user)
    own = message.sender.id == state.user.id
    fresh = message.seq > max(view.last, view.read)
    counts = 1 if fresh and not own else 0
    mentions = view.mentions + (counts if speaks_to(message, state.user) else 0)
    last = max(view.last, message.seq)
    return _with(state, replace(view, last=last, unread=view.unread + counts, mentions=mentions))


def _with_others(view: RoomView, message: Message, user: Self) -> RoomView:
    for person in (*(message.to or ()), message.sender):
        if person.id != user.id:
            view = _with_member(view, person)
    return view


def _with_settings(state: ChatState, settings: Settings) -> ChatState:
    view = _room(state, settings.room)
    view = replace(
        view,
        kind=settings.kind,
        read_only=settings.read_only,
        archived=settings.archived,
        last=max(view.last, settings.seq),
    )
    return _with(state, view)


def _with_presence(state: ChatState, presence: Presence) -> ChatState:
    user = presence.user
    if user.id == state.user.id and presence.state == "left" and presence.room not in state.rooms:
        # It has another name by now, or was left here.
        return state
    view = _room(state, presence.room)
    if presence.state == "left":
        members = {k: v for k, v in view.members.items() if k != user.id}
        return _with(state, replace(view, members=members, away=view.away - {user.id}))
    if user.id == state.user.id and user.name != state.user.name:
        me = state.user
        state = replace(state, user=Self(me.id, user.name, me.kind, me.role))
    if view.kind == "direct" and user.id == state.user.id:
        return state
    view = _with_member(view, user)
    if presence.state != "renamed":
        view = _with_away(view, user.id, away=presence.state == "away")
    return _with(state, view)


def _with_role(view: RoomView, user_id: str, role: str) -> RoomView:
    if view.roles.get(user_id, "member") == role:
        return view
    return replace(view, roles={**view.roles, user_id: role})


def _with_away(view: RoomView, user_id: str, *, away: bool) -> RoomView:
    if away == (user_id in view.away):
        return view
    return replace(view, away=view.away | {user_id} if away else view.away - {user_id})


def _with_member(view: RoomView, person: Person) -> RoomView:
    if view.members.get(person.id) == person.name:
        return view
    members = {k: v for k, v in view.members.items() if k != person.id}
    members[person.id] = person.name
    if len(members) > KNOWN_MEMBERS:
        del members[next(iter(members))]
    return replace(view, members=members, away=view.away & members.keys())


def _room(state: ChatState, room: str) -> RoomView:
    return state.rooms.get(room) or RoomView(room)


def _with(state: ChatState, view: RoomView) -> ChatState:
    return replace(state, rooms={**state.rooms, view.name: view})
