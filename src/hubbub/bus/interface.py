"""What hubbub asks of a bus between nodes: to be woken. What must not be lost is in the log.

A subject is a few words joined by dots, of the characters `A-Za-z0-9_-`. Everything here is called
on the loop; nothing but `start`, `push`, `settle` and `close` waits.
"""

from collections.abc import Callable
from typing import Protocol

Heard = Callable[[str, bytes], None]
"""Takes a subject and what was published on it; called on the loop, and never waits."""


class Bus(Protocol):
    """Passes what is published to the other nodes that subscribe: at most once, mostly at once."""

    @property
    def connected(self) -> bool:
        """Whether what is published now can reach others."""
        ...

    async def start(self, heard: Heard, back: Callable[[], None]) -> None:
        """Begins to listen; `back` is called each time that it is connected again, after which
        anything may have been missed.

        Returns after a few seconds at most, also where the bus is away: it then goes on trying.
        Raises ConfigError for what no waiting can mend, StartError where it refuses this node.
        """
        ...

    def publish(self, subject: str, data: bytes) -> None:
        """Tells the others, not this node itself. Lost where the bus is away or its bound is met.

        `data` has at most `LARGEST` bytes.
        """
        ...

    async def push(self) -> None:
        """Returns when what was published so far was given to the line, before what the caller does
        next; a line that takes nothing is not waited for.
        """
        ...

    def subscribe(self, subject: str) -> None:
        """Hears that subject, also after a reconnection."""
        ...

    def unsubscribe(self, subject: str) -> None:
        """Hears it no longer."""
        ...

    async def settle(self) -> None:
        """Returns when the subscriptions made so far are in force; at once where it is away."""
        ...

    async def close(self) -> None:
        """Ends it; what was published before is sent first, for a moment."""
        ...


LARGEST = 512 * 1024
"""The most bytes of one publication."""
