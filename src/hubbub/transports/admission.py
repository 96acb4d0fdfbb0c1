"""Places for connections, shared by every way in: so many in all, and from one address."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from hubbub.errors import ServerFull, Unavailable
from hubbub.hub.hub import Hub
from hubbub.hub.rules.rates import AddressRates
from hubbub.transports.guard import Guard
from hubbub.transports.refusals import refused

FULL_RETRY_S = 10.0


class Admission:
    """Counts who is let in; while it is `draining` nobody is."""

    def __init__(self, hub: Hub, guard: Guard) -> None:
        self.draining = False
        self._hub = hub
        self._guard = guard
        self._let_in = 0

    @contextmanager
    def place(self, request: web.Request) -> Iterator[AddressRates]:
        """A place for one connection, or the response that there is none."""
        rates, limits = self._hub.parts.rates, self._hub.parts.limits
        address = rates.of_address(self._guard.address(request))
        if self.draining:
            stopping = Unavailable("The server is stopping; try again.", retry_after=1.0)
            raise refused(web.HTTPServiceUnavailable, stopping)
        full = self._let_in >= limits.max_connections
        if full or (rates.on and address.connections >= limits.connections_per_address):
            where = "This server" if full else "Your address"
            message = f"{where} has as many connections as it may have; try again later."
            raise refused(web.HTTPServiceUnavailable, ServerFull(message, retry_after=FULL_RETRY_S))
        address.connections += 1
        self._let_in += 1
        try:
            yield address
        finally:
            address.connections -= 1
            self._let_in -= 1
