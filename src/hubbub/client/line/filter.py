"""`hubbub join` in a pipe: lines in are posts, messages come out as lines, all acknowledged.

Standard output carries messages and nothing else; whatever went wrong is one line on standard
error, and makes the exit code 1. Lines are data: none is a command, unless `--commands` is
given or a person types them. Standard input decides when it is over: after the end of a pipe or
a file everything sent is acknowledged and the program ends; without input (/dev/null) it reads
the conversation until it is told to stop. `--follow` and `--no-follow` decide otherwise.
"""

import asyncio
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import assert_never

from msgspec.structs import replace

from hubbub.client.changes import (
    Change,
    ChatEvent,
    Disconnected,
    NewGuest,
    Reconnected,
    Renamed,
    RoomRefused,
)
from hubbub.client.chat import Chat
from hubbub.client.line.look import plain_line
from hubbub.client.line.manner import STDIN, STDOUT, Manner
from hubbub.client.line.stdio import LINE_BYTES, Line, Worker, read_lines, write_all
from hubbub.client.plain import PlainConnection
from hubbub.client.sentences import retrying
from hubbub.client.typed import Quit, Run, Say, Typed, Wrong, masked, read_plainly, read_typed
from hubbub.errors import ConnectionFailed, HubbubError
from hubbub.protocol.events import Entry, Posted, You
from hubbub.protocol.json import encode
from hubbub.protocol.plain import clean, notice

OWN_LINES_S = 5.0
"""How long to wait, after the acknowledgements, for one's own messages to be written out."""
PLAIN_LINGER_S = 1.0
BROKEN_PIPE = 128 + signal.SIGPIPE


def complain(problem: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"hubbub: {clean(problem)}\n".replace("\n", " ").rstrip() + "\n")
    sys.stderr.flush()


