"""Requests: each is carried out or refused, and answered in either case."""

from structlog import get_logger

from hubbub.errors import (
    Banned,
    HelloFirst,
    RateLimited,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub import commands, handlers
from hubbub.hub.faults import sorry
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.parts import Parts
from hubbub.hub.state.room import Session, User
from hubbub.protocol import events, requests
from hubbub.protocol.close_codes import BANNED, FLOODING, MALFORMED
from hubbub.protocol.json import Rejected

log = get_logger(__name__)


class Dispatcher:
    """Hands each request to the part of the hub that carries it out."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def reject(self, session: Session, rejected: Rejected) -> None:
        """Answers a frame that is no request; one who keeps sending such is closed with 4000."""
        try:
            self._parts.rates.command(session)
        except RateLimited as refusal:
            self._refuse(session, refusal, rejected.id)
        else:
            self._refuse(session, rejected.refusal, rejected.id)
        session.malformed += 1
        if session.malformed >= self._parts.limits.malformed_requests and not session.closed:
            self._parts.attendance.end(session, MALFORMED, "too many malformed requests")

    async def handle(self, session: Session, request: requests.AnyRequest) -> None:
        """Carries out one request of a session, or refuses it; answers in either case.

        Returns when the session may send its next request.
        """
        session.malformed = 0
        try:
            reply = await self._carry_out(session, request)
        except Refusal as refusal:
            self._refuse(session, refusal, request.id)
        except StorageError as error:
            log.error("request failed", type=type(request).__name__, error=str(error))
            self._refuse(session, Unavailable(NOT_READ, retry_after=1.0), request.id)
        else:
            if reply is not None and not session.closed:
                session.reply(reply)
        if session.full and not session.closed:
            self._parts.attendance.evict(session)
        await self._parts.committer.wait_for_room(session)

    def post_now(self, session: Session, request: requests.Post) -> bool:
        """Carries out a post, or refuses it, if that needs no wait; otherwise does nothing.

        The same as `handle`, for those who would have to wake a task to call that.
        """
        user, room = session.user, session.rooms.get(request.room)
        if (
            user is None
            or room is None
            or session.closed
            or not self._parts.committer.has_room(session)
        ):
            return False
        session.malformed = 0
        try:
            self._parts.messages.post_in(session, user, room, request)
        except Refusal as refusal:
            self._refuse(session, refusal, request.id)
        if session.full and not session.closed:
            self._parts.attendance.evict(session)
        return True

    def _refuse(self, session: Session, refusal: Refusal, request_id: str | None) -> None:
        self._parts.stats.refusals += 1
        if session.closed:
            return
        session.reply(events.Error.of(refusal, request_id))
        if isinstance(refusal, Banned) and session.user is None:
            self._parts.attendance.end(session, BANNED, "banned")
        elif isinstance(refusal, RateLimited) and self._parts.rates.flooding(session):
            self._parts.stats.flooding += 1
            self._parts.attendance.end(
                session, FLOODING, "flooding: wait as long as retry_after says"
            )

    def fault(self, session: Session, request_id: str | None) -> None:
        """Answers a request that met a fault of our own; the log has the details."""
        self._refuse(session, sorry(), request_id)

    async def _carry_out(
        self, session: Session, request: requests.AnyRequest
    ) -> events.Reply | None:
        if isinstance(request, requests.Hello):
            if session.said_hello:
                self._parts.rates.command(session)
            session.said_hello = True
            await self._parts.arrivals.hello(session, request)
            return None
        user = session.user
        if user is None:
            self._parts.rates.command(session)
            raise HelloFirst("Say `hello` first; it tells who you are.")
        if isinstance(request, requests.Command):
            return await self._command(session, user, request)
        return await handlers.carry_out(self._parts, session, user, request)

    async def _command(
        self, session: Session, user: User, request: requests.Command
    ) -> events.Reply | None:
        self._parts.rates.command(session)
        await self._parts.committer.wait_for_own(session)
        call = await commands.run_line(self._parts, session, user, request.room, request.line)
        if session.closed:
            return None
        reply = events.Ran(id=request.id, text=call.answer)
        if call.then is None:
            return reply
        session.reply(reply)
        call.then()
        return None
