"""How a conversation begins and ends: `async with hubbub.connect(url, name="ann") as chat`."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hubbub.client.address import parse_address
from hubbub.client.calls import Bounds
from hubbub.client.chat import Chat, compared
from hubbub.client.connection import Connection
from hubbub.client.hello import QUIT_S, farewell
from hubbub.client.inbox import cursors
from hubbub.errors import HubbubError
from hubbub.protocol import events
from hubbub.protocol.requests import Command, Hello

if TYPE_CHECKING:
    from ssl import SSLContext


@asynccontextmanager
async def connect(
    url: str | None = None,
    *,
    name: str | None = None,
    token: str | None = None,
    password: str | None = None,
    register: bool = False,
    invite: str | None = None,
    rooms: Mapping[str, int | None] | Iterable[str] | None = None,
    epoch: str | None = None,
    keep_session: bool = False,
    backlog: bool = False,
    page_gaps: bool = True,
    bounds: Bounds | None = None,
    tls: "SSLContext | None" = None,
    kept_token: Callable[[str], str | None] | None = None,
) -> AsyncIterator[Chat]:
    """Connects to a server and stays connected, across restarts and lost lines.

    A member comes by `name` and `password` or by the `token` of a session; with `register` these
    make the account, by the code of an invitation in `invite` where the server asks for one.
    HUBBUB_URL stands in for `url`, and HUBBUB_TOKEN for `token` where no `name` is given.

    `rooms` are names, or names with the last seq that was seen there, which with `token` and
    `epoch` goes on where another process stopped; without it the user joins `lobby`. With
    `backlog` the last page of each room comes first. After the block a guest's name is free again
    and a member is signed out, unless `keep_session` is set or a `token` was given.

    Whoever becomes a member gets another session, and other clients of that user come back with it:
    `kept_token` is asked where theirs is refused for what is kept of a name by now.

    Raises ConfigError for a wrong address, ConnectionFailed where no server answers (PlainServer
    where one does that knows only plain text), or the Refusal of the name, token or a room.
    """
    named, direct = _wanted(rooms)
    token = token or (_token() if name is None and invite is None else None)
    hello = Hello(name=name, token=token, password=password, epoch=epoch, rooms=named)
    hello = replace(hello, register=register, invite=invite)
    connection = Connection(
        parse_address(url or os.environ.get("HUBBUB_URL")),
        hello,
        bounds or Bounds(),
        direct=direct,
        backlog=backlog,
        page_gaps=page_gaps,
        tls=tls,
        kept_token=kept_token,
    )
    await connection.open()
    chat = Chat(connection)
    try:
        yield chat
        await connection.calls.drain()
    finally:
        await _end(connection, chat, quits=not keep_session and token is None)


def _token() -> str | None:
    return os.environ.get("HUBBUB_TOKEN") or None


def _wanted(
    rooms: Mapping[str, int | None] | Iterable[str] | None,
) -> tuple[dict[str, int | None] | None, dict[str, int | None]]:
    """The rooms that `hello` names, and the direct ones, which it need not."""
    if rooms is None:
        return None, {}
    named = cursors([rooms] if isinstance(rooms, str) else rooms)
    named = {compared(room) or room: seq for room, seq in named.items()}
    direct = {room: seq for room, seq in named.items() if room.startswith("@")}
    return {room: seq for room, seq in named.items() if room not in direct}, direct


async def _end(connection: Connection, chat: Chat, *, quits: bool) -> None:
    try:
        if quits:
            await _quit(connection, chat)
    finally:
        await connection.close()


async def _quit(connection: Connection, chat: Chat) -> None:
    connection.leaving = True
    if chat.is_up:
        with contextlib.suppress(HubbubError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                await connection.calls.ask_once(Command(line=farewell(chat.user)), events.Ran)
