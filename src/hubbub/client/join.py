"""`hubbub join`: which client fits what its ends are."""

import gc
import os
from dataclasses import replace

from hubbub.client import saved
from hubbub.client.options import JoinOptions


async def run(options: JoinOptions) -> int:
    """The full-screen client on a terminal that can show it, else the line client; the exit code.

    Raises what `hubbub.client.line.run` raises.
    """
    if options.save is not None:
        _save(options, options.save)
    able = os.environ.get("TERM", "dumb") not in {"", "dumb"}
    terminal = os.isatty(0) and os.isatty(1)
    if terminal and able and not options.plain and not options.json:
        # Starting makes next to no garbage, and looking for it takes a tenth of the start; the
        # client collects again as soon as it stands.
        gc.disable()
        try:
            from hubbub.client.tui import run as run_full_screen

            outcome = await run_full_screen(options)
        finally:
            gc.enable()
        if outcome.error is not None:
            raise outcome.error
        if not outcome.plain:
            return outcome.code
        options = replace(options, plain=True, name=options.name or outcome.name)
    from hubbub.client.line import run as run_line

    return await run_line(_found(options))


def _save(options: JoinOptions, name: str) -> None:
    def with_it(kept: saved.Saved) -> saved.Saved:
        server = saved.find_server(options.url, kept)
        changed = saved.Server(
            server.url, options.name or server.name, options.rooms or server.rooms
        )
        return saved.with_server(kept, name, changed)

    saved.change(with_it)


def _found(options: JoinOptions) -> JoinOptions:
    """With what is saved about the server that was named."""
    server = saved.find_server(options.url, saved.load())
    return replace(
        options,
        url=server.url,
        name=options.name or server.name,
        rooms=options.rooms or server.rooms,
    )
