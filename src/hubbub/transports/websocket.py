"""`/chat` and `/echo`: WebSocket connections as sessions of the hub.

The library does the handshake, the parsing and the limits. What goes out is written by us, as
whole frames, to the connection's transport: messages by the hub, and here pings, pongs and close
frames. Nothing is written after a close frame, because a session leaves the hub before it.
"""

import asyncio
from collections import Counter

from aiohttp import WSCloseCode, WSMsgType, web
from structlog import get_logger

from hubbub.errors import BadRequest, Refusal
from hubbub.hub.hub import Hub
from hubbub.hub.session import Session
from hubbub.protocol.json import Rejected, decode_request
from hubbub.protocol.requests import AnyRequest
from hubbub.protocol.text import greeting, parse_line, refusal
from hubbub.transports.dialects import JsonDialect, PlainDialect, line_frame
from hubbub.transports.frames import PING, close_frame, pong_frame

log = get_logger(__name__)

JSON_PROTOCOL = "hubbub.v1"
PLAIN_PROTOCOL = "hubbub.text"
MISSED_PINGS = 2
PING_SLICES = 20
LINGER_S = 0.5


class Connection:
    """One upgraded connection: the hub's Line."""

    def __init__(self, transport: asyncio.WriteTransport, hub: Hub) -> None:
        self._transport = transport
        self._hub = hub
        self._abort: asyncio.TimerHandle | None = None
        self.session: Session | None = None
        self.close_sent = False
        self.heard = True
        self.missed_pings = 0

    def write(self, data: bytes) -> None:
        """Hands over whole frames."""
        if self._transport.is_closing():
            return
        try:
            self._transport.write(data)
        except RuntimeError:
            # uvloop says so of a transport that was aborted in the tick before.
            log.debug("write on a dead connection")

    def backlog_bytes(self) -> int:
        """What the kernel has not taken yet."""
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        """Sends a close frame; the peer has `close_timeout_s` to answer, then the line is cut."""
        if self.close_sent:
            return
        self.write(close_frame(code, reason))
        self.close_sent = True
        loop = asyncio.get_running_loop()
        self._abort = loop.call_later(self._hub.limits.close_timeout_s, self.abort)

    async def refuse(self, code: int) -> None:
        """Ends a line whose frames cannot be read any further, and returns when it is gone."""
        limit = self._hub.limits.frame_bytes
        reasons: dict[int, str] = {
            WSCloseCode.PROTOCOL_ERROR: "that frame breaks RFC 6455",
            WSCloseCode.INVALID_TEXT: "text frames are UTF-8",
            WSCloseCode.MESSAGE_TOO_BIG: f"a frame has at most {limit} bytes",
        }
        self.close(code, reasons.get(code, ""))
        if not self._transport.is_closing():
            await Unread(self._transport).gone

    def leave(self, why: str) -> None:
        """Takes the session out of the hub, before the library closes."""
        if self.session is not None:
            self._hub.arrivals.leave(self.session, why)

    def abort(self) -> None:
        """Cuts the line."""
        self._transport.abort()

    def ended(self) -> None:
        """The connection's task is over."""
        if self._abort is not None:
            self._abort.cancel()

    def ping(self) -> None:
        """Asks a silent peer for a sign; cuts the line when it missed two."""
        if self.heard:
            self.heard = False
            self.missed_pings = 0
        elif self.missed_pings >= MISSED_PINGS:
            self.abort()
        elif not self.close_sent:
            self.missed_pings += 1
            self.write(PING)


class Unread(asyncio.Protocol):
    """Drops what a peer still sends, and closes the line once it has been silent for a moment.

    A line that is closed over unread bytes is reset, and the close frame lost with it. One that
    is half-closed at once makes clients fail that are in the middle of a frame.
    """

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        loop = asyncio.get_running_loop()
        self._transport = transport
        self._former = transport.get_protocol()
        self._silence = loop.call_later(LINGER_S, transport.close)
        self.gone: asyncio.Future[None] = loop.create_future()
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Waits anew."""
        self._silence.cancel()
        loop = asyncio.get_running_loop()
        self._silence = loop.call_later(LINGER_S, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone, was silent, or went on for `close_timeout_s`."""
        self._silence.cancel()
        if not self.gone.done():
            self.gone.set_result(None)
        self._former.connection_lost(exc)


class ChatSocket(web.WebSocketResponse):
    """The library's socket, whose own closes (after an error, or the peer's) also come second."""

    connection: Connection | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """Takes the session out of the hub, then closes, unless the hub has closed already."""
        connection = self.connection
        if connection is not None:
            if connection.close_sent:
                return False
            connection.leave(f"closed with {code}")
            if code != WSCloseCode.OK:
                await connection.refuse(code)
                return True
            connection.close_sent = True
        return await super().close(code=code, message=message, drain=drain)


