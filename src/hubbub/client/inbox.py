"""What has arrived and was not read yet, each event once and in order; pure.

A room's log has everything, so this keeps little: a bounded queue, and for each room the seq up
to which events were put there. An event that is not the next one, or finds the queue full, is
dropped and its room is `behind`: what it lacks is then paged from the log. The line is read in
any case, so that a program which never looks at its events still gets its answers.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hubbub.client.changes import Change, ChatEvent, Renamed, Restarted, ServerEvent
from hubbub.protocol.events import AnyEntry, Entry, Gap, Page, Replay, RoomState

PAGE_EVENTS = 200


@dataclass(slots=True)
class _Cursor:
    last: int | None
    """The seq of the last event put into the queue; None until the first page says."""
    behind: bool = False
    newest: int = 0
    restarted: bool = False


class Inbox:
    """The events of all rooms that a client follows; holds up to `bound_events` of them."""

    def __init__(self, bound_events: int) -> None:
        self._bound_events = max(bound_events, PAGE_EVENTS + 1)
        self._queue: deque[ChatEvent] = deque()
        self._cursors: dict[str, _Cursor] = {}
        self.seen: dict[str, int] = {}

    # --- the reader's side

    def get(self) -> ChatEvent | None:
        """The next event, or None when there is none now."""
        if not self._queue:
            return None
        event = self._queue.popleft()
        if isinstance(event, Entry):
            self.seen[event.room] = event.seq
        elif isinstance(event, Renamed) and event.was in self.seen:
            self.seen[event.room] = self.seen.pop(event.was)
        return event

    # --- which rooms

    def follow(self, room: str, last: int | None) -> None:
        """Takes events of a room from after `last`; None: from the first page that comes."""
        self._cursors[room] = _Cursor(last)
        if last is not None:
            self.seen[room] = last

    def follow_direct(
        self, states: Iterable[RoomState], seen: Mapping[str, int | None], *, other_log: bool
    ) -> None:
        """Follows the direct rooms of this user, which need no joining, and forgets the others.

        `seen` has by room the last seq that was seen there, where that is known.
        """
        direct = {state.room: state for state in states if state.kind == "direct"}
        for room in self.rooms:
            if room.startswith("@") and room not in direct:
                self.forget(room)
        for room, state in direct.items():
            last = seen.get(room)
            after = max(state.read, state.first - 1) if last is None else last
            self.catch_up(room, after, state.first, state.last, other_log=other_log)

    def forget(self, room: str) -> None:
        """Follows a room no more."""
        self._cursors.pop(room, None)
        self.seen.pop(room, None)

    def rename(self, was: str, room: str) -> bool:
        """Goes on with a room under another name; False where it is not followed, or already so.

        The reader is told before anything that has the new name, however full the queue is: a
        room has seldom another name, and without it nothing of what follows could be placed.
        """
        if was not in self._cursors or room in self._cursors:
            return False
        self._cursors = {room if name == was else name: c for name, c in self._cursors.items()}
        self._queue.append(Renamed(was, room))
        return True

    def follows(self, room: str) -> bool:
        """Whether this room's events are taken."""
        return room in self._cursors

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that are followed."""
        return tuple(self._cursors)

    def resume(self) -> dict[str, int | None]:
        """Each room with the last seq that is here, as `hello` sends it after a lost line.

        The answer to that is a replay or a gap for every room, so none is behind for now.
        """
        for cursor in self._cursors.values():
            cursor.behind = False
        return {room: cursor.last for room, cursor in self._cursors.items()}

    # --- the line's side

    def put(self, event: ServerEvent) -> None:
        """A live event. Ephemeral ones are lost when the queue is full."""
        if isinstance(event, Entry):
            self._put_logged(event)
        elif len(self._queue) < self._bound_events:
            self._queue.append(event)

    def tell(self, change: Change) -> None:
        """A change of the line's own; lost when the queue is full."""
        if len(self._queue) < self._bound_events:
            self._queue.append(change)

    def put_replay(self, replay: Replay) -> None:
        """What was missed, right after `welcome`."""
        cursor = self._cursors.setdefault(replay.room, _Cursor(None))
        # A first page is the log's end, and its `more` is about what came before.
        resumed = bool(replay.events) and replay.events[0].seq - 1 == cursor.last
        self._put_all(replay.room, replay.events)
        if resumed and replay.more:
            cursor.behind = True

    def put_gap(self, gap: Gap, *, page: bool = True, other_log: bool = False) -> None:
        """More was missed than a replay carries; without `page` it is jumped over."""
        cursor = self._cursors.setdefault(gap.room, _Cursor(gap.have))
        if other_log or gap.next <= gap.have:
            cursor.restarted = True
            self.seen[gap.room] = gap.next - 1
        cursor.last = gap.next - 1 if page else gap.last
        cursor.newest = gap.last
        cursor.behind = gap.last > cursor.last
        self._tell_restart(gap.room, cursor)

    def put_page(self, room: str, page: Page) -> None:
        """A page of the log after the room's last seq here."""
        cursor = self._cursors.get(room)
        if cursor is None or not cursor.behind:
            return
        cursor.behind = False
        if not page.events:
            cursor.last = max(cursor.last or 0, page.last)
            return
        if page.events[0].seq > (cursor.last or 0) + 1:
            # Retention has taken the beginning of what is missing.
            cursor.last = page.events[0].seq - 1
        self._put_all(room, page.events)
        cursor.behind = cursor.behind or page.more or cursor.newest > (cursor.last or 0)

    def catch_up(
        self, room: str, start: int, first: int, last: int, *, other_log: bool = False
    ) -> None:
        """Follows a room, from after `start` if it is new here, whose log is `first` to `last`."""
        if room not in self._cursors:
            self.follow(room, start)
        cursor = self._cursors[room]
        here = start if cursor.last is None else cursor.last
        if other_log or here > last:
            self.put_gap(Gap(room=room, have=here, next=first, last=last), other_log=True)
        elif here < last:
            cursor.newest = max(cursor.newest, last)
            cursor.behind = True

    def fall_behind(self, room: str) -> None:
        """Lets a room be paged from its last seq here."""
        if room in self._cursors:
            self._cursors[room].behind = True

    def to_page(self) -> tuple[str, int] | None:
        """A room to page and the seq to page after, if one is behind and a page has its place."""
        if len(self._queue) + PAGE_EVENTS > self._bound_events:
            return None
        for room, cursor in self._cursors.items():
            if cursor.behind:
                return room, cursor.last or 0
        return None

    def _put_all(self, room: str, events: Iterable[AnyEntry]) -> None:
        for event in events:
            if event.room == room:
                self._put_logged(event)

    def _put_logged(self, event: AnyEntry) -> None:
        cursor = self._cursors.get(event.room)
        if cursor is None:
            # A new direct room, or one that another connection of this user entered.
            cursor = self._cursors[event.room] = _Cursor(None)
        cursor.newest = max(cursor.newest, event.seq)
        last = event.seq - 1 if cursor.last is None else cursor.last
        cursor.last = last
        if event.seq <= last or cursor.behind:
            return
        self._tell_restart(event.room, cursor)
        if event.seq == last + 1 and len(self._queue) < self._bound_events:
            cursor.last = event.seq
            self._queue.append(event)
        else:
            cursor.behind = True

    def _tell_restart(self, room: str, cursor: _Cursor) -> None:
        if cursor.restarted and len(self._queue) < self._bound_events:
            cursor.restarted = False
            self._queue.append(Restarted(room))


def cursors(rooms: Mapping[str, int | None] | Iterable[str]) -> dict[str, int | None]:
    """Rooms, with or without the last seq that was seen there, as `hello` has them."""
    if isinstance(rooms, Mapping):
        return dict(rooms)
    return dict.fromkeys(rooms)
