"""The files by which a node shows who it is, and the TLS that it asks for."""

import re
import ssl
from pathlib import Path
from typing import Any

from hubbub.bus.address import Address
from hubbub.errors import ConfigError

# Looked for by us: nats-py reads on for ever in a file that lacks the first.
_JWT = re.compile(r"^-+BEGIN NATS USER JWT-+\r?\n\S+", re.MULTILINE)
_SEED = re.compile(r"^-+BEGIN USER NKEY SEED-+\r?\nS\S+", re.MULTILINE)


class TlsContext(ssl.SSLContext):
    """Knows whether it was used: nats-py goes on in the clear where a server asks for no TLS."""

    used = False

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Begins TLS on a connection."""
        self.used = True
        return super().wrap_bio(*args, **options)


def tls_context(address: Address) -> TlsContext:
    """What a connection's TLS is made of. Raises ConfigError."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if address.tls_ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(address.tls_ca)
        if address.tls_cert is not None:
            # A password would be asked for on the terminal, where nobody may be.
            context.load_cert_chain(address.tls_cert, address.tls_key, password="")
    except OSError as error:
        raise ConfigError(
            f"The bus's tls_ca = {address.tls_ca}, tls_cert = {address.tls_cert}, tls_key = "
            f"{address.tls_key}: cannot be used ({error.strerror or error}); they must be PEM "
            "files that the server may read, the key without a password."
        ) from error
    return context


def creds_text(path: Path | None) -> str | None:
    """What a file of credentials holds; read anew for each connection. Raises ConfigError."""
    if path is None:
        return None
    text = _read("creds", path)
    if not _JWT.search(text) or not _SEED.search(text):
        raise ConfigError(
            f"The bus's creds = {path}: must be a file as `nsc generate creds` makes."
        )
    return text


def nkey_seed(path: Path | None) -> str | None:
    """The seed in a file; read anew for each connection. Raises ConfigError."""
    if path is None:
        return None
    text = _read("nkey_seed", path).strip()
    if not re.fullmatch(r"SU[A-Z2-7]{56}", text):
        raise ConfigError(f"The bus's nkey_seed = {path}: must hold a user's seed alone, SU….")
    return text


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(
            f"The bus's {name} = {path}: cannot be read ({why}); name a file that the user that "
            "runs hubbub may read."
        ) from None
