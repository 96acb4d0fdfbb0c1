"""One WebSocket to a server: dialling, whole frames in and out, how it ended.

Every call of the web library stands here, and takes whatever that raises for a line that broke: it
has more kinds of exceptions than it documents, and says of a dead line now the one, now the other.
"""

import asyncio
import contextlib
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from hubbub.client.address import Address
from hubbub.client.failures import TOO_BIG, explain, what_broke
from hubbub.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext

JSON_PROTOCOL = "hubbub.v1"
ABNORMAL = 1006
FRAME_BYTES = 64 * 1024 * 1024
"""The largest frame taken from a server: a replay of a thousand long messages fits."""
CLOSE_TIMEOUT_S = 2.0
DEVICE = f"hubbub {__version__} ({platform.system()})"
"""What a list of sessions calls this client."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a line ended: the close code (1006 for none) and what was said or noticed."""

    code: int
    reason: str


class Link:
    """An open WebSocket. Not reconnecting: one that ended stays so."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        socket: "aiohttp.ClientWebSocketResponse[bool]",
    ) -> None:
        self._http = http
        self._socket = socket
        self._noticed: str | None = None

    @property
    def protocol(self) -> str | None:
        """The subprotocol that the server selected."""
        return self._socket.protocol

    async def send(self, frame: bytes) -> bool:
        """Writes a text frame; False when the line is gone, which `receive` then tells too."""
        return await self._write(frame, aiohttp.WSMsgType.TEXT)

    async def _write(self, frame: bytes, kind: aiohttp.WSMsgType) -> bool:
        try:
            await self._socket.send_frame(frame, kind)
        except Exception:
            return False
        return True

    async def receive(self) -> bytes | Ended:
        """The next text frame, or how the line ended."""
        while True:
            try:
                message = await self._socket.receive()
            except Exception as fault:
                return Ended(ABNORMAL, self._noticed or what_broke(fault))
            kind, data = message.type, message.data
            match kind:
                case aiohttp.WSMsgType.TEXT:
                    return data if isinstance(data, bytes) else str(data).encode()
                case aiohttp.WSMsgType.PING:
                    # One that cannot be answered any more hides nothing of what stands behind it.
                    await self._write(bytes(data), aiohttp.WSMsgType.PONG)
                case aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                    pass
                case _:
                    return self._ended(kind, data, message.extra)

    def _ended(self, kind: aiohttp.WSMsgType, data: object, extra: str | None) -> Ended:
        if self._noticed is not None:
            return Ended(ABNORMAL, self._noticed)
        if kind is aiohttp.WSMsgType.CLOSE:
            code = data if isinstance(data, int) and data else 1005
            return Ended(code, extra or "")
        if isinstance(data, aiohttp.WebSocketError) and data.code == TOO_BIG:
            return Ended(TOO_BIG, f"this client takes {FRAME_BYTES} bytes")
        if isinstance(data, Exception):
            return Ended(ABNORMAL, what_broke(data))
        return Ended(ABNORMAL, "the server is gone")

    async def give_up(self, noticed: str) -> None:
        """Ends a line that no longer works; `receive` gives the reason."""
        self._noticed = noticed
        await self.close()

    async def close(self) -> None:
        """Says goodbye within two seconds and lets go of the socket."""
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_TIMEOUT_S + 1.0):
                    await self._socket.close()
        finally:
            await self._http.close()


async def dial(
    address: Address,
    url: str,
    *,
    protocols: "Iterable[str]" = (),
    timeout_s: float = 10.0,
    tls: "SSLContext | None" = None,
) -> Link:
    """Opens a WebSocket. Raises ConnectionFailed with a sentence for a person."""
    http = aiohttp.ClientSession()
    try:
        async with asyncio.timeout(timeout_s):
            socket = await http.ws_connect(
                url,
                headers={"User-Agent": DEVICE},
                protocols=tuple(protocols),
                max_msg_size=FRAME_BYTES,
                # The library's own pong raises out of `receive` where the line is gone.
                autoping=False,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                decode_text=False,
                ssl=tls if tls is not None else True,
            )
    except Exception as error:
        await http.close()
        raise explain(error, address) from error
    except BaseException:
        await http.close()
        raise
    return Link(http, socket)
