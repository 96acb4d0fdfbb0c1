"""How long something shall last, as people type it: `10m`, `2h`, `7d`, `1 hour`, `2 days`.

The page has the same grammar (web/src/text/duration.ts); tests/golden/durations.json holds both to
it.
"""

import re

from hubbub.errors import BadRequest

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
DAY_MS = 24 * 60 * 60 * 1000
LONGEST_S = 10 * 365 * 86_400
_TYPED = re.compile(
    r" *([0-9]{1,9}) *"
    r"(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:(?:ee)?ks?)?) *",
    re.ASCII | re.IGNORECASE,
)


def parse_duration(typed: str) -> int | None:
    """A duration in seconds; None for what is none. Raises BadRequest for nothing and for more than
    ten years.
    """
    found = _TYPED.fullmatch(typed)
    if found is None:
        return None
    seconds = int(found[1]) * UNITS_S[found[2][0].lower()]
    if not 0 < seconds <= LONGEST_S:
        raise BadRequest("A duration is more than nothing and at most ten years: 10m, 2h, 7d.")
    return seconds


def show_duration(seconds: int) -> str:
    """A duration as people read it, in the largest unit that fits."""
    count, unit = _in_largest_unit(seconds)
    name = {"d": "day", "h": "hour", "m": "minute", "s": "second"}[unit]
    return f"1 {name}" if count == 1 else f"{count} {name}s"


def short_duration(seconds: int) -> str:
    """A duration as a command takes it, in one word: `1h`."""
    count, unit = _in_largest_unit(seconds)
    return f"{count}{unit}"


def _in_largest_unit(seconds: int) -> tuple[int, str]:
    for unit in ("d", "h", "m"):
        count, rest = divmod(seconds, UNITS_S[unit])
        if count and not rest:
            return count, unit
    return seconds, "s"
