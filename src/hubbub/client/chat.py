"""The SDK's face: `async with hubbub.connect(url, name="ann") as chat`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from hubbub.client.address import parse_address
from hubbub.client.calls import Bounds
from hubbub.client.changes import ChatEvent
from hubbub.client.connection import Connection
from hubbub.client.inbox import cursors
from hubbub.client.state import LOBBY
from hubbub.errors import BadRequest, HubbubError
from hubbub.model import room_name
from hubbub.protocol import events
from hubbub.protocol.requests import (
    Audit,
    Bans,
    Command,
    Delete,
    Hello,
    History,
    Join,
    Leave,
    Members,
    Ping,
    Post,
    Read,
    Rooms,
    Search,
    Sessions,
    Typing,
    Whisper,
)

if TYPE_CHECKING:
    from ssl import SSLContext

QUIT_S = 1.0


class _Joined(events.Joined, frozen=True, kw_only=True, tag="ok"):
    # A server of an earlier release tells none of these.
    kind: str = "public"
    read_only: bool = False
    archived: bool = False
    role: str = "member"
    may: tuple[str, ...] = ()


class Chat:
    """A conversation with a server, from `connect`; iterate over it for what happens.

    Every method raises the Refusal that the server answers with (`hubbub.errors`), and
    ConnectionFailed once the connection has ended for good. While the line is down they wait.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._calls = connection.calls
        self._inbox = connection.inbox

    # --- who and where

    @property
    def welcome(self) -> events.Welcome:
        """The server's last `welcome`."""
        assert self._connection.welcome is not None, "a Chat exists after its welcome"
        return self._connection.welcome

    @property
    def user(self) -> events.Self:
        """Who this is."""
        return self._connection.user or self.welcome.user

    @property
    def name(self) -> str:
        """The name under which this is known now."""
        return self.user.name

    @property
    def may(self) -> tuple[str, ...]:
        """The rights that this user has on the server (docs/accounts.md, What may who)."""
        return self.welcome.may

    @property
    def session(self) -> str:
        """The secret that lets another process go on as this user, as `token`."""
        return self.welcome.session

    @property
    def epoch(self) -> str:
        """The name of the server's log, which `seen` belongs to."""
        return self.welcome.epoch

    @property
    def seen(self) -> Mapping[str, int]:
        """Each room with the seq of the last event that was read here; keep it to resume."""
        return dict(self._inbox.seen)

    @property
    def followed(self) -> tuple[str, ...]:
        """The rooms whose events come, direct ones included."""
        return self._inbox.rooms

    @property
    def is_up(self) -> bool:
        """Whether there is a line to the server at the moment."""
        return self._connection.is_up

    @property
    def failure(self) -> HubbubError | None:
        """What ended the connection for good, if something did; a ban, say, or a signing out."""
        return self._connection.failure

    # --- saying

    async def post(self, text: str, room: str | None = None) -> events.Posted:
        """Says something in a room; returns when it is durable, with its place in the log."""
        return await (await self.post_soon(text, room))

    async def post_soon(self, text: str, room: str | None = None) -> asyncio.Future[events.Posted]:
        """Like `post`, but returns as soon as the message has its place in the order.

        Messages reach the room in the order of these calls. Waits while `window_requests` of
        them are unanswered, so a loop over a large file needs no other bound.
        """
        request = Post(room=self._room(room), text=text, nonce="-")
        return await self._calls.offer(request, events.Posted)

    async def whisper(self, to: str | Iterable[str], text: str) -> events.Posted:
        """Says something to one person, or to a group of up to 16, and to nobody else."""
        names = [to] if isinstance(to, str) else list(to)
        request = Whisper(to=names, text=text, nonce="-")
        return await (await self._calls.offer(request, events.Posted))

    async def command(self, line: str, room: str | None = None) -> str:
        """Runs a slash command; returns what a person who typed it should read.

        Commands keep their place among posts. They have no nonce: when the line breaks before
        the answer, this raises ConnectionFailed and the command may have run or not.
        """
        place = room if room is not None else self._default_room() or LOBBY
        ran = await (await self._calls.offer(Command(room=place, line=line), events.Ran))
        word, _, rest = line.removeprefix("/").partition(" ")
        if word.lower() in {"leave", "part"}:
            self._inbox.forget(_compared(rest.strip()) or place)
        elif word.lower() in {"join", "j"}:
            # Where the room's log is now, so that a resume knows.
            await self.join(rest.strip())
        return ran.text

    # --- looking

    async def history(
        self,
        room: str | None = None,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> events.Page:
        """A page of a room's log, oldest first: the last one, or what came before or after a seq.

        `limit` is 1 to 200 events.
        """
        place = self._room(room)
        request = History(room=place, before=before, after=after, limit=limit)
        return await self._calls.ask(request, events.Page)

    async def search(
        self, text: str, room: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> events.Found:
        """The messages of a room with a text in them, newest first; case does not count.

        `next` of the answer is the `before` that goes on. `text` has 1 to 200 characters, `limit`
        is 1 to 200 messages.
        """
        request = Search(room=self._room(room), text=text, before=before, limit=limit)
        return await self._calls.ask(request, events.Found)

    async def members(
        self, room: str | None = None, *, after: str | None = None, limit: int = 200
    ) -> events.MemberPage:
        """Who is in a room, by name; `after` is the last name of the page before."""
        request = Members(room=self._room(room), after=after, limit=limit)
        return await self._calls.ask(request, events.MemberPage)

    async def rooms(self, *, after: str | None = None, limit: int = 200) -> events.RoomPage:
        """The rooms that this user may see, by name; `after` as in `members`."""
        return await self._calls.ask(Rooms(after=after, limit=limit), events.RoomPage)

    async def sessions(self) -> events.SessionList:
        """Where this member is signed in; the command `/sessions end ID` ends one."""
        return await self._calls.ask(Sessions(), events.SessionList)

    async def audit(
        self, room: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> events.AuditPage:
        """What moderators did, newest first, on the server or in one room.

        `before` is the last `id` of the page before, `limit` 1 to 200 entries. Needs the right
        `audit`, in a room `audit_here`.
        """
        return await self._calls.ask(Audit(room=room, before=before, limit=limit), events.AuditPage)

    async def bans(self, room: str | None = None) -> events.BanList:
        """The bans and mutes that hold, on the server or in one room; rights as in `audit`."""
        return await self._calls.ask(Bans(room=room), events.BanList)

    async def ping(self) -> None:
        """Asks the server for a sign of life."""
        await self._calls.ask(Ping(), events.Ok)

    async def delete(self, room: str, seq: int, reason: str = "") -> None:
        """Takes a message's text away, for everybody and for good; its place stays.

        One's own, or with the right `delete` another's. `reason` has up to 200 characters and is
        for the audit log. Raises LineLost where the line breaks before the answer.
        """
        await self._calls.ask_once(Delete(room=room, seq=seq, reason=reason), events.Ok)

    # --- coming, going, and signs

    async def join(self, room: str, *, after: int | None = None) -> events.Joined:
        """Enters a room; returns its last page, or what came after `after`.

        What is in that page does not come again as events.
        """
        joined = await self._calls.ask(Join(room=room, after=after), _Joined)
        if not self._inbox.follows(joined.room):
            more = after is not None and joined.more
            last = joined.events[-1].seq if more and joined.events else joined.last
            self._inbox.follow(joined.room, last)
            if more:
                self._inbox.fall_behind(joined.room)
        return joined

    async def leave(self, room: str | None = None) -> None:
        """Leaves a room."""
        place = self._room(room)
        await self._calls.ask(Leave(room=place), events.Ok)
        self._inbox.forget(_compared(place) or place)

    async def typing(self, room: str | None = None) -> None:
        """Tells a room that this user is writing; forgotten while the line is down."""
        if self.is_up:
            await self._calls.ask_once(Typing(room=self._room(room)), events.Ok)

    async def read(self, room: str, seq: int) -> None:
        """Moves this user's read marker of a room forward, for all of the user's clients."""
        await self._calls.ask(Read(room=room, seq=seq), events.Ok)

    # --- what happens

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChatEvent:
        event = await self._connection.next_event()
        if event is None:
            raise StopAsyncIteration
        return event

    def ready(self) -> list[ChatEvent]:
        """What has come and was not read yet, without waiting."""
        ready = []
        while (event := self._inbox.get()) is not None:
            ready.append(event)
        return ready

    # ---

    def _room(self, room: str | None) -> str:
        place = room if room is not None else self._default_room()
        if place is None:
            rooms = ", ".join(self.followed) or "none"
            raise BadRequest(f"Say which room is meant; this connection is in: {rooms}.")
        return place

    def _default_room(self) -> str | None:
        public = [room for room in self._inbox.rooms if not room.startswith("@")]
        if len(public) == 1:
            return public[0]
        return LOBBY if LOBBY in public else None


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

    `rooms` are names, or names with the last seq that was seen there, which with `token` and
    `epoch` goes on where another process stopped; without it the user joins `lobby`. With
    `backlog` the last page of each room comes first. After the block a guest's name is free again
    and a member is signed out, unless `keep_session` is set or a `token` was given.

    Whoever becomes a member gets another session, and other clients of that user come back with it:
    `kept_token` is asked where theirs is refused for what is kept of a name by now.

    Raises ConfigError for a wrong address, ConnectionFailed where no server answers (PlainServer
    where one does that knows only plain text), or the Refusal of the name, token or a room.
    """
    if isinstance(rooms, str):
        rooms = [rooms]
    named = None if rooms is None else cursors(rooms)
    if named is not None:
        named = {_compared(room) or room: seq for room, seq in named.items()}
    direct = {room: seq for room, seq in (named or {}).items() if room.startswith("@")}
    if named is not None:
        named = {room: seq for room, seq in named.items() if room not in direct}
    connection = Connection(
        parse_address(url),
        Hello(
            name=name,
            token=token,
            password=password,
            register=register,
            invite=invite,
            epoch=epoch,
            rooms=named,
        ),
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
        await chat._calls.drain()
    finally:
        try:
            if not keep_session and token is None:
                await _quit(connection, chat)
        finally:
            await connection.close()


async def _quit(connection: Connection, chat: Chat) -> None:
    connection.leaving = True
    if chat.is_up:
        with contextlib.suppress(HubbubError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                line = "/quit" if chat.user.kind == "guest" else "/logout"
                bye = Command(room=chat._default_room() or LOBBY, line=line)
                await chat._calls.ask_once(bye, events.Ran)


def _compared(room: str) -> str:
    if not room or room.startswith("@"):
        return room
    return room_name(room)
