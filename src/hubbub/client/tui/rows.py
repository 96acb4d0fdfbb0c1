"""A message as rows of styled text: names and times in columns where there is width; pure."""

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from rich.cells import cell_len

from hubbub.client.sentences import DELETED
from hubbub.client.tui.shown import cut, fitted, one_line, shown, wrapped
from hubbub.client.tui.timeline import Entry, Note, Pending
from hubbub.errors import BadName
from hubbub.model import parse_instant, user_name
from hubbub.protocol.events import Deleted, Message, Topic
from hubbub.protocol.events import Entry as LogEntry
from hubbub.protocol.mentions import SIGNS, Mention, mentions_in, names
from hubbub.protocol.words import sentence

WIDE_CELLS = 56
"""From this width names have a column of their own."""
ROOMY_CELLS = 80
"""From this width that column is wider."""
MOST_ROWS = 40
"""Rows of one message; a key shows the rest."""
NICK_COLOURS = 10
LINK_CHARS = 2_000

_URL = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]")
_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a row; `style` is one of the names in `look.py`, `link` where it leads."""

    text: str
    style: str = "text"
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line on the screen; `key` is its entry's, `tone` what is said of the whole row."""

    key: str
    spans: tuple[Span, ...]
    tone: str = ""

    @property
    def text(self) -> str:
        """Without styles."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Page:
    """What rows are made for: the width in cells, whose screen it is, what is searched for."""

    cells: int
    own_id: str
    own_name: str
    query: str = ""

    @property
    def wide(self) -> bool:
        """Whether names and times have columns."""
        return self.cells >= WIDE_CELLS

    @property
    def indent(self) -> int:
        """Where texts begin: after a gutter, the time and the name where those have columns."""
        return 1 + 6 + self.nick_cells + 2 if self.wide else 1

    @property
    def nick_cells(self) -> int:
        """How wide the column of names is."""
        return 14 if self.cells >= ROOMY_CELLS else 10


@dataclass(frozen=True, slots=True)
class Head:
    """How a message begins: with its name, with its time, or as more of the same."""

    name: bool = True
    time: bool = True


def key_of(entry: Entry | Pending) -> str:
    """What an entry is called on the screen."""
    return entry.key if isinstance(entry, Note | Pending) else str(entry.seq)


def text_of(entry: Entry | Pending) -> str:
    """What an entry says, without who and when."""
    match entry:
        case Message(deleted=True):
            return DELETED
        case Message() | Note() | Pending() | Topic():
            return entry.text
        case LogEntry():
            return sentence(entry)
        case _:
            assert_never(entry)


def as_text(entry: Entry) -> str:
    """An entry as plain text, for copying, with its time here."""
    local = local_time(entry.at)
    time = f"{local:%H:%M} " if local is not None else ""
    match entry:
        case Note(text=text):
            return f"{time}-- {shown(text)}"
        case Message():
            name = one_line(entry.sender.name)
            head = f"* {name} " if entry.me else f"{name}: "
            return f"{time}{head}{shown(text_of(entry))}"
        case LogEntry():
            return f"{time}-- {shown(sentence(entry))}"
        case _:
            assert_never(entry)


def rows_of(entry: Entry | Pending, page: Page, head: Head) -> list[Row]:
    """An entry's rows."""
    match entry:
        case Message():
            return _message(entry, page, head)
        case Deleted():
            # It is seen where the message was.
            return []
        case LogEntry():
            return _aside(key_of(entry), entry.at, sentence(entry), "note", page)
        case Note():
            style = {"info": "note", "refusal": "refusal", "typed": "typed"}[entry.kind]
            return _aside(entry.key, entry.at, entry.text, style, page)
        case Pending():
            return _pending(entry, page, head)
        case _:
            assert_never(entry)


