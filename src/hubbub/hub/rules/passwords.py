"""Passwords: what may be one, and how they are kept (argon2id, RFC 9106)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from precis_i18n import get_profile

from hubbub.errors import BadRequest, Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 8, 128
WAITING = 64
"""Passwords that may wait to be checked; each takes some 50 ms of a core and 64 MiB meanwhile."""

T = TypeVar("T")
_OPAQUE = get_profile("OpaqueString")


class Passwords:
    """Hashes and checks passwords, one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubbub-password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """A new password in PHC form. Raises BadRequest where it may be none, Unavailable."""
        return await self._run(partial(hash_password, password))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether that is the password. Without one it takes as long, and is not. Unavailable."""
        return await self._run(partial(_fits, password, kept))

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with weaker parameters than are used now."""
        return _hasher().check_needs_rehash(kept)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise Unavailable("Too many people sign in at this moment.", retry_after=2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Lets the thread end; nobody waits for what it does."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def checked(password: str) -> str:
    """A password as it is compared (RFC 8265, OpaqueString). Raises BadRequest."""
    found = _compared(password)
    if found is None:
        raise BadRequest("The password has characters that none may have; take another.")
    if not PASSWORD_CHARS_MIN <= len(found) <= PASSWORD_CHARS_MAX:
        raise BadRequest(
            f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; "
            "a few words are better than one."
        )
    return found


def _compared(password: str) -> str | None:
    if len(password) > PASSWORD_CHARS_MAX * 4:
        return ""
    try:
        return str(_OPAQUE.enforce(password.strip()))
    except UnicodeError:
        return None


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    # Loaded by the first who signs in, not at the start.
    from argon2 import PasswordHasher

    return PasswordHasher()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash("a password that nobody has")


def hash_password(password: str) -> str:
    """A password in PHC form. Raises BadRequest where it may be none."""
    return _hasher().hash(checked(password))


def _fits(password: str, kept: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    decoy = _decoy()
    try:
        # What is no password costs as much as a wrong one.
        _hasher().verify(kept or decoy, _compared(password) or "none")
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
