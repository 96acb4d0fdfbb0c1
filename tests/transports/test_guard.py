"""Hosts, origins, and whose connection it is behind a proxy."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hubbub.hub.clock import SystemClock
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates
from hubbub.transports.guard import Guard, subscriber
from tests.conftest import Serve, Server, line, new_server, plain


def status(server: Server, path: str = "/", method: str = "GET", **headers: str) -> int:
    request = Request(server.url + path, method=method)
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


async def upgrade_status(server: Server, query: str = "", **headers: str) -> int:
    try:
        async with connect(server.ws_url + query, additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows one more host and one more origin, and trusts this machine's proxy."""
    env = {
        "HUBBUB_ALLOWED_HOSTS": "chat.example.org",
        "HUBBUB_ALLOWED_ORIGINS": "https://app.example.org",
        "HUBBUB_TRUSTED_PROXIES": "127.0.0.0/8",
        "HUBBUB_CONNECTIONS_PER_ADDRESS": "1",
    }
    server = new_server(tmp_path_factory.mktemp("guarded"), env=env)
    server.start()
    yield server
    server.kill()


@pytest.mark.real
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8080", 200),
        ("192.168.7.7", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST:99", 200),
        ("chat.localhost", 200),
        ("chat.example.org", 200),
        ("Chat.Example.org:443", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("chat.example.org.evil.example", 403),
    ],
)
def test_a_host_that_is_not_this_server_is_refused(
    guarded: Server, host: str, expected: int
) -> None:
    assert status(guarded, Host=host) == expected


@pytest.mark.real
def test_a_supervisor_may_call_this_machine_what_it_likes(guarded: Server) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        request = Request(guarded.url + path, headers={"Host": "chat-1.internal:8080"})
        with urlopen(request, timeout=10) as answer:
            assert answer.status == 200


@pytest.mark.real
def test_a_refused_host_is_told_which_setting_lets_it_in(guarded: Server) -> None:
    request = Request(guarded.url, headers={"Host": "evil.example"})
    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=10)
    with refused.value as answer:
        body = answer.read().decode()

    assert '"code":"forbidden"' in body
    assert "allowed_hosts" in body


@pytest.mark.real
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, 101),
        ("http://127.0.0.1:{port}", 101),
        ("https://app.example.org", 101),
        ("https://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("https://app.example.org.evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/chat", "/echo"])
async def test_a_page_from_elsewhere_opens_no_socket(
    guarded: Server, path: str, origin: str | None, expected: int
) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=guarded.port)}
    try:
        async with connect(f"ws://127.0.0.1:{guarded.port}{path}", additional_headers=headers):
            found = 101
    except InvalidStatus as refused:
        found = refused.response.status_code

    assert found == expected


@pytest.mark.real
def test_a_page_from_elsewhere_may_read_and_change_nothing(guarded: Server) -> None:
    assert status(guarded, Origin="https://evil.example") == 200
    assert status(guarded, method="POST", Origin="https://evil.example") == 403
    assert status(guarded, method="POST", Origin=guarded.url) == 405


@pytest.mark.real
def test_every_response_keeps_browsers_careful(guarded: Server) -> None:
    for path in ("/", "/healthz", "/metrics", "/nowhere", "/chat"):
        try:
            answer = urlopen(guarded.url + path, timeout=10)
        except HTTPError as error:
            answer = error
        with answer:
            headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Server"] == "hubbub"
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.real
async def test_behind_a_trusted_proxy_each_person_has_an_address(guarded: Server) -> None:
    headers = {"X-Forwarded-For": "203.0.113.1"}
    async with AsyncExitStack() as stack:
        for _ in guarded.nodes:
            first = connect(guarded.ws_url, additional_headers=headers)
            await line(await stack.enter_async_context(first))

        assert await upgrade_status(guarded, **{"X-Forwarded-For": "203.0.113.2"}) == 101
        assert await upgrade_status(guarded, **{"X-Forwarded-For": "203.0.113.1"}) == 503
        # What the client itself wrote stands before what the proxy added.
        forged = {"X-Forwarded-For": "203.0.113.9, 203.0.113.1"}
        assert await upgrade_status(guarded, **forged) == 503


@pytest.mark.real
async def test_a_forwarded_address_counts_from_nobody_else(serve: Serve) -> None:
    server = serve(env={"HUBBUB_CONNECTIONS_PER_ADDRESS": "1"})
    async with AsyncExitStack() as stack:
        for _ in server.nodes:
            await line(await stack.enter_async_context(plain(server)))

        assert await upgrade_status(server, **{"X-Forwarded-For": "203.0.113.2"}) == 503


@pytest.mark.real
async def test_too_many_connects_are_told_when_to_come_again(serve: Serve) -> None:
    server = serve(env={"HUBBUB_CONNECTS_BURST": "50", "HUBBUB_CONNECTS_PER_S": "0.1"})

    async def come_and_go() -> None:
        for _ in range(50 * len(server.nodes) + 1):
            async with plain(server) as socket:
                await line(socket)

    with pytest.raises(InvalidStatus) as refused:
        await come_and_go()

    response = refused.value.response
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 10
    assert b'"code":"rate_limited"' in response.body


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:5678", "203.0.113.7"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown" * 100, ("unknown" * 100)[:64]),
    ],
)
def test_an_ipv6_address_counts_by_its_64(address: str, counted: str) -> None:
    assert subscriber(address) == counted


def test_a_host_is_known_by_name_in_any_case_and_with_any_port() -> None:
    guard = Guard(
        hosts=["Chat.example.org"],
        origins=[],
        proxies=[],
        rates=Rates(Limits(), SystemClock(), on=False),
    )

    assert guard.knows_host("chat.example.ORG:8443")
    assert not guard.knows_host("")
    assert not guard.knows_host("example.org")