class Filter:
    """Lines between standard input and output and a server."""

    def __init__(self, how: Manner) -> None:
        self._how = how
        self._waiting: deque[list[Line]] = deque()
        self._input: AsyncIterator[list[Line]] | None = read_lines(STDIN) if how.reads else None
        self._output = Worker("hubbub output")
        self._unanswered: set[asyncio.Future[Posted]] = set()
        self._failures = 0
        self._said: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._progress = asyncio.Event()

    async def first_line(self) -> str | None:
        """A line that is no message: the answer to a question. None at the end of the input."""
        async for lines in self._lines():
            first, *rest = lines
            if rest:
                self._waiting.append(rest)
            return (first.text or "").strip()
        return None

    async def run(self, chat: Chat) -> int:
        """Passes lines both ways until it is over; the exit code."""
        async with asyncio.TaskGroup() as group:
            output = group.create_task(self._write_out(chat))
            input_ = group.create_task(self._read_in(chat))
            try:
                await asyncio.wait({output, input_}, return_when=asyncio.FIRST_COMPLETED)
                if input_.done() and not output.done():
                    if self._how.follows and input_.result():
                        await asyncio.wait({output})
                    elif self._how.shows:
                        await self._await_own_lines()
                code = output.result() if output.done() else 0
            finally:
                output.cancel()
                input_.cancel()
        return code or (1 if self._failures else 0)

    # --- input

    async def _lines(self) -> AsyncIterator[list[Line]]:
        while self._waiting:
            yield self._waiting.popleft()
        if self._input is not None:
            async for lines in self._input:
                yield lines

    async def _read_in(self, chat: Chat) -> bool:
        """Posts every line, and waits for the answers; False if that was to end it all."""
        try:
            async for lines in self._lines():
                for line in lines:
                    if not await self._take_line(chat, line):
                        return False
            if self._unanswered:
                await asyncio.wait(self._unanswered)
        except ConnectionFailed:
            # The other side of the filter tells it, once.
            self._failures += 1
        except BrokenPipeError:
            return False
        return True

    async def _take_line(self, chat: Chat, line: Line) -> bool:
        if line.text is None:
            self._fail(line.number, f"longer than {LINE_BYTES} bytes; not sent")
            return True
        if not line.text or line.text.isspace():
            return True
        typed: Typed | None = Say(line.text)
        if self._how.commands:
            typed = read_typed(line.text)
        try:
            match typed:
                case Quit():
                    return False
                case Say(text=text):
                    answer = await chat.post_soon(text)
                    self._unanswered.add(answer)
                    answer.add_done_callback(partial(self._answered, line.number))
                case None:
                    pass
                case _:
                    await self._run(chat, typed.line if isinstance(typed, Run) else line.text)
        except ConnectionFailed:
            raise
        except HubbubError as error:
            self._fail(line.number, str(error))
        return True

    async def _run(self, chat: Chat, line: str) -> None:
        answer = await chat.command(line)
        if not answer:
            return
        if self._how.json:
            complain(answer)
        else:
            await self._write([notice(answer)])

    def _answered(self, number: int, answer: "asyncio.Future[Posted]") -> None:
        self._unanswered.discard(answer)
        if answer.cancelled():
            return
        error = answer.exception()
        if error is None:
            posted = answer.result()
            self._said[posted.room] = max(posted.seq, self._said.get(posted.room, 0))
        else:
            self._fail(number, str(error))

    def _fail(self, number: int, problem: str) -> None:
        self._failures += 1
        complain(f"line {number}: {problem}")

    # --- output

    async def _write_out(self, chat: Chat) -> int:
        """Writes what happens until the connection ends, or nobody reads it."""
        try:
            async for event in chat:
                events = [event, *chat.ready()]
                if self._how.shows:
                    await self._write(self._shown(events, chat.user.id))
                self._note(events)
        except BrokenPipeError:
            return BROKEN_PIPE
        except HubbubError as error:
            complain(str(error))
            return 1
        return 0

    def _shown(self, events: Iterable[ChatEvent], viewer: str) -> list[str]:
        lines = []
        for event in events:
            if isinstance(event, Change):
                continue
            if self._how.json:
                # A secret is nobody's who reads a pipe.
                shown = replace(event, session=None) if isinstance(event, You) else event
                lines.append(encode(shown).decode())
            elif (line := plain_line(event, viewer)) is not None:
                lines.append(line)
        return lines

    def _note(self, events: Iterable[ChatEvent]) -> None:
        for event in events:
            match event:
                case Renamed(was=was, room=room):
                    for seqs in (self._said, self._written):
                        if was in seqs:
                            seqs[room] = seqs.pop(was)
                case Disconnected(reason=reason, retry_in_s=wait_s):
                    complain(f"connection lost: {retrying(reason, wait_s)}")
                case Reconnected():
                    complain("connected again")
                case NewGuest(name=name):
                    complain(f"the server had forgotten this guest, who is {name} now, a new one")
                case RoomRefused(room=room, refusal=why):
                    self._failures += 1
                    complain(f"no longer in {room}: {why}")
                case Entry():
                    self._written[event.room] = event.seq
                case _:
                    pass
        self._progress.set()

    async def _write(self, lines: list[str]) -> None:
        if lines:
            data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
            await self._output.run(partial(write_all, STDOUT, data))

    async def _await_own_lines(self) -> None:
        try:
            async with asyncio.timeout(OWN_LINES_S):
                while any(self._written.get(room, 0) < seq for room, seq in self._said.items()):
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            complain("not everything that was sent came back in time; it is in the room's log")

    # --- a server that knows only plain text

    async def run_plainly(self, line: PlainConnection) -> int:
        """Lines out, lines in; the exit code."""
        async with asyncio.TaskGroup() as group:
            output = group.create_task(self._write_plainly(line))
            input_ = group.create_task(self._read_plainly(line))
            try:
                await asyncio.wait({output, input_}, return_when=asyncio.FIRST_COMPLETED)
                if not output.done():
                    # Nothing is acknowledged here; what was said may be seen coming back.
                    linger_s = None if self._how.follows else PLAIN_LINGER_S
                    await asyncio.wait({output}, timeout=linger_s)
                code = output.result() if output.done() else 0
            finally:
                output.cancel()
                input_.cancel()
        return code or (1 if self._failures else 0)

    async def _read_plainly(self, line: PlainConnection) -> None:
        try:
            async for lines in self._lines():
                for entry in lines:
                    if not await self._take_plainly(line, entry):
                        return
        except ConnectionFailed:
            return

    async def _take_plainly(self, line: PlainConnection, entry: Line) -> bool:
        if entry.text is None:
            self._fail(entry.number, f"longer than {LINE_BYTES} bytes; not sent")
            return True
        if not entry.text or entry.text.isspace():
            return True
        typed = read_plainly(entry.text) if self._how.commands else Say(entry.text)
        match typed:
            case Quit():
                return False
            case Say(text=text):
                await line.send(text)
            case Wrong(why=why):
                self._fail(entry.number, f"not sent: {masked(entry.text)} ({why})")
            case None:
                pass
            case _:
                assert_never(typed)
        return True

    async def _write_plainly(self, line: PlainConnection) -> int:
        try:
            async for text in line:
                if self._how.shows:
                    await self._write([clean(text)])
        except BrokenPipeError:
            return BROKEN_PIPE
        except HubbubError as error:
            complain(str(error))
            return 1
        return 0
