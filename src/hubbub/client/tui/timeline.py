"""What one room shows: a window of its log, and what this client added to it; pure.

The window is a run of the log without holes. It grows at either end by pages or by what
happens, and is bounded: what is far from the reader is let go and paged again when it is wanted.
"""

from dataclasses import dataclass, replace
from typing import Literal

from msgspec import structs

from hubbub.protocol.events import AnyEntry, Deleted, Message, Page, Posted

IN_VIEW_ENTRIES = 2_000
"""Entries kept of the room in view; what is over goes at the end that is farther away."""
ASIDE_ENTRIES = 200
"""Entries kept of a room that is not in view."""
SLACK_ENTRIES = 100
"""How far a window outgrows its bound before it is cut, so that not every event cuts it."""


NoteKind = Literal["info", "refusal", "typed"]


@dataclass(frozen=True, slots=True)
class Note:
    """A line between the messages that only this client has; `at` is an RFC 3339 instant."""

    key: str
    at: str
    text: str
    kind: NoteKind = "info"


@dataclass(frozen=True, slots=True)
class Pending:
    """A message of this user's whose event is not in the window yet.

    `place` is its seq, once the server has said so. `twin` is the seq of an event that looks
    like it and stands for it until then. `refused` says why the server did not take it.
    """

    key: str
    at: str
    text: str
    place: int | None = None
    twin: int | None = None
    refused: str | None = None


Entry = AnyEntry | Note


@dataclass(frozen=True, slots=True)
class Timeline:
    """A room's window; `first` and `last` are the ends of its whole log as far as is known."""

    entries: tuple[Entry, ...] = ()
    pending: tuple[Pending, ...] = ()
    first: int = 1
    last: int = 0
    loaded: bool = False

    @property
    def oldest(self) -> int | None:
        """The seq of the first event in the window."""
        return next((e.seq for e in self.entries if not isinstance(e, Note)), None)

    @property
    def newest(self) -> int | None:
        """The seq of the last event in the window."""
        return next((e.seq for e in reversed(self.entries) if not isinstance(e, Note)), None)

    @property
    def has_older(self) -> bool:
        """Whether the log goes on before the window."""
        oldest = self.oldest
        return oldest is not None and oldest > max(self.first, 1)

    @property
    def has_newer(self) -> bool:
        """Whether the log goes on after the window."""
        newest = self.newest
        return self.loaded and newest is not None and newest < self.last

    @property
    def unsent(self) -> tuple[Pending, ...]:
        """What to show below the window."""
        newest = self.newest or 0
        return tuple(
            pending
            for pending in self.pending
            if pending.twin is None and (pending.place is None or pending.place > newest)
        )


def with_event(
    timeline: Timeline, event: AnyEntry, own_id: str, *, bound: int, reading: bool
) -> Timeline:
    """The window after something happened; `reading` keeps its older end where it is."""
    timeline = _recognised(timeline, event, own_id)
    newest, last = timeline.newest, timeline.last
    timeline = _emptied(replace(timeline, last=max(last, event.seq)), (event,))
    if not timeline.loaded or (newest is not None and event.seq <= newest):
        return timeline
    if newest is None or event.seq == newest + 1:
        if reading and len(timeline.entries) >= bound:
            # Whoever reads far above keeps what is there; the rest is paged on the way down.
            return timeline
        return _cut_old(replace(timeline, entries=(*timeline.entries, event)), bound, reading)
    if newest == last:
        # The line skipped something on purpose; a window has no holes, so it begins here.
        return replace(timeline, entries=(event,))
    return timeline


def with_latest(timeline: Timeline, page: Page) -> Timeline:
    """The window at the log's end, as the server has it now."""
    newest = page.events[-1].seq if page.events else page.last
    later = [e for e in timeline.entries if not isinstance(e, Note) and e.seq > newest]
    contiguous = bool(later) and later[0].seq == newest + 1
    notes = () if timeline.loaded else (e for e in timeline.entries if isinstance(e, Note))
    entries = (*page.events, *(later if contiguous else ()), *notes)
    timeline = replace(timeline, entries=entries, loaded=True, first=page.first)
    timeline = _emptied(timeline, tuple(later) if contiguous else ())
    return replace(timeline, last=max(timeline.last, page.last))


def with_part(timeline: Timeline, page: Page) -> Timeline:
    """The window at another part of the log, which somebody went to."""
    timeline = replace(timeline, entries=page.events, loaded=True, first=page.first)
    return replace(timeline, last=max(timeline.last, page.last))


