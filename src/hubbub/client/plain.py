"""The plain dialect from a client's side: lines out, lines in, on any chat server of its kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from hubbub.client.address import parse_address
from hubbub.client.hello import closed
from hubbub.client.link import Ended, Link, dial
from hubbub.errors import ConnectionFailed

if TYPE_CHECKING:
    from ssl import SSLContext


class PlainConnection:
    """An open plain connection; iterate over it for what comes, one text a frame.

    It knows neither acknowledgement nor resume: when the line breaks or the server goes away, the
    iteration raises ConnectionFailed, and what was said last may be lost.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    async def send(self, line: str) -> None:
        """Sends one line. Raises ConnectionFailed."""
        if not await self._link.send(line.encode("utf-8", "replace")):
            raise ConnectionFailed("The line is gone; the server did not get this.")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        frame = await self._link.receive()
        if not isinstance(frame, Ended):
            return frame.decode("utf-8", "replace")
        if frame.code == 1000:
            raise StopAsyncIteration
        raise closed(frame)


@asynccontextmanager
async def connect_plain(
    url: str | None = None,
    *,
    name: str | None = None,
    room: str | None = None,
    dial_timeout_s: float = 10.0,
    tls: "SSLContext | None" = None,
) -> AsyncIterator[PlainConnection]:
    """Connects in the plain dialect. Raises ConfigError or ConnectionFailed."""
    address = parse_address(url)
    wishes = {key: wish for key, wish in (("name", name), ("room", room)) if wish}
    query = f"?{urlencode(wishes)}" if wishes else ""
    link = await dial(address, address.chat_url + query, timeout_s=dial_timeout_s, tls=tls)
    try:
        yield PlainConnection(link)
    finally:
        await link.close()
