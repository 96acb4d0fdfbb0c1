"""Where a server is: what a person types, as the URLs that a client needs."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from hubbub.errors import ConfigError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_FORMS = "take host[:port], http(s)://host[:port] or ws(s)://host[:port]/chat"


@dataclass(frozen=True, slots=True)
class Address:
    """A server; `host` is without brackets, `path` is where a proxy put it, mostly nothing."""

    host: str
    port: int
    secure: bool = False
    path: str = ""

    @property
    def shown(self) -> str:
        """The address as a sentence names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def http_url(self) -> str:
        """The base of the server's pages, without a slash at the end."""
        return f"{'https' if self.secure else 'http'}://{self.shown}{self.path}"

    @property
    def chat_url(self) -> str:
        """The WebSocket of the chat."""
        return f"{self._ws_url}/chat"

    @property
    def echo_url(self) -> str:
        """The WebSocket that answers every text."""
        return f"{self._ws_url}/echo"

    @property
    def _ws_url(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://{self.shown}{self.path}"


def parse_address(typed: str | None) -> Address:
    """What a person typed, or nothing for the default server on this machine.

    Without a scheme the port is hubbub's own, 8080; with one it is the scheme's.
    Raises ConfigError.
    """
    text = (typed or "").strip()
    if not text:
        return Address(DEFAULT_HOST, DEFAULT_PORT)
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ConfigError(f"The address {text!r} has a blank or a control in it: {_FORMS}.")
    scheme, found, _ = text.partition("://")
    scheme = scheme.lower()
    if not found:
        scheme, text = "", f"//{_bracketed(text)}"
    elif scheme not in _PORTS:
        raise ConfigError(f"The address {typed!r} begins with {scheme}://: {_FORMS}.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"The address {typed!r} cannot be read ({error}): {_FORMS}.") from None
    if not host or port == 0:
        raise ConfigError(f"The address {typed!r} has no host or port 0: {_FORMS}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            f"The address {typed!r} has more than a place; give names, rooms and tokens apart."
        )
    path = parts.path.rstrip("/").removesuffix("/chat")
    return Address(host, port or _PORTS.get(scheme, DEFAULT_PORT), scheme in {"https", "wss"}, path)


def _bracketed(text: str) -> str:
    # `::1` alone: a URL wants brackets, a person does not.
    return f"[{text}]" if text.count(":") > 1 and "[" not in text else text
