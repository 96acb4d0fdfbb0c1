"""The plain HTTP side beside the page: health, readiness, metrics."""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from hubbub.errors import StorageError
from hubbub.hub.hub import Hub
from hubbub.transports.metrics import CONTENT_TYPE_LATEST, generate_latest, metrics_of


class PeersFaults(logging.Filter):
    """Keeps out of the log what was not ours: a peer that speaks no HTTP, or that is gone.

    The library logs both as errors, with a traceback and with what the peer sent.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a peer's fault."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | ConnectionError)


PEERS_FAULTS = PeersFaults()


class Pages:
    """Handlers for what is no WebSocket. `draining` is set while the server stops."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._metrics = metrics_of(hub)
        self.draining = False

    def routes(self) -> list[web.RouteDef]:
        """Where each is served."""
        return [
            web.get("/healthz", self.health),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def health(self, request: web.Request) -> web.Response:
        """200 as long as the process answers."""
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        """200 where the log can be read and written, else 503 with what is missing.

        `degraded` is what it can do without, the bus of a cluster say.
        """
        missing = await self._missing()
        body = {"ready": missing is None, "missing": missing}
        degraded = self._hub.degraded()
        if degraded is not None:
            body["degraded"] = degraded
        return web.json_response(body, status=200 if missing is None else 503)

    async def _missing(self) -> str | None:
        if self.draining:
            return "the server is stopping"
        if (missing := self._hub.missing()) is not None:
            return missing
        try:
            log = self._hub.parts.log
            await log.read(log.storage.care.check_ready)
        except StorageError as error:
            return str(error)
        return None

    async def metrics(self, request: web.Request) -> web.Response:
        """Counters in the text format of Prometheus."""
        body = generate_latest(self._metrics)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
