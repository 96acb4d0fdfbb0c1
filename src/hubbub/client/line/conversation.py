"""One person's talk with a server: typed lines in, lines to show out; knows no terminal."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from hubbub.client.changes import (
    ChatEvent,
    Disconnected,
    NewGuest,
    Reconnected,
    Renamed,
    Restarted,
    RoomRefused,
)
from hubbub.client.chat import Chat
from hubbub.client.completion import needs_room
from hubbub.client.line.look import Look, plain_line
from hubbub.client.sentences import retrying
from hubbub.client.state import (
    ChatState,
    apply,
    joined_view,
    left,
    mark_read,
    welcomed,
    with_members,
)
from hubbub.client.typed import (
    NO_ROOM,
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
    makes_room,
    masked,
)
from hubbub.errors import BadName, BadRequest, HubbubError, NotAMember
from hubbub.model import UserKind, room_name, room_title, user_name
from hubbub.protocol.events import AnyEntry, Entry, Message, Posted, Presence, You
from hubbub.protocol.plain import clean, notice, refusal

MARK_READ_S = 2.0
KNOWN_ROOMS = 1_000


class Conversation:
    """What is in view, what is hidden, and the state that completion draws on."""

    def __init__(
        self,
        chat: Chat,
        look: Look,
        show: Callable[[str], None],
        *,
        room: str | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called when who this is has changed, and with it what is kept."""
        self.chat = chat
        self.state: ChatState = welcomed(chat.welcome)
        self.known_rooms: set[str] = set()
        self._look = look
        self._show = show
        self._notices = False
        self._changed = changed
        self._ignored: dict[str, str | None] = _ignored(chat)
        self._to_enter: list[str] = []
        self._making = False
        self._marks: dict[str, int] = {}
        public = self.public_rooms
        self.room = room if room in public else next(iter(public), None)
        self._unanswered: dict[asyncio.Future[Posted], str] = {}

    @property
    def public_rooms(self) -> tuple[str, ...]:
        """The rooms that are followed, without those of whispers."""
        return tuple(room for room in self.chat.followed if not room.startswith("@"))

    # --- what comes

    def greet(self) -> None:
        """The first lines: who one is, where, and the topic."""
        where = room_title(self.room) if self.room else "no room; /join ROOM enters one"
        self._show(notice(f"You are {self.chat.name} in {where}. /help lists the commands."))
        for state in self.chat.welcome.rooms:
            if state.room == self.room and state.topic:
                self._show(notice(f"Topic: {state.topic}"))

    def take(self, event: ChatEvent) -> None:
        """Shows an event as far as it is wanted, and remembers it."""
        former, self.state = self.state, apply(self.state, event)
        match event:
            case Disconnected(reason=reason, retry_in_s=retry_in_s):
                self._show(notice(f"Connection lost: {retrying(reason, retry_in_s)}"))
            case Reconnected():
                self.state = welcomed(self.chat.welcome, self.state)
                self._ignored |= _ignored(self.chat)
                self._show(notice("Connected again."))
            case Restarted(room=room):
                self._show(notice(f"The log of {room} starts afresh."))
            case RoomRefused(room=room, refusal=why):
                self._show(refusal(f"No longer in {room}: {why}"))
                self._look_at_none(room)
            case Renamed(was=was, room=room):
                self.room = room if self.room == was else self.room
                self._marks = {room if k == was else k: seq for k, seq in self._marks.items()}
            case Presence(state="left") if event.user.id == self.chat.user.id:
                if event.room in former.rooms:
                    self.state = left(self.state, event.room)
                    self._show(refusal(f"You are no longer in {room_title(event.room)}."))
                    self._look_at_none(event.room)
            case Presence(state="joined") if event.user.id == self.chat.user.id:
                if event.room not in former.rooms:
                    self._to_enter.append(event.room)
            case You():
                self._changed()
            case NewGuest():
                self._show(notice(str(event)))
            case _:
                self._take_server_event(event)

    def _look_at_none(self, room: str) -> None:
        if self.room == room:
            # What is being typed was not meant for any other.
            self.room = None

    async def follow_up(self) -> None:
        """Enters the rooms that this user is in by somebody's invitation, or by another client."""
        while self._to_enter:
            room = self._to_enter.pop(0)
            try:
                joined = await self.chat.join(room)
            except HubbubError:
                continue
            view = joined_view(joined)
            self.state = replace(self.state, rooms={**self.state.rooms, view.name: view})
            if self._making:
                self.room, self._making = view.name, False
            else:
                too = f"You are in {view.title} too; /join {view.name} goes there."
                self._show(notice(too))

    def _take_server_event(self, event: ChatEvent) -> None:
        if isinstance(event, Entry):
            self._marks[event.room] = event.seq
            self.state = mark_read(self.state, event.room, event.seq)
        if isinstance(event, Message) and self._ignores(event):
            return
        line = plain_line(event, self.chat.user.id, notices=self._notices, person=True)
        if line is not None:
            self._show(self._look.dress(line, event, self.room or ""))

    def _ignores(self, message: Message) -> bool:
        if not self._ignored:
            return False
        return message.sender.id in self._ignored.values() or _key(message.sender.name) in (
            self._ignored
        )

    # --- what is typed

    async def do(self, typed: Typed) -> None:
        """Carries out what was typed; refusals are shown."""
        try:
            await self._carry_out(typed)
        except HubbubError as error:
            self._making = False
            self._show(refusal(str(error)))

    async def _carry_out(self, typed: Typed) -> None:
        match typed:
            case Say(text=text):
                await self._say(text)
            case Run(line=line):
                self._show(self._look.faint(clean(masked(line))))
                if self.room is None and needs_room(line, self.chat.welcome.commands):
                    raise NotAMember(NO_ROOM)
                # Whoever makes a room wants to be in it.
                self._making = makes_room(line)
                answer = await self.chat.command(line, self.room or "")
                if answer:
                    self._show(notice(answer))
            case GoTo(room=room):
                await self._go_to(room)
            case GoFrom(room=room):
                await self._go_from(room or self.room)
            case Notices(on=on):
                if on is not None:
                    self._notices = on
                self._show(notice(f"Notices are {'on' if self._notices else 'off'}."))
            case Ignore(name=name):
                await self._ignore(name)
            case Unignore(name=name):
                if self._ignored.pop(_key(name), "") == "":
                    raise BadRequest(f"You do not ignore {name}.")
                await self._tell_server(f"/unignore {name}")
                self._show(notice(f"You no longer ignore {name}."))
            case Wrong(why=why):
                raise BadRequest(why)
            case Quit():
                pass
            case _:
                assert_never(typed)

    async def _say(self, text: str) -> None:
        if self.room is None:
            raise NotAMember(NO_ROOM)
        if not self.chat.is_up:
            self._show(notice("Not connected; this will be sent afterwards."))
        answer = await self.chat.post_soon(text, self.room)
        self._unanswered[answer] = text
        answer.add_done_callback(self._tell_refusal)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """What was said and the server has not taken or refused, in the order of saying."""
        return tuple(self._unanswered.values())

    def give_up(self) -> None:
        """What is unanswered has been told: its answers are passed over."""
        self._unanswered.clear()

    async def answered(self) -> None:
        """Waits until nothing is unanswered."""
        if self._unanswered:
            await asyncio.wait(tuple(self._unanswered))

    def _tell_refusal(self, answer: "asyncio.Future[Posted]") -> None:
        if self._unanswered.pop(answer, None) is None:
            return
        if not answer.cancelled() and (error := answer.exception()) is not None:
            self._show(refusal(str(error)))

    async def _go_to(self, room: str) -> None:
        known = (room if room.startswith("@") else room_name(room)) in self.chat.followed
        joined = await self.chat.join(room)
        self.room = joined.room
        self.state = apply_page(self.state, joined.events)
        view = replace(
            self.state.rooms.get(joined.room, joined_view(joined)),
            kind=joined.kind,
            role=joined.role,
            may=joined.may,
            read_only=joined.read_only,
            archived=joined.archived,
        )
        self.state = replace(self.state, rooms={**self.state.rooms, view.name: view})
        self._show(notice(f"You are in {view.title}."))
        if joined.topic:
            self._show(notice(f"Topic: {joined.topic}"))
        if not known:
            for event in joined.events:
                self._take_server_event(event)
        await self.learn_members()

    async def _go_from(self, room: str | None) -> None:
        if room is None:
            raise NotAMember(NO_ROOM)
        await self.chat.leave(room)
        self.state = left(self.state, room)
        self._look_away_from(room)
        here = room_title(self.room) if self.room else None
        now = f"in {here}" if here else "in no room; /join ROOM enters one"
        self._show(notice(f"You left {room_title(room)} and are {now}."))

    def _look_away_from(self, room: str) -> None:
        if self.room == room or self.room not in self.chat.followed:
            self.room = next(iter(self.public_rooms), None)

    async def _ignore(self, name: str) -> None:
        if not name:
            names = ", ".join(sorted(self._ignored)) or "nobody"
            self._show(notice(f"You ignore {names}."))
            return
        key = user_name(name).key
        if key == _key(self.chat.name):
            raise BadRequest("You cannot ignore yourself.")
        people = {
            _key(shown): user_id
            for room in self.state.rooms.values()
            for user_id, shown in room.members.items()
        }
        if key not in people:
            # Known to the server alone, or to nobody.
            await self.chat.command(f"/whois {name}")
        self._ignored[key] = people.get(key)
        await self._tell_server(f"/ignore {name}")
        self._show(notice(f"You ignore {name} from now on; /unignore {name} ends it."))

    async def _tell_server(self, line: str) -> None:
        # It keeps for members whom they ignore.
        if self.chat.user.kind != UserKind.GUEST:
            await self.chat.command(line, self.room or "")

    # --- what completion and the server want to know

    async def learn_members(self) -> None:
        """Asks who is in the room in view; without an answer completion knows fewer names."""
        if self.room is None:
            return
        try:
            page = await self.chat.members(self.room)
            self.state = with_members(self.state, self.room, page.members)
            rooms = await self.chat.rooms()
        except HubbubError:
            return
        self.known_rooms.update(summary.room for summary in rooms.rooms)

    async def mark_read(self) -> None:
        """Moves the read markers behind what was shown, now and then, for ever."""
        while True:
            await asyncio.sleep(MARK_READ_S)
            marks, self._marks = self._marks, {}
            for room, seq in marks.items():
                try:
                    await self.chat.read(room, seq)
                except HubbubError:
                    # A room that was left meanwhile has no marker to move.
                    continue


def apply_page(state: ChatState, entries: tuple[AnyEntry, ...]) -> ChatState:
    """The state after a page of a log."""
    for entry in entries:
        state = apply(state, entry)
    return state


def _ignored(chat: Chat) -> dict[str, str | None]:
    return {_key(person.name): person.id for person in chat.welcome.ignored}


def _key(name: str) -> str:
    try:
        return user_name(name).key
    except BadName:
        return name.casefold()
