"""What the word before the cursor may become: commands, people, rooms, emoji; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hubbub.client.tui.emoji import matching
from hubbub.client.tui.view import View
from hubbub.model import room_title
from hubbub.protocol.events import CommandInfo, Message

CHOICES = 50
"""Choices offered at a time."""
_OWN_SUMMARIES = {
    "join": ("/join ROOM", "Enters a room, which is made if there is none."),
    "leave": ("/leave [ROOM]", "Leaves a room."),
    "notices": ("/notices on|off", "Shows or hides who comes and goes."),
    "ignore": ("/ignore [NAME]", "Hides what somebody says."),
    "unignore": ("/unignore NAME", "Shows it again."),
    "quit": ("/quit", "Ends hubbub; your name is kept for you."),
}
_ROOM_COMMANDS = frozenset({"/join", "/j", "/leave", "/part", "/who"})
_NAME_LISTS = frozenset({"/whisper", "/w", "/msg"})
_NAME_COMMANDS = _NAME_LISTS | {
    *("/whois", "/ignore", "/unignore", "/kick", "/ban", "/mute", "/unmute", "/role", "/invite"),
}
_EMOJI = re.compile(r"(?:^|(?<=[\s(])):([a-z0-9_+-]{2,})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a word may become: `text` is inserted, `label` shown, with a `hint` beside it."""

    text: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """The choices for the `chars` before the cursor; `unasked` shows them without Tab."""

    chars: int = 0
    choices: tuple[Choice, ...] = ()
    unasked: bool = False


def offer(
    before: str, view: View, commands: Iterable[CommandInfo], rooms: Iterable[str] = ()
) -> Offer:
    """What to offer for the text before the cursor."""
    line = before.rpartition("\n")[2]
    first, blank, rest = before.partition(" ")
    command = first.lower() if first.startswith("/") and not first.startswith("//") else ""
    if command and not blank and "\n" not in before:
        return _commands(before, commands)
    word = re.split(r"\s", line)[-1]
    if command in _ROOM_COMMANDS and " " not in rest:
        return _rooms(word, view, rooms, "")
    if command in _NAME_COMMANDS and " " not in rest:
        name = word.rpartition(",")[2] if command in _NAME_LISTS else word
        return _people(name, view, "", "", unasked=True)
    if found := _EMOJI.search(line):
        choices = tuple(Choice(f"{c} ", f":{n}:", c) for n, c in matching(found.group(1), CHOICES))
        return Offer(len(found.group(1)) + 1, choices, unasked=True)
    if word.startswith("@"):
        return _people(word, view, "@", " ", unasked=True)
    if word.startswith("#"):
        return _rooms(word, view, rooms, "#")
    if not word:
        return Offer()
    return _people(word, view, "", ": " if before == word else " ", unasked=False)


def _commands(word: str, commands: Iterable[CommandInfo]) -> Offer:
    known = {info.name: (info.usage, info.summary) for info in commands} | _OWN_SUMMARIES
    start = word[1:].casefold()
    choices = tuple(
        Choice(f"/{name} ", usage, summary)
        for name, (usage, summary) in sorted(known.items())
        if name.casefold().startswith(start)
    )
    return Offer(len(word), choices[:CHOICES], unasked=True)


def _rooms(word: str, view: View, rooms: Iterable[str], sign: str) -> Offer:
    topics = {name: room.topic for name, room in view.chat.rooms.items() if room.kind != "direct"}
    names = sorted({*topics, *rooms}, key=str.casefold)
    start = word.removeprefix("#").casefold()
    choices = tuple(
        Choice(f"{sign}{name} ", room_title(name), topics.get(name, ""))
        for name in names
        if name.casefold().startswith(start) or room_title(name).casefold().startswith(start)
    )
    return Offer(len(word), choices[:CHOICES], unasked=True)


def _people(word: str, view: View, sign: str, after: str, *, unasked: bool) -> Offer:
    start = word.removeprefix("@").casefold()
    choices = tuple(
        Choice(f"{sign}{name}{after}", name)
        for name in _nearest(view)
        if name.casefold().startswith(start)
    )
    return Offer(len(word), choices[:CHOICES], unasked)


def _nearest(view: View) -> list[str]:
    """Names, those who spoke last in this room first; then its people, then everyone."""
    names: dict[str, None] = {}
    for entry in reversed(view.timeline.entries):
        if isinstance(entry, Message):
            names.setdefault(entry.sender.name)
    here = view.in_view
    if here is not None:
        names |= dict.fromkeys(sorted(here.members.values(), key=str.casefold))
    names |= dict.fromkeys(sorted(view.chat.names, key=str.casefold))
    names.pop(view.chat.user.name, None)
    return list(names)
