"""A connection that lasts: it comes back after every break, and loses and repeats nothing.

One task serves a line until it ends and then dials the next; four run beside each line: the
reader, the sender, the pager of what was missed, and the one that notices a dead line.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from ssl import SSLContext
from typing import assert_never

import msgspec

from hubbub.client.address import Address
from hubbub.client.calls import Bounds, Calls, now_s
from hubbub.client.changes import ChatEvent, Disconnected, NewGuest, Reconnected, RoomRefused
from hubbub.client.failures import PlainServer, own_fault
from hubbub.client.hello import (
    FINAL_CODES,
    Greeting,
    Returning,
    closed,
    entered,
    introduce,
    lasting,
    need_rooms,
    refusal_of,
    said_bye,
)
from hubbub.client.identity import Identity
from hubbub.client.inbox import PAGE_EVENTS, Inbox
from hubbub.client.link import JSON_PROTOCOL, Ended, Link, dial
from hubbub.client.pulse import Pulse
from hubbub.client.retry import Retry
from hubbub.errors import BadToken, Banned, ConnectionFailed, HubbubError, Refusal, Unavailable
from hubbub.protocol import events
from hubbub.protocol.close_codes import FLOODING
from hubbub.protocol.json import OkFrame, Pushed, decode_frame
from hubbub.protocol.requests import Hello, History

log = logging.getLogger(__name__)
STEADY_S = 10.0
"""A line that lived this long was a good one: the next backoff begins anew."""


class Connection:
    """The machinery under a `Chat`."""

    def __init__(
        self,
        address: Address,
        hello: Hello,
        bounds: Bounds,
        *,
        direct: Mapping[str, int | None] | None = None,
        backlog: bool = False,
        page_gaps: bool = True,
        tls: SSLContext | None = None,
        kept_token: Callable[[str], str | None] | None = None,
    ) -> None:
        self.address = address
        self.inbox = Inbox(bounds.queue_events)
        self.calls = Calls(bounds)
        self.leaving = False
        self._hello = hello
        self._bounds = bounds
        self._backlog = backlog
        self._page_gaps = page_gaps
        self._tls = tls
        self.retry = Retry(bounds.backoff)
        self._room_fault: str | None = None
        self._other_log = False
        self._returning = Returning()
        self._who = Identity(kept_token)
        self._farewell: Refusal | None = None
        self._direct = direct or {}
        self._link: Link | None = None
        self._to_page = asyncio.Event()
        self._arrived = asyncio.Event()
        self._pulse = Pulse(bounds.reply_timeout_s)
        self._task: asyncio.Task[None] | None = None
        self._is_up = False
        self._over = False
        self._failure: HubbubError | None = None

    # --- its life

    async def open(self) -> None:
        """Connects. Raises ConnectionFailed, or the Refusal of the name, the token or a room."""
        link = await self._enter(self._hello)
        self._is_up = True
        self._task = asyncio.create_task(self._run(link), name="hubbub connection")

    async def close(self) -> None:
        """Ends everything; afterwards no task is left."""
        self.leaving = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._finish(None)
        if self._link is not None:
            # The task may have been cancelled before it began.
            await self._link.close()

    @property
    def welcome(self) -> events.Welcome | None:
        """The last one, with what the server has told since."""
        return self._who.welcome

    @property
    def user(self) -> events.Self | None:
        """Who this is."""
        return self._who.user

    @property
    def is_up(self) -> bool:
        """Whether there is a line at the moment."""
        return self._is_up

    @property
    def failure(self) -> HubbubError | None:
        """What ended it for good."""
        return self._failure

    # --- for the one who reads

    async def next_event(self) -> ChatEvent | None:
        """The next event; None after the end. Raises ConnectionFailed if the end was a failure."""
        while (event := self.inbox.get()) is None:
            if self._over:
                if self._failure is not None:
                    raise self._failure
                return None
            self._to_page.set()
            self._arrived.clear()
            await self._arrived.wait()
        return event

    # --- lines come and go

    async def _run(self, link: Link) -> None:
        try:
            while True:
                ended = await self._serve(link)
                if said_bye(ended):
                    return
                if ended.code in FINAL_CODES or self.leaving:
                    raise closed(ended, self._farewell)
                link = await self._come_back(ended)
        except HubbubError as failure:
            self._finish(failure)
        except Exception as error:
            # It comes out where the conversation is read, and is no goodbye.
            self._finish(own_fault(error))
        finally:
            self._finish(None)

    async def _serve(self, link: Link) -> Ended:
        since_s = now_s()
        self._pulse.beat()
        self._is_up = True
        self.calls.line_up(link)
        try:
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(self.calls.send_all(link)),
                    group.create_task(self._page()),
                    group.create_task(self._pulse.watch(link, self.calls, self._ping_s())),
                ]
                ended = await self._read(link)
                for task in beside:
                    task.cancel()
        finally:
            self._is_up = False
            self.calls.line_down()
            await link.close()
        if now_s() - since_s > STEADY_S:
            self.retry.steady()
        return ended

    async def _come_back(self, ended: Ended) -> Link:
        since_s, least_s = now_s(), 0.0
        if ended.code == FLOODING:
            self.retry.flooded()
        delay_s = self.retry.delay_s()
        reason = ended.reason or f"close code {ended.code}"
        self.inbox.tell(Disconnected(reason, delay_s))
        self._arrived.set()
        while True:
            await self.retry.wait(delay_s, least_s)
            least_s = 0.0
            try:
                return await self._enter(self._hello_again(), again=True)
            except Refusal as refusal:
                if isinstance(refusal, BadToken) and await self._who.took_kept_token():
                    delay_s = 0.0
                    continue
                if self._returning.gives_way(refusal, self.user):
                    delay_s = 0.0
                    continue
                if not refusal.temporary:
                    raise ConnectionFailed(f"Cannot come back: {refusal}") from refusal
                least_s, problem = refusal.retry_after or 0.0, refusal.message
            except ConnectionFailed as failure:
                if lasting(failure):
                    raise
                problem = str(failure)
            delay_s = max(self.retry.delay_s(), least_s)
            if now_s() - since_s + delay_s > self._bounds.give_up_s:
                raise ConnectionFailed(
                    f"Gave up after {now_s() - since_s:.0f} s of trying to come back: {problem}"
                )

    def _hello_again(self) -> Hello:
        assert self.welcome is not None, "there was a line before this one"
        welcome = self.welcome
        rooms = {room: last for room, last in self.inbox.resume().items() if room[:1] != "@"}
        return self._returning.hello(welcome, rooms)

    async def _enter(self, hello: Hello, *, again: bool = False) -> Link:
        link = await dial(
            self.address,
            self.address.chat_url,
            protocols=(JSON_PROTOCOL,),
            timeout_s=self._bounds.dial_timeout_s,
            tls=self._tls,
        )
        try:
            if link.protocol != JSON_PROTOCOL:
                raise PlainServer(
                    f"{self.address.shown} does not speak {JSON_PROTOCOL}; if it takes plain text, "
                    "connect_plain talks to it, or `hubbub join` without --json."
                )
            async with asyncio.timeout(self._bounds.hello_timeout_s):
                greeting = await introduce(link, hello)
                await need_rooms(link, hello, greeting, self._direct, again=again)
        except TimeoutError:
            await link.close()
            raise ConnectionFailed(
                f"{self.address.shown} did not answer `hello` "
                f"in {self._bounds.hello_timeout_s:g} s."
            ) from None
        except BaseException:
            await link.close()
            raise
        self._link = link
        self._greeted(hello, greeting, again=again)
        return link

    def _greeted(self, hello: Hello, greeting: Greeting, *, again: bool) -> None:
        welcome = greeting.welcome
        self._who.greeted(welcome)
        limits = welcome.limits
        self.calls.frame_bytes = limits.get("frame_bytes", 0)
        self.calls.pace(limits.get("posts_per_s", 0), limits.get("posts_burst", 1))
        for state in welcome.rooms:
            if state.was is not None:
                self._rename(state.was, state.room)
        if again:
            self.inbox.tell(Reconnected())
        if self._returning.came_anew():
            self.calls.forget_sent()
            self.inbox.tell(NewGuest(welcome.user.name))
        for refusal in greeting.refused:
            self._refused_room(refusal)
        for state, after in entered(hello, welcome):
            if not self.inbox.follows(state.room):
                fresh = None if self._backlog else state.last
                self.inbox.follow(state.room, fresh if after is None else after)
        self._other_log = hello.epoch is not None and hello.epoch != welcome.epoch
        self.inbox.follow_direct(welcome.rooms, self._direct, other_log=self._other_log)
        for frame in greeting.rest:
            self._take(frame)
        self._arrived.set()

    def _finish(self, failure: HubbubError | None) -> None:
        if self._over:
            return
        self._over, self._failure = True, failure
        self.calls.finish(failure)
        self._arrived.set()

    def _ping_s(self) -> float:
        assert self.welcome is not None, "a line is served after its welcome"
        return self._bounds.ping_s or max(self.welcome.ping_s, 1.0)

    # --- beside each line

    async def _read(self, link: Link) -> Ended:
        while True:
            if self._room_fault is not None:
                # The room is entered again with the line, from where it was seen last.
                fault, self._room_fault = self._room_fault, None
                await link.give_up(fault)
            data = await link.receive()
            if isinstance(data, Ended):
                return data
            self._pulse.beat()
            try:
                frame = decode_frame(data)
            except msgspec.DecodeError as error:
                log.debug("a frame that cannot be read was skipped: %s", error)
                continue
            if frame is None:
                log.debug("an event that this release does not know was skipped: %.200s", data)
                continue
            self._take(frame)

    async def _page(self) -> None:
        while True:
            behind = self.inbox.to_page()
            if behind is None:
                self._to_page.clear()
                await self._to_page.wait()
                continue
            room, after = behind
            try:
                page = await self.calls.ask(
                    History(room=room, after=after, limit=PAGE_EVENTS), events.Page
                )
            except Refusal as refusal:
                if refusal.temporary:
                    await asyncio.sleep(refusal.retry_after or 1.0)
                    continue
                refusal.room = room
                self._refused_room(refusal)
            except ConnectionFailed:
                return
            else:
                self.inbox.put_page(room, page)
            self._arrived.set()

    # --- what arrives

    def _take(self, frame: Pushed | OkFrame) -> None:
        match frame:
            case OkFrame():
                self.calls.answered(frame)
            case events.Error(id=str(request_id)):
                self.calls.refused(request_id, frame)
            case events.Error(room=str()):
                self._refused_room(refusal_of(frame))
            case events.Error(code=Banned.code):
                # The line ends with it.
                self._farewell = refusal_of(frame)
            case events.Error():
                self.inbox.put(events.Notice(text=frame.message))
            case events.Entry():
                self._who.note_name(frame.sender)
                if isinstance(frame, events.Settings) and frame.was is not None:
                    self._rename(frame.was, frame.room)
                self.inbox.put(frame)
            case events.Presence():
                self._note_presence(frame)
                self.inbox.put(frame)
            case events.Typing() | events.ReadMarker() | events.Notice() | events.Count():
                self.inbox.put(frame)
            case events.Standing():
                self.inbox.put(frame)
            case events.You():
                self._who.became(frame)
                self.inbox.put(frame)
            case events.Replay():
                self.inbox.put_replay(frame)
            case events.Gap():
                self.inbox.put_gap(frame, page=self._page_gaps, other_log=self._other_log)
            case events.Welcome():
                # A line has one, which is read before it is served.
                return
            case _:
                assert_never(frame)
        self._arrived.set()
        self._to_page.set()

    def _refused_room(self, refusal: Refusal) -> None:
        if isinstance(refusal, Unavailable):
            self._room_fault = refusal.message
        elif refusal.room is not None:
            self.inbox.forget(refusal.room)
            self.inbox.tell(RoomRefused(refusal.room, refusal))

    def _rename(self, was: str, room: str) -> None:
        if self.inbox.rename(was, room):
            self.calls.rename(was, room)

    def _note_presence(self, presence: events.Presence) -> None:
        if presence.state == "left" and self._who.is_own(presence.user):
            self.inbox.forget(presence.room)
        else:
            self._who.note_name(presence.user)
