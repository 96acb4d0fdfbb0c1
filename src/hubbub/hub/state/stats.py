"""What the hub counts; `/metrics` reads it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """Counters since the start, but for the first, which is of this moment."""

    connections: int = 0
    handshakes: int = 0
    flooding: int = 0
    connected: int = 0
    appended: int = 0
    duplicates: int = 0
    deliveries: int = 0
    commits: int = 0
    commit_failures: int = 0
    commit_s: float = 0.0
    commit_requests: int = 0
    largest_batch: int = 0
    too_slow: int = 0
    ephemeral_dropped: int = 0
    refusals: int = 0
    pushes: int = 0
    push_failures: int = 0
    notices_dropped: int = 0
    signs_heard: int = 0
    rooms_read_on: int = 0
    epochs: int = 0
