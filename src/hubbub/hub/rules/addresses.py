"""Network addresses, as rates and bans count them."""

import ipaddress
from functools import lru_cache

KEPT = 4096


def subscriber(address: str) -> str:
    """The part of an address that stands for one customer: an IPv4 address, or an IPv6 /64."""
    parsed = parse_address(address)
    if parsed is None:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as it is written in headers: alone, in brackets, with a port, or mapped."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return parsed if mapped is None else mapped


@lru_cache(KEPT)
def is_somebodys(subscriber_key: str) -> bool:
    """Whether what `subscriber` gave is where people come from, and not this machine itself."""
    try:
        network = ipaddress.ip_network(subscriber_key)
    except ValueError:
        return False
    own = ipaddress.ip_address("127.0.0.1" if network.version == 4 else "::1")
    return not network.network_address.is_loopback and own not in network
