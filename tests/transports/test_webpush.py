"""Notices from a real server to a push service of our own, read as a browser reads them."""

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
import uvloop
from aiohttp import web
from yarl import URL

from hubbub.hub.notices import Fate, Notice
from hubbub.storage.interface import Subscription
from hubbub.transports import public, webpush
from hubbub.transports.public import (
    LOOKUPS,
    PrivateAddressError,
    PublicResolver,
    is_public,
    public_socket,
    why_no_public_url,
)
from hubbub.transports.webpush import WebPush, new_keys, read_keys
from tests.conftest import JsonClient, Serve, Server, hello
from tests.push import BrowserKeys, PushService, claims, push_service
from tests.wire import said_nothing_wrong

pytestmark = pytest.mark.real
HERE = {"HUBBUB_PUSH_PRIVATE": "on", "HUBBUB_PUSH_CONTACT": "mailto:ops@example.org"}


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


async def subscribe(client: JsonClient, endpoint: str, keys: BrowserKeys) -> dict[str, Any]:
    return await client.ask(type="push", endpoint=endpoint, p256dh=keys.p256dh, auth=keys.auth)


@asynccontextmanager
async def absent(server: Server, name: str, *endpoints: str) -> AsyncIterator[str]:
    """Somebody who is notified there and has gone; the key that their browser knows."""
    keys = BrowserKeys()
    async with hello(server, name=name) as client:
        welcome = await client.until("welcome")
        for endpoint in endpoints:
            assert (await subscribe(client, endpoint, keys))["type"] == "ok"
    await asyncio.to_thread(server.await_metric, "hubbub_connections", 0.0)
    yield welcome["push_key"]


async def say(server: Server, *texts: str) -> None:
    async with hello(server, name="bob") as bob:
        for number, text in enumerate(texts):
            nonce = f"{time.monotonic_ns()}-{number}"
            reply = await bob.ask(type="post", room="lobby", text=text, nonce=nonce)
            assert reply["type"] == "ok"


async def counted(server: Server, name: str, value: float) -> None:
    await asyncio.to_thread(server.await_metric, name, value)


async def test_a_notice_reaches_the_browser_whole_and_signed(
    serve: Serve, service: PushService
) -> None:
    server = serve("--rate-limits", "off", env=HERE)
    keys = BrowserKeys()
    async with hello(server, name="ann") as ann:
        welcome = await ann.until("welcome")
        await subscribe(ann, f"{service.origin}/box/1?token=a%2Fb", keys)
    await counted(server, "hubbub_connections", 0.0)
    await say(server, "@ann höre 👋\nzwei")
    await counted(server, "hubbub_pushes_total", 1.0)

    (pushed,) = service.pushed
    notice = {"room": "lobby", "from": "bob", "text": "@ann höre 👋\nzwei", "direct": False}
    assert keys.read(pushed.body) == notice
    assert b"ann" not in pushed.body
    assert pushed.headers["Content-Encoding"] == "aes128gcm"
    assert int(pushed.headers["TTL"]) > 0
    assert len(pushed.headers["Topic"]) <= 32
    told = claims(pushed.headers["Authorization"], welcome["push_key"])
    assert (told["aud"], told["sub"]) == (service.origin, "mailto:ops@example.org")
    assert 0 < told["exp"] - time.time() <= 24 * 3600
    said_nothing_wrong(server)


async def test_the_key_lasts_over_a_restart_and_so_do_the_browsers(
    serve: Serve, service: PushService
) -> None:
    server = serve("--rate-limits", "off", env=HERE)
    async with absent(server, "ann", f"{service.origin}/ann") as key:
        server.kill()
        server.start()
        await say(server, "@ann")
        await counted(server, "hubbub_pushes_total", 1.0)
    claims(service.pushed[0].headers["Authorization"], key)


async def test_a_redirect_is_not_followed(serve: Serve, service: PushService) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{service.origin}/inside"})

    service.answer = elsewhere
    server = serve("--rate-limits", "off", env=HERE)
    async with hello(server, name="ann") as ann:
        await subscribe(ann, f"{service.origin}/ann", BrowserKeys())
        reply = await ann.ask(type="test_push")

    assert [pushed.path for pushed in service.pushed] == ["/ann"]
    (fate,) = reply["pushed"]
    assert (fate["sent"], fate["why"]) == (False, "127.0.0.1 answered 307")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_the_service_knows_no_more_is_forgotten(
    serve: Serve, service: PushService, status: int
) -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=status)

    service.answer = gone
    server = serve("--rate-limits", "off", env=HERE)
    async with hello(server, name="ann") as ann:
        await subscribe(ann, f"{service.origin}/ann", BrowserKeys())
        first = await ann.ask(type="test_push")
        again = await ann.ask(type="test_push")

    assert "no more" in first["pushed"][0]["why"]
    assert again["pushed"] == []


