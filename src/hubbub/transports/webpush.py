"""Web Push: notices to browsers by their makers' push services (RFC 8030, 8188, 8291, 8292)."""

import asyncio
import base64
import hmac
import json
import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from hubbub.hub.ports import Fate, Notice
from hubbub.storage.records import Subscription
from hubbub.transports.public import (
    PrivateAddressError,
    PublicResolver,
    public_socket,
    why_no_public_url,
)

TIMEOUT_S = 10.0
KEPT_S = 24 * 3600
"""How long a push service keeps a notice for a browser that is off."""
TOKEN_S = 3600
DNS_CACHE_S = 300


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """A key pair of RFC 8292: the private one as a PEM, the public one in base64url."""

    private: str
    public: str


class WebPush:
    """The way to push services; implements `hub.parts.notifier.Pusher`.

    Endpoints are addresses that strangers give, so only public ones are called, unless
    `private` ones are let in for a test.
    """

    def __init__(self, keys: VapidKeys, contact: str, *, private: bool = False) -> None:
        """`contact` is a mailto: or https: address, for the services."""
        self._private_key = keys.private
        self._contact = contact
        self._private = private
        self._session: aiohttp.ClientSession | None = None

    def why_not(self, endpoint: str) -> str | None:
        """See Pusher. Names are looked up when they are called."""
        try:
            url = URL(endpoint)
        except ValueError:
            return "it is no URL"
        if self._private:
            return None if url.scheme in {"http", "https"} and url.host else "it is no URL"
        return why_no_public_url(url)

    async def push(self, subscription: Subscription, notice: Notice) -> tuple[Fate, str]:
        """See Pusher."""
        why_not = self.why_not(subscription.endpoint)
        if why_not is not None:
            return Fate.GONE, why_not
        url = URL(subscription.endpoint)
        service = url.host or ""
        try:
            headers, body = await asyncio.to_thread(self._sealed, subscription, url, notice)
        except ValueError as error:
            return Fate.GONE, f"the browser's keys cannot be used: {error}"
        try:
            async with self._connected().post(
                url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return _fate(answer.status, service)
        except TimeoutError:
            return Fate.SILENT, f"{service} did not answer in {TIMEOUT_S:g} s"
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddressError):
                return Fate.REFUSED, str(error.os_error)
            return Fate.SILENT, f"{service} cannot be reached: {error.os_error}"
        except (aiohttp.ClientError, OSError) as error:
            return Fate.SILENT, f"{service} cannot be reached: {error}"

    async def close(self) -> None:
        """Ends the connections to push services."""
        if self._session is not None:
            await self._session.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            # How many are called at a time is the caller's affair: a limit here would have the
            # notices of one wait for the silence of another's service.
            connector = aiohttp.TCPConnector(
                limit=0,
                ttl_dns_cache=DNS_CACHE_S,
                resolver=None if self._private else PublicResolver(),
                socket_factory=None if self._private else public_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _sealed(
        self, subscription: Subscription, url: URL, notice: Notice
    ) -> tuple[dict[str, str], bytes]:
        """The head and the body of a request. Raises ValueError."""
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
        except WebPushException as error:
            raise ValueError(error.message) from error
        except IndexError as error:
            raise ValueError(str(error)) from error
        claims = {
            "aud": str(url.origin()),
            "sub": self._contact,
            "exp": int(time.time()) + TOKEN_S,
        }
        headers = dict(Vapid02.from_pem(self._private_key.encode()).sign(claims))
        headers["Content-Encoding"] = "aes128gcm"
        headers["Content-Type"] = "application/octet-stream"
        headers["TTL"] = str(KEPT_S)
        headers["Urgency"] = "high"
        # Of what waits for a browser that is off, only the last notice of a room is kept.
        # The key is the log's alone: by a bare hash the service could try names of rooms.
        topic = hmac.digest(self._private_key.encode(), b"topic " + notice.room.encode(), "sha256")
        headers["Topic"] = _base64url(topic[:18])
        return headers, bytes(body)


def new_keys() -> str:
    """Keys by which push services know this server, as `read_keys` takes them."""
    # Not by py_vapid: the first start of a server would wait for what it loads.
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = generate_private_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return json.dumps({"private": private.decode(), "public": _base64url(point)})


def read_keys(kept: str) -> VapidKeys:
    """The keys that `new_keys` made."""
    return VapidKeys(**json.loads(kept))


def _fate(status: int, service: str) -> tuple[Fate, str]:
    if 200 <= status < 300:
        return Fate.SENT, ""
    if status in {404, 410}:
        return Fate.GONE, f"{service} knows that browser no more"
    return Fate.REFUSED, f"{service} answered {status}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
