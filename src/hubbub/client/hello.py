"""The beginning of every line: `hello`, `welcome`, and which rooms were refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from hubbub.client.link import Ended, Link
from hubbub.errors import REFUSALS, ConnectionFailed, Refusal
from hubbub.protocol.events import Error, RoomState, Welcome
from hubbub.protocol.json import OkFrame, Pushed, decode_frame, encode
from hubbub.protocol.requests import Hello

FINAL_CODES = frozenset({1000, 1002, 1003, 1007, 1009, 1010, 4000, 4001, 4003})
"""Close codes after which coming back would end in the same way."""

_CLOSED = {
    1000: "The server said goodbye.",
    1009: "The server closed the connection: a frame was too large for it.",
    4000: "The server closed the connection: it found this client out of order.",
    4001: "The server closed the connection: not signed in, or signed out.",
    4003: "The server closed the connection: banned.",
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came up to the first events: `rest` are frames that were read on the way."""

    welcome: Welcome
    refused: list[Refusal] = field(default_factory=list)
    rest: list[Pushed | OkFrame] = field(default_factory=list)


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
            if state.room in hello.rooms:
                yield state, hello.rooms[state.room]
        return
    public = [state for state in welcome.rooms if state.kind != "direct"]
    # Without a wish one enters the server's first room, which is nearly always the lobby.
    public.sort(key=lambda state: state.room != "lobby")
    yield from ((state, None) for state in public[:1])


def closed(ended: Ended) -> ConnectionFailed:
    """A line's end as an error with a sentence."""
    sentence = _CLOSED.get(ended.code) or f"The connection ended (code {ended.code})."
    if ended.reason and ended.code != 1000:
        sentence = f"{sentence.removesuffix('.')}: {ended.reason.removesuffix('.')}."
    return ConnectionFailed(sentence, ended.code)


def refusal_of(error: Error) -> Refusal:
    """The exception that an `error` frame tells of; one of a later release is a plain Refusal."""
    kind = REFUSALS.get(error.code, Refusal)
    refusal = kind(error.message, retry_after=error.retry_after, room=error.room)
    refusal.temporary = error.temporary
    return refusal


def _missing(hello: Hello, welcome: Welcome) -> int:
    here = {state.room for state in welcome.rooms}
    return len(set(hello.rooms or ()) - here)


def _decoded(data: bytes) -> Pushed | OkFrame | None:
    try:
        return decode_frame(data)
    except msgspec.DecodeError:
        return None
