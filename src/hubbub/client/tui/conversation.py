"""One person's talk with a server: what they do goes in, a `View` comes out; knows no terminal.

What is typed goes in order (`sending.py`). Everything else (pages, members, read markers) is asked
for beside it (`background.py`), each once at a time.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from typing import assert_never

from hubbub.client.changes import ChatEvent, Reconnected, Renamed
from hubbub.client.chat import Chat
from hubbub.client.completion import needs_room
from hubbub.client.state import joined_view, with_members, with_people
from hubbub.client.tui import store
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.background import Background
from hubbub.client.tui.live_view import LiveView, now
from hubbub.client.tui.paging import Paging
from hubbub.client.tui.sending import Sending
from hubbub.client.tui.timeline import NoteKind, Timeline
from hubbub.client.tui.view import View, name_key
from hubbub.client.typed import (
    GoFrom,
    GoTo,
    Ignore,
    Notices,
    Quit,
    Run,
    Say,
    Typed,
    Unignore,
    Wrong,
    masked,
)
from hubbub.errors import BadRequest, ConnectionFailed, Refusal
from hubbub.model import UserKind, room_name, user_name
from hubbub.protocol import words
from hubbub.protocol.close_codes import BANNED
from hubbub.protocol.events import Joined, Message, Page, Presence, You
from hubbub.protocol.requests import Act, MakeRoom

MARK_READ_S = 1.0
TYPING_S = 3.0
KNOWN_ROOMS = 1_000
MEMBER_PAGES = 5
_ELSEWHERE = frozenset({"enter", "leave", "look up"})
DIRECT_ROOMS = 50
"""Direct rooms whose people are looked up at the start."""
QUIET = frozenset({"typing", "read", "members", "begin"})
"""What nobody asked for: nobody is told that it was refused."""


class Conversation:
    """The view, and what changes it. `changed` is called after every change."""

    def __init__(
        self,
        chat: Chat,
        changed: Callable[[], None],
        *,
        room: str | None = None,
        drafts: Mapping[str, str] | None = None,
        kept: Callable[[You | Renamed], None] = lambda event: None,
    ) -> None:
        """`kept` is called when what is kept between runs has changed."""
        self.chat = chat
        self._kept = kept
        view = store.arrived(chat.welcome, chat.followed, room)
        self._live = LiveView(replace(view, drafts=drafts or {}), changed)
        self._background = Background(lambda error: self.note(str(error), "refusal"))
        self.sending = Sending(chat, self._live, self._background)
        self.paging = Paging(chat, self._live, self._background)
        self.known_rooms: set[str] = set()
        self._marks: dict[str, int] = {}
        self._wrote_s = float("-inf")

    @property
    def view(self) -> View:
        """What there is to show."""
        return self._live.view

    @view.setter
    def view(self, view: View) -> None:
        # Draws nothing: after many events that is done once, and the screen knows what it sets.
        self._live.view = view

    async def run(self) -> None:
        """Talks until the connection ends for good or the task is cancelled."""
        async with asyncio.TaskGroup() as group:
            self._background.begin(group)
            group.create_task(self.sending.run())
            self._start("begin", "", self._begin())
            try:
                await self._listen()
            except ConnectionFailed as error:
                if error.code == BANNED:
                    # The line below has no place for until when and why.
                    self.note(str(error), "refusal")
                self._show(store.ended(self.view, str(error)))
            else:
                self._show(store.ended(self.view, "The server said goodbye."))

    async def _listen(self) -> None:
        async for event in self.chat:
            now_s, at = time.monotonic(), now()
            for each in (event, *self.chat.ready()):
                known = self.view.chat.rooms.keys()
                self.view = store.happened(self.view, each, now_s, at)
                self._follow_up(each, known)
                if isinstance(each, Reconnected):
                    self.view = store.welcomed_again(self.view, self.chat.welcome, at)
                    self._after_a_break()
            self._live.changed()
            # Others run too, however much arrives.
            await asyncio.sleep(0)

    def _follow_up(self, event: ChatEvent, known: Collection[str]) -> None:
        match event:
            case Renamed(was=was, room=room):
                self._marks = {room if k == was else k: seq for k, seq in self._marks.items()}
                self._kept(event)
            case You():
                self._kept(event)
            case Presence(state="joined", room=room):
                if event.user.id == self.chat.user.id and room not in known:
                    # Invited, or entered by another client of this user's.
                    look, self.sending.making_room = self.sending.making_room, False
                    self._start("enter", room, self._enter(room, look=look))
            case _:
                pass

    async def _begin(self) -> None:
        self.look()
        known = self.chat.welcome.rooms
        for state in known:
            if state.kind != "direct" and state.room not in self.chat.followed:
                # A room of this user's that this client did not name when it came.
                await self._enter(state.room)
        direct = [state.room for state in known if state.kind == "direct"]
        for room in direct[:DIRECT_ROOMS]:
            await self._learn_people(room)
        rooms = await self.chat.rooms()
        self.known_rooms.update(summary.room for summary in rooms.rooms[:KNOWN_ROOMS])

    def _after_a_break(self) -> None:
        self.paging.ask_again()
        # Who came and went meanwhile, nobody has told.
        if self.view.room is not None:
            self._start("members", self.view.room, self._learn_members(self.view.room))

    # --- what is typed

    def do(self, typed: Typed, here: str | None) -> None:
        """Carries out what was typed in the room `here`.

        Raises HubbubError where it cannot, and the draft stays.
        """
        match typed:
            case Say(text=text):
                self.sending.say(text, here)
            case Run():
                commands = self.chat.welcome.commands
                room = self.sending.inside(here) if needs_room(typed.line, commands) else here
                self.note(masked(typed.line), "typed", room)
                self.sending.command(typed.line, room)
            case GoTo(room=room):
                self._start("enter", room, self._enter(room, look=True))
            case GoFrom(room=room):
                place = room_name(room) if room else self.sending.inside(here)
                self._start("leave", place, self._leave(place))
            case Notices(on=on):
                if on is not None:
                    self.view = store.with_notices(self.view, on=on)
                self.note(f"Notices are {'on' if self.view.notices else 'off'}.")
            case Ignore(name=name):
                self._ignore(name)
            case Unignore(name=name):
                if name_key(name) not in self.view.ignored:
                    raise BadRequest(f"You do not ignore {name}.")
                self.view = store.without_ignored(self.view, name)
                self._tell_server(f"/unignore {name}")
                self.note(f"You no longer ignore {name}.")
            case Wrong(why=why):
                raise BadRequest(why)
            case Quit():
                pass
            case _:
                assert_never(typed)

    def note(self, text: str, kind: NoteKind = "info", room: str | None = None) -> None:
        """Shows this person a line, in a room or in the one in view."""
        self._live.note(text, kind, room)

    def _ignore(self, name: str) -> None:
        if not name:
            names = ", ".join(sorted(self.view.ignored)) or "nobody"
            self.note(f"You ignore {names}.")
            return
        if name_key(name) == name_key(self.chat.name):
            raise BadRequest("You cannot ignore yourself.")
        key = user_name(name).key
        if any(key == name_key(known) for known in self.view.chat.names):
            self._ignore_known(name)
        else:
            # Known to the server alone, or to nobody.
            self._start("ignore", key, self._ignore_whom_the_server_knows(name))

    def _tell_server(self, line: str) -> None:
        # It keeps for members whom they ignore.
        if self.chat.user.kind != UserKind.GUEST:
            self._start("tell", line, self._tell(line))

    async def _tell(self, line: str) -> None:
        await self.chat.command(line, self.view.room or "")

    def _ignore_known(self, name: str) -> None:
        self.view = store.with_ignored(self.view, name)
        self._tell_server(f"/ignore {name}")
        self.note(f"You ignore {name} from now on; /unignore {name} ends it.")

    async def _ignore_whom_the_server_knows(self, name: str) -> None:
        await self.chat.command(f"/whois {name}")
        self._ignore_known(name)

    # --- rooms

    @property
    def is_going_elsewhere(self) -> bool:
        """Whether another room or a list is on its way because this person wants it."""
        asked = self._background.is_any_running(_ELSEWHERE)
        return self.chat.is_up and (asked or self.sending.making_room)

    def go_to(self, room: str) -> None:
        """Brings a room into view."""
        self._show(store.looked_at(self.view, room))
        self.look()

    def look(self) -> None:
        """Asks for what the room in view lacks."""
        room = self.view.room
        if room is None:
            return
        if not self.view.timeline.loaded:
            self.paging.load_first(room)
        self._start("members", room, self._learn_members(room))

    def moved(self) -> None:
        """The reader moved: what was refused is asked for once more."""
        self.paging.ask_again()
        if not self.view.timeline.loaded:
            self.look()

    async def _enter(self, room: str, *, look: bool = False) -> None:
        self._take_in(await self.chat.join(room), look=look)

    async def _make_room(self, request: MakeRoom) -> None:
        self.sending.check_up()
        joined = await self.chat.make_room(
            request.room, private=request.private, read_only=request.read_only
        )
        self._take_in(joined, look=True)
        self.note(words.answer(request, joined), "info", joined.room)

    def _take_in(self, joined: Joined, *, look: bool) -> None:
        state = next((s for s in self.chat.welcome.rooms if s.room == joined.room), None)
        # A room that is new to this user has nothing unread.
        read = state.read if state is not None else joined.last
        view = store.entered(self.view, joined_view(joined, read=read))
        page = Page(events=joined.events, more=joined.more, first=joined.first, last=joined.last)
        timeline = view.timelines.get(joined.room, Timeline())
        if not timeline.loaded:
            view = store.with_timeline(view, joined.room, lines.with_latest(timeline, page))
        self.known_rooms.add(joined.room)
        self._show(store.looked_at(view, joined.room) if look else view)
        if look:
            self.look()

    async def _leave(self, room: str) -> None:
        await self.chat.leave(room)
        self._show(store.left(self.view, room))
        self.look()

    async def _learn_members(self, room: str) -> None:
        after: str | None = None
        for _ in range(MEMBER_PAGES):
            page = await self.chat.members(room, after=after)
            if room not in self.view.chat.rooms:
                return
            chat = with_members(self.view.chat, room, page.members)
            self._show(store.with_chat(self.view, chat))
            if not page.more or not page.members:
                return
            after = page.members[-1].name

    async def _learn_people(self, room: str) -> None:
        # Not by `members`: those who are not here now belong to the room too.
        page = await self.chat.history(room, limit=1)
        for event in page.events:
            if isinstance(event, Message) and event.room in self.view.chat.rooms:
                self._show(store.with_chat(self.view, with_people(self.view.chat, event)))

    # --- what menus and forms ask for

    def act(self, request: Act, room: str | None = None) -> None:
        """Does something to somebody or to a room, once; what came of it is noted.

        `room` is where that is noted, None for the room that is in view now.
        """
        self.sending.act(request, room or self.view.room)

    def make_room(self, name: str, *, private: bool, read_only: bool) -> None:
        """Makes a room and brings it into view; that it is made, or why not, is noted."""
        request = MakeRoom(room=name, private=private, read_only=read_only)
        self._start("enter", name, self._make_room(request))

    # --- messages

    def delete(self, room: str, seq: int, reason: str) -> None:
        """Takes a message's text away; the room is told by an event, a refusal is noted."""
        self._start("delete", f"{room} {seq}", self.chat.delete(room, seq, reason))

    def look_up(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Asks for something beside the rest; a refusal is noted."""
        self._start("look up", "", work())

    # --- read markers, and who is writing

    def read(self) -> None:
        """This person has seen the room in view to its end."""
        here = self.view.in_view
        if here is None or here.last <= here.read:
            return
        self._show(store.read_up_to(self.view, here.name, here.last))
        self._marks[here.name] = here.last
        self._start("read", "", self._send_marks())

    async def _send_marks(self) -> None:
        await asyncio.sleep(MARK_READ_S)
        await self.send_marks()

    async def send_marks(self) -> None:
        """Tells the server what was read and it does not know yet."""
        marks, self._marks = self._marks, {}
        self._background.let_go("read", "")
        for room, seq in marks.items():
            try:
                await self.chat.read(room, seq)
            except Refusal:
                # A room that was left meanwhile has no marker to move.
                continue

    def wrote(self, room: str) -> None:
        """This person is writing in a room."""
        now_s = time.monotonic()
        if now_s - self._wrote_s > TYPING_S:
            self._wrote_s = now_s
            self._start("typing", room, self.chat.typing(room))

    # ---

    def _show(self, view: View) -> None:
        self._live.show(view)

    def change(self, how: Callable[[View], View]) -> None:
        """Changes the view, for what only the screen knows."""
        self._show(how(self.view))

    def _start(self, what: str, about: str, work: Coroutine[None, None, None]) -> None:
        self._background.start(what, about, work, quiet=what in QUIET)
