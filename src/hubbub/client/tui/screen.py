"""The conversation on the screen: widgets that follow the view."""

import time
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from hubbub.client.tui import keys, store
from hubbub.client.tui.actions import Actions
from hubbub.client.tui.bars import Bar, composer_hint, heading
from hubbub.client.tui.completion import Offer, offer
from hubbub.client.tui.composer import Choices, Composer
from hubbub.client.tui.line_widget import LineWidget
from hubbub.client.tui.messages import Messages
from hubbub.client.tui.popups import Popups
from hubbub.client.tui.rows import Span
from hubbub.client.tui.search_bar import SearchBar
from hubbub.client.tui.sidebar import People, RoomList, Sidebar
from hubbub.client.tui.stage import Program
from hubbub.client.tui.status_line import StatusLine
from hubbub.client.typed import Quit, is_secret, read_typed
from hubbub.errors import HubbubError

if TYPE_CHECKING:
    from hubbub.client.tui.conversation import Conversation
    from hubbub.client.tui.view import View

FRAME_S = 1 / 20
"""However much arrives, the screen follows it this often."""
NARROW_CELLS = 60
PEOPLE_CELLS = 100
"""From this width the people are shown unless somebody hid them."""


class ChatScreen(Screen[None]):
    """One conversation. Everything on it is a reading of `conversation.view`.

    What keys do is in `actions`, to which this is their `Stage`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings(keys.ROOMS, first=True),
        *keys.bindings(keys.HOUSE, first=True),
        *keys.bindings(keys.READING, first=True),
        *keys.bindings(keys.GENERAL, first=True),
    ]
    AUTO_FOCUS = "#composer"

    def __init__(self, styles: dict[str, Style], server: str, program: Program) -> None:
        super().__init__()
        self.looks = styles
        self.server = server
        self.program = program
        self.conversation: Conversation | None = None
        self.rooms_wanted: bool | None = None
        self.people_wanted: bool | None = None
        self._choices = Choices(styles)
        self.composer = Composer(self._choices, self._offer)
        self.messages = Messages(styles)
        self._rooms = RoomList(styles, "rooms")
        self._people = People(styles, "people")
        self._heading = Bar(styles, "heading", right_first=True)
        self._status = StatusLine(styles)
        self.search_bar = SearchBar()
        self.popups = Popups(self)
        self.actions = Actions(self)
        self._room: str | None = None
        self._alerts = 0
        self._drawn_s = float("-inf")
        self._drawing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Rooms, the conversation, people."""
        with Horizontal():
            yield self._rooms
            with Vertical(id="middle"):
                yield self._heading
                yield self.messages
                yield self.search_bar
                yield self._status
                yield self._choices
                yield self.composer
            yield self._people

    def on_mount(self) -> None:
        """Nothing is there yet; one may write already."""
        # The terminal's own focus is told to the program alone.
        self.watch(self.app, "app_focus", self._focus_moved, init=False)
        self.fit_sides()
        if self.conversation is None:
            self._status.put((Span("connecting …", "bar"),))
        else:
            self.draw()

    @property
    def view(self) -> "View | None":
        """What there is to show."""
        return self.conversation.view if self.conversation is not None else None

    # --- following the view

    def begin(self, conversation: "Conversation") -> None:
        """There is a conversation to show."""
        place, written = conversation.view.room, self.composer.text
        if place is not None and written:
            # Somebody was quicker than the server; it stands behind what was left the last time.
            draft = conversation.view.drafts.get(place, "")
            joined = f"{draft}\n{written}" if draft else written
            self._draft(conversation, place, joined)
            if draft:
                self.composer.fill(joined)
        self.conversation = conversation
        self._alerts = conversation.view.alerts
        self._status.tell_nothing()
        self.draw()

    def draw_soon(self) -> None:
        """Follows the view at once, or with the next frame where that was just done."""
        if self._drawing is not None or not self.is_attached:
            return
        wait_s = self._drawn_s + FRAME_S - time.monotonic()
        if wait_s <= 0:
            self.draw()
        else:
            self._drawing = self.set_timer(wait_s, self.draw)

    def catch_up(self) -> None:
        """Draws now what would be drawn with the next frame."""
        if self._drawing is not None:
            self.draw()

    def is_going_elsewhere(self) -> bool:
        """Whether something is on its way that decides where the next key goes."""
        on_top = self.app.screen
        asks = any(worker.node is on_top and worker.is_running for worker in self.app.workers)
        return asks or (self.conversation is not None and self.conversation.is_going_elsewhere)

    def draw(self) -> None:
        """Makes every widget follow the view; each redraws only what changed."""
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing = None
        self._drawn_s = time.monotonic()
        view = self.view
        if view is None:
            return
        if self._room is not None and view.current(self._room) == view.room:
            # It may have another name by now.
            self._room = view.room
        if view.room != self._room:
            self._change_room(view)
        hint = composer_hint(view)
        if self.composer.placeholder != hint:
            self.composer.placeholder = hint
        self.messages.show(view)
        self._rooms.show(view, self.server)
        self._people.show(view.in_view, view.chat.user)
        self._heading.put(*heading(view, narrow=not self._rooms.display))
        self._follow_status(view)
        self._ring(view)
        self._settle()

    def _change_room(self, view: "View") -> None:
        former, self._room = self._room, view.room
        self.actions.search.close()
        if view.room is None:
            # It went away while somebody wrote: the text stays until they know where it goes.
            return
        draft = view.drafts.get(view.room, "")
        if draft == self.composer.text:
            return
        if former is None and self.composer.text.strip():
            self.composer.remember(self.composer.text)
            self.put_status("What you wrote is kept; Up brings it back.")
        self.composer.fill(draft)

    def _follow_status(self, view: "View") -> None:
        messages = self.messages
        below = messages.rows_below if not messages.following else 0
        chosen = messages.cursor is not None
        hint = self.actions.messages.hint() if chosen else None
        chat = self.conversation.chat if self.conversation is not None else None
        self._status.follow(view, below, hint, None if chat is None else chat.retry_in_s)

    def on_status_line_stale(self) -> None:
        """What a key did was told for long enough, or nobody is writing any more."""
        if self.view is not None:
            self._follow_status(self.view)

    def _ring(self, view: "View") -> None:
        if view.alerts > self._alerts:
            self._alerts = view.alerts
            if self.program.preferences.bell:
                self.app.bell()

    def _settle(self) -> None:
        """What follows from where the reader is: pages to load, a marker to move."""
        conversation, messages = self.conversation, self.messages
        if conversation is None:
            return
        view = conversation.view
        reading = not messages.following
        if view.reading != reading:
            conversation.view = store.with_reading(view, reading=reading)
        if not view.timeline.loaded:
            return
        if messages.near_top and (reading or messages.top == 0):
            conversation.paging.load_older()
        if messages.near_bottom:
            conversation.paging.load_newer()
        if not reading and self.app.app_focus and not view.timeline.has_newer:
            conversation.read()

    def on_messages_scrolled(self) -> None:
        """The reader moved."""
        conversation = self.conversation
        if conversation is not None:
            conversation.moved()
            self.messages.show(conversation.view)
            self._follow_status(conversation.view)
            self._settle()

    def _focus_moved(self, looking: bool) -> None:
        if looking:
            self._settle()
        elif self.conversation is not None:
            # What comes while nobody looks is new.
            self.conversation.change(store.looked_away)

    def on_resize(self, event: events.Resize) -> None:
        """Narrow screens have the messages alone."""
        del event
        self.fit_sides()
        self.draw_soon()

    def fit_sides(self) -> None:
        """Narrow screens have the messages alone, unless somebody wants otherwise."""
        width = self.size.width
        rooms, people = self.rooms_wanted, self.people_wanted
        self._rooms.display = width >= NARROW_CELLS if rooms is None else rooms
        self._people.display = width >= PEOPLE_CELLS if people is None else people

    def restyle(self, styles: dict[str, Style]) -> None:
        """Another theme."""
        self.looks = styles
        for widget in self.query(LineWidget):
            widget.dress(styles)
        if self.view is not None:
            self.draw()

    # --- writing

    def _offer(self, before: str) -> Offer:
        conversation = self.conversation
        if conversation is None:
            return Offer()
        commands = conversation.chat.welcome.commands
        return offer(before, conversation.view, commands, conversation.known_rooms)

    def on_text_area_changed(self) -> None:
        """Somebody writes: the room may know, and the draft is kept."""
        text, conversation = self.composer.text, self.conversation
        self.actions.general.stay()
        room = self._room
        if conversation is None or room is None or text == conversation.view.drafts.get(room, ""):
            return
        self._draft(conversation, room, text)
        if text.strip() and not text.startswith("/"):
            conversation.wrote(room)

    def _draft(self, conversation: "Conversation", room: str, text: str) -> None:
        kept = "" if is_secret(text) else text
        conversation.change(lambda view: store.with_draft(view, room, kept))
        self.program.keep_draft_soon(room)

    def on_composer_sent(self, event: Composer.Sent) -> None:
        """Says it or does it; where that is refused at once, the text stays."""
        conversation = self.conversation
        typed = read_typed(event.text)
        if isinstance(typed, Quit):
            if conversation is not None and self._room is not None:
                # It was written for this client, and is nothing to come back to.
                self._draft(conversation, self._room, "")
            self.actions.general.quit()
            return
        if conversation is None:
            self.put_status("Still connecting; Enter sends it then.")
        if conversation is None or typed is None:
            return
        try:
            if not self.actions.search.opened_by(typed):
                conversation.do(typed, self._room)
        except HubbubError as error:
            conversation.note(str(error), "refusal")
            return
        self.composer.taken(event.text)
        if self._room is not None:
            self._draft(conversation, self._room, "")
        self.actions.messages.scroll_end()

    def on_composer_interrupted(self, event: Composer.Interrupted) -> None:
        """Ctrl+C twice, or Ctrl+D, ends hubbub."""
        self.actions.general.interrupt(end=event.end)

    # --- what keys and clicks do

    def action_run(self, action: str) -> None:
        """A key of `keys.py` was pressed."""
        self.run(action)

    def run(self, action: str) -> None:
        """Runs an action as its key would."""
        self.actions.find(action)()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another word is searched for."""
        self.actions.search.look_for(event.value)

    def on_input_submitted(self) -> None:
        """The match before."""
        self.actions.search.step(-1)

    def on_messages_link_clicked(self, event: Messages.LinkClicked) -> None:
        """A click opens, too."""
        self.actions.messages.open(event.link)

    def on_sidebar_chosen(self, event: Sidebar.Chosen) -> None:
        """A click on a room goes there, one on a person shows what can be done."""
        if event.of is self._people:
            self.actions.people.about_person(event.what)
            return
        self.actions.rooms.go_to(event.what)
        self.composer.focus()

    # --- what actions may do to the screen

    def put_status(self, text: str, style: str = "bar") -> None:
        """Says something in the line below the messages, for a while."""
        self._status.tell(text, style)

    def toggle_rooms(self) -> None:
        """Shows or hides the rooms."""
        self.rooms_wanted = not self._rooms.display
        self.fit_sides()
        self.draw_soon()

    def toggle_people(self) -> None:
        """Shows or hides the people."""
        self.people_wanted = not self._people.display
        self.program.prefer_people(shown=self.people_wanted)
        self.fit_sides()
        self.draw_soon()

    def copy(self, text: str) -> None:
        """Puts a text on the clipboard."""
        self.app.copy_to_clipboard(text)

    def redraw(self) -> None:
        """Draws everything anew."""
        self.refresh(layout=True)
