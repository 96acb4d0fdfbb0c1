"""Requests and their answers: who waits for what, across lines that break."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from hubbub.client.backoff import Backoff
from hubbub.client.hello import refusal_of
from hubbub.client.link import Link
from hubbub.client.outgoing import DEFAULT_RETRY_S, Entry, Outgoing
from hubbub.errors import BadRequest, ConnectionFailed, HubbubError, Refusal, TooLong
from hubbub.protocol import events
from hubbub.protocol.json import OkFrame, decode_reply, encode
from hubbub.protocol.requests import Command, Post, Request, Whisper

ReplyT = TypeVar("ReplyT", bound=events.Reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much and how long a connection takes; durations in seconds."""

    window_requests: int = 64
    """Posts, whispers and commands that may be unanswered at a time."""
    asking_requests: int = 32
    """Other requests that may be unanswered at a time."""
    queue_events: int = 2048
    """Events kept for a slow reader; what is over is paged from the log when there is space."""
    backoff: Backoff = field(default_factory=Backoff)
    give_up_s: float = 600.0
    """How long to try to come back; `math.inf` for ever."""
    patience_s: float = 60.0
    """How long to repeat a request that is refused for the moment."""
    dial_timeout_s: float = 10.0
    hello_timeout_s: float = 10.0
    reply_timeout_s: float = 60.0
    """After this without an answer a line counts as dead."""
    ping_s: float | None = None
    """A ping after this silence, and the wait for its answer; None: as the server wishes."""
    close_timeout_s: float = 10.0
    """How long a clean exit waits for answers."""


class LineLost(ConnectionFailed):
    """The line broke before the answer; the request may or may not have been carried out."""


@dataclass(slots=True)
class _Pending:
    reply: type[Any]
    future: "asyncio.Future[Any]"
    sent_s: float
    ordered: bool