def divider(key: str, label: str, style: str, cells: int) -> Row:
    """A line across with words in it: a day, or where what is new begins."""
    label = f" {cut(label, cells - 6)} "
    left = max(1, (cells - cell_len(label)) // 2)
    right = max(0, cells - 1 - left - cell_len(label))
    line = Span(" " + "─" * (left - 1), f"{style}-line")
    return Row(key, (line, Span(label, style), Span("─" * right, f"{style}-line")), "divider")


def nick_style(name: str) -> str:
    """The colour of a name, the same in every process."""
    return f"nick-{zlib.crc32(name.casefold().encode()) % NICK_COLOURS}"


def local_time(at: str) -> datetime | None:
    """An instant in the time of this place."""
    try:
        return datetime.fromtimestamp(parse_instant(at) / 1000, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def day_words(day: datetime) -> str:
    """A day as a person says it."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def links_in(text: str) -> list[str]:
    """The addresses in a text, as they may be opened."""
    return [found.group() for found in _URL.finditer(shown(text))]


# ---


def _message(message: Message, page: Page, head: Head) -> list[Row]:
    own = message.sender.id == page.own_id
    name = one_line(message.sender.name)
    style = "own" if own else nick_style(message.sender.name)
    spoken = not own and names(message.text, page.own_name)
    tone = "mention" if spoken else ""
    if message.deleted:
        body = _body(DELETED, page, "typed")
        return _with_head(key_of(message), message.at, (name, style), body, page, head, "")
    text, label = shown(message.text), (name, style)
    if message.me:
        sign = "" if page.wide else "• "
        text, label, head = f"{sign}{name} {text}", ("•", style), Head(page.wide, head.time)
    body = _body(text, page, "me" if message.me else "text")
    return _with_head(key_of(message), message.at, label, body, page, head, tone)


def _pending(pending: Pending, page: Page, head: Head) -> list[Row]:
    body = _body(shown(pending.text), page, "pending")
    label = (page.own_name, "pending")
    if pending.refused is not None:
        body += _body(f"✗ not sent: {shown(pending.refused)}", page, "refusal")
    return _with_head(pending.key, pending.at, label, body, page, head, "pending")


def _aside(key: str, at: str, text: str, style: str, page: Page) -> list[Row]:
    if page.wide:
        return _with_head(key, at, ("--", "dim"), _body(shown(text), page, style), page, Head(), "")
    body = _body(shown(text), page, style)
    return [Row(key, (Span(" "), *spans)) for spans in body]


def _with_head(
    key: str,
    at: str,
    label: tuple[str, str],
    body: list[tuple[Span, ...]],
    page: Page,
    head: Head,
    tone: str,
) -> list[Row]:
    name, style = label
    local = local_time(at)
    time = f"{local:%H:%M}" if local is not None else "     "
    gutter = Span("▌" if tone == "mention" else " ", "gutter")
    if not page.wide:
        rows = [Row(key, (gutter, *spans), tone) for spans in body]
        if not head.name:
            return rows
        top = (gutter, Span(cut(name, page.cells - 8), style), Span(f"  {time}", "time"))
        return [Row(key, top, tone), *rows]
    shown_name = fitted(name if head.name else "", page.nick_cells, right=True)
    first = (
        gutter,
        Span(f"{time if head.time else '     '} ", "time"),
        Span(shown_name, style),
        Span("  "),
    )
    rest = (gutter, Span(" " * (page.indent - 1)))
    return [
        Row(key, (*(first if index == 0 else rest), *spans), tone)
        for index, spans in enumerate(body)
    ]


def _body(text: str, page: Page, style: str) -> list[tuple[Span, ...]]:
    cells = max(page.cells - page.indent - 1, 4)
    rows: list[tuple[Span, ...]] = []
    # A fence is of several lines, so who is named is read from the whole.
    spoken = mentions_in(text) if style in {"text", "me"} else []
    for start, line in _lines(text):
        marked = _marked(line, page, style)
        marked = _apart([*marked, *_spoken(spoken, line, start, page.own_name)])
        for first, last in wrapped(line, cells):
            if len(rows) == MOST_ROWS:
                rows.append((Span("… Enter on this message shows all of it", "dim"),))
                return rows
            rows.append(tuple(_pieces(line, marked, first, last, style)))
    return rows


_Marked = list[tuple[int, int, str, str | None]]


def _marked(line: str, page: Page, style: str) -> _Marked:
    """The parts of a line that look different: what is searched for, addresses, code."""
    found: _Marked = []
    if page.query:
        pattern = re.compile(re.escape(page.query), re.IGNORECASE)
        found += [(*m.span(), "found", None) for m in pattern.finditer(line)]
    if style in {"text", "me"}:
        for m in _URL.finditer(line):
            found.append((*m.span(), "link", m.group() if len(m.group()) <= LINK_CHARS else None))
        found += [(*m.span(), "code", None) for m in _CODE.finditer(line)]
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text, and where each begins."""
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _spoken(spoken: list[Mention], line: str, start: int, own_name: str) -> _Marked:
    """Who is named in the line of a text that begins at `start`, the reader first."""
    here = [each for each in spoken if start <= each.start < start + len(line)]
    own = _key(own_name)
    mine = [each for each in here if each.key == own]
    found: _Marked = [(each.start - start, each.end - start, "to-me", None) for each in mine]
    for each in here:
        first, end = each.start - start, each.end - start
        if line[first] in SIGNS:
            found.append((first, end, nick_style(line[first + 1 : end]), None))
    return found


def _key(name: str) -> str | None:
    try:
        return user_name(name).key
    except BadName:
        return None


def _apart(found: _Marked) -> _Marked:
    """What does not overlap, in order; what was found first wins: what is searched for first."""
    apart: _Marked = []
    for piece in found:
        place = bisect_left(apart, piece[0], key=_start)
        clear_before = place == 0 or apart[place - 1][1] <= piece[0]
        if clear_before and (place == len(apart) or piece[1] <= apart[place][0]):
            apart.insert(place, piece)
    return apart


def _start(piece: tuple[int, int, str, str | None]) -> int:
    return piece[0]


def _end(piece: tuple[int, int, str, str | None]) -> int:
    return piece[1]


def _pieces(line: str, marked: _Marked, first: int, last: int, style: str) -> Iterator[Span]:
    at = first
    for place in range(bisect_right(marked, first, key=_end), len(marked)):
        start, end, look, link = marked[place]
        start, end = max(start, first), min(end, last)
        if start >= end:
            break
        if at < start:
            yield Span(line[at:start], style)
        yield Span(line[start:end], look, link)
        at = end
    if at < last:
        yield Span(line[at:last], style)
