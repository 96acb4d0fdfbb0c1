"""Requests: each is carried out or refused, and answered in either case."""

from typing import TYPE_CHECKING, assert_never

from structlog import get_logger

from hubbub.errors import (
    Banned,
    Forbidden,
    HelloFirst,
    RateLimited,
    Refusal,
    StorageError,
    Unavailable,
)
from hubbub.hub import commands, reports
from hubbub.hub.faults import sorry
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.rooms.registry import PAGE
from hubbub.hub.state.permissions import role_in
from hubbub.hub.state.session import BANNED, FLOODING, Session, User
from hubbub.protocol import events, requests
from hubbub.protocol.json import Rejected

if TYPE_CHECKING:
    from hubbub.hub.hub import Hub

log = get_logger(__name__)


class Dispatcher:
    """Hands each request to the part of the hub that carries it out."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    async def reject(self, session: Session, rejected: Rejected) -> None:
        """Answers a frame that is no request; one who keeps sending such is closed with 4000."""
        try:
            self._hub.rates.command(session)
        except RateLimited as refusal:
            self._refuse(session, refusal, rejected.id)
        else:
            self._refuse(session, rejected.refusal, rejected.id)
        session.malformed += 1
        if session.malformed >= self._hub.limits.malformed_requests and not session.closed:
            self._hub.end_session(session, 4000, "too many malformed requests")

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
            self._hub.evict(session)
        await self._hub.committer.wait_for_room(session)

    def post_now(self, session: Session, request: requests.Post) -> bool:
        """Carries out a post, or refuses it, if that needs no wait; otherwise does nothing.

        The same as `handle`, for those who would have to wake a task to call that.
        """
        user, room = session.user, session.rooms.get(request.room)
        if (
            user is None
            or room is None
            or session.closed
            or not self._hub.committer.has_room(session)
        ):
            return False
        session.malformed = 0
        try:
            self._hub.messages.post_in(session, user, room, request)
        except Refusal as refusal:
            self._refuse(session, refusal, request.id)
        if session.full and not session.closed:
            self._hub.evict(session)
        return True

    def _refuse(self, session: Session, refusal: Refusal, request_id: str | None) -> None:
        self._hub.stats.refusals += 1
        if session.closed:
            return
        session.reply(events.Error.of(refusal, request_id))
        if isinstance(refusal, Banned) and session.user is None:
            self._hub.end_session(session, BANNED, "banned")
        elif isinstance(refusal, RateLimited) and self._hub.rates.flooding(session):
            self._hub.stats.flooding += 1
            self._hub.end_session(session, FLOODING, "flooding: wait as long as retry_after says")

    def fault(self, session: Session, request_id: str | None) -> None:
        """Answers a request that met a fault of our own; the log has the details."""
        self._refuse(session, sorry(), request_id)

    async def _carry_out(
        self, session: Session, request: requests.AnyRequest
    ) -> events.Reply | None:
        if isinstance(request, requests.Hello):
            if session.said_hello:
                self._hub.rates.command(session)
            session.said_hello = True
            await self._hub.arrivals.hello(session, request)
            return None
        user = session.user
        if user is None:
            self._hub.rates.command(session)
            raise HelloFirst("Say `hello` first; it tells who you are.")
        if isinstance(request, requests.Post):
            await self._hub.messages.post(session, user, request)
            return None
        if isinstance(request, requests.Whisper):
            await self._hub.messages.whisper(session, user, request)
            return None
        self._hub.rates.command(session)
        await self._hub.committer.wait_for_own(session)
        return await self._look_up(session, user, request)

    async def _look_up(
        self,
        session: Session,
        user: User,
        request: requests.Join
        | requests.Leave
        | requests.Command
        | requests.History
        | requests.Search
        | requests.Members
        | requests.Rooms
        | requests.Typing
        | requests.Read
        | requests.Notify
        | requests.Push
        | requests.Unpush
        | requests.TestPush
        | requests.Delete
        | requests.Sessions
        | requests.Audit
        | requests.Bans
        | requests.Ping,
    ) -> events.Reply | None:
        match request:
            case requests.Join():
                await self._join(session, user, request)
                return None
            case requests.Leave():
                await self._hub.leave_room(session, request.room)
                return events.Ok(id=request.id)
            case requests.Command():
                return await self._command(session, user, request)
            case requests.History():
                page = await self._hub.lookups.page(
                    session, request.room, request.before, request.after, request.limit
                )
                return events.Page(
                    id=request.id,
                    events=page.events,
                    more=page.more,
                    first=page.first,
                    last=page.last,
                )
            case requests.Search(room=room, text=text, before=before, limit=limit):
                found = await self._hub.searches.find(session, user, room, text, before, limit)
                return events.Found(id=request.id, events=found.events, next=found.next)
            case requests.Members():
                members = await self._hub.lookups.members(
                    session, request.room, request.after, request.limit
                )
                return events.MemberPage(id=request.id, members=members.members, more=members.more)
            case requests.Rooms():
                rooms = await self._hub.lookups.rooms(user, request.after, request.limit)
                return events.RoomPage(id=request.id, rooms=rooms.rooms, more=rooms.more)
            case requests.Typing():
                await self._hub.messages.typing(session, user, request.room)
                return events.Ok(id=request.id)
            case requests.Read():
                await self._hub.messages.read(session, user, request)
                return None
            case requests.Notify() | requests.Push() | requests.Unpush() | requests.TestPush():
                if self._hub.notices is None:
                    raise Forbidden("This server sends no notices; its setting `push` is off.")
                await self._hub.notices.carry_out(session, user, request)
                return None
            case requests.Delete():
                there = await self._hub.rooms.open_for(session, request.room)
                await self._hub.moderation.delete(user, there, request.seq, request.reason)
                return events.Ok(id=request.id)
            case requests.Sessions():
                return await reports.sessions(self._hub, session, user, request)
            case requests.Audit():
                return await reports.audit(self._hub, session, user, request)
            case requests.Bans():
                return await reports.bans(self._hub, session, user, request)
            case requests.Ping():
                return events.Ok(id=request.id)
            case _:
                assert_never(request)

    async def _command(
        self, session: Session, user: User, request: requests.Command
    ) -> events.Reply | None:
        call = await commands.run_line(self._hub, session, user, request.room, request.line)
        if session.closed:
            return None
        reply = events.Ran(id=request.id, text=call.rest)
        if call.then is None:
            return reply
        session.reply(reply)
        call.then()
        return None

    async def _join(self, session: Session, user: User, request: requests.Join) -> None:
        room = await self._hub.rooms.admit(session, request.room)
        making = self._hub.rooms.enter(session, room)
        self._hub.rooms.remember(user, room)
        limit = PAGE if request.after is None else self._hub.limits.resume_events
        async with self._hub.rooms.catch_up(session, room, request.after, limit) as page:
            made = await self._hub.rooms.made(making)
            joined = events.Joined(
                id=request.id,
                room=room.name,
                topic=room.topic,
                kind=room.kind,
                read_only=room.read_only,
                archived=room.archived,
                role=role_in(user, room),
                may=self._hub.permissions.in_room(user, room),
                first=page.first,
                last=page.last,
                events=page.events,
                more=page.more,
            )
            if not session.closed:
                session.reply(joined)
        if made:
            self._hub.accounts.tell(user)
