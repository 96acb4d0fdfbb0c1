"""The SDK's face: what one does and reads in a conversation with a server."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Self

from hubbub.client.changes import ChatEvent
from hubbub.client.connection import Connection
from hubbub.client.moderation import Moderation
from hubbub.client.state import LOBBY
from hubbub.errors import BadRequest, HubbubError
from hubbub.model import RoomKind, room_name
from hubbub.protocol import events, replies
from hubbub.protocol.requests import (
    Audit,
    Bans,
    ChangeRoom,
    Command,
    Delete,
    History,
    Invite,
    Join,
    Leave,
    MakeRoom,
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

NONCE_CHARS = 64


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
        self.moderation = Moderation(connection.calls)
        """What moderators do to people, and invitations to the server."""

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
    def retry_in_s(self) -> float | None:
        """How long until the next attempt to come back; None while none is waited for."""
        return self._connection.retry.in_s

    def retry_now(self) -> None:
        """Where the line is down, tries to come back at once; a second after the last attempt."""
        self._connection.retry.now()

    @property
    def failure(self) -> HubbubError | None:
        """What ended the connection for good, if something did; a ban, say, or a signing out."""
        return self._connection.failure

    # --- what is said

    async def post(
        self, text: str, room: str | None = None, *, nonce: str | None = None
    ) -> events.Posted:
        """Says something in a room; returns when it is durable, with its place in the log.

        A `nonce` of your own (1 to 64 characters) makes it one message over several runs, too: the
        same user's second post with it and the same text has the place of the first, and `dup`.
        Raises Conflict where it was another text.
        """
        return await (await self.post_soon(text, room, nonce=nonce))

    async def post_soon(
        self, text: str, room: str | None = None, *, nonce: str | None = None
    ) -> asyncio.Future[events.Posted]:
        """Like `post`, but returns as soon as the message has its place in the order.

        Messages reach the room in the order of these calls. Waits while `window_requests` of
        them are unanswered, so a loop over a large file needs no other bound.
        """
        if nonce is not None and not 1 <= len(nonce) <= NONCE_CHARS:
            raise BadRequest(f"A nonce has 1 to {NONCE_CHARS} characters, not {len(nonce)}.")
        request = Post(room=self._room(room), text=text, nonce=nonce or "")
        return await self._calls.offer(request, events.Posted)

    async def whisper(self, to: str | Iterable[str], text: str) -> events.Posted:
        """Says something to one person, or to a group of up to 16, and to nobody else."""
        names = [to] if isinstance(to, str) else list(to)
        request = Whisper(to=names, text=text, nonce="")
        return await (await self._calls.offer(request, events.Posted))

    async def command(self, line: str, room: str | None = None) -> str:
        """Runs a slash command; returns what a person who typed it should read.

        It is typed in `room`, which is this connection's own one if it is left out; `""` is none,
        where a command that is about a room raises BadRequest. What has a method here or in
        `moderation` is better asked for there: its answer is no sentence.

        Commands keep their place among posts. They have no nonce: when the line breaks before
        the answer, this raises ConnectionFailed and the command may have run or not.
        """
        place = self._default_room() if room is None else room or None
        ran = await (await self._calls.offer(Command(room=place, line=line), events.Ran))
        word, _, rest = line.removeprefix("/").partition(" ")
        if word.lower() in {"leave", "part"}:
            self._inbox.forget(compared(rest.strip()) or place or "")
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
    ) -> replies.MemberPage:
        """Who is in a room, by name; `after` is the last name of the page before."""
        request = Members(room=self._room(room), after=after, limit=limit)
        return await self._calls.ask(request, replies.MemberPage)

    async def rooms(self, *, after: str | None = None, limit: int = 200) -> replies.RoomPage:
        """The rooms that this user may see, by name; `after` as in `members`."""
        return await self._calls.ask(Rooms(after=after, limit=limit), replies.RoomPage)

    async def sessions(self) -> replies.SessionList:
        """Where this member is signed in; the command `/sessions end ID` ends one."""
        return await self._calls.ask(Sessions(), replies.SessionList)

    async def audit(
        self, room: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> replies.AuditPage:
        """What moderators did, newest first, on the server or in one room.

        `before` is the last `id` of the page before, `limit` 1 to 200 entries. Needs the right
        `audit`, in a room `audit_here`.
        """
        return await self._calls.ask(
            Audit(room=room, before=before, limit=limit), replies.AuditPage
        )

    async def bans(self, room: str | None = None) -> replies.BanList:
        """The bans and mutes that hold, on the server or in one room; rights as in `audit`."""
        return await self._calls.ask(Bans(room=room), replies.BanList)

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
        self._follow(joined, after)
        return joined

    async def make_room(
        self, room: str, *, private: bool = False, read_only: bool = False
    ) -> events.Joined:
        """Makes a room and enters it; its maker owns it, unless that is a guest.

        `room` of the answer is its name: a private room's has its title and a mark that nobody can
        guess. Raises NameTaken, Forbidden, and LineLost where the line breaks before the answer.
        """
        request = MakeRoom(room=room, private=private, read_only=read_only)
        made = await self._calls.ask_once(request, _Joined)
        self._follow(made)
        return made

    async def change_room(
        self,
        room: str,
        *,
        kind: str | None = None,
        read_only: bool | None = None,
        archived: bool | None = None,
        name: str | None = None,
    ) -> replies.RoomChanged:
        """Changes what a room is; what is None stays as it is. Needs the right `settings` there.

        `kind` is public or private, `name` the new one; both may give the room another name, which
        is `room` of the answer. Raises BadRequest where it is so already, NameTaken, Forbidden, and
        LineLost where the line breaks before the answer.
        """
        if kind not in {None, RoomKind.PUBLIC, RoomKind.PRIVATE}:
            raise BadRequest(f"A room is public or private, not {kind!r}.")
        request = ChangeRoom(
            room=room,
            kind=None if kind is None else RoomKind(kind),
            read_only=read_only,
            archived=archived,
            name=name,
        )
        return await self._calls.ask_once(request, replies.RoomChanged)

    async def invite(self, name: str, room: str) -> replies.Done:
        """Lets somebody into a private room, at once where they are here.

        Needs the right `invite_here`. Raises NoSuchUser, BadRequest where they are in or the room
        is public, and LineLost where the line breaks before the answer.
        """
        return await self._calls.ask_once(Invite(room=room, name=name), replies.Done)

    async def leave(self, room: str | None = None) -> None:
        """Leaves a room."""
        place = self._room(room)
        await self._calls.ask(Leave(room=place), events.Ok)
        self._inbox.forget(compared(place) or place)

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

    def _follow(self, joined: events.Joined, after: int | None = None) -> None:
        if not self._inbox.follows(joined.room):
            more = after is not None and joined.more
            last = joined.events[-1].seq if more and joined.events else joined.last
            self._inbox.follow(joined.room, last)
            if more:
                self._inbox.fall_behind(joined.room)

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


def compared(room: str) -> str:
    """A room's name as the server has it. Raises BadName."""
    if not room or room.startswith("@"):
        return room
    return room_name(room)