async def test_keys_that_are_none_are_named_and_forgotten(
    serve: Serve, service: PushService
) -> None:
    server = serve("--rate-limits", "off", env=HERE)
    async with hello(server, name="ann") as ann:
        for p256dh in ("A" * 87, "A" * 16):
            endpoint = f"{service.origin}/{p256dh}"
            await ann.ask(type="push", endpoint=endpoint, p256dh=p256dh, auth="A" * 22)
        first = await ann.ask(type="test_push")
        again = await ann.ask(type="test_push")

    assert all("keys cannot be used" in fate["why"] for fate in first["pushed"])
    assert (len(first["pushed"]), again["pushed"], service.pushed) == (2, [], [])
    said_nothing_wrong(server)


async def test_a_service_that_never_answers_hurts_nobody(
    serve: Serve, service: PushService
) -> None:
    silence = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        if request.path.startswith("/slow"):
            await silence.wait()
        return web.Response(status=201)

    service.answer = silent
    server = serve("--rate-limits", "off", env=HERE)
    slow = [f"{service.origin}/slow/{number}" for number in range(10)]
    async with absent(server, "ann", *slow), absent(server, "cara", f"{service.origin}/cara"):
        begun_s = time.monotonic()
        await say(server, "@ann @cara", "@ann", "said while they wait")
        await counted(server, "hubbub_pushes_total", 1.0)
        assert time.monotonic() - begun_s < webpush.TIMEOUT_S
    begun_s = time.monotonic()
    assert server.terminate() == 0
    assert time.monotonic() - begun_s < webpush.TIMEOUT_S
    silence.set()
    said_nothing_wrong(server)


async def test_only_public_https_is_called_unless_it_is_allowed(serve: Serve) -> None:
    server = serve("--rate-limits", "off")
    async with hello(server, name="ann") as ann:
        for endpoint in BAD_URLS:
            reply = await subscribe(ann, endpoint, BrowserKeys())
            assert reply["code"] == "bad_request", endpoint
        # What a name leads to shows when it is called.
        keys = BrowserKeys()
        assert (await subscribe(ann, "https://localhost/push", keys))["type"] == "ok"
        reply = await ann.ask(type="test_push")
    (fate,) = reply["pushed"]
    assert fate["why"] == "localhost is not in the public network"


async def test_without_push_no_key_is_told(serve: Serve) -> None:
    server = serve("--rate-limits", "off", env={"HUBBUB_PUSH": "off"})
    async with hello(server, name="ann") as ann:
        assert "push_key" not in await ann.until("welcome")
        assert (await ann.ask(type="test_push"))["code"] == "forbidden"


# --- the public network

BAD_URLS = [
    "http://push.example.org/a",
    "https://127.0.0.1/a",
    "https://127.1/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "https://0x7f000001/a",
    "https://１２７.0.0.1/a",
    "https://10.1.2.3/a",
    "https://192.168.0.1:8443/a",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/a",
    "https://[::ffff:127.0.0.1]/a",
    "https://[fe80::1]/a",
    "https://[fe80::1%25eth0]/a",
    "https://[fd00::1]/a",
    "https://user@push.example.org/a",
    "https://:443/a",
    "ftp://push.example.org/a",
    "file:///etc/passwd",
    "push.example.org",
    "https://push.example.org:99999/a",
]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%2", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "127.1", "localhost", ""),
    ],
)
def test_an_address_that_is_not_everybody_s_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "142.250.185.10", "2606:4700::1", "::ffff:1.1.1.1"])
def test_an_address_that_is_everybody_s_is_public(address: str) -> None:
    assert is_public(address)


def test_a_public_url_is_fine() -> None:
    for url in (
        "https://fcm.googleapis.com/fcm/send/x",
        "https://1.1.1.1/x",
        "https://a.example:8443",
    ):
        assert why_no_public_url(URL(url)) is None


def test_no_socket_is_made_for_a_private_address() -> None:
    with pytest.raises(PrivateAddressError, match=r"10\.0\.0\.1 is not in the public network"):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 443)))
    public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("1.1.1.1", 443))).close()


