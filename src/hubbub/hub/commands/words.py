"""The words that a slash command takes, and a typed line taken apart into them; pure."""

from dataclasses import dataclass
from typing import Literal, Protocol

from hubbub.errors import BadRequest
from hubbub.protocol.durations import parse_duration, short_duration
from hubbub.protocol.events import ArgumentInfo

Kind = Literal[
    "word", "person", "people", "room", "command", "choice", "duration", "number", "text"
]
MOST_DIGITS = 15
"""int() itself refuses more than 4,300."""


@dataclass(frozen=True, slots=True)
class Arg:
    """A word of a command's; `text` is all that is left of the line."""

    name: str
    kind: Kind = "word"
    optional: bool = False
    choices: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """As a usage shows it."""
        return f"[{self.name}]" if self.optional else self.name

    @property
    def info(self) -> ArgumentInfo:
        """As clients are told of it."""
        return ArgumentInfo(self.name, self.kind, self.optional, self.choices)


class Typed(Protocol):
    """A command, as far as its words need one."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def usage(self) -> str:
        """How it is typed."""
        ...

    @property
    def arguments(self) -> tuple[Arg, ...]:
        """Its words."""
        ...


def take_apart(command: Typed, line: str) -> list[str | int | None]:
    """The words of a line, one for each of the command's; None for one that was left out.

    A duration is in seconds. Raises BadRequest for what does not fit.
    """
    found: list[str | int | None] = []
    rest = line.strip()
    for each in command.arguments:
        word, _, after = rest.partition(" ")
        value = _value(command, each, word, rest)
        if value is None and not each.optional:
            raise BadRequest(f"/{command.name} is typed so: {command.usage}")
        found.append(value)
        if value is not None:
            rest = "" if each.kind == "text" else after.strip()
    if rest:
        raise BadRequest(f"/{command.name} is typed so: {command.usage}")
    return found


def _value(command: Typed, arg: Arg, word: str, rest: str) -> str | int | None:
    if not word:
        return None
    if arg.kind == "text":
        return rest
    if arg.kind == "choice":
        return word.lower() if word.lower() in arg.choices else None
    if arg.kind == "duration":
        return _duration(command, word, rest)
    if arg.kind == "number":
        return int(word) if word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS else None
    return word


def _duration(command: Typed, word: str, rest: str) -> int | None:
    seconds = parse_duration(word)
    if seconds is None and word[0].isdigit():
        # A reason may follow, and nothing shall hold for good that was meant for an hour.
        two = " ".join(rest.split()[:2])
        meant = parse_duration(two)
        hint = "" if meant is None else f" Type {two} as one word: {short_duration(meant)}."
        raise BadRequest(
            f"{word[:16]} is no duration; /{command.name} takes one as 10m, 1h, 7d or 1w.{hint}"
        )
    return seconds
