"""`/chat` and `/echo`: WebSocket connections as sessions of the hub.

The library does the handshake, the parsing and the limits; see `connection` for what goes out.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from structlog import get_logger

from hubbub.errors import (
    BadRequest,
)
from hubbub.hub.faults import contained
from hubbub.hub.hub import Hub
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.state.room import Session
from hubbub.protocol.close_codes import MALFORMED
from hubbub.protocol.json import Rejected, decode_request
from hubbub.protocol.plain import clean, parse_line
from hubbub.protocol.requests import AnyRequest, Command, Post
from hubbub.transports.admission import Admission
from hubbub.transports.connection import Connection, Masked
from hubbub.transports.cookie import secret_of
from hubbub.transports.dialects import JsonDialect, PlainDialect
from hubbub.transports.frames import close_answer, pong_frame
from hubbub.transports.greeting import begin
from hubbub.transports.patience import Patience

log = get_logger(__name__)

JSON_PROTOCOL = "hubbub.v1"
PLAIN_PROTOCOL = "hubbub.text"
PING_SLICES = 20
DEVICE_CHARS = 120
WEBSOCKET_VERSION = "13"
HANDSHAKE_HEADERS = (
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
)


class Socket(web.WebSocketResponse):
    """The library's socket, except for how it ends."""

    connection: Connection | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """Takes the session out of the hub, then closes, unless the hub has closed already.

        The library calls this too, after an error and when the peer closes; a peer's close is
        answered with the peer's own code (RFC 6455, section 5.5.1).
        """
        connection = self.connection
        if connection is not None:
            if connection.close_sent:
                return False
            connection.leave(f"closed with {code}")
            if code != WSCloseCode.OK:
                await connection.refuse(code)
                return True
            connection.close_sent = True
            code = close_answer(self.close_code or code)
        return await super().close(code=code, message=message, drain=drain)


