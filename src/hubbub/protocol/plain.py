"""The plain dialect: a typed line to a request, events and replies to lines (docs/protocol.md).

Whatever another person wrote passes through `clean` on its way into a line, so that it can
neither drive a terminal nor look like somebody else's line.
"""

import re

from msgspec import structs

from hubbub.protocol import events
from hubbub.protocol.requests import Command, Post
from hubbub.protocol.words import sentence

# C0 but tab and newline, DEL, C1, the bidirectional embeddings, overrides and isolates, and halves
# of surrogate pairs, which is how libraries hand over bytes that are no UTF-8.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# A slash that is meant, before a word; not the comment at the beginning of code.
_ESCAPED = re.compile(r"//+[^\s/].*")


def clean(text: str) -> str:
    """The text with CRLF as LF and with controls, bidirectional overrides and halves of surrogate
    pairs as U+FFFD.
    """
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n"))


def parse_line(frame: str, room: str) -> Post | Command | None:
    """What a person who is in `room` typed; None for a blank frame.

    A line break at the very end is the client's, not the person's. A slash begins a command; of
    `//word` the first slash goes, while `// code` and what has several lines stay as they are.
    """
    if not frame or frame.isspace():
        return None
    line = frame.removesuffix("\n").removesuffix("\r")
    if _ESCAPED.fullmatch(line):
        line = line[1:]
    elif line.startswith("/") and not line.startswith("//"):
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


def format_history(entry: events.LogEvent, viewer: str) -> str:
    """An entry of the log with its minute in UTC, for an answer to `/history`."""
    line = format_message(entry, viewer) if isinstance(entry, events.Message) else sentence(entry)
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
