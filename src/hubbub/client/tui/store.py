"""What the full-screen client shows, as a pure reading of what happened and what was typed.

It wraps the SDK's `ChatState` with what a screen needs besides: which room is in view, each
room's window of messages, drafts, marks, who is writing. Time is an argument.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from hubbub.client import state as chat_state
from hubbub.client.changes import (
    ChatEvent,
    Disconnected,
    NewGuest,
    Reconnected,
    Renamed,
    Restarted,
    RoomRefused,
)
from hubbub.client.state import LOBBY, ChatState, RoomView, speaks_to
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.timeline import ASIDE_ENTRIES, IN_VIEW_ENTRIES, Note, NoteKind, Timeline
from hubbub.client.tui.view import View, name_key
from hubbub.model import user_name
from hubbub.protocol.events import (
    AnyEntry,
    Count,
    Entry,
    Message,
    Notice,
    Presence,
    ReadMarker,
    Standing,
    Typing,
    Welcome,
    You,
)
from hubbub.protocol.words import sentence

TYPING_S = 6.0
"""How long somebody counts as writing after the last sign of it."""
TYPISTS = 20
ValueT = TypeVar("ValueT")


def arrived(welcome: Welcome, followed: tuple[str, ...], room: str | None = None) -> View:
    """The view after the first `welcome`; `followed` are the rooms that this client is in."""
    chat = chat_state.welcomed(welcome)
    rooms = {name: view for name, view in chat.rooms.items() if name in followed}
    view = View(replace(chat, rooms=rooms), ignored=_ignored(welcome))
    view = replace(view, order=_ordered(view, followed))
    public = [name for name in view.order if not name.startswith("@")]
    places = (room, LOBBY, *public, *view.order)
    first = next((name for name in places if name in rooms), None)
    return looked_at(view, first) if first is not None else view


def happened(view: View, event: ChatEvent, now_s: float, at: str) -> View:
    """The view after an event; `now_s` is any clock that goes forward, `at` its instant."""
    before = view.chat
    view = replace(view, chat=chat_state.apply(before, event))
    match event:
        case Entry():
            view = _with_logged(view, event, before)
        case Renamed(was=was, room=room):
            view = renamed(view, was, room)
        case Presence():
            view = _with_presence(view, event, at)
        case Typing(room=room, user=user):
            view = _with_typist(view, room, user.id, user.name, now_s)
        case Notice(text=text):
            view = noted(view, text, at)
        case NewGuest():
            view = noted(view, str(event), at)
        case Restarted(room=room):
            fresh = lines.restarted(view.timelines.get(room, Timeline()))
            view = _with_timeline(view, room, fresh)
        case RoomRefused(room=room, refusal=why):
            view = _thrown_out(view, before.rooms.get(room), str(why), at)
        case Disconnected(reason=reason):
            view = replace(view, line="down", status=reason, typing={})
        case Reconnected():
            view = replace(view, line="up", status="")
        case ReadMarker() | Count() | You() | Standing():
            pass
        case _:
            assert_never(event)
    return replace(view, order=_ordered(view, view.order))


def welcomed_again(view: View, welcome: Welcome, at: str) -> View:
    """The view after the line came back; what was missed comes as events and is counted then."""
    here = {state.room for state in welcome.rooms}
    for name, room in view.chat.rooms.items():
        if room.kind == "direct" and name not in here:
            view = _thrown_out(view, room, "it is this user's no longer", at)
    rooms = dict(view.chat.rooms)
    for state in welcome.rooms:
        former = rooms.get(state.room)
        if former is not None:
            read = max(former.read, min(state.read, former.last))
            unread = max(0, former.last - read)
            mentions = min(former.mentions, unread)
            rooms[state.room] = replace(
                former,
                kind=state.kind,
                topic=state.topic,
                read=read,
                unread=unread,
                mentions=mentions,
                role=state.role,
                may=state.may,
                read_only=state.read_only,
                archived=state.archived,
            )
    chat = replace(view.chat, user=welcome.user, rooms=rooms, connected=True, may=welcome.may)
    ignored = {**view.ignored, **_ignored(welcome)}
    return replace(view, chat=chat, line="up", status="", ignored=ignored)


def ended(view: View, why: str) -> View:
    """The view after the connection ended for good."""
    return replace(view, line="over", status=why, typing={})


# --- rooms


def entered(view: View, room: RoomView) -> View:
    """The view with a room that this client is in now."""
    former = view.chat.rooms.get(room.name)
    if former is not None:
        room = replace(
            former,
            kind=room.kind,
            topic=room.topic,
            last=max(former.last, room.last),
            role=room.role,
            may=room.may,
            read_only=room.read_only,
            archived=room.archived,
        )
    chat = replace(view.chat, rooms={**view.chat.rooms, room.name: room})
    view = replace(view, chat=chat)
    return replace(view, order=_ordered(view, view.order))


def renamed(view: View, was: str, room: str) -> View:
    """The view with a room under its new name; nothing else of it changes."""
    if was == room or room not in view.chat.rooms:
        return view

    def moved(of_rooms: Mapping[str, ValueT]) -> dict[str, ValueT]:
        return {room if name == was else name: value for name, value in of_rooms.items()}

    return replace(
        view,
        room=room if view.room == was else view.room,
        order=tuple(room if name == was else name for name in view.order),
        timelines=moved(view.timelines),
        drafts=moved(view.drafts),
        marks=moved(view.marks),
        typing=moved(view.typing),
        renamed={**view.renamed, was: room},
    )


def left(view: View, room: str) -> View:
    """The view after this person has left a room; its neighbour takes its place."""
    place = view.order.index(room) if room in view.order else 0
    view = gone_from(view, room)
    if view.room is None and view.order:
        view = looked_at(view, view.order[min(place, len(view.order) - 1)])
    return view


def gone_from(view: View, room: str) -> View:
    """The view without a room; no other takes its place, where somebody may be writing."""
    chat = chat_state.left(view.chat, room)
    kept = {name: timeline for name, timeline in view.timelines.items() if name != room}
    view = replace(view, chat=chat, timelines=kept)
    view = replace(view, order=_ordered(view, view.order))
    return replace(view, room=None, reading=False) if view.room == room else view


def looked_at(view: View, room: str) -> View:
    """The view with another room in it; what this user has not read there gets its mark."""
    if room == view.room or room not in view.chat.rooms:
        return view
    timelines = dict(view.timelines)
    if view.room in timelines:
        timelines[view.room] = lines.put_aside(timelines[view.room])
    here = view.chat.rooms[room]
    timelines.setdefault(room, Timeline(last=here.last))
    marks = {name: seq for name, seq in view.marks.items() if name != room}
    if here.unread:
        marks[room] = here.read
    return replace(view, room=room, timelines=timelines, marks=marks, reading=False)


def looked_away(view: View) -> View:
    """Nobody looks at the newest message: what comes from now on is new."""
    here = view.in_view
    if here is None or here.unread:
        return view
    return replace(view, marks={**view.marks, here.name: here.last})


def read_up_to(view: View, room: str, seq: int) -> View:
    """The view after this user has read a room up to `seq`."""
    return replace(view, chat=chat_state.mark_read(view.chat, room, seq))


def next_room(view: View, step: int, *, unread: bool = False) -> str | None:
    """The room `step` places below the one in view; with `unread` the next that has something."""
    if not view.order:
        return None
    start = view.order.index(view.room) if view.room in view.order else 0
    around = [view.order[(start + step * n) % len(view.order)] for n in range(1, len(view.order))]
    if not unread:
        return around[0] if around else None
    # Whoever was spoken to looks there first.
    around.sort(key=lambda name: not view.chat.rooms[name].mentions)
    return next((name for name in around if view.chat.rooms[name].unread), None)


# --- what this client adds


def noted(
    view: View,
    text: str,
    at: str,
    kind: NoteKind = "info",
    room: str | None = None,
) -> View:
    """The view with a line that only this person sees, in a room or where they are."""
    place = room or view.room or ""
    note = Note(f"note-{view.notes}", at, text, kind)
    timeline = lines.with_note(view.timelines.get(place, Timeline()), note)
    return _with_timeline(replace(view, notes=view.notes + 1), place, timeline)


def with_timeline(view: View, room: str, timeline: Timeline) -> View:
    """The view with another window of a room that is still in it."""
    return _with_timeline(view, room, timeline) if room in view.chat.rooms else view


def with_chat(view: View, chat: ChatState) -> View:
    """The view with more known of the chat."""
    return replace(view, chat=chat) if chat != view.chat else view


def with_reading(view: View, *, reading: bool) -> View:
    """The view while somebody reads above the newest message, or no longer."""
    if reading and view.mark is None:
        view = looked_away(view)
    return replace(view, reading=reading)


def with_notices(view: View, *, on: bool) -> View:
    """The view with or without who comes and goes."""
    return replace(view, notices=on)


def with_draft(view: View, room: str, text: str) -> View:
    """The view that remembers what was being written in a room."""
    drafts = {name: draft for name, draft in view.drafts.items() if name != room}
    return replace(view, drafts={**drafts, room: text} if text else drafts)


def with_ignored(view: View, name: str) -> View:
    """The view without what somebody says."""
    key = user_name(name).key
    people = {
        name_key(shown): user_id
        for room in view.chat.rooms.values()
        for user_id, shown in room.members.items()
    }
    return replace(view, ignored={**view.ignored, key: people.get(key)})


def without_ignored(view: View, name: str) -> View:
    """The view with what that person says."""
    key = name_key(name)
    return replace(view, ignored={k: v for k, v in view.ignored.items() if k != key})


# ---


def _ignored(welcome: Welcome) -> dict[str, str | None]:
    return {name_key(person.name): person.id for person in welcome.ignored}


def _with_logged(view: View, event: AnyEntry, before: ChatState) -> View:
    room = event.room
    timeline = view.timelines.get(room)
    if timeline is not None:
        in_view = room == view.room
        timeline = lines.with_event(
            timeline,
            event,
            view.chat.user.id,
            bound=IN_VIEW_ENTRIES if in_view else ASIDE_ENTRIES,
            reading=in_view and view.reading,
        )
        view = _with_timeline(view, room, timeline)
    if event.sender.id == view.chat.user.id and room == view.room:
        # Whoever answers has read.
        view = _unmarked(view, room)
    if not isinstance(event, Message):
        return view
    if event.sender.id in view.typing.get(room, {}):
        view = _with_typist(view, room, event.sender.id, event.sender.name, float("-inf"))
    former = before.rooms.get(room)
    fresh = former is None or event.seq > max(former.last, former.read)
    if view.ignores(event):
        # It is nobody's business: not counted, and not told by the bell.
        return _uncounted(view, room, former) if fresh else view
    if fresh and speaks_to(event, view.chat.user):
        view = replace(view, alerts=view.alerts + 1)
    return view


def _thrown_out(view: View, room: RoomView | None, why: str, at: str) -> View:
    if room is None:
        return view
    why = f": {why.removesuffix('.')}" if why else ""
    text = f"You are no longer in {room.title}{why}."
    return noted(gone_from(view, room.name), text, at, "refusal")


def _unmarked(view: View, room: str) -> View:
    return replace(view, marks={k: v for k, v in view.marks.items() if k != room})


def _uncounted(view: View, room: str, former: RoomView | None) -> View:
    here = view.chat.rooms[room]
    counts = (former.unread, former.mentions) if former is not None else (0, 0)
    here = replace(here, unread=counts[0], mentions=counts[1])
    return replace(view, chat=replace(view.chat, rooms={**view.chat.rooms, room: here}))


def _with_presence(view: View, event: Presence, at: str) -> View:
    own = event.user.id == view.chat.user.id
    if own and event.state == "left":
        # By another client of this user's, or shown out: then a notice says by whom and why.
        return _thrown_out(view, view.chat.rooms.get(event.room), "", at)
    if view.notices and event.room in view.timelines:
        view = noted(view, sentence(event), at, room=event.room)
    if event.state == "left" and event.user.id in view.typing.get(event.room, {}):
        view = _with_typist(view, event.room, event.user.id, "", float("-inf"))
    return view


def _with_typist(view: View, room: str, user_id: str, name: str, now_s: float) -> View:
    if user_id == view.chat.user.id:
        return view
    here = {k: v for k, v in view.typing.get(room, {}).items() if v[1] > now_s and k != user_id}
    if now_s > float("-inf") and len(here) < TYPISTS:
        here[user_id] = (name, now_s + TYPING_S)
    return replace(view, typing={**view.typing, room: here})


def _with_timeline(view: View, room: str, timeline: Timeline) -> View:
    return replace(view, timelines={**view.timelines, room: timeline})


def _ordered(view: View, former: tuple[str, ...]) -> tuple[str, ...]:
    """Rooms keep the places that fingers know; new ones come last, direct ones below all others."""
    rooms = view.chat.rooms
    known = dict.fromkeys(name for name in former if name in rooms) | dict.fromkeys(rooms)
    order = tuple(sorted(known, key=lambda name: rooms[name].kind == "direct"))
    return former if order == former else order
