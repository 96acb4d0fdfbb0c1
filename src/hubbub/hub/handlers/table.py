"""The table of requests: one decorated function beside this carries out one kind of request.

`hello` is no line of it: the dispatcher gives it to the door, before there is a user.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hubbub.hub.parts import Parts
from hubbub.hub.state.room import Session, User
from hubbub.protocol import events, requests

RequestT = TypeVar("RequestT", bound=requests.Request)
Run = Callable[[Parts, Session, User, RequestT], Awaitable[events.Reply | None]]
"""Carries a request out. None where its reply comes with its commit. Raises Refusal."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A line of the table."""

    run: Run[Any]
    at_once: bool
    """Whether it counts for a rate of its own and waits for nothing that was submitted before."""


HANDLERS: dict[type[requests.Request], Handler] = {}


def handles(
    kind: type[RequestT], *, at_once: bool = False
) -> Callable[[Run[RequestT]], Run[RequestT]]:
    """Puts a function into the table."""

    def register(run: Run[RequestT]) -> Run[RequestT]:
        assert kind not in HANDLERS, f"{kind.__name__} has one handler"
        HANDLERS[kind] = Handler(run, at_once)
        return run

    return register


async def carry_out(
    parts: Parts, session: Session, user: User, request: requests.Request
) -> events.Reply | None:
    """What becomes of a request of somebody's. Raises Refusal, StorageError."""
    handler = HANDLERS[type(request)]
    if not handler.at_once:
        parts.rates.command(session)
        await parts.committer.wait_for_own(session)
    return await handler.run(parts, session, user, request)
