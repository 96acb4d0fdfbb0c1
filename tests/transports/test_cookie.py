"""The browser's cookie: who may set it, what it is worth, and to whom it is shown."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from aiohttp.test_utils import make_mocked_request

from hubbub.transports.cookie import secret_of
from tests.conftest import JsonClient, Serve, Server, closed, hello, nobody, plain

COOKIE_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: str

    @property
    def cookie(self) -> Any:
        """The one cookie that it sets."""
        (found,) = SimpleCookie(self.headers["Set-Cookie"]).values()
        return found


def ask(server: Server, body: bytes, method: str = "POST", **headers: str) -> Answer:
    """A request to /session, as JSON unless it says otherwise."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(
        server.url + "/session",
        data=body if method == "POST" else None,
        method=method,
        headers=COOKIE_JSON | named,
    )
    try:
        with urlopen(request, timeout=10) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read().decode())


def hand_over(server: Server, token: str, **headers: str) -> Answer:
    return ask(server, json.dumps({"token": token}).encode(), **headers)


async def secret(server: Server, name: str) -> str:
    """The secret of a guest who has been there."""
    async with hello(server, name=name, rooms={}) as client:
        told: str = (await client.until("welcome"))["session"]
        return told


@asynccontextmanager
async def browser(server: Server, cookie: str) -> AsyncIterator[JsonClient]:
    async with nobody(server, additional_headers={"Cookie": cookie}) as client:
        yield client


@pytest.mark.real
async def test_the_cookie_of_a_live_session_is_for_this_host_and_no_script(shared: Server) -> None:
    answer = hand_over(shared, await secret(shared, "cookie.eater"))

    assert answer.status == 204
    assert answer.cookie.key == f"hubbub-{shared.port}"
    assert answer.cookie["httponly"] is True
    assert answer.cookie["samesite"] == "Strict"
    assert answer.cookie["path"] == "/"
    assert answer.cookie["max-age"] == str(24 * 3600)
    assert answer.cookie["domain"] == ""
    # The page came by http, and a browser takes no `Secure` cookie there.
    assert answer.cookie["secure"] == ""
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.real
async def test_by_https_the_cookie_is_secure_and_only_the_server_s_own_host_could_set_it(
    shared: Server,
) -> None:
    token = await secret(shared, "cookie.safe")

    answer = hand_over(shared, token, Host="chat.localhost", Origin="https://chat.localhost")

    assert answer.cookie.key == "__Host-hubbub"
    assert answer.cookie["secure"] is True


@pytest.mark.parametrize(
    ("host", "origin", "cookie", "found"),
    [
        ("chat.test", "https://chat.test", "__Host-hubbub=own", "own"),
        # Set by a neighbour of the same domain, or by someone on the path.
        ("chat.test", "https://chat.test", "hubbub=forged", None),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", "hubbub-8080=own", "own"),
        # Set by another server on this machine.
        ("127.0.0.1:8080", "http://127.0.0.1:8080", "hubbub-9090=other; hubbub=other", None),
        ("[::1]:8080", "http://[::1]:8080", "hubbub-8080=own", "own"),
        ("[::1]", "http://[::1]", "hubbub=own", "own"),
        ("chat.test", "http://chat.test", "", None),
    ],
)
def test_a_browser_s_cookie_is_known_by_its_name(
    host: str, origin: str, cookie: str, found: str | None
) -> None:
    headers = {"Host": host, "Origin": origin, "Cookie": cookie}

    assert secret_of(make_mocked_request("GET", "/chat", headers)) == found


@pytest.mark.real
async def test_a_hello_without_name_and_token_is_recognised_by_the_cookie(shared: Server) -> None:
    token = await secret(shared, "cookie.back")
    shown = f"hubbub-{shared.port}={token}"
    async with browser(shared, shown) as client:
        await client.send(type="hello", rooms={})
        welcome = await client.until("welcome")
    async with browser(shared, shown) as client:
        await client.send(type="hello", name="cookie.other", rooms={})
        other = await client.until("welcome")

    assert (welcome["user"]["name"], welcome["session"]) == ("cookie.back", "")
    # Whoever says a name asks to be somebody.
    assert other["user"]["name"] == "cookie.other"
    assert other["session"] != ""


