"""The parts of a room's log that are loaded: around the reader, at its end, where a search led."""

from collections.abc import Callable, Coroutine

from hubbub.client.chat import Chat
from hubbub.client.tui import store
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.background import Background
from hubbub.client.tui.live_view import LiveView
from hubbub.client.tui.timeline import IN_VIEW_ENTRIES, Timeline
from hubbub.errors import HubbubError
from hubbub.protocol.events import Found

PAGE_EVENTS = 100


class Paging:
    """Asks for pages, one at a time for each room.

    A room whose page was refused is left alone until `ask_again`.
    """

    def __init__(self, chat: Chat, live: LiveView, background: Background) -> None:
        self._chat = chat
        self._live = live
        self._background = background
        self._refused: set[str] = set()

    def load_older(self) -> None:
        """Asks for the page before what is here."""
        room, timeline = self._live.view.room, self._live.view.timeline
        if room is not None and timeline.has_older:
            self._page(room, self._load_older)

    def load_newer(self) -> None:
        """Asks for the page after what is here."""
        room, timeline = self._live.view.room, self._live.view.timeline
        if room is not None and timeline.has_newer:
            self._page(room, self._load_newer)

    def load_latest(self) -> None:
        """Jumps to the log's end, without what is between."""
        room = self._live.view.room
        if room is not None and self._live.view.timeline.has_newer:
            self._background.start("latest", room, self._load_latest(room))

    def load_first(self, room: str) -> None:
        """Asks for the newest page of a room of which nothing is here."""
        self._page(room, self._load_latest)

    def ask_again(self) -> None:
        """Rooms whose pages were refused may be asked for again."""
        self._refused.clear()

    def _page(self, room: str, load: Callable[[str], Coroutine[None, None, None]]) -> None:
        if self._live.view.line != "over" and room not in self._refused:
            self._background.start("page", room, self._load(room, load))

    async def _load(self, room: str, load: Callable[[str], Coroutine[None, None, None]]) -> None:
        try:
            await load(room)
        except HubbubError:
            self._refused.add(room)
            raise

    @property
    def loading(self) -> bool:
        """Whether a page of the room in view is on its way."""
        return self._background.is_running("page", self._live.view.room or "")

    async def _load_latest(self, room: str) -> None:
        page = await self._chat.history(room, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_latest(timeline, page))

    async def _load_older(self, room: str) -> None:
        oldest = self._live.timeline(room).oldest
        page = await self._chat.history(room, before=oldest, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_older(timeline, page, IN_VIEW_ENTRIES))

    async def _load_newer(self, room: str) -> None:
        newest = self._live.timeline(room).newest or 0
        page = await self._chat.history(room, after=newest, limit=PAGE_EVENTS)
        self._with_page(room, lambda timeline: lines.with_newer(timeline, page, IN_VIEW_ENTRIES))

    def _with_page(self, room: str, how: Callable[[Timeline], Timeline]) -> None:
        timeline = self._live.view.timelines.get(room)
        self._background.let_go("page", room)
        if timeline is not None:
            self._live.show(store.with_timeline(self._live.view, room, how(timeline)))

    async def search(self, room: str, text: str, before: int | None) -> Found:
        """The messages of a room that have a text in them. Raises HubbubError."""
        return await self._chat.search(text, self._live.view.current(room), before=before)

    def bring(self, room: str, seq: int, then: Callable[[], None]) -> None:
        """Loads what is around a message, if it is not here, and calls `then`."""
        self._background.start("bring", room, self._bring(self._live.view.current(room), seq, then))

    async def _bring(self, room: str, seq: int, then: Callable[[], None]) -> None:
        self._live.show(store.looked_at(self._live.view, room))
        timeline = self._live.timeline(room)
        oldest, newest = timeline.oldest, timeline.newest
        if not (timeline.loaded and oldest and newest and oldest <= seq <= newest):
            around = PAGE_EVENTS // 2
            page = await self._chat.history(room, before=seq + around, limit=PAGE_EVENTS)
            self._with_page(room, lambda timeline: lines.with_part(timeline, page))
        if self._live.view.room == room:
            then()