def with_older(timeline: Timeline, page: Page, bound: int) -> Timeline:
    """The window with a page before it; at the bound its newer end is let go."""
    oldest = timeline.oldest
    if oldest is None:
        return with_latest(timeline, page)
    older = tuple(event for event in page.events if event.seq < oldest)
    # Retention may have taken what was asked for: then the log begins with the window.
    first = max(page.first, oldest) if not older else page.first
    entries = (*older, *timeline.entries)
    if len(entries) > bound + SLACK_ENTRIES:
        entries = entries[:bound]
    return replace(timeline, entries=entries, first=first)


def with_newer(timeline: Timeline, page: Page, bound: int) -> Timeline:
    """The window with a page after it; at the bound its older end is let go."""
    newest = timeline.newest
    if newest is None:
        return with_latest(timeline, page)
    newer = tuple(event for event in page.events if event.seq > newest)
    last = page.last if not newer else max(timeline.last, page.last)
    if newer and newer[0].seq != newest + 1:
        return replace(timeline, entries=newer, first=page.first, last=last)
    entries = (*timeline.entries, *newer)
    return _cut_old(_emptied(replace(timeline, entries=entries, last=last), newer), bound)


def put_aside(timeline: Timeline) -> Timeline:
    """The window of a room that goes out of view: its newest entries."""
    if timeline.has_newer:
        # It shows the log's end when it is opened again, which is not here.
        return replace(timeline, entries=(), loaded=False)
    return _cut_old(timeline, ASIDE_ENTRIES - SLACK_ENTRIES)


def restarted(timeline: Timeline) -> Timeline:
    """The window after its log began afresh: nothing of it is there any more."""
    return Timeline(pending=timeline.pending)


def with_note(timeline: Timeline, note: Note, bound: int = IN_VIEW_ENTRIES) -> Timeline:
    """The window with a line of this client's at its end."""
    return _cut_old(replace(timeline, entries=(*timeline.entries, note)), bound)


# --- what this user said


def with_pending(timeline: Timeline, pending: Pending) -> Timeline:
    """Shows a message before the server has it."""
    return replace(timeline, pending=(*timeline.pending, pending))


def posted(timeline: Timeline, key: str, answer: Posted) -> Timeline:
    """The server has it: gone when its event is here, or as soon as that comes."""
    here = timeline.newest is not None and timeline.newest >= answer.seq
    if here or not timeline.loaded or timeline.has_newer:
        return without_pending(timeline, key)
    return _changed(timeline, key, place=answer.seq, refused=None)


def refused(timeline: Timeline, key: str, why: str) -> Timeline:
    """The server did not take it; it stays, and says why."""
    return _changed(timeline, key, place=None, refused=why)


def without_pending(timeline: Timeline, key: str) -> Timeline:
    """Without that message."""
    kept = tuple(pending for pending in timeline.pending if pending.key != key)
    return replace(timeline, pending=kept)


def _changed(timeline: Timeline, key: str, *, place: int | None, refused: str | None) -> Timeline:
    changed = tuple(
        replace(pending, place=place, twin=None, refused=refused) if pending.key == key else pending
        for pending in timeline.pending
    )
    return replace(timeline, pending=changed)


def _recognised(timeline: Timeline, event: AnyEntry, own_id: str) -> Timeline:
    if not timeline.pending or event.sender.id != own_id or not isinstance(event, Message):
        return timeline
    for pending in timeline.pending:
        if pending.place == event.seq:
            return without_pending(timeline, pending.key)
    for pending in timeline.pending:
        if _waits(pending) and pending.text == event.text:
            # Most events are here before their answers. Only an answer proves it: a twin from
            # another client of this user hides the wrong one until then.
            hidden = replace(pending, twin=event.seq)
            kept = tuple(hidden if p is pending else p for p in timeline.pending)
            return replace(timeline, pending=kept)
    return timeline


def _emptied(timeline: Timeline, events: tuple[AnyEntry, ...]) -> Timeline:
    """Without the texts of the messages that these events delete; their places stay."""
    targets = {event.target for event in events if isinstance(event, Deleted)}
    if not targets:
        return timeline
    entries = tuple(
        structs.replace(entry, text="", me=False, deleted=True)
        if isinstance(entry, Message) and entry.seq in targets
        else entry
        for entry in timeline.entries
    )
    return replace(timeline, entries=entries)


def _waits(pending: Pending) -> bool:
    return pending.place is None and pending.twin is None and pending.refused is None


def _cut_old(timeline: Timeline, bound: int, reading: bool = False) -> Timeline:
    if reading or len(timeline.entries) <= bound + SLACK_ENTRIES:
        return timeline
    return replace(timeline, entries=timeline.entries[-bound:])
