"""What `/metrics` tells, in the terms of Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hubbub.hub.hub import Hub

__all__ = ["CONTENT_TYPE_LATEST", "generate_latest", "metrics_of"]


def metrics_of(hub: Hub) -> CollectorRegistry:
    """The metrics of this hub and of its process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HubCollector(hub))
    ProcessCollector(registry=registry)
    return registry


class HubCollector(Collector):
    """The hub's counters as metrics, read when asked: counting costs the hub an addition."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """All metrics of the hub."""
        hub, parts, stats = self._hub, self._hub.parts, self._hub.parts.stats
        gauges = {
            "connections": ("Open connections.", stats.connections),
            "handshakes": ("Connections that have not sent a request yet.", stats.handshakes),
            "users": ("Users who are here.", len(parts.users)),
            "rooms_occupied": ("Public rooms with people in them.", len(parts.rooms.occupied())),
            "searches": ("Searches that run or wait for their turn.", parts.searches.running),
            "commit_queue_requests": ("Requests that wait for a commit.", parts.committer.waiting),
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
            "flooding": ("Connections closed with 4029.", stats.flooding),
            "ephemeral_dropped": ("Frames not sent to a client near its bound.",
                                  stats.ephemeral_dropped),
            "refusals": ("Requests refused.", stats.refusals),
            "pushes": ("Notices that push services took.", stats.pushes),
            "push_failures": ("Notices that they did not take.", stats.push_failures),
            "notices_dropped": ("Messages of which nobody was notified, because too many waited.",
                                stats.notices_dropped),
            "commit_requests": ("Requests committed.", stats.commit_requests),
        }  # fmt: skip
        if parts.peers.shared:
            connected = hub.degraded() is None
            gauges["bus_connected"] = ("Whether other nodes are heard at once.", int(connected))
            counters["signs_heard"] = ("What other nodes told this one.", stats.signs_heard)
            counters["rooms_read_on"] = (
                "Times that the log had what no node had told.",
                stats.rooms_read_on,
            )
            counters["epochs"] = (
                "Times that the log had lost its end, and took a new epoch.",
                stats.epochs,
            )
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