@pytest.mark.real
async def test_a_plain_connection_does_not_look_at_the_cookie(shared: Server) -> None:
    token = await secret(shared, "cookie.plain")
    headers = {"Cookie": f"hubbub-{shared.port}={token}"}
    async with plain(shared, additional_headers=headers) as socket:
        await socket.send("/who")
        await socket.send("/quit")
        said = [str(frame) async for frame in socket]

    assert "cookie.plain" not in "".join(said)


@pytest.mark.real
async def test_a_cookie_of_no_session_is_refused_at_hello(shared: Server) -> None:
    async with browser(shared, f"hubbub-{shared.port}=guess") as client:
        await client.send(type="hello", rooms={})

        assert (await client.until("error"))["code"] == "bad_token"


@pytest.mark.real
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_page_from_elsewhere_neither_signs_a_browser_in_nor_out(
    shared: Server, method: str
) -> None:
    body = json.dumps({"token": await secret(shared, f"cookie.{method}")}).encode()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{shared.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = ask(shared, body, method, **headers)

        assert (answer.status, answer.headers["Set-Cookie"]) == (403, None)
    own = ask(shared, body, method, Origin=shared.url, **{"Sec-Fetch-Site": "same-origin"})
    assert own.status == 204


@pytest.mark.real
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        # What a form of another page could send.
        (b'{"token": "x"}', "text/plain", 415),
        (b"token=x", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"token": 1}', "application/json", 400),
        (b'{"token": ""}', "application/json", 400),
        (b'{"token": "' + b"x" * 2000 + b'"}', "application/json", 413),
        (b"{}", "application/json", 400),
        (b'{"token": "unknown"}', "application/json", 403),
    ],
)
def test_what_is_no_session_sets_no_cookie(
    shared: Server, body: bytes, content_type: str, status: int
) -> None:
    answer = ask(shared, body, Content_Type=content_type)

    assert (answer.status, answer.headers["Set-Cookie"]) == (status, None)


@pytest.mark.real
async def test_a_cookie_is_renewed_without_its_secret_and_cleared(shared: Server) -> None:
    token = await secret(shared, "cookie.renewed")
    shown = f"hubbub-{shared.port}={token}"

    renewed = ask(shared, b"{}", Cookie=shown)
    gone = ask(shared, b"{}", Cookie=shown.replace(token, "gone"))
    cleared = ask(shared, b"", "DELETE", Cookie=shown)

    assert (renewed.status, renewed.cookie.value) == (204, token)
    assert renewed.cookie["max-age"] == str(24 * 3600)
    assert (gone.status, gone.headers["Set-Cookie"]) == (403, None)
    assert (cleared.status, cleared.cookie.value) == (204, "")
    assert cleared.cookie["max-age"] == "0"


@pytest.mark.real
async def test_guessed_secrets_count_as_failed_sign_ins_of_the_address(serve: Serve) -> None:
    server = serve(
        env={"HUBBUB_FAILED_SIGN_INS_BURST": "3", "HUBBUB_FAILED_SIGN_INS_PER_S": "0.01"}
    )
    token = await secret(server, "cookie.honest")

    most = 3 * len(server.nodes)  # until the nodes have told each other
    guessed = [hand_over(server, f"guess{number}").status for number in range(most + 1)]
    honest = hand_over(server, token)

    assert (guessed[:3], guessed[-1]) == ([403, 403, 403], 429)
    assert (honest.status, int(honest.headers["Retry-After"]) > 1) == (429, True)
    async with nobody(server) as client:
        await client.send(type="hello", token="guess")
        assert (await client.until("error"))["code"] == "rate_limited"


@pytest.mark.real
async def test_an_ended_session_s_cookie_is_of_no_use(shared: Server) -> None:
    async with hello(shared, name="cookie.gone", rooms={"lobby": None}) as client:
        token = (await client.until("welcome"))["session"]
        await client.send(type="command", room="lobby", line="/quit")
        await closed(client.socket)

    assert hand_over(shared, token).status == 403
