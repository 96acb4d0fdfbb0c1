"""A push service of our own, and a browser's side of it: keys, and what it can read."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hubbub.hub.ports import Notice
from hubbub.storage.records import Subscription

NOTICE = Notice("lobby", "bob", "hi")
Answer = Callable[[web.Request], Awaitable[web.Response]]


class BrowserKeys:
    """What a browser makes when it subscribes (RFC 8291)."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"sixteen bytes ok"
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.p256dh, self.auth = encoded(point), encoded(self._auth)

    def read(self, body: bytes) -> dict[str, Any]:
        """What was sealed for these keys."""
        sealed = http_ece.decrypt(
            body, private_key=self._private, auth_secret=self._auth, version="aes128gcm"
        )
        found: dict[str, Any] = json.loads(sealed)
        return found


@dataclass
class Pushed:
    """A request that came to the service."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Answers 201, or as `answer` does, and keeps what came."""

    origin: str = ""
    answer: Answer | None = None
    pushed: list[Pushed] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """One notice."""
        self.pushed.append(Pushed(request.path, dict(request.headers), await request.read()))
        return web.Response(status=201) if self.answer is None else await self.answer(request)


@asynccontextmanager
async def push_service(tls: ssl.SSLContext | None = None) -> AsyncIterator[PushService]:
    """A push service on this machine, until the end of the block."""
    service = PushService()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    service.origin = f"http://{host}:{port}"
    try:
        yield service
    finally:
        await runner.cleanup()


def subscription(endpoint: str) -> Subscription:
    """Ann's new browser."""
    keys = BrowserKeys()
    return Subscription(endpoint, "ann", keys.p256dh, keys.auth, b"1")


def claims(authorization: str, key: str) -> dict[str, Any]:
    """What a server says of itself (RFC 8292), if it is signed by the key that browsers know."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", key)
    signed, _, signature = parts["t"].rpartition(".")
    raw = decoded(signature)
    both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    try:
        public.verify(both, signed.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise AssertionError("the token is signed by another key") from None
    found: dict[str, Any] = json.loads(decoded(signed.partition(".")[2]))
    return found


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The reverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
