"""What was pasted, told from what was typed, where a terminal puts no brackets around a paste.

What arrives without a pause is a burst. In it three lines or more that follow each other are a
paste, and are put into the brackets that the terminal left away: one draft, and nothing is sent
or run. Fewer lines are keys: one or two lines and their Enter are also what scripts type, and what
a slow line delivers at once of what somebody typed (docs/clients.md, Pasting).
"""

import re
from collections.abc import Callable

BURST_GAP_S = 0.002
"""What comes so soon after a line belongs to the same burst."""
BURST_CHARS = 4 * 1024 * 1024
"""Characters of one burst; what follows is judged anew."""
PASTE_LINES = 3
LONG_CHARS = 4000
"""About what a terminal takes at once; only a longer paste can come with a pause in it."""
AFTER_PASTE_S = 0.05
"""What comes so soon after a long paste still belongs to it, but for Enter alone."""
START, END = "\x1b[200~", "\x1b[201~"
_LINE_END = re.compile(r"\r\n?|\n")
_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+)"
    r"|(?P<cut>\x1b(?:\[[0-?]*[ -/]*|O)?\Z)"
    r"|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b[^\x1b]|.",
    re.DOTALL,
)
"""Text with its line ends and tabs, or one other key as terminals send it."""


class RawPastes:
    """Brackets around the pastes in what a terminal sends; one for each terminal."""

    def __init__(self) -> None:
        self._bracketed = False
        self._cut = ""
        """The beginning of a sequence whose end has not come; it is passed on already."""
        self._last_s = float("-inf")
        self._pasting = False
        self._was_long = False
        self._line_ended = False
        """Whether the paste so far ends with a line end that was kept back."""

    def feed(self, burst: str, at_s: float) -> str:
        """The burst with brackets around what was pasted; `at_s` is when it ended."""
        soon = at_s - self._last_s <= AFTER_PASTE_S
        self._last_s = at_s
        if not (soon and self._was_long) or _LINE_END.fullmatch(burst):
            self._pasting = False
        self._was_long = len(burst) >= LONG_CHARS or self._pasting
        cut, self._cut = (self._cut if soon else ""), ""
        parts: list[str] = []
        data, place = cut + burst, 0
        while place < len(data):
            if self._bracketed:
                place = self._inside(data, place, parts)
                continue
            token = _TOKEN.match(data, place)
            assert token is not None, "every character is a token"
            place = token.end()
            if token["text"] is not None:
                parts.append(self._text(token["text"]))
                continue
            self._pasting = False
            parts.append(token[0])
            self._bracketed = token[0] == START
            self._cut = token["cut"] or ""
        return "".join(parts)[len(cut) :]

    def _inside(self, data: str, place: int, parts: list[str]) -> int:
        end = data.find(END, place)
        if end < 0:
            # The closing bracket may come in two.
            self._cut = data[max(place, len(data) - len(END) + 1) :]
            parts.append(data[place:])
            return len(data)
        self._bracketed = False
        parts.append(data[place : end + len(END)])
        return end + len(END)

    def _text(self, text: str) -> str:
        if not self._pasting:
            lines = _LINE_END.split(text.strip("\r\n"))
            if len(lines) < PASTE_LINES:
                return text
            self._line_ended = False
        self._pasting = True
        lines = _LINE_END.split(("\n" if self._line_ended else "") + text)
        # A draft does not end with an empty line; if more follows, the line end does too.
        self._line_ended = lines[-1] == "" and len(lines) > 1
        if self._line_ended:
            lines.pop()
        return START + "\n".join(lines) + END


def read_burst(read: Callable[[], str], more_after: Callable[[float], bool]) -> str:
    """What arrives at once; text without a line end is not waited with.

    `read` gives what is there, `more_after` tells whether there is something in so many seconds.
    """
    parts = [read()]
    chars, goes_on = len(parts[0]), _LINE_END.search(parts[0]) is not None
    while goes_on and chars < BURST_CHARS and more_after(BURST_GAP_S):
        part = read()
        parts.append(part)
        chars += len(part)
        # A script that types line after line is not followed from one to the next.
        goes_on = len(part) >= LONG_CHARS or len(_LINE_END.findall(part)) >= PASTE_LINES
    return "".join(parts)
