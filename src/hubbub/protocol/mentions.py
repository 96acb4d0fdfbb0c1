"""Whom a text names: one grammar for notices, counts and marks (docs/protocol.md, Mentions).

The page has the same in `web/src/text/mention.ts`; `tests/golden/mentions.json` holds both to it.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from hubbub.errors import BadName
from hubbub.model import USER_NAME_CHARS, user_name

NAMES_MOST = 100
"""How many names of one text are looked at, so that a text of nothing but names costs little."""

SIGNS = "@＠"
"""What stands before a name, as keyboards for Latin and for East Asian scripts have it."""
_TYPED_CHARS = USER_NAME_CHARS * 4
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)\s*([A-Za-z0-9_+#.-]{0,20})\s*$")
_TICKS = re.compile("`+")
# A scheme with its slashes, or a host and a path as people type it: medium.com/@bob.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9@.+-])"
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}(?::[0-9]{1,5})?/)"
)
_ENDS_ADDRESS = set('<>"`\u200b。，、；：！？）】」』》〉“”‘’…—')
_OPENS = {"(": ")", "[": "]"}
_INHERITS = "\u30fc\uff70"
# Scripts in which words stand without blanks between them, by their blocks.
_UNSPACED = (
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Lao"),
    (0x0F00, 0x0FFF, "Tibetan"),
    (0x1000, 0x109F, "Myanmar"),
    (0x1100, 0x11FF, "Hangul"),
    (0x1780, 0x17FF, "Khmer"),
    (0x2E80, 0x2FDF, "Han"),
    (0x3005, 0x3007, "Han"),
    (0x3041, 0x309F, "Hiragana"),
    (0x30A0, 0x30FF, "Katakana"),
    (0x3100, 0x312F, "Bopomofo"),
    (0x3130, 0x318F, "Hangul"),
    (0x31A0, 0x31BF, "Bopomofo"),
    (0x31F0, 0x31FF, "Katakana"),
    (0x3400, 0x4DBF, "Han"),
    (0x4E00, 0x9FFF, "Han"),
    (0xA960, 0xA97F, "Hangul"),
    (0xAC00, 0xD7FF, "Hangul"),
    (0xF900, 0xFAFF, "Han"),
    (0xFF66, 0xFF9F, "Katakana"),
    (0xFFA0, 0xFFDC, "Hangul"),
    (0x20000, 0x3FFFF, "Han"),
)
_FIRSTS = [first for first, _, _ in _UNSPACED]


class Mention(NamedTuple):
    """A place in a text that names somebody, in characters, and the key of the name.

    Where a name may end at several places, as in `@bobさん`, there is one for each, shortest first.
    """

    start: int
    end: int
    key: str


def could_mention(text: str) -> bool:
    """Whether a text is worth reading for names; cheap."""
    return any(sign in text for sign in SIGNS) or _addressed(text) > 0


def mentions(text: str) -> tuple[str, ...]:
    """The keys of the names that a text speaks to, each once, in order."""
    return tuple(dict.fromkeys(found.key for found in mentions_in(text)))


def names(text: str, name: str) -> bool:
    """Whether a text speaks to whoever has a name; by what can be no name it speaks to nobody."""
    try:
        return could_mention(text) and user_name(name).key in mentions(text)
    except BadName:
        return False


def mentions_in(text: str) -> list[Mention]:
    """The places that name somebody, in order, `NAMES_MOST` at most."""
    found: list[Mention] = []
    if not could_mention(text):
        return found
    for looked_at, (start, first, end) in enumerate(_candidates(text)):
        if looked_at == NAMES_MOST:
            break
        try:
            found.append(Mention(start, end, user_name(text[first:end]).key))
        except BadName:
            continue
    return found


def _candidates(text: str) -> Iterator[tuple[int, int, int]]:
    """Where a mention starts, where its name starts, and where it ends."""
    if (end := _addressed(text)) > 0:
        yield 0, 0, end
    plain = _without_addresses(_without_code(text))
    for sign in re.finditer(f"[{SIGNS}]", plain):
        if not _may_precede(plain, sign.start()):
            continue
        for end in _ends(plain, sign.end()):
            yield sign.start(), sign.end(), end


def _addressed(text: str) -> int:
    """The end of the name in `name: …` or `name, …` at the start of a text, or 0."""
    end = 0
    while end < min(len(text), _TYPED_CHARS) and _in_name(text[end]):
        end += 1
    if text[end : end + 1] not in {":", ",", "：", "，"} or text.startswith("://", end):
        return 0
    return end


def _may_precede(text: str, sign: int) -> bool:
    """Whether what stands before an @ lets it be a mention; else it is part of an address."""
    at = sign - 1
    if at >= 0 and text[at] in SIGNS + "\\":
        return False
    while at >= 0 and (text[at] in "_%+-" or unicodedata.category(text[at])[0] == "M"):
        at -= 1
    return at < 0 or not _is_word(text[at]) or _script(text[at]) != ""


def _ends(text: str, first: int) -> list[int]:
    """Where a name that begins at `first` may end."""
    ends: list[int] = []
    at, script = first, None
    while at < min(len(text), first + _TYPED_CHARS) and _in_name(text[at]):
        char = text[at]
        if _is_word(char) and char not in _INHERITS:
            here = _script(char)
            # A digit goes on with the word before it; 田中2 is somebody else than 田中.
            changes = here != script and (here != "" or unicodedata.category(char) != "Nd")
            if script is not None and changes and (here or script):
                ends.append(at)
            script = here
        elif char in ".-" and text[at + 1 : at + 2] == char:
            ends.append(at)
        at += 1
    # `@bob@example.org` names somebody elsewhere.
    elsewhere = text[at : at + 1] in {*SIGNS} and _in_name(text[at + 1 : at + 2])
    if not elsewhere:
        ends.append(at)
    trimmed = (first + len(text[first:end].rstrip("_.-")) for end in ends)
    return sorted({end for end in trimmed if end > first})


def _without_code(text: str) -> str:
    """The text with blanks for code, in fences and between ticks, as the page shows it."""
    shown: list[str] = []
    block: list[str] = []
    fence, quoted = "", False
    for line in text.split("\n"):
        opens = _FENCE.match(line)
        if fence:
            shown.append(" " * len(line))
            fence = "" if line.strip() == fence else fence
            continue
        if block and (opens is not None or line.startswith("> ") != quoted):
            shown += _without_spans("\n".join(block)).split("\n")
            block = []
        if opens is not None:
            fence = opens[1]
            shown.append(" " * len(line))
            continue
        quoted = line.startswith("> ")
        block.append(line)
    if block:
        shown += _without_spans("\n".join(block)).split("\n")
    return "\n".join(shown)


def _without_spans(block: str) -> str:
    runs = [found.span() for found in _TICKS.finditer(block)]
    by_length: dict[int, list[int]] = {}
    for index, (start, end) in enumerate(runs):
        by_length.setdefault(end - start, []).append(index)
    kept: list[str] = []
    index = done = 0
    while index < len(runs):
        start, end = runs[index]
        if _escaped(block, start):
            start += 1
        same = by_length.get(end - start, [])
        place = bisect_right(same, index)
        if place == len(same):
            index += 1
            continue
        close = runs[same[place]][1]
        kept += [block[done:start], _blanks(block[start:close])]
        done, index = close, same[place] + 1
    return "".join([*kept, block[done:]])


def _escaped(text: str, at: int) -> bool:
    strokes = 0
    while strokes < at and text[at - 1 - strokes] == "\\":
        strokes += 1
    return strokes % 2 == 1


def _blanks(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))


def _without_addresses(text: str) -> str:
    kept: list[str] = []
    done = 0
    while (found := _ADDRESS.search(text, done)) is not None:
        end = _address_end(text, found.end())
        kept += [text[done : found.start()], " " * (end - found.start())]
        done = end
    return "".join([*kept, text[done:]])


def _address_end(text: str, at: int) -> int:
    """Where an address ends: at a blank, a mark that is in none, or a bracket it has not opened."""
    closing: list[str] = []
    while at < len(text):
        char = text[at]
        if char.isspace() or char in _ENDS_ADDRESS:
            break
        if char in _OPENS:
            closing.append(_OPENS[char])
        elif char in _OPENS.values():
            if not closing or closing[-1] != char:
                break
            closing.pop()
        at += 1
    return at


def _in_name(char: str) -> bool:
    """Whether a name may hold a character; variation selectors are marks that none may hold."""
    if char == "" or "\ufe00" <= char <= "\ufe0f":
        return False
    return char in "_.-" or unicodedata.category(char) in {"Mn", "Mc"} or _is_word(char)


def _is_word(char: str) -> bool:
    return unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}


def _script(char: str) -> str:
    """The script of a character where that is written without blanks, else nothing."""
    place = bisect_right(_FIRSTS, ord(char)) - 1
    if place < 0 or ord(char) > _UNSPACED[place][1]:
        return ""
    return _UNSPACED[place][2]