class Calls:
    """What was asked and is not answered: posts, whispers and commands in order, others not."""

    def __init__(self, bounds: Bounds) -> None:
        self.to_send = asyncio.Event()
        self.frame_bytes = 0
        self._bounds = bounds
        self._outgoing = Outgoing(bounds.window_requests, bounds.patience_s)
        self._pending: dict[str, _Pending] = {}
        self._slots = asyncio.Semaphore(bounds.window_requests)
        self._asking = asyncio.Semaphore(bounds.asking_requests)
        self._ids = _ids()
        self._link: Link | None = None
        self._ready = asyncio.Event()
        self._over = False
        self._failure: HubbubError | None = None

    # --- for the one who asks

    async def offer(
        self, request: Post | Whisper | Command, reply: type[ReplyT]
    ) -> "asyncio.Future[ReplyT]":
        """Takes a request into the order of what is said; returns when there is a place for it.

        An empty nonce becomes one that nobody else makes.

        Raises TooLong, BadRequest or ConnectionFailed, and then nothing was sent.
        """
        entry_id = next(self._ids)
        if isinstance(request, Command):
            frame = self._framed(request, id=entry_id)
        else:
            frame = self._framed(request, id=entry_id, nonce=request.nonce or entry_id)
        self.raise_if_over()
        await self._slots.acquire()
        if self._over:
            self._slots.release()
            self.raise_if_over()
        future = self._wait_for(entry_id, reply, ordered=True)
        command = isinstance(request, Command)
        room = "" if isinstance(request, Whisper) else request.room or ""
        self._outgoing.add(Entry(entry_id, frame, paced=not command, again=not command, room=room))
        self.to_send.set()
        return future

    async def ask(self, request: Request, reply: type[ReplyT]) -> ReplyT:
        """Makes a request that may safely be made twice, until there is an answer."""
        give_up_s = now_s() + self._bounds.patience_s
        async with self._asking:
            while True:
                try:
                    return await self.ask_once(request, reply)
                except LineLost:
                    continue
                except Refusal as refusal:
                    wait_s = refusal.retry_after or DEFAULT_RETRY_S
                    if not refusal.temporary or now_s() + wait_s > give_up_s:
                        raise
                await asyncio.sleep(wait_s)

    async def ask_once(self, request: Request, reply: type[ReplyT]) -> ReplyT:
        """Makes a request when there is a line. Raises LineLost if it breaks, or the Refusal."""
        request_id = next(self._ids)
        frame = self._framed(request, id=request_id)
        while (link := self._link) is None:
            self.raise_if_over()
            await self._ready.wait()
        future = self._wait_for(request_id, reply, ordered=False)
        try:
            # What was said before this is heard before it.
            await self._send_ready(link)
            await link.send(frame)
            return await future
        finally:
            self._pending.pop(request_id, None)

    async def drain(self) -> None:
        """Waits until everything said is answered, at most `close_timeout_s`."""
        waiting = [pending.future for pending in self._pending.values() if pending.ordered]
        if waiting:
            await asyncio.wait(waiting, timeout=self._bounds.close_timeout_s)

    def raise_if_over(self) -> None:
        """Raises what ended the connection, if something did."""
        if self._over:
            raise self._failure or ConnectionFailed("The connection was closed.")

    def _wait_for(
        self, request_id: str, reply: type[ReplyT], *, ordered: bool
    ) -> "asyncio.Future[ReplyT]":
        future: asyncio.Future[ReplyT] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_note_failure)
        self._pending[request_id] = _Pending(reply, future, now_s(), ordered)
        return future

    def _framed(self, request: Request, **fields: str) -> bytes:
        try:
            frame = encode(msgspec.structs.replace(request, **fields))  # type: ignore[arg-type]
        except UnicodeEncodeError:
            raise BadRequest("The text has half of a surrogate pair; it is not Unicode.") from None
        if self.frame_bytes and len(frame) > self.frame_bytes:
            # The server would end the connection for it.
            raise TooLong(
                f"The message makes a frame of {len(frame)} bytes, "
                f"the limit is {self.frame_bytes}; send it in parts."
            )
        return frame

    # --- for the one who has the line

    def line_up(self, link: Link) -> None:
        """There is a line: what waits may go."""
        self._link = link
        self._ready.set()
        self.to_send.set()

    def line_down(self) -> None:
        """The line has ended: posts and whispers wait for the next, the rest is uncertain."""
        self._link = None
        self._ready.clear()
        uncertain = LineLost("The line broke before the answer; it may have been done or not.")
        for request_id in self._outgoing.line_lost():
            self._settle(request_id, uncertain)
        for request_id, pending in list(self._pending.items()):
            if not pending.ordered:
                self._settle(request_id, uncertain)

    def forget_sent(self) -> None:
        """This is another user now, whose nonces do not tell what the former one has said."""
        uncertain = LineLost(
            "The server forgot this guest meanwhile; it may have been said or not."
        )
        for request_id in self._outgoing.forget_sent():
            self._settle(request_id, uncertain)

    def rename(self, was: str, room: str) -> None:
        """What is said in a room goes on under its new name; another may have the former one."""
        for entry in self._outgoing.in_room(was):
            entry.room = room
            fields: dict[str, msgspec.Raw] = msgspec.json.decode(
                entry.frame, type=dict[str, msgspec.Raw]
            )
            fields["room"] = msgspec.Raw(msgspec.json.encode(room))
            entry.frame = msgspec.json.encode(fields)

    def pace(self, per_s: float, burst: float) -> None:
        """Keeps posts below the server's rate."""
        self._outgoing.pace(per_s, burst, now_s())

    async def send_all(self, link: Link) -> None:
        """Writes what may be written, in order, until the line ends."""
        while True:
            if not await self._send_ready(link):
                return
            self.to_send.clear()
            try:
                async with asyncio.timeout(self._outgoing.wait_s(now_s())):
                    await self.to_send.wait()
            except TimeoutError:
                continue

    async def _send_ready(self, link: Link) -> bool:
        # Several may be here at once: a frame is written before anything waits.
        while (entry := self._outgoing.next(now_s())) is not None:
            if not await link.send(entry.frame):
                return False
        return True

    def unanswered_s(self) -> float:
        """How long the longest waiting request on the line has been there."""
        sent_s = [pending.sent_s for pending in self._pending.values() if not pending.ordered]
        oldest_s = self._outgoing.oldest_sent_s()
        if oldest_s is not None:
            sent_s.append(oldest_s)
        return now_s() - min(sent_s, default=now_s())

    def answered(self, frame: OkFrame) -> None:
        """An `ok` has come."""
        pending = self._pending.get(frame.id or "")
        if pending is None or frame.id is None:
            return
        try:
            answer: events.Reply | HubbubError = decode_reply(frame, pending.reply)
        except msgspec.DecodeError as error:
            answer = ConnectionFailed(f"The server's answer cannot be read: {error}.")
        self._settle(frame.id, answer)

    def refused(self, request_id: str, error: events.Error) -> None:
        """An `error` has come; what is refused for the moment is said again later."""
        if (
            error.temporary
            and request_id in self._outgoing
            and self._outgoing.refused(request_id, error.retry_after, now_s())
        ):
            self.to_send.set()
        else:
            self._settle(request_id, refusal_of(error))

    def finish(self, failure: HubbubError | None) -> None:
        """The connection has ended for good: everyone who waits is told."""
        self._over, self._failure = True, failure
        self._ready.set()
        why = failure or ConnectionFailed("The connection was closed before the answer.")
        for request_id in list(self._pending):
            self._settle(request_id, why)

    def _settle(self, request_id: str, answer: events.Reply | HubbubError) -> None:
        pending = self._pending.pop(request_id, None)
        if pending is None:
            return
        if pending.ordered:
            self._outgoing.answered(request_id)
            self._slots.release()
            self.to_send.set()
        if pending.future.done():
            return
        if isinstance(answer, HubbubError):
            pending.future.set_exception(answer)
        else:
            pending.future.set_result(answer)


def _note_failure(future: "asyncio.Future[Any]") -> None:
    # Whoever posts without looking at the answer has decided so; asyncio need not complain.
    if not future.cancelled():
        future.exception()


def _ids() -> Iterator[str]:
    """Ids, and nonces, that no other client makes; they begin with the time (docs/protocol.md)."""
    own = secrets.token_urlsafe(9)
    for number in itertools.count():
        yield f"{time.time_ns() // 1_000_000:x}-{own}-{number}"


def now_s() -> float:
    """The running loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
