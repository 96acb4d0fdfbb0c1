"""The plain HTTP side: the front page, health, readiness, metrics."""

import html
import logging
from importlib.resources import files
from string import Template

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

    def __init__(self, hub: Hub, server_name: str) -> None:
        self._hub = hub
        self._server_name = server_name
        self._metrics = metrics_of(hub)
        folder = files("hubbub.transports")
        self._page = Template((folder / "page.html").read_text("utf-8"))
        self._style = (folder / "page.css").read_text("utf-8")
        self.draining = False

    def routes(self) -> list[web.RouteDef]:
        """Where each is served."""
        return [
            web.get("/", self.page),
            web.get("/page.css", self.style),
            web.get("/healthz", self.health),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """How to join, without scripts."""
        secure = request.scheme == "https"
        body = self._page.substitute(
            server=html.escape(self._server_name),
            host=html.escape(request.host),
            http="https" if secure else "http",
            ws="wss" if secure else "ws",
            room=html.escape(self._hub.default_room),
        )
        return web.Response(text=body, content_type="text/html")

    async def style(self, request: web.Request) -> web.Response:
        """The page's style sheet."""
        return web.Response(text=self._style, content_type="text/css")

    async def health(self, request: web.Request) -> web.Response:
        """200 as long as the process answers."""
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        """200 where the log can be read and written, else 503 with what is missing."""
        missing = await self._missing()
        body = {"ready": missing is None, "missing": missing}
        return web.json_response(body, status=200 if missing is None else 503)

    async def _missing(self) -> str | None:
        if self.draining:
            return "the server is stopping"
        if self._hub.committer.failing:
            return "the last commit failed"
        try:
            await self._hub.log.read(self._hub.log.storage.check_ready)
        except StorageError as error:
            return str(error)
        return None

    async def metrics(self, request: web.Request) -> web.Response:
        """Counters in the text format of Prometheus."""
        body = generate_latest(self._metrics)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
