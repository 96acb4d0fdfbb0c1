"""What lists and forms are made of; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """Something to choose; `value` is what the chooser gets."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A line to fill in: what it is for, what is there already, and whether it may stay empty.

    `problem` tells what is wrong with what was filled in; nothing where it is understood.
    """

    label: str
    value: str = ""
    needed: bool = False
    problem: Callable[[str], str] = lambda filled_in: ""

    def refusal(self, filled_in: str) -> str:
        """Why that cannot be taken; empty where it can."""
        if not filled_in:
            return "This has to be filled in." if self.needed else ""
        return self.problem(filled_in)


def narrowed(items: Iterable[Item], wanted: str) -> list[Item]:
    """The items that have every word of what was typed, those that begin with it first."""
    words = wanted.casefold().split()
    found = [item for item in items if all(word in item.label.casefold() for word in words)]
    return sorted(found, key=lambda item: not item.label.casefold().startswith(wanted.casefold()))
