"""Requests about what is said: posts, whispers, pages, searches and the small signs."""

from hubbub.hub.handlers.table import handles
from hubbub.hub.parts import Parts
from hubbub.hub.state.room import Session, User
from hubbub.protocol import events, requests


@handles(requests.Post, at_once=True)
async def _post(parts: Parts, session: Session, user: User, request: requests.Post) -> None:
    await parts.messages.post(session, user, request)


@handles(requests.Whisper, at_once=True)
async def _whisper(parts: Parts, session: Session, user: User, request: requests.Whisper) -> None:
    await parts.messages.whisper(session, user, request)


@handles(requests.History)
async def _history(
    parts: Parts, session: Session, user: User, request: requests.History
) -> events.Page:
    page = await parts.lookups.page(
        session, request.room, request.before, request.after, request.limit
    )
    return events.Page(
        id=request.id, events=page.events, more=page.more, first=page.first, last=page.last
    )


@handles(requests.Search)
async def _search(
    parts: Parts, session: Session, user: User, request: requests.Search
) -> events.Found:
    found = await parts.searches.find(
        session, user, request.room, request.text, request.before, request.limit
    )
    return events.Found(id=request.id, events=found.events, next=found.next)


@handles(requests.Typing)
async def _typing(
    parts: Parts, session: Session, user: User, request: requests.Typing
) -> events.Ok:
    await parts.messages.typing(session, user, request.room)
    return events.Ok(id=request.id)


@handles(requests.Read)
async def _read(parts: Parts, session: Session, user: User, request: requests.Read) -> None:
    await parts.messages.read(session, user, request)


@handles(requests.Ping)
async def _ping(parts: Parts, session: Session, user: User, request: requests.Ping) -> events.Ok:
    return events.Ok(id=request.id)
