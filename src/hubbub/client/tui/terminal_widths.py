"""How many cells a spacing mark takes: one, as terminals have it that ask the C library.

tmux, xterm and their kin give the vowel signs of the Indic scripts a cell of their own, rich's
tables give them none. Where the client counts fewer cells than the terminal, a row pushes the
columns beside it off the screen. rich has no public way to change its tables.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache

from rich import cells
from rich._unicode_data import load


def mend_widths() -> None:
    """Lets rich, and so Textual, count as these terminals do."""
    cells.load_cell_table = _with_spacing_marks  # type: ignore[attr-defined]
    cells.get_character_cell_size.cache_clear()
    cells.cached_cell_len.cache_clear()


@cache
def _with_spacing_marks(unicode_version: str = "auto") -> cells.CellTable:
    table = load(unicode_version)
    widths = [entry for each in table.widths for entry in _without_spacing_marks(*each)]
    return table._replace(widths=widths)


def _without_spacing_marks(start: int, end: int, width: int) -> Iterator[tuple[int, int, int]]:
    """An entry of the table; what is in none of them has one cell."""
    if width == 0:
        for point in range(start, end + 1):
            if unicodedata.category(chr(point)) == "Mc":
                if start < point:
                    yield start, point - 1, width
                start = point + 1
    if start <= end:
        yield start, end, width