class WebSockets:
    """The endpoint `/chat`, and every connection that is open there."""

    def __init__(self, hub: Hub, *, rate_limits: bool) -> None:
        self._hub = hub
        self._rate_limits = rate_limits
        self._json = JsonDialect()
        self._plain = PlainDialect()
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._all_gone = asyncio.Event()

    def __len__(self) -> int:
        return len(self._connections)

    # --- the endpoint

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serves one connection from its upgrade to its end."""
        refused = self._refuse(request)
        if refused is not None:
            return refused
        limits = self._hub.limits
        socket = ChatSocket(
            timeout=limits.close_timeout_s,
            autoping=False,
            compress=False,
            max_msg_size=limits.frame_bytes + 1,  # the library refuses what reaches its limit
            protocols=(JSON_PROTOCOL, PLAIN_PROTOCOL),
        )
        address = request.remote or ""
        self._addresses[address] += 1
        try:
            await socket.prepare(request)
            await self._serve(request, socket)
        finally:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
        return socket

    def _refuse(self, request: web.Request) -> web.Response | None:
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            text = "This is a WebSocket endpoint. / tells how to join.\n"
            return web.Response(status=426, text=text, headers={"Upgrade": "websocket"})
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        names = [name.strip() for name in offered.split(",") if name.strip()]
        if names and not {JSON_PROTOCOL, PLAIN_PROTOCOL} & set(names):
            text = (
                f"hubbub speaks {JSON_PROTOCOL} and {PLAIN_PROTOCOL}, or no subprotocol at all.\n"
            )
            return web.Response(status=400, text=text)
        limits = self._hub.limits
        full = len(self._connections) >= limits.max_connections
        address_full = (
            self._rate_limits
            and self._addresses[request.remote or ""] >= limits.connections_per_address
        )
        if full or address_full:
            where = "This server" if full else "Your address"
            message = f"{where} has as many connections as it may have; try again later."
            body = {"type": "error", "code": "server_full", "message": message, "temporary": True}
            return web.json_response(body, status=503, headers={"Retry-After": "10"})
        return None

    async def _serve(self, request: web.Request, socket: ChatSocket) -> None:
        transport = request.transport
        if transport is None:
            return
        plain = socket.ws_protocol != JSON_PROTOCOL
        connection = socket.connection = Connection(transport, self._hub)
        session = self._hub.open_session(connection, self._plain if plain else self._json)
        connection.session = session
        self._connections.add(connection)
        self._all_gone.clear()
        try:
            if plain:
                await self._converse_plain(request, socket, connection, session)
            else:
                await self._converse_json(socket, connection, session)
        finally:
            self._hub.close_session(session, "left")
            connection.ended()
            self._connections.discard(connection)
            if not self._connections:
                self._all_gone.set()

    async def _converse_plain(
        self, request: web.Request, socket: ChatSocket, connection: Connection, session: Session
    ) -> None:
        query = request.query
        try:
            here, refusals = await self._hub.arrivals.greet(
                session, query.get("name") or None, query.get("room") or None
            )
        except Refusal as refused:
            connection.write(line_frame(refusal(refused.message)))
            self._hub.end_session(session, 1013, "try again later")
            return
        connection.write(line_frame(greeting(here)))
        for each in refusals:
            connection.write(line_frame(refusal(each.message)))
        async for message in socket:
            connection.heard = True
            if message.type is WSMsgType.ERROR:
                return
            if session.closed:
                continue
            if message.type is WSMsgType.TEXT:
                room = next(iter(session.rooms), self._hub.default_room)
                asked = parse_line(message.data, room)
                if asked is not None:
                    await self._carry_out(session, asked)
            elif message.type is WSMsgType.PING:
                session.outbox.write_ephemeral(pong_frame(message.data))

    async def _converse_json(
        self, socket: ChatSocket, connection: Connection, session: Session
    ) -> None:
        loop = asyncio.get_running_loop()
        limit_s = self._hub.limits.hello_timeout_s
        late = loop.call_later(limit_s, self._hub.end_session, session, 4000, "no hello in time")
        try:
            async for message in socket:
                connection.heard = True
                if message.type is WSMsgType.ERROR:
                    return
                if session.closed:
                    continue
                if message.type is WSMsgType.TEXT:
                    await self._request(session, message.data)
                    if session.user is not None:
                        late.cancel()
                elif message.type is WSMsgType.BINARY:
                    binary = BadRequest("The frame is binary; send JSON in text frames.")
                    await self._hub.reject(session, Rejected(None, binary))
                elif message.type is WSMsgType.PING:
                    session.outbox.write_ephemeral(pong_frame(message.data))
        finally:
            late.cancel()

    async def _request(self, session: Session, frame: str) -> None:
        asked = decode_request(frame)
        if isinstance(asked, Rejected):
            await self._hub.reject(session, asked)
        else:
            await self._carry_out(session, asked)

    async def _carry_out(self, session: Session, request: AnyRequest) -> None:
        try:
            await self._hub.handle(session, request)
        except Exception:
            # A fault of ours costs the one who met it an answer, not the connection.
            log.exception("request failed", type=type(request).__name__)
            self._hub.fault(session, request.id)

    # --- all connections

    async def keep_alive(self) -> None:
        """Pings whoever is silent, in slices, so that no moment has all of them."""
        pause_s = self._hub.limits.ping_s / PING_SLICES
        while True:
            everyone = list(self._connections)
            for part in range(PING_SLICES):
                await asyncio.sleep(pause_s)
                for connection in everyone[part::PING_SLICES]:
                    if connection in self._connections:
                        connection.ping()

    async def close_all(self, code: int, reason: str, within_s: float) -> None:
        """Says good-bye to everyone and waits for them to go, then cuts the rest off."""
        for connection in list(self._connections):
            if connection.session is not None:
                self._hub.end_session(connection.session, code, reason)
        if self._connections:
            try:
                await asyncio.wait_for(self._all_gone.wait(), within_s)
            except TimeoutError:
                for connection in list(self._connections):
                    connection.abort()


async def echo(request: web.Request) -> web.StreamResponse:
    """The tutorial's first server: says back what it hears. `hubbub doctor` uses it."""
    socket = web.WebSocketResponse(compress=False, heartbeat=30.0, max_msg_size=64 * 1024)
    if not socket.can_prepare(request):
        text = "This is a WebSocket endpoint: it says back what it hears.\n"
        return web.Response(status=426, text=text, headers={"Upgrade": "websocket"})
    await socket.prepare(request)
    await socket.send_str("You are connected!")
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(f"You said: {message.data}")
    return socket
