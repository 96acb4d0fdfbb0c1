"""`hubbub doctor`: what is between here and a server, step by step, and what to do about it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from hubbub.client.address import Address, parse_address
from hubbub.client.failures import HandshakeRefused, certificate_sentence, explain, os_sentence
from hubbub.client.hello import introduce
from hubbub.client.link import JSON_PROTOCOL, Ended, dial
from hubbub.errors import ConnectionFailed, HubbubError, Refusal
from hubbub.protocol.plain import clean
from hubbub.protocol.requests import Hello

STEP_S = 5.0
ECHO_GREETING = "You are connected!"
ECHO_PROBE = "hubbub doctor"


@dataclass(frozen=True, slots=True)
class Check:
    """One step; `detail` says what was found, or what is wrong and what to do."""

    name: str
    ok: bool
    detail: str


async def diagnose(url: str | None = None) -> list[Check]:
    """Every step that can be taken. Raises ConfigError for an address that is none."""
    return [check async for check in examine(url)]


async def examine(url: str | None = None) -> AsyncIterator[Check]:
    """The steps, each as soon as it is known; what needs a failed one is not tried."""
    address = parse_address(url)
    steps: list[tuple[str, Callable[[Address], Awaitable[str]], bool]] = [
        ("name", _name, True),
        ("port", _port, True),
        ("tls", _tls, True),
        ("echo", _echo, False),
        ("ready", _ready, False),
        ("chat", _chat, False),
    ]
    for name, step, needed in steps:
        if name == "tls" and not address.secure:
            continue
        try:
            async with asyncio.timeout(STEP_S):
                check = Check(name, True, _safe(await step(address)))
        except TimeoutError:
            check = Check(name, False, f"No answer in {STEP_S:g} s; a firewall, or overload?")
        except HubbubError as error:
            check = Check(name, False, _safe(str(error)))
        yield check
        if needed and not check.ok:
            return


def _safe(text: str) -> str:
    """A finding, with what a server said in it, as one line that drives no terminal."""
    return " ".join(clean(text).split())


async def _name(address: Address) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise explain(socket.gaierror(str(error)), address) from error
    addresses = sorted({str(entry[4][0]) for entry in found})
    return f"{address.host} is {', '.join(addresses)}"


async def _port(address: Address) -> str:
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError as error:
        raise ConnectionFailed(f"Cannot reach {address.shown}: {os_sentence(error)}") from error
    writer.close()
    return f"something listens on {address.shown}"


async def _tls(address: Address) -> str:
    try:
        _, writer = await asyncio.open_connection(
            address.host, address.port, ssl=ssl.create_default_context()
        )
    except ssl.SSLCertVerificationError as error:
        raise ConnectionFailed(
            f"{certificate_sentence(error).capitalize()} Renew it, or give the name it is for."
        ) from error
    except (ssl.SSLError, OSError) as error:
        raise ConnectionFailed(
            f"No TLS there ({error}); if the server has none, take http:// or ws://."
        ) from error
    version = writer.get_extra_info("ssl_object").version()
    writer.close()
    return f"{version}, and the certificate is accepted"


async def _echo(address: Address) -> str:
    try:
        link = await dial(address, address.echo_url)
    except HandshakeRefused as error:
        if error.status == 404:
            raise ConnectionFailed(
                "There is no /echo (HTTP 404): an older server, or a proxy that keeps it back."
            ) from error
        raise
    try:
        greeting = await link.receive()
        await link.send(ECHO_PROBE.encode())
        answer = await link.receive()
    finally:
        await link.close()
    if isinstance(greeting, Ended) or isinstance(answer, Ended):
        raise ConnectionFailed("/echo hung up; is a proxy between that ends WebSockets?")
    if greeting.decode("utf-8", "replace") != ECHO_GREETING or not answer.endswith(
        ECHO_PROBE.encode()
    ):
        raise ConnectionFailed("/echo answers otherwise than a hubbub does; is it another server?")
    return "WebSockets pass, both ways"


async def _ready(address: Address) -> str:
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{address.http_url}/readyz") as answer,
        ):
            status, said = answer.status, (await answer.text("utf-8", "replace"))[:200].strip()
    except (aiohttp.ClientError, OSError) as error:
        raise explain(error, address) from error
    if status == 200:
        return "the server says that it is ready"
    if status == 404:
        raise ConnectionFailed("There is no /readyz (HTTP 404): an older server, or another one.")
    raise ConnectionFailed(f"The server is not ready (HTTP {status}): {said or 'see its log'}")


async def _chat(address: Address) -> str:
    link = await dial(address, address.chat_url, protocols=(JSON_PROTOCOL,))
    try:
        if link.protocol != JSON_PROTOCOL:
            raise ConnectionFailed(
                f"The server does not know {JSON_PROTOCOL}: an older one, or the tutorial's. "
                "Plain text works: hubbub join says so and goes on."
            )
        # No room, so that nobody sees the doctor come and go.
        greeting = await introduce(link, Hello(rooms={}))
    except Refusal as refusal:
        raise ConnectionFailed(f"The server lets nobody in now: {refusal}") from refusal
    finally:
        await link.close()
    server = greeting.welcome.server
    return f"{JSON_PROTOCOL} with {server.name} {server.version}"
