"""Secrets that prove who somebody is: how they are kept, and how they are named."""

import hashlib

CODE_PREFIX = "inv-"
ID_CHARS = 8


def hashed(secret: str) -> bytes:
    """A secret as it is kept, its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def split_invitation(typed: str) -> tuple[str, str | None]:
    """A password, which may have blanks in it, and the invitation that may follow it."""
    password, _, code = typed.rpartition(" ")
    return (password.strip(), code) if code.startswith(CODE_PREFIX) and password else (typed, None)


def secret_id(secret_hash: bytes) -> str:
    """By what a session or an invitation is named, where its secret is not shown."""
    return secret_hash.hex()[:ID_CHARS]
