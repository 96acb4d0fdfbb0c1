"""Who may ask: hosts, origins, and the address behind a proxy (docs/security.md)."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from structlog import get_logger

from hubbub.errors import Forbidden, RateLimited
from hubbub.hub.rules.addresses import parse_address, subscriber
from hubbub.hub.rules.rates import Rates
from hubbub.transports.refusals import refused

log = get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What a supervisor asks for, by whatever name it has for this machine; they tell nobody's secrets.
WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
LOGGED_HOSTS = 20
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Server": "hubbub",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # 'self' in connect-src covers the WebSocket of the same host and port.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class Guard:
    """What is looked at before a request is served."""

    def __init__(
        self,
        *,
        hosts: Iterable[str],
        origins: Iterable[str],
        proxies: Iterable[str],
        rates: Rates,
    ) -> None:
        """`proxies` are addresses or networks."""
        self._rates = rates
        self._logged: set[str] = set()
        self._hosts = {"localhost", *map(str.lower, hosts)}
        self._origins = {origin.lower().rstrip("/") for origin in origins}
        self._proxies: list[Network] = [
            ipaddress.ip_network(proxy, strict=False) for proxy in proxies
        ]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses a foreign Host, a foreign Origin wherever something could be changed, and an
        address that asks too often. What gets past it has headers of whole characters.
        """
        request = _readable(request)
        try:
            self._rates.connect(self._rates.of_address(self.address(request)))
        except RateLimited as refusal:
            raise refused(web.HTTPTooManyRequests, refusal) from None
        host = request.headers.get("Host")
        asked_by_name = host is not None and request.path not in WATCHED
        if host is not None and asked_by_name and not self.knows_host(host):
            name = _host_name(host)[:100]
            self._log_once(name)
            raise _forbidden(
                f"This server is not known as {name!r}. "
                "If it is yours, add that name to the setting allowed_hosts."
            )
        changes = request.method not in SAFE_METHODS or "Upgrade" in request.headers
        if changes and not self.knows_origin(request):
            origin = request.headers["Origin"][:100]
            raise _forbidden(
                f"Pages of {origin!r} may not use this server. "
                "If it is yours, add that origin to the setting allowed_origins."
            )
        return await handler(request)

    def _log_once(self, host: str) -> None:
        if host not in self._logged and len(self._logged) < LOGGED_HOSTS:
            self._logged.add(host)
            log.warning("refused an unknown host", host=host, setting="allowed_hosts")

    async def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Gives every response the headers that keep browsers careful.

        Not an upgrade: it shows no page, and would keep them as long as the connection lasts.
        """
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = HEADERS["Server"]

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server, so that no page elsewhere can pose as it.

        An address always does: DNS rebinding needs a name. So does no header at all: browsers
        send one.
        """
        name = _host_name(host)
        if name in self._hosts or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def knows_origin(self, request: web.Request) -> bool:
        """Whether the page that asks is this server's own or an allowed one.

        Programs that are no browsers send no Origin.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        origin = origin.lower().rstrip("/")
        if origin in self._origins:
            return True
        try:
            page = urlsplit(origin)
        except ValueError:
            return False
        if request.secure and page.scheme != "https":
            # A page that anybody on the path may have written, of the same name. Where a proxy
            # has the certificate we are asked by http, and both may be.
            return False
        return page.netloc == request.headers.get("Host", "none").lower()

    def address(self, request: web.Request) -> str:
        """Whose request it is: the peer's address, or what a trusted proxy says it was.

        Of a chain of proxies the nearest one that is not trusted counts. IPv6 addresses count by
        their /64, which is what one customer has.
        """
        address = request.remote or ""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            if not self._trusts(address):
                break
            said = parse_address(hop)
            if said is None:
                break
            address = str(said)
        return subscriber(address)

    def _trusts(self, address: str) -> bool:
        peer = parse_address(address)
        return peer is not None and any(peer in proxy for proxy in self._proxies)


def _readable(request: web.Request) -> web.Request:
    """The request with U+FFFD for bytes that are no UTF-8, the only strings in which the library
    lets them stand (as halves of surrogate pairs): paths, queries and names of headers it refuses.
    """
    headers = request.headers
    if all(map(str.isascii, headers.values())):
        return request
    readable = headers.copy()
    readable.clear()
    readable.extend((name, _whole(value)) for name, value in headers.items())
    return request.clone(headers=readable)


def _whole(value: str) -> str:
    return value.encode(errors="surrogateescape").decode(errors="replace")


def _host_name(host: str) -> str:
    host = host.lower().strip()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _forbidden(message: str) -> web.HTTPException:
    return refused(web.HTTPForbidden, Forbidden(message))