class Names:
    """A resolver's answers, by host."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> None:
        self.asked: list[str] = []
        self.hosts = hosts
        monkeypatch.setattr(public.socket, "getaddrinfo", self.answer)

    def answer(self, host: str, port: int, **_: int) -> list[Any]:
        self.asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self.hosts[host]
        ]


async def test_of_a_name_only_its_public_addresses_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, both=["10.0.0.1", "1.1.1.1"], inside=["10.0.0.1", "127.0.0.1"])
    resolver = PublicResolver()

    assert [each["host"] for each in await resolver.resolve("both", 443)] == ["1.1.1.1"]
    with pytest.raises(PrivateAddressError, match="inside is not in the public network"):
        await resolver.resolve("inside", 443)


async def test_a_name_that_is_bound_anew_after_the_check_reaches_nothing(
    monkeypatch: pytest.MonkeyPatch, service: PushService
) -> None:
    """Even if a private address came through the resolver, no socket would be made for it."""
    monkeypatch.setattr(public, "is_public", lambda address: address != "127.0.0.1")
    port = URL(service.origin).port
    Names(monkeypatch, **{"rebound.example": ["127.0.0.2"]})
    opened = []

    def rebound(info: public.AddressInfo) -> socket.socket:
        opened.append(info)
        return public_socket((*info[:4], ("127.0.0.1", port)))

    monkeypatch.setattr(webpush, "public_socket", rebound)
    pusher = WebPush(read_keys(new_keys()), "mailto:ops@example.org")
    fate, why = await pusher.push(_subscription(f"https://rebound.example:{port}/a"), _NOTICE)
    await pusher.close()

    assert (fate, service.pushed, len(opened)) == (Fate.REFUSED, [], 1)
    assert "127.0.0.1 is not in the public network" in why


def test_a_service_whose_certificate_nobody_signed_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(public, "is_public", lambda address: address == "127.0.0.1")
    Names(monkeypatch, **{"push.example": ["127.0.0.1"]})
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("push.example").configure_cert(tls)

    async def call() -> tuple[tuple[Fate, str], int]:
        async with push_service(tls) as service:
            pusher = WebPush(read_keys(new_keys()), "mailto:ops@example.org")
            port = URL(service.origin).port
            told = await pusher.push(_subscription(f"https://push.example:{port}/a"), _NOTICE)
            await pusher.close()
            return told, len(service.pushed)

    # The loop that serves: it connects by our socket, and TLS begins on it.
    (fate, why), pushed = uvloop.run(call())
    assert (fate, pushed) == (Fate.SILENT, 0)
    assert "certificate verify failed" in why


async def test_a_lookup_that_never_ends_holds_up_its_own_host_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()

    def stuck(host: str, port: int, **_: int) -> list[Any]:
        if host == "stuck":
            never.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(public.socket, "getaddrinfo", stuck)
    resolver = PublicResolver()
    waiting = [asyncio.create_task(resolver.resolve("stuck", 443)) for _ in range(LOOKUPS - 1)]
    assert await resolver.resolve("well", 443)
    for task in waiting:
        task.cancel()
    more = [asyncio.create_task(resolver.resolve("stuck", 443)) for _ in range(LOOKUPS)]
    await asyncio.sleep(0)
    looking = [t for t in threading.enumerate() if t.name == "hubbub-lookup" and t.is_alive()]
    assert len(looking) <= LOOKUPS
    assert all(thread.daemon for thread in looking), "nobody waits for them at the end"
    never.set()
    await asyncio.gather(*more)


async def test_no_answer_in_time_is_silence(
    monkeypatch: pytest.MonkeyPatch, service: PushService
) -> None:
    silence = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await silence.wait()
        return web.Response(status=201)

    service.answer = silent
    monkeypatch.setattr(webpush, "TIMEOUT_S", 0.2)
    pusher = WebPush(read_keys(new_keys()), "mailto:ops@example.org", private=True)
    assert await pusher.push(_subscription(service.origin), _NOTICE) == (
        Fate.SILENT,
        "127.0.0.1 did not answer in 0.2 s",
    )
    silence.set()
    nobody, why = await pusher.push(_subscription("http://127.0.0.1:1/"), _NOTICE)
    assert (nobody, "cannot be reached" in why) == (Fate.SILENT, True)
    await pusher.close()


_NOTICE = Notice("lobby", "bob", "hi")


def _subscription(endpoint: str) -> Subscription:
    keys = BrowserKeys()
    return Subscription(endpoint, "ann", keys.p256dh, keys.auth)


def test_a_start_loads_nothing_of_push_but_to_make_the_key_once() -> None:
    code = (
        "import sys, hubbub.server\n"
        "print(sorted({'pywebpush', 'requests', 'py_vapid', 'http_ece'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert answer.stdout == "[]\n"
