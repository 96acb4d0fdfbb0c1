"""Refusals as HTTP responses: the same object that a socket would get as an `error`."""

import math

from aiohttp import web

from hubbub.errors import Refusal
from hubbub.protocol import events, json


def refused(kind: type[web.HTTPException], refusal: Refusal) -> web.HTTPException:
    """The response to raise, with a `Retry-After` where the refusal names a time."""
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(refusal.retry_after))
    body = json.encode(events.Error.of(refusal)).decode()
    return kind(text=body, content_type="application/json", headers=headers)
