"""Web Push: notices to browsers by their makers' push services (RFC 8030, 8188, 8291, 8292)."""

import asyncio
import base64
import ipaddress
import json
import socket
import time
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from structlog import get_logger

from hubbub.hub.notices import Fate, Notice
from hubbub.storage.interface import Subscription

log = get_logger(__name__)

TIMEOUT_S = 10.0
KEPT_S = 24 * 3600
"""How long a push service keeps a notice for a browser that is off."""
TOKEN_S = 3600
CONNECTIONS = 16


class PrivateAddressError(OSError):
    """An endpoint leads into a network that is not public."""


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """A key pair of RFC 8292: the private one as a PEM, the public one in base64url."""

    private: str
    public: str


class WebPush:
    """The way to push services; implements `hub.notices.Pusher`.

    Endpoints are addresses that strangers give, so only public ones are called, unless
    `private` ones are let in for a test.
    """

    def __init__(self, keys: VapidKeys, contact: str, *, private: bool = False) -> None:
        """`contact` is a mailto: or https: address, for the services."""
        self._private_key = keys.private
        self._contact = contact
        self._private = private
        self._session: aiohttp.ClientSession | None = None

    async def push(self, subscription: Subscription, notice: Notice) -> tuple[Fate, str]:
        """See Pusher."""
        service = urlsplit(subscription.endpoint).hostname or ""
        try:
            why_not = self.why_not(subscription.endpoint)
            if why_not is not None:
                return Fate.FAILED, why_not
            headers, body = await asyncio.to_thread(self._sealed, subscription, notice)
            async with self._connected().post(
                subscription.endpoint, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return _fate(answer.status, service)
        except TimeoutError:
            return Fate.FAILED, f"{service} did not answer in {TIMEOUT_S:g} s"
        except PrivateAddressError as error:
            return Fate.FAILED, str(error)
        except (aiohttp.ClientError, OSError) as error:
            return Fate.FAILED, f"{service} cannot be reached: {error}"
        except ValueError as error:
            return Fate.GONE, f"the browser's keys cannot be used: {error}"

    async def close(self) -> None:
        """Ends the connections to push services."""
        if self._session is not None:
            await self._session.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._private else PublicResolver()
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, resolver=resolver)
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session

    def why_not(self, endpoint: str) -> str | None:
        """See Pusher. Names are looked up when they are called."""
        try:
            url = urlsplit(endpoint)
            host, _ = url.hostname, url.port
        except ValueError:
            return "it is no URL"
        if self._private:
            return None
        if url.scheme != "https" or not host or url.username is not None:
            return "a push service is called by https"
        # The resolver is not asked for an address that is written as numbers.
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        return None if address.is_global else f"{host} is no public address"

    def _sealed(self, subscription: Subscription, notice: Notice) -> tuple[dict[str, str], bytes]:
        from py_vapid import Vapid02
        from pywebpush import WebPusher, WebPushException

        keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
        payload = {
            "room": notice.room,
            "from": notice.sender,
            "text": notice.text,
            "direct": notice.direct,
        }
        try:
            pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
            body = pusher.encode(json.dumps(payload, ensure_ascii=False).encode())["body"]
        except (WebPushException, IndexError) as error:
            raise ValueError(str(error)) from error
        url = urlsplit(subscription.endpoint)
        claims = {
            "aud": f"{url.scheme}://{url.netloc}",
            "sub": self._contact,
            "exp": int(time.time()) + TOKEN_S,
        }
        headers = dict(Vapid02.from_pem(self._private_key.encode()).sign(claims))
        headers["Content-Encoding"] = "aes128gcm"
        headers["Content-Type"] = "application/octet-stream"
        headers["TTL"] = str(KEPT_S)
        headers["Urgency"] = "high"
        # Of what waits for a browser that is off, only the last notice of a room is kept.
        headers["Topic"] = _base64url(sha256(notice.room.encode()).digest()[:18])
        return headers, bytes(body)


class PublicResolver(AbstractResolver):
    """Finds only addresses of the public network, however a name was bound by then."""

    def __init__(self) -> None:
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises PrivateAddressError where a name has no public address."""
        found = await self._resolver.resolve(host, port, family)
        public = [each for each in found if ipaddress.ip_address(each["host"]).is_global]
        if not public:
            raise PrivateAddressError(f"{host} is not in the public network")
        return public

    async def close(self) -> None:
        """See AbstractResolver."""
        await self._resolver.close()


def new_keys() -> str:
    """Keys by which push services know this server, as `read_keys` takes them."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid import Vapid02

    vapid = Vapid02()
    vapid.generate_keys()
    point = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return json.dumps({"private": vapid.private_pem().decode(), "public": _base64url(point)})


def read_keys(kept: str) -> VapidKeys:
    """The keys that `new_keys` made."""
    return VapidKeys(**json.loads(kept))


def _fate(status: int, service: str) -> tuple[Fate, str]:
    if 200 <= status < 300:
        return Fate.SENT, ""
    if status in {404, 410}:
        return Fate.GONE, f"{service} knows that browser no more"
    return Fate.FAILED, f"{service} answered {status}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
