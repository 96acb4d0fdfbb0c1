"""What is sent: messages and commands in the order of typing, messages shown at once; and acts."""

import asyncio
from functools import partial

from hubbub.client.chat import Chat
from hubbub.client.tui import store
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.background import Background
from hubbub.client.tui.live_view import LiveView, now
from hubbub.client.tui.timeline import NoteKind, Pending
from hubbub.client.typed import NO_ROOM, Run, makes_room
from hubbub.errors import BadRequest, ConnectionFailed, HubbubError, NotAMember, TooLong
from hubbub.protocol import words
from hubbub.protocol.events import Posted
from hubbub.protocol.requests import Act

QUEUED_MESSAGES = 500
"""Messages and commands that may wait for the server."""

_Queued = tuple[str | None, Run | tuple[str, str]]
"""The room in which something was typed: a command, or a message with its key."""


class Sending:
    """What this person typed and the server does not have yet.

    `making_room` tells that the next room that this user is in is one that was made here just now.
    """

    def __init__(self, chat: Chat, live: LiveView, background: Background) -> None:
        self._chat = chat
        self._live = live
        self._background = background
        self._queue: asyncio.Queue[_Queued] = asyncio.Queue(QUEUED_MESSAGES)
        self._count = 0
        self.making_room = False

    # --- messages

    def say(self, text: str, room: str | None) -> None:
        """Says something, shown at once. Raises NotAMember, TooLong or BadRequest."""
        place = self.inside(room)
        limit = self._chat.welcome.limits.get("text_bytes", 0)
        size = len(text.encode("utf-8", "replace"))
        if limit and size > limit:
            raise TooLong(f"The message has {size:,} bytes, the limit is {limit:,}.")
        self._count += 1
        key = f"said-{self._count}"
        self._put((place, (key, text)))
        timeline = self._live.timeline(place)
        timeline = lines.with_pending(timeline, Pending(key, now(), text))
        self._live.show(store.with_timeline(self._live.view, place, timeline))

    def say_again(self, key: str) -> None:
        """Sends what was refused once more."""
        pending = self.pending(key)
        if pending is not None and pending.refused is not None:
            self.drop(key)
            self.say(pending.text, self._live.view.room)

    def drop(self, key: str) -> None:
        """Gives up what was refused."""
        pending = self.pending(key)
        if pending is not None and pending.refused is not None and self._live.view.room:
            timeline = lines.without_pending(self._live.view.timeline, key)
            self._live.show(store.with_timeline(self._live.view, self._live.view.room, timeline))

    def pending(self, key: str) -> Pending | None:
        """A message of the room in view that is on its way, or was refused."""
        return next((p for p in self._live.view.timeline.unsent if p.key == key), None)

    def inside(self, room: str | None) -> str:
        """That room by its present name, if one is in it. Raises NotAMember."""
        if room is None:
            raise NotAMember(NO_ROOM)
        room = self._live.view.current(room)
        if room not in self._live.view.chat.rooms:
            raise NotAMember(f"You are no longer in {room}.")
        return room

    # --- acts

    def act(self, request: Act, room: str | None) -> None:
        """Makes a request of a menu or a form, once; what came of it is noted in `room`."""
        self._background.start("act", repr(request), self._act(request, room))

    async def _act(self, request: Act, room: str | None) -> None:
        try:
            self.check_up()
            answer = await self._chat.moderation.act(request)
        except HubbubError as error:
            self._note(str(error), "refusal", room)
        else:
            self._note(words.answer(request, answer), "info", room)

    def check_up(self) -> None:
        """Raises ConnectionFailed without a line: what acts is not kept to be done later."""
        if not self._chat.is_up:
            raise ConnectionFailed("Not connected; nothing was done. Try it again afterwards.")

    def _note(self, text: str, kind: NoteKind, room: str | None) -> None:
        place = room if room is None else self._live.view.current(room)
        self._live.note(text, kind, place)

    # --- in order

    def command(self, line: str, room: str | None) -> None:
        """Runs a command of the server's in its turn. Raises BadRequest."""
        # Whoever makes a room wants to be in it.
        self.making_room = makes_room(line)
        self._put((room, Run(line)))

    def _put(self, queued: _Queued) -> None:
        try:
            self._queue.put_nowait(queued)
        except asyncio.QueueFull:
            raise BadRequest(
                f"{QUEUED_MESSAGES} messages wait for the server already; send this one later."
            ) from None

    async def run(self) -> None:
        """Sends what is queued, for as long as the conversation lasts."""
        while True:
            room, typed = await self._queue.get()
            if isinstance(typed, Run):
                self._count += 1
                self._background.start("run", str(self._count), self._run(typed.line, room))
                # It has its place in the order before what follows is offered.
                await asyncio.sleep(0)
                continue
            key, text = typed
            assert room is not None, "a message is said in a room"
            room = self._live.view.current(room)
            try:
                answer = await self._chat.post_soon(text, room)
            except HubbubError as error:
                self._refused(room, key, text, str(error))
                continue
            answer.add_done_callback(partial(self._answered, room, key, text))

    def _answered(self, room: str, key: str, text: str, answer: "asyncio.Future[Posted]") -> None:
        if answer.cancelled():
            return
        error, room = answer.exception(), self._live.view.current(room)
        if error is not None:
            self._refused(room, key, text, str(error))
        elif (timeline := self._live.view.timelines.get(room)) is not None:
            timeline = lines.posted(timeline, key, answer.result())
            self._live.show(store.with_timeline(self._live.view, room, timeline))

    def _refused(self, room: str, key: str, text: str, why: str) -> None:
        room = self._live.view.current(room)
        timeline = self._live.view.timelines.get(room)
        if timeline is not None and any(pending.key == key for pending in timeline.pending):
            self._live.show(
                store.with_timeline(self._live.view, room, lines.refused(timeline, key, why))
            )
        else:
            # The room is gone, or has come back without it.
            self._live.note(f"Not sent to {room}: {text}\n{why}", "refusal")

    async def _run(self, line: str, room: str | None) -> None:
        try:
            answer = await self._chat.command(line, room or "")
        except HubbubError as error:
            self.making_room = False
            self._live.note(str(error), "refusal", room)
        else:
            if answer:
                self._live.note(answer, "info", room)
