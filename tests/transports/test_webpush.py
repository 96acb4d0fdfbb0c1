"""Notices from a real server to a push service of our own, read as a browser reads them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from hubbub.hub.ports import Fate
from hubbub.transports import webpush
from hubbub.transports.webpush import WebPush, new_keys, read_keys
from tests.conftest import JsonClient, Serve, Server, hello, known_to_all
from tests.push import NOTICE, BrowserKeys, PushService, claims, subscription
from tests.transports.test_public import BAD_URLS
from tests.wire import said_nothing_wrong

pytestmark = pytest.mark.real
HERE = {"HUBBUB_PUSH_PRIVATE": "on", "HUBBUB_PUSH_CONTACT": "mailto:ops@example.org"}


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
    await known_to_all(server)
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
    assert await pusher.push(subscription(service.origin), NOTICE) == (
        Fate.SILENT,
        "127.0.0.1 did not answer in 0.2 s",
    )
    silence.set()
    nobody, why = await pusher.push(subscription("http://127.0.0.1:1/"), NOTICE)
    assert (nobody, "cannot be reached" in why) == (Fate.SILENT, True)
    await pusher.close()


def test_a_push_service_cannot_tell_which_room_a_topic_is() -> None:
    ours, others = read_keys(new_keys()), read_keys(new_keys())
    to = subscription("http://127.0.0.1:1/")
    topics = [
        WebPush(keys, "mailto:ops@example.org")._sealed(to, URL(to.endpoint), notice)[0]["Topic"]
        for keys in (ours, others)
        for notice in (NOTICE, NOTICE, replace(NOTICE, room="another"))
    ]
    # One for a room of a log, which says nothing of the room to whoever tries names.
    assert topics[0] == topics[1]
    assert topics[3] == topics[4]
    assert len(set(topics)) == 4
