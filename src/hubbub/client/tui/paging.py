"""The parts of a room's log that are loaded: around the reader, at its end, where a search led."""

from collections.abc import Callable, Coroutine

from hubbub.client.chat import Chat
from hubbub.client.tui import store
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.sending import Saying
from hubbub.client.tui.timeline import IN_VIEW_ENTRIES, Timeline
from hubbub.protocol.events import Found

PAGE_EVENTS = 100


class Paging(Saying):
    """The part of a conversation that asks for pages, each once at a time."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat)
        self._asked: set[tuple[str, str]] = set()
        self._refused_pages: set[str] = set()

    def load_older(self) -> None:
        """Asks for the page before what is here."""
        room, timeline = self.view.room, self.view.timeline
        if room is not None and timeline.has_older:
            self._page(room, self._load_older)

    def load_newer(self) -> None:
        """Asks for the page after what is here."""
        room, timeline = self.view.room, self.view.timeline
        if room is not None and timeline.has_newer:
            self._page(room, self._load_newer)

    def load_latest(self) -> None:
        """Jumps to the log's end, without what is between."""
        room = self.view.room
        if room is not None and self.view.timeline.has_newer:
            self._start("latest", room, self._load_latest(room))

    def _page(self, room: str, load: Callable[[str], Coroutine[None, None, None]]) -> None:
        if self.view.line != "over" and room not in self._refused_pages:
            self._start("page", room, load(room))

    @property
    def loading(self) -> bool:
        """Whether a page of the room in view is on its way."""
        return ("page", self.view.room or "") in self._asked

    async def _load_latest(self, room: str) -> None:
        page = await self.chat.history(room, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_latest(timeline, page))

    async def _load_older(self, room: str) -> None:
        oldest = self.view.timelines.get(room, Timeline()).oldest
        page = await self.chat.history(room, before=oldest, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_older(timeline, page, IN_VIEW_ENTRIES))

    async def _load_newer(self, room: str) -> None:
        newest = self.view.timelines.get(room, Timeline()).newest or 0
        page = await self.chat.history(room, after=newest, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_newer(timeline, page, IN_VIEW_ENTRIES))

    def _with_page(self, room: str, how: Callable[[Timeline], Timeline]) -> None:
        timeline = self.view.timelines.get(room)
        self._asked.discard(("page", room))
        if timeline is not None:
            self._show(store.with_timeline(self.view, room, how(timeline)))

    async def search(self, room: str, text: str, before: int | None) -> Found:
        """The messages of a room that have a text in them. Raises HubbubError."""
        return await self.chat.search(text, self.view.current(room), before=before)

    def bring(self, room: str, seq: int, then: Callable[[], None]) -> None:
        """Loads what is around a message, if it is not here, and calls `then`."""
        self._start("bring", room, self._bring(self.view.current(room), seq, then))

    async def _bring(self, room: str, seq: int, then: Callable[[], None]) -> None:
        self._show(store.looked_at(self.view, room))
        timeline = self.view.timelines.get(room, Timeline())
        oldest, newest = timeline.oldest, timeline.newest
        if not (timeline.loaded and oldest and newest and oldest <= seq <= newest):
            around = PAGE_EVENTS // 2
            page = await self.chat.history(room, before=seq + around, limit=PAGE_EVENTS)
            self._with_page(room, lambda timeline: lines.with_part(timeline, page))
        if self.view.room == room:
            then()
