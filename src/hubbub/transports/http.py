"""The plain HTTP side: the front page, health, readiness and metrics."""

import html
from collections.abc import Iterator
from importlib.resources import files
from string import Template

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hubbub.errors import StorageError
from hubbub.hub.hub import Hub

_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """Handlers for what is no WebSocket. `draining` is set while the server stops."""

    def __init__(self, hub: Hub, server_name: str) -> None:
        self._hub = hub
        self._server_name = server_name
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(HubCollector(hub))
        ProcessCollector(registry=self._registry)
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
        return web.Response(text=body, content_type="text/html", headers=_PAGE_HEADERS)

    async def style(self, request: web.Request) -> web.Response:
        """The page's style sheet."""
        return web.Response(text=self._style, content_type="text/css", headers=_PAGE_HEADERS)

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
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


class HubCollector(Collector):
    """The hub's counters as metrics, read when asked: counting costs the hub an addition."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """All metrics of the hub."""
        stats, hub = self._hub.stats, self._hub
        gauges = {
            "connections": ("Open connections.", stats.connections),
            "users": ("Users who are here.", len(hub.users)),
            "rooms_occupied": ("Public rooms with people in them.", len(hub.rooms.occupied())),
            "commit_queue_requests": ("Requests that wait for a commit.", hub.committer.waiting),
            "commit_largest_batch_requests": ("Requests in the largest commit so far.",
                                              stats.largest_batch),
        }  # fmt: skip
        counters = {
            "connected": ("Connections opened.", stats.connected),
            "events_appended": ("Events committed to the log.", stats.appended),
            "duplicates": ("Retries answered from the log.", stats.duplicates),
            "deliveries": ("Events handed to a member's transport.", stats.deliveries),
            "commit_failures": ("Commits that failed.", stats.commit_failures),
            "too_slow": ("Connections closed with 4008.", stats.too_slow),
            "ephemeral_dropped": ("Frames not sent to a client near its bound.",
                                  stats.ephemeral_dropped),
            "refusals": ("Requests refused.", stats.refusals),
            "commit_requests": ("Requests committed.", stats.commit_requests),
        }  # fmt: skip
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"hubbub_{name}", text, value=value)
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(f"hubbub_{name}", text, value=value)
        yield SummaryMetricFamily(
            "hubbub_commit_seconds",
            "Time of commits.",
            count_value=stats.commits,
            sum_value=stats.commit_s,
        )
