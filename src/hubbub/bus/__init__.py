"""How the nodes of a cluster tell each other that there is something new; see interface.py."""

from importlib.util import find_spec

from hubbub.bus.address import parse
from hubbub.bus.interface import Bus
from hubbub.bus.none import NoBus
from hubbub.errors import ConfigError


def open_bus(url: str | None, prefix: str = "hubbub", name: str = "hubbub") -> Bus:
    """The bus at a URL, or without one none at all.

    The URL is `nats://` or `tls://`, more of its servers after a comma; address.py has the rest.
    What is published here is heard by those of the same `prefix`, a subject itself; `name` is for
    the server's own log. Raises ConfigError.
    """
    if url is None:
        return NoBus()
    address = parse(url)
    try:
        # Loaded by those who need it: a server of one node has no nats-py.
        from hubbub.bus.nats import NatsBus
    except ImportError as error:
        raise _missing("nats-py") from error
    if (address.creds or address.nkey_seed) and find_spec("nkeys") is None:
        raise _missing("nkeys")
    return NatsBus(address, prefix, name)


def _missing(package: str) -> ConfigError:
    return ConfigError(
        f"The bus needs the package {package}, which is not here: pip install 'hubbub[cluster]'."
    )
