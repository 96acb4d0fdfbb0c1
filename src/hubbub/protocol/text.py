"""The plain dialect: a typed line to a request, events and replies to lines (docs/protocol.md).

Whatever another person wrote passes through `clean` on its way into a line, so that it can
neither drive a terminal nor look like somebody else's line.
"""

import re
from typing import assert_never

from msgspec import structs

from hubbub.protocol import events
from hubbub.protocol.requests import Command, Post

# C0 but tab and newline, DEL, C1, the bidirectional embeddings, overrides and isolates, and halves
# of surrogate pairs, which is how libraries hand over bytes that are no UTF-8.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with CRLF as LF and with controls, bidirectional overrides and halves of surrogate
    pairs as U+FFFD.
    """
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n"))


def parse_line(frame: str, room: str) -> Post | Command | None:
    """What a person who is in `room` typed; None for a blank frame.

    A line break at the very end is the client's, not the person's.
    """
    if not frame or frame.isspace():
        return None
    line = frame.removesuffix("\n").removesuffix("\r")
    if line.startswith("//"):
        line = line[1:]
    elif line.startswith("/"):
        return Command(room=room, line=line)
    return Post(room=room, text=line, nonce="")


def format_message(message: events.Message, viewer: str) -> str:
    """A message as the user with the id `viewer` sees it; every line of it has the prefix."""
    if message.deleted:
        message = structs.replace(message, text="(deleted)")
    name = message.sender.name
    if message.to is not None:
        others = ", ".join(person.name for person in message.to if person.id != message.sender.id)
        own = message.sender.id == viewer
        prefix = f"[you -> {others or name}]" if own else f"[{name} -> you]"
        prefix += " *" if message.me else ":"
    else:
        prefix = f"* {name}" if message.me else f"[{name}]:"
    return _prefixed(prefix + " ", message.text)


def format_topic(topic: events.Topic) -> str:
    """A change of the topic, as those who asked for notices see it."""
    if not topic.text:
        return notice(f"{topic.sender.name} removed the topic.")
    return notice(f"{topic.sender.name} set the topic: {topic.text}")


def format_presence(presence: events.Presence) -> str:
    """Who came, went or changed, as those who asked for notices see it."""
    name = presence.user.name
    if presence.state == "renamed":
        return notice(f"{presence.was} is now {name}.")
    what = {"joined": "joined", "left": "left", "away": "is away", "back": "is back"}
    return notice(f"{name} {what[presence.state]}.")


def format_settings(settings: events.Settings) -> str:
    """What a room is from now on, as those who asked for notices see it."""
    return notice(f"{settings.sender.name} {_settled(settings)}.")


def format_deleted(deleted: events.Deleted) -> str:
    """That a message is gone, as those who asked for notices see it."""
    return notice(f"{deleted.sender.name} deleted the message {deleted.target}.")


def _settled(settings: events.Settings) -> str:
    words = [settings.kind, *(["read-only"] * settings.read_only)]
    words += ["archived"] * settings.archived
    renamed = "" if settings.was is None else f", called {settings.room}"
    return f"made this a {', '.join(words)} room{renamed}"


def format_history(entry: events.LogEvent, viewer: str) -> str:
    """An entry of the log with its minute in UTC, for an answer to `/history`."""
    match entry:
        case events.Message():
            line = format_message(entry, viewer)
        case events.Topic():
            line = f"{entry.sender.name} set the topic: {clean(entry.text)}"
        case events.Deleted():
            line = f"{entry.sender.name} deleted the message {entry.target}"
        case events.Settings():
            line = f"{entry.sender.name} {_settled(entry)}"
        case _:
            assert_never(entry)
    return _prefixed(f"{entry.at[:10]} {entry.at[11:16]} ", line)


def notice(text: str) -> str:
    """A line of the server's own: information."""
    return _prefixed("* -- ", text)


def refusal(text: str) -> str:
    """A line of the server's own: what it did not do, and why."""
    return _prefixed("! ", text)


def greeting(connections: int) -> str:
    """The first frame of a plain connection, word for word the tutorial's."""
    return f"You are connected! There are {connections} users here."


def _prefixed(prefix: str, text: str) -> str:
    return "\n".join(prefix + line for line in clean(text).split("\n"))
