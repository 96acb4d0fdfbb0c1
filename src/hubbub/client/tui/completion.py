"""What the word before the cursor may become: commands, people, rooms, emoji; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hubbub.client.completion import Sources, Wanted, fitting, wanted
from hubbub.client.tui.emoji import matching
from hubbub.client.tui.view import View
from hubbub.client.typed import OWN_COMMANDS
from hubbub.model import room_title
from hubbub.protocol.events import CommandInfo, Message

CHOICES = 50
"""Choices offered at a time."""
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
    known = _with_own(commands)
    is_one_line = "\n" not in before
    if before.startswith("/") and not before.startswith("//") and " " not in before and is_one_line:
        return _commands(before, known)
    argument = wanted(before, known) if is_one_line else None
    if argument is None:
        return _in_text(before, view, rooms)
    choices = _argument(argument, view, known, rooms)
    if not argument.in_text:
        return Offer(len(argument.word), choices, unasked=True)
    in_text = _in_text(before, view, rooms)
    if not choices:
        return in_text
    # It may as well be the first word of the text.
    return Offer(len(argument.word), choices + in_text.choices, unasked=argument.word != "")


def _with_own(commands: Iterable[CommandInfo]) -> tuple[CommandInfo, ...]:
    own = {info.name for info in OWN_COMMANDS}
    return (*OWN_COMMANDS, *(info for info in commands if info.name not in own))


def _in_text(before: str, view: View, rooms: Iterable[str]) -> Offer:
    line = before.rpartition("\n")[2]
    word = re.split(r"\s", line)[-1]
    if found := _EMOJI.search(line):
        choices = tuple(Choice(f"{c} ", f":{n}:", c) for n, c in matching(found.group(1), CHOICES))
        return Offer(len(found.group(1)) + 1, choices, unasked=True)
    if word.startswith("@"):
        return _people(word, view, "@", " ", unasked=True)
    if word.startswith("#"):
        return _rooms(word, view, rooms)
    if not word:
        return Offer()
    return _people(word, view, "", ": " if before == word else " ", unasked=False)


def _commands(word: str, commands: Iterable[CommandInfo]) -> Offer:
    known = {info.name: info for info in commands}
    choices = tuple(
        Choice(f"/{name} ", known[name].usage, known[name].summary)
        for name in fitting(word[1:], sorted(known))
    )
    return Offer(len(word), choices[:CHOICES], unasked=True)


def _argument(
    argument: Wanted, view: View, commands: Iterable[CommandInfo], rooms: Iterable[str]
) -> tuple[Choice, ...]:
    """What stands behind a command: people, rooms, other commands, words of its own."""
    topics, people = _topics(view, rooms), _nearest(view)
    names = [info.name for info in commands]
    # In a text anybody may be named: that is offered beside.
    sources = Sources() if argument.in_text else Sources(people, list(topics), names)
    kinds = {each.kind for each in argument.arguments}
    words = {word for each in argument.arguments for word in each.choices}

    def choice(text: str) -> Choice:
        if text not in words and "room" in kinds:
            return Choice(f"{text} ", room_title(text), topics.get(text, ""))
        # A comma may follow a name.
        is_name = text not in words and not kinds.isdisjoint({"person", "people"})
        return Choice(text if is_name else f"{text} ", text)

    return tuple(choice(text) for text in argument.choices(sources)[:CHOICES])


def _topics(view: View, rooms: Iterable[str]) -> dict[str, str]:
    """The rooms that one may name, by name, each with its topic where that is known."""
    known = {name: room.topic for name, room in view.chat.rooms.items() if room.kind != "direct"}
    names = sorted({*known, *rooms}, key=str.casefold)
    return {name: known.get(name, "") for name in names}


def _rooms(word: str, view: View, rooms: Iterable[str]) -> Offer:
    topics, start = _topics(view, rooms), word.removeprefix("#")
    choices = tuple(
        Choice(f"#{name} ", room_title(name), topic)
        for name, topic in topics.items()
        if fitting(start, (name, room_title(name)))
    )
    return Offer(len(word), choices[:CHOICES], unasked=True)


def _people(word: str, view: View, sign: str, after: str, *, unasked: bool) -> Offer:
    names = fitting(word.removeprefix("@"), _nearest(view))
    choices = tuple(Choice(f"{sign}{name}{after}", name) for name in names)
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
