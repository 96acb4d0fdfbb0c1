"""`hubbub join`, the line client: on a terminal, in a pipe, or on a terminal that can do little."""

import asyncio
import contextlib
import math
import os
import signal
from collections.abc import Coroutine, Iterable
from functools import partial

from hubbub.client import saved
from hubbub.client.address import parse_address
from hubbub.client.calls import Bounds
from hubbub.client.connect import connect
from hubbub.client.failures import PlainServer
from hubbub.client.line.filter import Filter, complain
from hubbub.client.line.manner import STDIN, STDOUT, Manner, end_of, manner
from hubbub.client.line.stdio import write_all
from hubbub.client.options import JoinOptions
from hubbub.client.plain import connect_plain
from hubbub.client.sentences import of_no_use
from hubbub.client.typed import is_farewell
from hubbub.client.wish import kept_token
from hubbub.errors import BadToken

FAREWELL = "Connection closed. Goodbye!"
ASK_NAME = "Your name (Enter for an automatic one): "
ANSWERS_S = 24 * 3600.0
"""How long a filter waits at its end for the last acknowledgements."""
_TOLD_TO_STOP = (signal.SIGTERM, signal.SIGHUP)


async def run(options: JoinOptions) -> int:
    """Joins, and stays until it is over; the exit code.

    0 all was well, 1 something was refused or not sent, 129 the terminal was closed, 130
    interrupted, 141 nobody reads the output, 143 told to stop. Raises ConfigError for a wrong
    address, the Refusal of a name, token or room, and ConnectionFailed where no server answers.
    """
    stdin, stdout = end_of(STDIN), end_of(STDOUT)
    able = os.environ.get("TERM", "dumb") != "dumb"
    if stdin == stdout == "terminal" and able and not options.json:
        # Only here, so that a filter does not wait for the terminal's library.
        from hubbub.client.line.terminal import run_terminal

        code = await _until_stopped(run_terminal(options), _TOLD_TO_STOP)
        _say_goodbye()
        return code
    how = manner(options, stdin, stdout)
    code = await _until_stopped(_filter(options, how), (signal.SIGINT, *_TOLD_TO_STOP))
    if how.person:
        _say_goodbye()
    return code


async def _until_stopped(work: Coroutine[None, None, int], by: Iterable[int]) -> int:
    """Carries it out, or cleans up and gives a shell's code for the signal that came."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stopped_by: list[int] = []

    def stop(number: int) -> None:
        stopped_by.append(number)
        task.cancel()

    for number in by:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except (asyncio.CancelledError, OSError):
        # A terminal that was closed takes no more lines, either.
        if not stopped_by:
            raise
        return 128 + stopped_by[0]
    finally:
        for number in by:
            loop.remove_signal_handler(number)


def _say_goodbye() -> None:
    with contextlib.suppress(OSError):
        write_all(STDOUT, f"{FAREWELL}\n".encode())


async def _filter(options: JoinOptions, how: Manner) -> int:
    lines, name = Filter(how), options.name
    address = parse_address(options.url)
    known = how.person and saved.session_for(saved.load(), address, name) is not None
    if how.person and not known and name is None and options.token is None:
        write_all(STDOUT, ASK_NAME.encode())
        answer = await lines.first_line()
        if answer is None or is_farewell(answer):
            return 0
        name = answer or None
    try:
        return await _pass_lines(options, how, lines, name)
    except PlainServer:
        if how.json:
            raise
        complain("this server knows only plain text: what it gets is not acknowledged")
    if (unused := of_no_use(options)) is not None:
        complain(unused)
    async with connect_plain(options.url) as line:
        return await lines.run_plainly(line)


async def _pass_lines(options: JoinOptions, how: Manner, lines: Filter, name: str | None) -> int:
    kept = None
    address = parse_address(options.url)
    if options.token is None and options.invite is None and (how.person or name is not None):
        kept = saved.session_for(saved.load(), address, name)
    while True:
        try:
            async with connect(
                options.url,
                name=None if kept is not None else name,
                token=options.token if kept is None else kept.token,
                rooms=options.rooms or None,
                kept_token=None if kept is None else partial(kept_token, address),
                bounds=Bounds(give_up_s=math.inf, close_timeout_s=ANSWERS_S),
            ) as chat:
                return await lines.run(chat)
        except BadToken:
            if kept is None:
                raise
            saved.change(partial(saved.without_session, address=address, token=kept.token))
            name, kept = kept.name, None
