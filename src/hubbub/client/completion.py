"""What a word of a slash command may become, from the table that the server tells; pure.

The page has the same program (web/src/text/arguments.ts); tests/golden/completion.json holds both
to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hubbub.model import room_title
from hubbub.protocol.durations import parse_duration
from hubbub.protocol.events import ArgumentInfo, CommandInfo

_SKIPPABLE = frozenset({"choice", "duration", "number"})
"""Kinds that one can tell from other words, so that an optional one may be missing."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom and what one may name, in the order in which it is offered."""

    people: Sequence[str] = ()
    rooms: Sequence[str] = ()
    commands: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The word at the end of a command line, and the arguments that it may be."""

    word: str
    arguments: tuple[ArgumentInfo, ...]

    @property
    def in_text(self) -> bool:
        """Whether it may be a word of a text, in which anybody may be named."""
        return any(each.kind == "text" for each in self.arguments)

    def choices(self, sources: Sources) -> tuple[str, ...]:
        """What the word may become."""
        found: dict[str, None] = {}
        for argument in self.arguments:
            found |= dict.fromkeys(self._fitting(argument, sources))
        return tuple(found)

    def _fitting(self, argument: ArgumentInfo, sources: Sources) -> Iterable[str]:
        yield from fitting(self.word, argument.choices)
        match argument.kind:
            case "person" | "people":
                yield from fitting(self.word, sources.people)
            case "room":
                word = self.word.removeprefix("#")
                rooms = sources.rooms
                yield from (r for r in rooms if fitting(word, (r, room_title(r))))
            case "command":
                yield from fitting(self.word.removeprefix("/"), sources.commands)
            case _:
                pass


def wanted(before: str, commands: Iterable[CommandInfo]) -> Wanted | None:
    """What the word before the cursor may be; None where no argument of a command is typed."""
    first, blank, rest = before.partition(" ")
    info = find(first, commands) if blank else None
    if info is None:
        return None
    *complete, word = rest.split(" ")
    left = _after(info.arguments, [each for each in complete if each])
    may_be = []
    for argument in left:
        may_be.append(argument)
        if not _may_be_skipped(argument):
            break
    if may_be and may_be[0].kind == "people":
        word = word.rpartition(",")[2]
    if may_be and may_be[0].kind in {"person", "people"}:
        word = word.removeprefix("@")
    return Wanted(word, tuple(may_be))


def find(typed: str, commands: Iterable[CommandInfo]) -> CommandInfo | None:
    """The command that `/name` or one of its other names means."""
    name = typed.removeprefix("/").lower()
    if not typed.startswith("/"):
        return None
    return next((each for each in commands if name == each.name or name in each.aliases), None)


def needs_room(line: str, commands: Iterable[CommandInfo]) -> bool:
    """Whether a line is a command about the room in which it is typed."""
    first, _, rest = line.partition(" ")
    info = find(first, commands)
    if info is None or info.room:
        return info is not None
    # One that takes a room takes the one in view where none is named.
    return not rest.strip() and any(each.kind == "room" for each in info.arguments[:1])


def fitting(word: str, words: Iterable[str]) -> list[str]:
    """Those that begin so, upper and lower case being one."""
    start = word.casefold()
    return [each for each in words if each.casefold().startswith(start)]


def _after(arguments: tuple[ArgumentInfo, ...], complete: list[str]) -> tuple[ArgumentInfo, ...]:
    """The arguments that are left after the words that are complete."""
    left = arguments
    for word in complete:
        while left and _may_be_skipped(left[0]) and not _fits(left[0], word):
            left = left[1:]
        more = left and (left[0].kind == "text" or (left[0].kind == "people" and word[-1] == ","))
        left = left if more else left[1:]
    return left


def _may_be_skipped(argument: ArgumentInfo) -> bool:
    return argument.optional and argument.kind in _SKIPPABLE


def _fits(argument: ArgumentInfo, word: str) -> bool:
    match argument.kind:
        case "choice":
            return word.lower() in argument.choices
        case "duration":
            return word[0].isdigit() and parse_duration(word) is not None
        case _:
            return word.isascii() and word.isdigit()
