"""Anybody's text as a terminal may show it, measured in cells and wrapped; pure.

`hubbub.protocol.plain.clean` keeps texts from driving a terminal. On a screen with columns they
must also be as wide as they are thought to be, in every terminal: so what terminals disagree
about (joiners, variation selectors, heaps of marks) is left out.
"""

import re
import unicodedata

from rich.cells import cell_len, split_graphemes

from hubbub.protocol.plain import clean

MARKS = 3
"""Combining marks shown on one letter: enough for every script, too few for a heap."""
TAB = "    "
WIDEST = 2
"""Cells of the widest letter."""

_BREAKS = re.compile("[\u2028\u2029]")
_WORDS = re.compile(r"\s+|\S+")
_JOINERS = frozenset("\u200c")
_FILLERS = str.maketrans(dict.fromkeys("\u115f\u1160\u3164\uffa0", "\ufffd"))
"""Letters that nobody sees; terminals give them none, one or two cells."""
_PRESENTATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")


def shown(text: str) -> str:
    """The text with nothing in it whose width or effect a terminal could choose."""
    text = clean(text).replace("\t", TAB)
    if text.isascii():
        return text
    text = _PRESENTATION.sub("", _BREAKS.sub("\n", text)).translate(_FILLERS)
    kept: list[str] = []
    marks = 0
    for char in text:
        if char.isalnum() or char in " \n":
            marks = 0
        else:
            category = unicodedata.category(char)
            if category in {"Cf", "Cs", "Cn", "Co"} and char not in _JOINERS:
                # Bidirectional marks, joiners, tags, and what has no agreed glyph.
                kept.append("" if category == "Cf" else "\ufffd")
                continue
            marks = marks + 1 if category in {"Mn", "Me"} else 0
            if marks > MARKS:
                continue
        kept.append(char)
    return "".join(kept)


def one_line(text: str) -> str:
    """The text on one line, for lists and bars."""
    return " ".join(shown(text).split())


def cut(text: str, cells: int) -> str:
    """At most that many cells of a text; an ellipsis tells that there was more."""
    if cells <= 0:
        return ""
    if cell_len(text) <= cells:
        return text
    spans, _ = split_graphemes(text[: cells * (MARKS + 2)])
    used, end = 0, 0
    for _, stop, width in spans:
        if used + width > cells - 1:
            break
        used, end = used + width, stop
    return text[:end].rstrip() + "…"


def fitted(text: str, cells: int, *, right: bool = False) -> str:
    """The text in exactly that many cells."""
    text = cut(text, cells)
    blank = " " * (cells - cell_len(text))
    return blank + text if right else text + blank


def wrapped(text: str, cells: int) -> list[tuple[int, int]]:
    """Where each row of a text without line breaks begins and ends, at most `cells` (2 or more)."""
    rows: list[tuple[int, int]] = []
    start, end, used = 0, 0, 0
    for word in _WORDS.finditer(text):
        width = cell_len(word.group())
        if used + width <= cells:
            end, used = word.end(), used + width
            continue
        if word.group().isspace() and start < end:
            # The blank at which a row ends is on neither row.
            rows.append((start, end))
            start = end = word.end()
            used = 0
            continue
        said = bool(text[start:end].strip())
        if said:
            rows.append((start, end))
        if said or (used and (width <= cells or cells - used < WIDEST)):
            # An indentation that leaves the word no room is on no row either.
            start, used = word.start(), 0
        if width <= cells:
            end, used = word.end(), width
            continue
        for piece_end, piece_cells in _pieces(word.group(), cells, cells - used):
            stop = word.start() + piece_end
            if piece_cells is None:
                rows.append((start, stop))
                start = stop
            else:
                end, used = stop, piece_cells
    if start < end or not rows:
        rows.append((start, max(start, end)))
    return [(first, _stripped(text, first, last)) for first, last in rows]


def _pieces(word: str, cells: int, room: int) -> list[tuple[int, int | None]]:
    """Ends of a long word's rows, and with its cells the last one, which is not full."""
    spans, _ = split_graphemes(word)
    ends: list[tuple[int, int | None]] = []
    used = 0
    for start, _, width in spans:
        if used + width > room:
            ends.append((start, None))
            used, room = 0, cells
        used += width
    ends.append((len(word), used))
    return ends


def _stripped(text: str, first: int, last: int) -> int:
    while last > first and text[last - 1] == " ":
        last -= 1
    return last
