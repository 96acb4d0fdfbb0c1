"""Names of emoji, `:tada:`; loaded when somebody types one."""

from functools import lru_cache

COMMON = (
    "+1",
    "-1",
    "smile",
    "joy",
    "heart",
    "tada",
    "thinking_face",
    "wave",
    "clap",
    "rocket",
    "fire",
    "eyes",
    "pray",
    "cry",
    "sob",
    "sunglasses",
    "wink",
    "grin",
    "ok_hand",
    "100",
    "bug",
    "white_check_mark",
    "x",
    "coffee",
    "cake",
    "star",
    "sparkles",
    "warning",
)
"""Those that are offered first."""


@lru_cache(maxsize=1)
def emoji() -> dict[str, str]:
    """Every name with what it stands for, where that is one character of agreed width."""
    # rich has the list for its markup and no other public way to it.
    from rich._emoji_codes import EMOJI

    found = {name: char.removesuffix("\ufe0f") for name, char in EMOJI.items()}
    return {name: char for name, char in found.items() if len(char) == 1}


def matching(start: str, limit: int) -> list[tuple[str, str]]:
    """Names that begin with or have these letters, the common ones first, each with its emoji."""
    known, start = emoji(), start.casefold()
    order = {name: rank for rank, name in enumerate(COMMON)}
    found = [name for name in known if start in name]
    found.sort(key=lambda n: (not n.startswith(start), order.get(n, len(order)), len(n), n))
    return [(name, known[name]) for name in found[:limit]]