class WebSockets:
    """The endpoint `/chat`, and every connection that is open there."""

    def __init__(self, hub: Hub, admission: Admission) -> None:
        self._hub = hub
        self._admission = admission
        self._json = JsonDialect()
        self._plain = PlainDialect()
        self._connections: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    def __len__(self) -> int:
        return len(self._connections)

    # --- the endpoint

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serves one connection of the chat, from its upgrade to its end."""
        _check_upgrade(request, "This is a WebSocket endpoint. / tells how to join.\n")
        _check_protocols(request)
        socket = self._socket(JSON_PROTOCOL, PLAIN_PROTOCOL)
        with self._admission.place(request) as address:
            await socket.prepare(request)
            with self._connected(request, socket, address) as connection:
                await self._serve(request, socket, connection, address)
        return socket

    async def echo(self, request: web.Request) -> web.StreamResponse:
        """The tutorial's first server: says back what it hears. `hubbub doctor` uses it."""
        _check_upgrade(request, "This is a WebSocket endpoint: it says back what it hears.\n")
        socket = self._socket()
        with self._admission.place(request) as address:
            await socket.prepare(request)
            with self._connected(request, socket, address) as connection:
                await socket.send_str("You are connected!")
                async for message in socket:
                    await connection.take_turn()
                    if connection.close_sent:
                        continue
                    if message.type is WSMsgType.TEXT:
                        await socket.send_str(f"You said: {message.data}")
                    elif message.type is WSMsgType.PING:
                        await socket.pong(message.data)
        return socket

    def _socket(self, *protocols: str) -> Socket:
        limits = self._hub.parts.limits
        return Socket(
            timeout=limits.close_timeout_s,
            autoping=False,
            compress=False,
            max_msg_size=limits.frame_bytes + 1,  # the library refuses what reaches its limit
            protocols=protocols,
        )

    @contextmanager
    def _connected(
        self, request: web.Request, socket: Socket, address: AddressRates
    ) -> Iterator[Connection]:
        """An upgraded connection among the others, until its end."""
        transport = request.transport
        if transport is None:
            # The peer went away during the handshake.
            raise ConnectionResetError
        connection = socket.connection = Connection(transport, self._hub, address)
        Masked(connection, transport)
        if connection.close_sent:
            raise ConnectionResetError
        self._connections.add(connection)
        self._all_gone.clear()
        try:
            yield connection
        finally:
            connection.ended()
            self._connections.discard(connection)
            if not self._connections:
                self._all_gone.set()

    async def _serve(
        self, request: web.Request, socket: Socket, connection: Connection, address: AddressRates
    ) -> None:
        plain = socket.ws_protocol != JSON_PROTOCOL
        dialect = self._plain if plain else self._json
        cookie = None if plain else secret_of(request)
        session = connection.session = self._hub.parts.attendance.open_session(
            connection, dialect, address, _device(request), cookie
        )
        try:
            if plain:
                await self._converse_plain(request, socket, connection, session)
            else:
                await self._converse_json(socket, connection, session)
        finally:
            self._hub.parts.attendance.close_session(session, "left")

    async def _converse_plain(
        self, request: web.Request, socket: Socket, connection: Connection, session: Session
    ) -> None:
        if not await begin(self._hub, request, socket, connection, session):
            return
        connection.take_now = partial(self._take_now, session, partial(self._typed, session))
        async for message in socket:
            await connection.take_turn()
            if message.type is WSMsgType.ERROR:
                return
            if not session.closed:
                if message.type is WSMsgType.TEXT:
                    asked = self._typed(session, message.data)
                    if asked is not None:
                        await self._carry_out(session, asked)
                elif message.type is WSMsgType.PING:
                    session.write_ephemeral(pong_frame(message.data))
            connection.handled += 1

    def _typed(self, session: Session, text: str) -> Post | Command | None:
        return parse_line(text, next(iter(session.rooms), self._hub.parts.default_room))

    async def _converse_json(
        self, socket: Socket, connection: Connection, session: Session
    ) -> None:
        end = self._hub.parts.attendance.end
        patience = Patience(
            self._hub.parts.limits.hello_timeout_s,
            partial(end, session, MALFORMED, "no hello in time"),
        )
        connection.take_now = partial(self._take_now, session, decode_request)
        try:
            async for message in socket:
                await connection.take_turn()
                if message.type is WSMsgType.ERROR:
                    return
                if patience.ended and not session.closed:
                    await self._hear(session, message)
                elif not session.closed:
                    with patience.paused():
                        await self._hear(session, message)
                    if session.user is not None:
                        patience.end()
                connection.handled += 1
        finally:
            patience.end()

    async def _hear(self, session: Session, message: WSMessage) -> None:
        if message.type is WSMsgType.TEXT:
            await self._request(session, message.data)
        elif message.type is WSMsgType.BINARY:
            binary = BadRequest("The frame is binary; send JSON in text frames.")
            await self._hub.dispatcher.reject(session, Rejected(None, binary))
        elif message.type is WSMsgType.PING:
            session.write_ephemeral(pong_frame(message.data))

    def _take_now(self, session: Session, read: Callable[[str], object], payload: bytes) -> bool:
        """Carries out a post for which nothing has to be waited; False for everything else."""
        try:
            asked = read(payload.decode())
        except UnicodeDecodeError:
            return False
        if not isinstance(asked, Post):
            return False
        try:
            return self._hub.dispatcher.post_now(session, asked)
        except Exception as error:
            self._met_fault(session, asked, error)
            return True

    async def _request(self, session: Session, frame: str) -> None:
        asked = decode_request(frame)
        if isinstance(asked, Rejected):
            await self._hub.dispatcher.reject(session, asked)
        else:
            await self._carry_out(session, asked)

    async def _carry_out(self, session: Session, request: AnyRequest) -> None:
        try:
            await self._hub.dispatcher.handle(session, request)
        except Exception as error:
            self._met_fault(session, request, error)

    def _met_fault(self, session: Session, request: AnyRequest, error: Exception) -> None:
        # A fault of ours costs the one who met it an answer, not the connection.
        log.exception("request failed", type=type(request).__name__, fault=type(error).__name__)
        self._hub.dispatcher.fault(session, request.id)

    # --- all connections

    async def keep_alive(self) -> None:
        """Pings whoever is silent, in slices, so that no moment has all of them."""
        pause_s = self._hub.parts.limits.ping_s / PING_SLICES
        while True:
            everyone = list(self._connections)
            for part in range(PING_SLICES):
                await asyncio.sleep(pause_s)
                for connection in everyone[part::PING_SLICES]:
                    if connection in self._connections:
                        with contained("one was not asked for a sign"):
                            connection.ping()

    async def close_all(self, code: int, reason: str, within_s: float) -> None:
        """Says good-bye to everyone and waits for them to go, then cuts the rest off."""
        for connection in list(self._connections):
            with contained("one was not told good-bye"):
                if connection.session is not None:
                    self._hub.parts.attendance.end(connection.session, code, reason)
                else:
                    connection.close(code, reason)
        try:
            await asyncio.wait_for(self._all_gone.wait(), within_s)
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()


def _device(request: web.Request) -> str:
    """What the client says of itself, for the list of one's sessions."""
    # Thousands of connections say the same.
    return sys.intern(clean(request.headers.get("User-Agent", ""))[:DEVICE_CHARS])


def _check_upgrade(request: web.Request, otherwise: str) -> None:
    headers = request.headers
    if not all(headers.get(name, "").isascii() for name in HANDSHAKE_HEADERS):
        # The library would fail over its own refusal.
        raise web.HTTPBadRequest(text="The headers of a WebSocket handshake are ASCII.\n")
    if "websocket" not in headers.get("Upgrade", "").lower():
        raise web.HTTPUpgradeRequired(text=otherwise, headers={"Upgrade": "websocket"})
    if headers.get("Sec-WebSocket-Version") != WEBSOCKET_VERSION:
        # The library takes drafts of the RFC too.
        raise web.HTTPUpgradeRequired(
            text=f"This server speaks version {WEBSOCKET_VERSION} of WebSocket (RFC 6455).\n",
            headers={"Sec-WebSocket-Version": WEBSOCKET_VERSION},
        )


def _check_protocols(request: web.Request) -> None:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    names = {name.strip() for name in offered.split(",") if name.strip()}
    if names and not {JSON_PROTOCOL, PLAIN_PROTOCOL} & names:
        text = f"hubbub speaks {JSON_PROTOCOL} and {PLAIN_PROTOCOL}, or no subprotocol at all.\n"
        raise web.HTTPBadRequest(text=text)
