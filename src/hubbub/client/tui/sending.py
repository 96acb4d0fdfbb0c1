"""What one person says: through one queue in the order of typing, and shown at once."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial

from hubbub.client.chat import Chat
from hubbub.client.tui import store
from hubbub.client.tui import timeline as lines
from hubbub.client.tui.timeline import NoteKind, Pending, Timeline
from hubbub.client.tui.view import View
from hubbub.client.typed import NO_ROOM, Run
from hubbub.errors import BadRequest, HubbubError, NotAMember, TooLong
from hubbub.protocol.events import Posted

SAID = 500
"""Messages and commands that may wait for the server."""

_Wish = tuple[str | None, Run | tuple[str, str]]
"""The room in which something was typed: a command, or a message with its key."""


class Saying:
    """The part of a conversation that is about what this person says."""

    view: View

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._said: asyncio.Queue[_Wish] = asyncio.Queue(SAID)
        self._count = 0
        self._making = False
        """Whether the next room that this user is in is one that was made here just now."""

    def note(self, text: str, kind: NoteKind = "info", room: str | None = None) -> None:
        """Shows this person a line."""
        raise NotImplementedError

    def _show(self, view: View) -> None:
        raise NotImplementedError

    def _start(self, what: str, about: str, work: Coroutine[None, None, None]) -> None:
        raise NotImplementedError

    # --- messages

    def say(self, text: str, room: str | None) -> None:
        """Says something, shown at once. Raises NotAMember, TooLong or BadRequest."""
        place = self._inside(room)
        limit = self.chat.welcome.limits.get("text_bytes", 0)
        size = len(text.encode("utf-8", "replace"))
        if limit and size > limit:
            raise TooLong(f"The message has {size:,} bytes, the limit is {limit:,}.")
        self._count += 1
        key = f"said-{self._count}"
        self._put((place, (key, text)))
        timeline = self.view.timelines.get(place, Timeline())
        timeline = lines.with_pending(timeline, Pending(key, now(), text))
        self._show(store.with_timeline(self.view, place, timeline))

    def say_again(self, key: str) -> None:
        """Sends what was refused once more."""
        pending = self.pending(key)
        if pending is not None and pending.refused is not None:
            self.drop(key)
            self.say(pending.text, self.view.room)

    def drop(self, key: str) -> None:
        """Gives up what was refused."""
        pending = self.pending(key)
        if pending is not None and pending.refused is not None and self.view.room:
            timeline = lines.without_pending(self.view.timeline, key)
            self._show(store.with_timeline(self.view, self.view.room, timeline))

    def pending(self, key: str) -> Pending | None:
        """A message of the room in view that no server has."""
        return next((p for p in self.view.timeline.unsent if p.key == key), None)

    def _inside(self, room: str | None) -> str:
        """That room by its present name, if one is in it. Raises NotAMember."""
        if room is None:
            raise NotAMember(NO_ROOM)
        room = self.view.current(room)
        if room not in self.view.chat.rooms:
            raise NotAMember(f"You are no longer in {room}.")
        return room

    # --- in order

    def _put(self, wish: "_Wish") -> None:
        try:
            self._said.put_nowait(wish)
        except asyncio.QueueFull:
            raise BadRequest(
                f"{SAID} messages wait for the server already; send this one later."
            ) from None

    async def _send_said(self) -> None:
        while True:
            room, wish = await self._said.get()
            if isinstance(wish, Run):
                self._count += 1
                self._start("run", str(self._count), self._run(wish.line, room))
                # It has its place in the order before what follows is offered.
                await asyncio.sleep(0)
                continue
            key, text = wish
            assert room is not None, "a message is said in a room"
            room = self.view.current(room)
            try:
                answer = await self.chat.post_soon(text, room)
            except HubbubError as error:
                self._refused(room, key, text, str(error))
                continue
            answer.add_done_callback(partial(self._answered, room, key, text))

    def _answered(self, room: str, key: str, text: str, answer: "asyncio.Future[Posted]") -> None:
        if answer.cancelled():
            return
        error, room = answer.exception(), self.view.current(room)
        if error is not None:
            self._refused(room, key, text, str(error))
        elif (timeline := self.view.timelines.get(room)) is not None:
            timeline = lines.posted(timeline, key, answer.result())
            self._show(store.with_timeline(self.view, room, timeline))

    def _refused(self, room: str, key: str, text: str, why: str) -> None:
        room = self.view.current(room)
        timeline = self.view.timelines.get(room)
        if timeline is not None and any(pending.key == key for pending in timeline.pending):
            self._show(store.with_timeline(self.view, room, lines.refused(timeline, key, why)))
        else:
            # The room is gone, or has come back without it.
            self.note(f"Not sent to {room}: {text}\n{why}", "refusal")

    async def _run(self, line: str, room: str | None) -> None:
        try:
            answer = await self.chat.command(line, room)
        except HubbubError as error:
            self._making = False
            self.note(str(error), "refusal", room)
        else:
            if answer:
                self.note(answer, "info", room)


def now() -> str:
    """This moment as the server would write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
