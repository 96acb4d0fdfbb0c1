"""The rows of the room in view, made anew only where something changed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hubbub.client.tui.rows import (
    Head,
    Page,
    Row,
    day_words,
    divider,
    key_of,
    local_time,
    rows_of,
)
from hubbub.client.tui.timeline import Entry, Pending
from hubbub.client.tui.view import View
from hubbub.protocol.events import Deleted, Message

SAME_BREATH = timedelta(minutes=5)
"""Messages of one person so close together have one name above them."""


class Transcript:
    """What a view's timeline looks like, row by row."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._entries: tuple[Entry, ...] = ()
        self._made_for: tuple[object, ...] = ()
        self._logged = 0
        self._before: Entry | None = None
        self._marked = False

    def show(self, view: View, page: Page) -> None:
        """Follows the view; a few new entries at the end cost what they cost alone."""
        timeline = view.timeline
        made_for = (page, view.room, view.mark, view.ignored, timeline.has_older, timeline.loaded)
        entries = timeline.entries
        kept = len(self._entries)
        grown = made_for == self._made_for and entries[:kept] == self._entries
        del self.rows[self._logged if grown else 0 :]
        if not grown:
            kept, self._before, self._marked = 0, None, False
            self.rows += _beginning(view, page)
        for entry in entries[kept:]:
            if isinstance(entry, Deleted) or (isinstance(entry, Message) and view.ignores(entry)):
                continue
            self.rows += self._placed(entry, page, view.mark)
            self._before = entry
        self._entries, self._made_for = entries, made_for
        self._logged = len(self.rows)
        before: Entry | Pending | None = self._before
        for pending in timeline.unsent if not timeline.has_newer else ():
            follows = isinstance(before, Pending) or _same_breath(before, pending, page)
            self.rows += rows_of(pending, page, Head(name=not follows, time=not follows))
            before = pending

    def _placed(self, entry: Entry, page: Page, mark: int | None) -> Iterator[Row]:
        before, key = self._before, key_of(entry)
        day, last_day = _day(entry), _day(before)
        apart = day is not None and (last_day is None or day.date() != last_day.date())
        if apart and day is not None:
            yield divider(key, day_words(day), "day", page.cells)
        new = self._is_first_new(entry, mark, page.own_id)
        if new:
            self._marked = True
            yield divider(key, "new messages", "new", page.cells)
        follows = not apart and not new and _same_breath(before, entry, page)
        same = follows and day is not None and last_day is not None
        repeats = same and f"{day:%H%M}" == f"{last_day:%H%M}"
        yield from rows_of(entry, page, Head(name=not follows, time=not repeats))

    def _is_first_new(self, entry: Entry, mark: int | None, own_id: str) -> bool:
        if self._marked or not mark or not isinstance(entry, Message):
            return False
        return entry.seq > mark and entry.sender.id != own_id

    def keys(self) -> list[str]:
        """Every entry on the screen once, from the top."""
        return list(dict.fromkeys(row.key for row in self.rows if row.key))

    def span(self, key: str) -> tuple[int, int] | None:
        """The first row of an entry, and the one after its last."""
        numbers = [number for number, row in enumerate(self.rows) if row.key == key]
        return (numbers[0], numbers[-1] + 1) if numbers else None

    def new_row(self) -> int | None:
        """The row of the mark before what is new."""
        found = (n for n, row in enumerate(self.rows) if row.tone == "divider" and _is_new(row))
        return next(found, None)


def _is_new(row: Row) -> bool:
    return any(span.style == "new" for span in row.spans)


def _beginning(view: View, page: Page) -> list[Row]:
    timeline = view.timeline
    if view.room is None:
        return [divider("", "you are in no room; /join ROOM enters one", "day", page.cells)]
    if not timeline.loaded:
        return [divider("", "loading", "day", page.cells)]
    if timeline.has_older:
        return [divider("", "older messages above", "day", page.cells)]
    what = "the beginning" if timeline.oldest is not None else "nothing has been said here yet"
    if timeline.oldest is not None and timeline.oldest > 1:
        what = "older messages are no longer kept"
    return [divider("", what, "day", page.cells)]


def _same_breath(before: Entry | Pending | None, entry: Entry | Pending, page: Page) -> bool:
    if not isinstance(before, Message) or before.me:
        return False
    sender = page.own_id if isinstance(entry, Pending) else None
    if isinstance(entry, Message):
        if entry.me:
            return False
        sender = entry.sender.id
        if entry.sender.name != before.sender.name:
            return False
    if sender != before.sender.id:
        return False
    earlier, later = local_time(before.at), local_time(entry.at)
    return earlier is not None and later is not None and later - earlier < SAME_BREATH


def _day(entry: Entry | None) -> datetime | None:
    return local_time(entry.at) if entry is not None else None
