"""What was measured, as the simulation reads it: costs, and the points that it has to meet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

US = 1e-6
FILE = Path(__file__).parent.parent / "costs.json"


class Costs(Struct, frozen=True, kw_only=True):
    """Microseconds of CPU, but for `flush_us`, which is of the clock.

    What ends in `_wake_us` comes on top whenever something was idle before.
    """

    # A node. `post` is to read, check and answer one, `write` what goes to one connection at once,
    # `event` each of a write's, `cycle` what a commit costs the loop.
    post_us: float
    write_us: float
    event_us: float
    cycle_us: float
    node_wake_us: float
    # Its commit thread: for a commit, and for each of its rooms and events.
    commit_us: float
    commit_room_us: float
    commit_event_us: float
    # The bus: for each sign, and for each of the events in it.
    publish_us: float
    publish_event_us: float
    hear_us: float
    hear_event_us: float

    # PostgreSQL: for a commit, and for each of its rooms and events; then the disk.
    pg_commit_us: float
    pg_room_us: float
    pg_event_us: float
    flush_us: float
    # A room that is read on in the log: by the node, and by PostgreSQL.
    read_us: float
    pg_read_us: float

    # NATS: for each sign that comes, and for each node that it goes to.
    nats_in_us: float
    nats_out_us: float
    nats_wake_us: float

    # The load: for each read, for each event in it, for each post.
    load_read_us: float
    load_event_us: float
    load_post_us: float

    # Presence: a sweep, a row that it reads; one who comes in, on their node and as it is heard.
    sweep_us: float
    sweep_row_us: float
    pg_sweep_us: float
    pg_sweep_row_us: float
    join_us: float
    pg_join_us: float
    nats_join_us: float
    join_heard_us: float
    # A look at accounts, roles and bans, for each user of the node that looks; rates that are told,
    # for each user in a sign.
    look_user_us: float
    pg_look_user_us: float
    spent_heard_us: float


class Point(Struct, frozen=True, kw_only=True):
    """What a load came to on so many nodes: medians of its runs, CPU for each delivery."""

    key: str
    title: str
    nodes: int
    publishing_nodes: int = 0
    spec: dict[str, Any]
    deliveries_per_s: float
    posts_per_s: float
    reads_per_s: float
    node_us: float
    postgres_us: float
    nats_us: float
    load_us: float
    p50_ms: float
    p99_ms: float
    batch: float
    others_share: float
    """How much of a core other programs had meanwhile."""


class Measured(Struct, frozen=True, kw_only=True):
    """The file."""

    machine: str
    cores: int
    costs: Costs
    points: list[Point]


def load(path: Path = FILE) -> Measured:
    """Reads the file."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def save(measured: Measured, path: Path = FILE) -> None:
    """Writes the file, with three significant digits: more would only be noise."""
    plain = _rounded(msgspec.to_builtins(measured))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plain)) + b"\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
