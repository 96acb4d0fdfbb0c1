"""`/session`: where the page leaves the secret of its session, as a cookie that no script can read.

The page hands over what `welcome` told it, and forgets it; the browser then shows the cookie at
the WebSocket's handshake, to this server alone. The guard says who may ask at all: a page from
elsewhere can neither set nor clear it (docs/security.md).
"""

from typing import Annotated

import msgspec
from aiohttp import web

from hubbub.errors import BadRequest, BadToken, Forbidden, RateLimited, StorageError, Unavailable
from hubbub.hub.clock import SystemClock
from hubbub.hub.flow.log import NOT_READ
from hubbub.hub.hub import Hub
from hubbub.hub.people.identity import NO_SESSION
from hubbub.hub.ports import Clock
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.rules.secrets import hashed
from hubbub.model import UserKind
from hubbub.transports.guard import Guard
from hubbub.transports.refusals import refused

PATH = "/session"
BODY_BYTES = 1024
NAME = "hubbub"
HOUR_S = 3600


class Handover(msgspec.Struct):
    """What the page sends; without a token the cookie that is there is renewed."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class SessionCookie:
    """The endpoint."""

    def __init__(self, hub: Hub, guard: Guard, clock: Clock | None = None) -> None:
        self._hub = hub
        self._guard = guard
        self._clock = clock or SystemClock()

    def routes(self) -> list[web.RouteDef]:
        """Where it is served."""
        return [web.post(PATH, self.keep), web.delete(PATH, self.clear)]

    async def keep(self, request: web.Request) -> web.Response:
        """Sets the cookie to the secret of a session that is alive; 204."""
        _own_page(request)
        body = await _body(request)
        secret = body.token if body.token is not None else secret_of(request)
        if secret is None:
            raise refused(web.HTTPBadRequest, BadRequest("There is no session to renew."))
        address = self._hub.parts.rates.of_address(self._guard.address(request))
        life_s = await self._life_s(address, secret)
        response = web.Response(status=204, headers={"Cache-Control": "no-store"})
        _set(response, request, secret, life_s)
        return response

    async def clear(self, request: web.Request) -> web.Response:
        """Takes the cookie away; 204. The session itself is ended by /logout or /quit."""
        _own_page(request)
        response = web.Response(status=204, headers={"Cache-Control": "no-store"})
        _set(response, request, "", 0)
        return response

    async def _life_s(self, address: AddressRates, secret: str) -> int:
        """How long the session lasts from now on; what is no session counts against the address."""
        hub = self._hub
        try:
            hub.parts.rates.sign_in(address)
            now_ms = self._clock.now_ms()
            found = await hub.parts.log.read(
                hub.parts.log.storage.people.session_user, hashed(secret), now_ms
            )
        except RateLimited as refusal:
            raise refused(web.HTTPTooManyRequests, refusal) from None
        except StorageError:
            down = Unavailable(NOT_READ, retry_after=1.0)
            raise refused(web.HTTPServiceUnavailable, down) from None
        if found is None or found.kind is UserKind.BOT:
            hub.parts.rates.failed_sign_in(address)
            raise refused(web.HTTPForbidden, BadToken(NO_SESSION))
        guest = found.kind is UserKind.GUEST
        hours = hub.parts.limits.guest_session_h if guest else hub.parts.limits.session_days * 24
        return int(hours * HOUR_S)


def secret_of(request: web.Request) -> str | None:
    """The secret that a browser shows, at a handshake too."""
    return request.cookies.get(_name(request)) or None


def _name(request: web.Request) -> str:
    # A browser shows cookies to every port of a host: each server has one of its own. Where there
    # is TLS only `__Host-` counts, which nobody on the path and no other host could have set.
    port = request.host.rpartition(":")[2] if ":" in request.host.rpartition("]")[2] else ""
    name = f"{NAME}-{port}" if port.isdigit() else NAME
    return f"__Host-{name}" if _secure(request) else name


def _secure(request: web.Request) -> bool:
    """Whether the browser has the page by https, perhaps from a proxy that speaks http to us."""
    origin = request.headers.get("Origin", "")
    return request.scheme == "https" or origin.lower().startswith("https://")


def _set(response: web.Response, request: web.Request, secret: str, life_s: int) -> None:
    response.set_cookie(
        _name(request),
        secret,
        max_age=life_s,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_secure(request),
    )


def _own_page(request: web.Request) -> None:
    """Stricter than the guard: also a page that may otherwise use this server has no say here."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin":
        elsewhere = Forbidden("Only this server's own page may sign a browser in or out.")
        raise refused(web.HTTPForbidden, elsewhere)


async def _body(request: web.Request) -> Handover:
    # No form can send this type, and no page elsewhere without being asked first (CORS).
    if request.content_type != "application/json":
        wrong = BadRequest("The body must be application/json.")
        raise refused(web.HTTPUnsupportedMediaType, wrong)
    body = b""
    async for chunk in request.content.iter_chunked(BODY_BYTES):
        body += chunk
        if len(body) > BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(BODY_BYTES, len(body))
    try:
        return msgspec.json.decode(body, type=Handover)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(web.HTTPBadRequest, BadRequest(f"{error}.")) from None
