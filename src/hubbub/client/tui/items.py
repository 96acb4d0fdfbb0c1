"""What there is to choose from in a list; pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """Something to choose; `value` is what the chooser gets."""

    value: str
    label: str
    hint: str = ""


def narrowed(items: Iterable[Item], wanted: str) -> list[Item]:
    """The items that have every word of what was typed, those that begin with it first."""
    words = wanted.casefold().split()
    found = [item for item in items if all(word in item.label.casefold() for word in words)]
    return sorted(found, key=lambda item: not item.label.casefold().startswith(wanted.casefold()))
