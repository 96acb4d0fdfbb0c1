"""Numbers that count up, shown so that nobody can tell how many lie between two of them.

A Feistel network over 52 bits with a key that is kept with the log: what one node has shown another
understands, so a page can be gone on from anywhere.
"""

import hashlib
import secrets

from hubbub.storage.interface import Storage

HALF_BITS = 26
ROUNDS = 4
_MASK = (1 << HALF_BITS) - 1


class OpaqueIds:
    """A secret permutation of the numbers below 2**52, which JSON has exactly."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, storage: Storage) -> "OpaqueIds":
        """The one of a log. Raises StorageError."""
        return cls(bytes.fromhex(storage.care.secret("veil", lambda: secrets.token_hex(16))))

    def shown(self, number: int) -> int:
        """What is shown in place of a number."""
        left, right = number >> HALF_BITS, number & _MASK
        for step in range(ROUNDS):
            left, right = right, left ^ self._round(step, right)
        return left << HALF_BITS | right

    def meant(self, shown: int) -> int:
        """The number that something shown stands for."""
        left, right = (shown >> HALF_BITS) & _MASK, shown & _MASK
        for step in reversed(range(ROUNDS)):
            left, right = right ^ self._round(step, left), left
        return left << HALF_BITS | right

    def _round(self, step: int, half: int) -> int:
        data = bytes([step]) + half.to_bytes(4, "big")
        digest = hashlib.blake2b(data, key=self._key, digest_size=4).digest()
        return int.from_bytes(digest, "big") & _MASK
