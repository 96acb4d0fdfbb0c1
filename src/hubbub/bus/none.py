"""No bus: each node finds in the log what the others do."""

from hubbub.bus.interface import Heard


class NoBus:
    """Reaches nobody; see `hubbub.bus.interface.Bus`."""

    connected = False

    async def start(self, heard: Heard, back: object) -> None:
        """There is nothing to listen to."""

    def publish(self, subject: str, data: bytes) -> None:
        """Nobody hears it."""

    async def push(self) -> None:
        """There is nothing to give."""

    def subscribe(self, subject: str) -> None:
        """Nothing is said there."""

    def unsubscribe(self, subject: str) -> None:
        """Nothing was said there."""

    async def settle(self) -> None:
        """Returns at once."""

    async def close(self) -> None:
        """There is nothing to end."""
