"""What may be called where a stranger gives the address."""

import asyncio
import socket
import ssl
import threading
from typing import Any

import pytest
import trustme
import uvloop
from yarl import URL

from hubbub.hub.ports import Fate
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
from tests.push import NOTICE, PushService, push_service, subscription

pytestmark = pytest.mark.real

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
    fate, why = await pusher.push(subscription(f"https://rebound.example:{port}/a"), NOTICE)
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
            told = await pusher.push(subscription(f"https://push.example:{port}/a"), NOTICE)
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
