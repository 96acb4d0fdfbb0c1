"""What a screen shows of what happened: the same files are read by the page's own tests.

Each says how many entries the lobby has and how many of them Ann has not read, what happens, and
what is known of her rooms then. Of a window it has each entry's seq, and its text or its kind.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hubbub.client.inbox import Inbox
from hubbub.client.tui.store import arrived, happened
from hubbub.client.tui.timeline import Note, Timeline
from hubbub.client.tui.view import View
from hubbub.protocol.events import (
    KINDS,
    AnyEntry,
    Entry,
    Gap,
    Message,
    RoomState,
    Self,
    ServerInfo,
    Settings,
    Welcome,
)
from hubbub.protocol.json import OkFrame, decode_frame

FILES = sorted(Path(__file__).parents[1].joinpath("golden/state").glob("*.json"))


def start(last: int, unread: int) -> View:
    lobby = RoomState("lobby", "public", "", 1, last, last - unread, unread, "guest")
    user, server = Self("a", "ann", "guest", "guest"), ServerInfo("hubbub", "0")
    welcome = Welcome(
        user=user,
        session="s",
        epoch="e",
        server=server,
        ping_s=20,
        rooms=(lobby,),
        commands=(),
        limits={},
    )
    return arrived(welcome, ("lobby",))


def feed(inbox: Inbox, frame: dict[str, Any]) -> None:
    """Puts a frame into the inbox as a connection does."""
    event = decode_frame(json.dumps(frame))
    match event:
        case Gap():
            inbox.put_gap(event, page=False)
        case Settings(was=str(was), room=room):
            inbox.rename(was, room)
            inbox.put(event)
        case None | OkFrame():
            raise AssertionError(f"{frame} is no event")
        case _:
            inbox.put(event)  # type: ignore[arg-type]


def shown(view: View, name: str) -> dict[str, Any]:
    room, timeline = view.chat.rooms[name], view.timelines[name]
    return {
        "kind": room.kind,
        "topic": room.topic,
        "read_only": room.read_only,
        "archived": room.archived,
        "last": room.last,
        "unread": room.unread,
        "mentions": room.mentions,
        "members": dict(room.members),
        "users": room.users,
        "window": [[e.seq, words(e)] for e in timeline.entries if not isinstance(e, Note)],
    }


def words(entry: AnyEntry) -> str:
    return entry.text if isinstance(entry, Message) else str(entry.__struct_config__.tag)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_screen_shows_what_every_client_shows(file: Path) -> None:
    case = json.loads(file.read_text("utf-8"))
    lobby = case["lobby"]
    view, inbox = start(**lobby), Inbox(1000)
    here = lobby["last"] - lobby["unread"]
    inbox.follow("lobby", here)
    # Nobody looks at it, and its window reaches the log's end.
    view = replace(view, room=None, timelines={"lobby": Timeline(loaded=True, last=here)})
    for frame in case["events"]:
        feed(inbox, frame)
        while (event := inbox.get()) is not None:
            if isinstance(event, Entry) and event.room not in view.timelines:
                new = {event.room: Timeline(loaded=True)}
                view = replace(view, timelines={**view.timelines, **new})
            view = happened(view, event, 0.0, "")

    assert {name: shown(view, name) for name in view.chat.rooms} == case["rooms"], case["what"]


def test_every_kind_of_entry_is_in_some_file() -> None:
    found = {frame["type"] for file in FILES for frame in json.loads(file.read_text())["events"]}

    assert found >= {str(kind.__struct_config__.tag) for kind in KINDS.values()}
