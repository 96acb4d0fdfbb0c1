"""How long something shall last, as people type it: `10m`, `2h`, `7d`."""

import re

from hubbub.errors import BadRequest

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
DAY_MS = 24 * 60 * 60 * 1000
LONGEST_S = 10 * 365 * 86_400
_TYPED = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)


def parse_duration(typed: str) -> int | None:
    """A duration in seconds; None for a word that is none. Raises BadRequest for ten years."""
    found = _TYPED.fullmatch(typed.lower())
    if found is None:
        return None
    seconds = int(found[1]) * UNITS_S[found[2]]
    if not 0 < seconds <= LONGEST_S:
        raise BadRequest("A duration is more than nothing and at most ten years: 10m, 2h, 7d.")
    return seconds


def show_duration(seconds: int) -> str:
    """A duration as people read it, in the largest unit that fits."""
    for unit, name in (("d", "day"), ("h", "hour"), ("m", "minute"), ("s", "second")):
        count, rest = divmod(seconds, UNITS_S[unit])
        if count and not rest:
            return f"1 {name}" if count == 1 else f"{count} {name}s"
    return f"{seconds} seconds"
