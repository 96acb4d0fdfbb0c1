"""Where a bus is and how to get in: the URL, taken apart.

`nats://HOST` speaks TLS where the server asks for it, `tls://HOST` always. User and password, or a
token in the user's place, stand before the host; those of the first server count for others that
have none. Files follow: `?tls_ca=FILE&tls_cert=FILE&tls_key=FILE`, and `?creds=FILE` or
`?nkey_seed=FILE`. No message quotes the URL, which may hold a password.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hubbub.errors import ConfigError

PORT = 4222
FORM = "nats://[USER:PASSWORD@]HOST[:PORT], or tls://…; more servers after a comma"
_FILES = ("tls_ca", "tls_cert", "tls_key", "creds", "nkey_seed")


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a bus. A user without a password is a token."""

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bus is. `tls`: never in the clear."""

    servers: tuple[Server, ...]
    tls: bool
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    creds: Path | None
    nkey_seed: Path | None


def parse(url: str) -> Address:
    """Takes a bus's URL apart. Raises ConfigError."""
    before, _, query = url.partition("?")
    scheme = before.partition("://")[0].lower()
    if scheme not in {"nats", "tls"}:
        raise ConfigError(f"The bus's URL must be {FORM}.")
    servers = [_server(each.strip(), scheme) for each in before.split(",")]
    first = servers[0]
    servers = [
        each if each.user is not None else replace(each, user=first.user, password=first.password)
        for each in servers
    ]
    files = _files(query)
    if files["tls_key"] is not None and files["tls_cert"] is None:
        raise ConfigError("The bus's URL: tls_key needs tls_cert; give both, or neither.")
    if files["creds"] is not None and files["nkey_seed"] is not None:
        raise ConfigError("The bus's URL: creds and nkey_seed exclude each other; give one.")
    wants_tls = scheme == "tls" or any(files[name] for name in ("tls_ca", "tls_cert"))
    return Address(tuple(servers), wants_tls, **files)


def _server(text: str, scheme: str) -> Server:
    parts = _split(text if "://" in text else f"{scheme}://{text}")
    if parts is None or not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
        raise ConfigError(
            f"The bus's URL has a server that cannot be read; it must be {FORM}. In a password "
            "the characters / ? # , @ : and % are written as %2F %3F %23 %2C %40 %3A %25."
        )
    if parts.scheme != scheme:
        raise ConfigError("The bus's URL mixes nats:// and tls://; use one for all its servers.")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Server(parts.hostname, parts.port or PORT, user, password)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # is read only here
    except ValueError:
        return None
    return parts


def _files(query: str) -> dict[str, Path | None]:
    files: dict[str, Path | None] = dict.fromkeys(_FILES)
    try:
        given = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        given = [("", "")]
    for name, value in given:
        if name not in files or not value:
            raise ConfigError(f"The bus's URL: after the ? may stand {', '.join(_FILES)}, =FILE.")
        files[name] = Path(value).expanduser()
    return files
