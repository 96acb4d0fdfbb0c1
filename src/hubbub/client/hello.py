"""The beginning of every line: `hello`, `welcome`, and which rooms were refused."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from hubbub.client.failures import (
    TOO_BIG,
    PlainServer,
    is_about_the_name,
)
from hubbub.client.link import Ended, Link
from hubbub.errors import (
    REFUSALS,
    BadToken,
    ConnectionFailed,
    NoSuchRoom,
    Refusal,
    Unavailable,
)
from hubbub.protocol.close_codes import BANNED, MALFORMED, SENTENCES, SIGNED_OUT
from hubbub.protocol.events import Error, RoomState, Self, Welcome
from hubbub.protocol.json import OkFrame, Pushed, decode_frame, encode
from hubbub.protocol.requests import Command, Hello

FINAL_CODES = frozenset({1002, 1003, 1007, TOO_BIG, 1010, MALFORMED, SIGNED_OUT, BANNED})
"""Close codes after which coming back would end in the same way."""
NORMAL, BYE = 1000, "bye"
"""How a server answers `/quit`. A close with 1000 alone is anybody's who stands in between."""

QUIT_S = 1.0
"""How long leaving waits for the server to say so."""

_CLOSED = SENTENCES | {
    NORMAL: "The server said goodbye.",
    TOO_BIG: "The connection ended: a frame was too large.",
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came up to the first events: `rest` are frames that were read on the way."""

    welcome: Welcome
    refused: list[Refusal] = field(default_factory=list)
    rest: list[Pushed | OkFrame] = field(default_factory=list)


class Returning:
    """As whom to come back: a guest whom the server forgot is a new one, if it can be of its name.

    `_name` is None while there is a session to come back with, and empty for any name.
    """

    def __init__(self) -> None:
        self._name: str | None = None

    def hello(self, welcome: Welcome, rooms: Mapping[str, int | None]) -> Hello:
        """What to say after a lost line."""
        if self._name is None:
            return Hello(token=welcome.session, epoch=welcome.epoch, rooms=dict(rooms))
        return Hello(name=self._name or None, epoch=welcome.epoch, rooms=dict(rooms))

    def gives_way(self, refusal: Refusal, user: Self | None) -> bool:
        """Whether there is another way to say hello after this refusal."""
        if isinstance(refusal, BadToken) and self._name is None:
            self._name = user.name if user is not None and user.kind == "guest" else None
            return self._name is not None
        if is_about_the_name(refusal) and self._name:
            self._name = ""
            return True
        return False

    def came_anew(self) -> bool:
        """Whether this is a new guest now; told once."""
        anew, self._name = self._name is not None, None
        return anew


async def introduce(link: Link, hello: Hello) -> Greeting:
    """Says `hello` on a new line. Raises the Refusal of a name or token, or ConnectionFailed."""
    await link.send(encode(hello))
    greeting: Greeting | None = None
    while True:
        data = await link.receive()
        if isinstance(data, Ended):
            raise closed(data)
        frame = _decoded(data)
        match frame:
            case Welcome():
                greeting = Greeting(frame)
            case Error() if greeting is None:
                raise refusal_of(frame)
            case Error(room=str()) if greeting is not None:
                greeting.refused.append(refusal_of(frame))
            case OkFrame() | None:
                pass
            case _ if greeting is not None:
                # The refusals stand before all events.
                greeting.rest.append(frame)
                return greeting
            case _:
                pass
        if greeting is not None and len(greeting.refused) >= _missing(hello, greeting.welcome):
            return greeting


def entered(hello: Hello, welcome: Welcome) -> Iterator[tuple[RoomState, int | None]]:
    """The rooms that `hello` entered, with the last seq that it named."""
    if hello.rooms is not None:
        for state in welcome.rooms:
            asked = state.room if state.room in hello.rooms else state.was
            if asked in hello.rooms:
                yield state, hello.rooms[asked]
        return
    public = [state for state in welcome.rooms if state.kind != "direct"]
    # Without a wish one enters the server's first room, which is nearly always the lobby.
    public.sort(key=lambda state: state.room != "lobby")
    yield from ((state, None) for state in public[:1])


async def need_rooms(
    link: Link, hello: Hello, greeting: Greeting, direct: Iterable[str], *, again: bool
) -> None:
    """Raises the Refusal of a room; on the way back only of one that is closed for the moment.

    A session that nobody gets to know ends with that, so that the name of who came is free.
    """
    try:
        for refusal in greeting.refused:
            if not again or isinstance(refusal, Unavailable):
                raise refusal
        if not again:
            _need_direct_rooms(direct, hello, greeting.welcome)
    except Refusal:
        if hello.token is None:
            await _take_leave(link, greeting.welcome.user)
        raise


async def _take_leave(link: Link, user: Self) -> None:
    if await link.send(encode(Command(id="leave", line=farewell(user)))):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIT_S):
                while not isinstance(await link.receive(), Ended):
                    pass


def farewell(user: Self) -> str:
    """The command by which a user's session ends."""
    return "/quit" if user.kind == "guest" else "/logout"


def lasting(failure: ConnectionFailed) -> bool:
    """Whether trying again would fail in the same way."""
    # A refused handshake is not: whoever was in by the same one was refused by something between,
    # as by a proxy whose server restarts, or by the door of a hotel's network.
    return isinstance(failure, PlainServer) or failure.code in FINAL_CODES


def said_bye(ended: Ended) -> bool:
    """Whether the server answered a `/quit`."""
    return (ended.code, ended.reason) == (NORMAL, BYE)


def closed(ended: Ended, farewell: Refusal | None = None) -> ConnectionFailed:
    """A line's end as an error with a sentence; `farewell` is what the server said before."""
    if farewell is not None and ended.code == BANNED:
        return ConnectionFailed(farewell.message, ended.code)
    sentence = _CLOSED.get(ended.code) or f"The connection ended (code {ended.code})."
    told = ended.code == NORMAL or ended.reason in {"signed out", "banned"}
    if ended.reason and not told:
        sentence = f"{sentence.removesuffix('.')}: {ended.reason.removesuffix('.')}."
    return ConnectionFailed(sentence, ended.code)


def refusal_of(error: Error) -> Refusal:
    """The exception that an `error` frame tells of; one of a later release is a plain Refusal."""
    kind = REFUSALS.get(error.code, Refusal)
    refusal = kind(error.message, retry_after=error.retry_after, room=error.room)
    refusal.temporary = error.temporary
    return refusal


def _missing(hello: Hello, welcome: Welcome) -> int:
    here = {name for state in welcome.rooms for name in (state.room, state.was)}
    return len(set(hello.rooms or ()) - here)


def _decoded(data: bytes) -> Pushed | OkFrame | None:
    try:
        return decode_frame(data)
    except msgspec.DecodeError:
        return None


def _need_direct_rooms(named: Iterable[str], hello: Hello, welcome: Welcome) -> None:
    here = {state.room for state in welcome.rooms}
    missing = next((room for room in named if room not in here), None)
    # Those of another log are gone with it.
    if missing is not None and hello.epoch in {None, welcome.epoch}:
        raise NoSuchRoom(
            f"You have no direct room {missing}; whisper() makes one, and it needs no naming.",
            room=missing,
        )
