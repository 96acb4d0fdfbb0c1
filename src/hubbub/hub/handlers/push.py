"""Requests about notices by Web Push."""

from hubbub.errors import Forbidden
from hubbub.hub.handlers.table import handles
from hubbub.hub.parts import Parts
from hubbub.hub.push.notifier import PushRequest
from hubbub.hub.state.room import Session, User
from hubbub.protocol import requests


async def _carry_out(parts: Parts, session: Session, user: User, request: PushRequest) -> None:
    if parts.notifier is None:
        raise Forbidden("This server sends no notices; its setting `push` is off.")
    await parts.notifier.carry_out(session, user, request)


handles(requests.Notify)(_carry_out)
handles(requests.Push)(_carry_out)
handles(requests.Unpush)(_carry_out)
handles(requests.TestPush)(_carry_out)
