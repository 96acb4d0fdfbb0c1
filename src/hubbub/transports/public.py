"""What may be called where a stranger gives the address: the public network, and nothing else.

A name is looked up when it is called, and the socket is made for the very address that was
checked: what the name is bound to a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

LOOKUPS = 8
# IPv6 addresses that stand for IPv4 ones, by RFC 6052 and RFC 3056: whose, is the relay's affair.
_RELAYED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class PrivateAddressError(OSError):
    """An address is not of the public network."""


def is_public(address: str) -> bool:
    """Whether an address, in its usual form, is one that everybody in the world has in common."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.scope_id is not None or any(found in network for network in _RELAYED):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def why_no_public_url(url: URL) -> str | None:
    """Why a URL leads to nobody in the public network, as far as it can be seen in it."""
    host = url.raw_host or ""
    if url.scheme != "https" or not host or url.raw_user is not None:
        return "a push service is called by https"
    # Numbers are no names, in whatever form a system takes them for an address (127.1, 0x7f.1).
    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or last.isdigit() or last.startswith("0x"):
        return None if is_public(host) else f"{host} is no public address"
    return None


def public_socket(info: AddressInfo) -> socket.socket:
    """A socket for an address that was found. Raises PrivateAddressError."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PrivateAddressError(f"{address[0]} is not in the public network")
    return socket.socket(family, kind, protocol)


class PublicResolver(AbstractResolver):
    """Finds the public addresses of names, in at most `LOOKUPS` threads.

    They are its own, and nobody waits for them at the end: whoever owns a name decides how long
    its lookup takes.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises PrivateAddressError where a name has no public address."""
        found = await self._look_up(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise PrivateAddressError(f"{host} is not in the public network")
        return public

    async def _look_up(self, host: str, port: int, family: int) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def tell(found: list[ResolveResult] | OSError) -> None:
            self._places.release()
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look() -> None:
            found: list[ResolveResult] | OSError
            try:
                found = look_up(host, port, family)
            except OSError as error:
                found = error
            except UnicodeError as error:
                found = OSError(str(error))
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, found)

        await self._places.acquire()
        threading.Thread(target=look, name="hubbub-lookup", daemon=True).start()
        return await answer

    async def close(self) -> None:
        """See AbstractResolver."""


def look_up(host: str, port: int, family: int) -> list[ResolveResult]:
    """What the system knows of a name. Raises OSError."""
    return [
        ResolveResult(
            hostname=host, host=str(address[0]), port=port, family=each, proto=protocol, flags=0
        )
        for each, _, protocol, _, address in socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
    ]
