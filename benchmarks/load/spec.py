"""What a load is asked to do, and what it found; both pass between processes as JSON."""

from typing import Literal

from msgspec import Struct, field


class Spec(Struct, frozen=True, kw_only=True):
    """One load on one running server.

    `posting` is `closed` (each publisher keeps `in_flight` posts unanswered), `open` (`rate`
    messages a second in all, whatever the server does) or `idle`. `folder` is on the disk of the
    server's log.

    A cluster's nodes have `ports`, over which members are spread evenly, and its processes stand in
    `parts`; the publishers come in by its first `publishing_nodes`, if that is not 0.
    """

    kind: Literal["traffic", "lone", "pages", "restart"] = "traffic"
    posting: Literal["closed", "open", "idle"] = "closed"
    dialect: str
    port: int
    pid: int
    rooms: int = 1
    members: int
    publishers: int = 1
    in_flight: int = 1
    rate: float = 0.0
    warm_s: float = 1.0
    window_s: float = 3.0
    sampled: int = 10
    metrics: bool = False
    page: int = 50
    folder: str = ""
    ports: tuple[int, ...] = ()
    parts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    publishing_nodes: int = 0

    def port_of(self, number: int) -> int:
        """The port by which a member comes in."""
        if not self.ports:
            return self.port
        room, place = number % self.rooms, number // self.rooms
        some = self.ports
        if self.publishing_nodes and place < self.publishers:
            some = some[: self.publishing_nodes]
        return some[(room + place) % len(some)]


class Found(Struct, frozen=True, kw_only=True):
    """The figures of one load. `messages` counts all of it, the rest its window alone."""

    window_s: float
    messages: int
    missing: int = 0
    deliveries: int = 0
    posts: int = 0
    server_cpu_s: float = 0.0
    load_cpu_s: float = 0.0
    others_share: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    rss_mib: float = 0.0
    connection_kib: float = 0.0
    joined_per_s: float = 0.0
    batch: float = 0.0
    more: dict[str, float] = field(default_factory=dict)
