"""How a plain connection begins: the greeting, after a sign-in where there are no guests."""

from functools import partial

from aiohttp import WSMsgType, web

from hubbub.errors import BadToken, Banned, NotSignedIn, Refusal, StorageError
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.hub import Hub
from hubbub.hub.state.room import Session
from hubbub.protocol.close_codes import BANNED, SIGNED_OUT
from hubbub.protocol.plain import greeting, refusal
from hubbub.transports.connection import Connection
from hubbub.transports.dialects import line_frame
from hubbub.transports.frames import pong_frame
from hubbub.transports.patience import Patience

TRY_LATER = 1013


async def begin(
    hub: Hub,
    request: web.Request,
    socket: web.WebSocketResponse,
    connection: Connection,
    session: Session,
) -> bool:
    """Lets a connection in as its URL says, and greets it; False where it came to nothing."""
    query = request.query
    name, room, token = (query.get(key) or None for key in ("name", "room", "token"))
    try:
        here, refusals = await hub.parts.plain_arrivals.greet(session, name, room, token)
    except NotSignedIn as error:
        _write(connection, refusal(error.message))
        return await _let_sign_in(hub, socket, connection, session, room)
    except (Refusal, StorageError) as error:
        _write_refusal(connection, error)
        if isinstance(error, BadToken):
            hub.parts.attendance.end(session, SIGNED_OUT, "not signed in")
        elif isinstance(error, Banned):
            hub.parts.attendance.end(session, BANNED, "banned")
        else:
            hub.parts.attendance.end(session, TRY_LATER, "try again later")
        return False
    _write(connection, greeting(here))
    for each in refusals:
        _write(connection, refusal(each.message))
    return True


async def _let_sign_in(
    hub: Hub,
    socket: web.WebSocketResponse,
    connection: Connection,
    session: Session,
    room: str | None,
) -> bool:
    patience = Patience(
        hub.parts.limits.sign_in_timeout_s,
        partial(hub.parts.attendance.end, session, SIGNED_OUT, "not signed in in time"),
    )
    try:
        async for message in socket:
            await connection.take_turn()
            if message.type is WSMsgType.ERROR:
                return False
            connection.handled += 1
            if session.closed:
                continue
            if message.type is WSMsgType.PING:
                session.write_ephemeral(pong_frame(message.data))
            elif message.type is WSMsgType.TEXT:
                try:
                    with patience.paused():
                        here = await hub.parts.plain_arrivals.sign_in_by_line(
                            session, message.data, room
                        )
                except (Refusal, StorageError) as error:
                    _write_refusal(connection, error)
                else:
                    if here is not None:
                        _write(connection, greeting(here))
                        return True
    finally:
        patience.end()
    return False


def _write_refusal(connection: Connection, error: Refusal | StorageError) -> None:
    message = error.message if isinstance(error, Refusal) else NOT_READ
    if not connection.close_sent:
        _write(connection, refusal(message))


def _write(connection: Connection, line: str) -> None:
    connection.write(line_frame(line))
