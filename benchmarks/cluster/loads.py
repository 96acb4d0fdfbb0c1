"""What is asked of clusters: each load, and on how many nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """So many nodes; without any it is one server with its log in a file.

    Publishers come in by the first `publishing` of them, if that is not 0.
    """

    name: str
    nodes: int
    publishing: int = 0


@dataclass(frozen=True, eq=False)
class Load:
    """One load: `key` names it on the command line, `spec` is what it asks of `load.spec.Spec`."""

    key: str
    title: str
    unit: str
    spec: Mapping[str, Any]
    shapes: tuple[Shape, ...]


FILE = Shape("1 node on SQLite", 0)
ONE, TWO, FOUR = (Shape(f"{n} node{'s' * (n > 1)}", n) for n in (1, 2, 4))
ONE_WRITER = Shape("2 nodes, 1 of them writes", 2, 1)
TWO_WRITERS = Shape("2 nodes, both write", 2)
ALL = (FILE, ONE, TWO, FOUR)

ROOMS: dict[str, Any] = {"rooms": 200, "members": 10, "sampled": 100}

FULL = (
    Load(
        "rooms",
        "200 rooms of 10, a publisher each, 10 in flight",
        "deliveries",
        {**ROOMS, "in_flight": 10},
        ALL,
    ),
    Load(
        "rooms-1",
        "200 rooms of 10, a publisher each, 1 in flight",
        "deliveries",
        {**ROOMS, "in_flight": 1},
        ALL,
    ),
    Load(
        "rooms-open",
        "200 rooms of 10, 500 posts/s in all, 5,000 deliveries/s",
        "deliveries",
        {**ROOMS, "posting": "open", "rate": 500, "window_s": 5.0},
        ALL,
    ),
    Load(
        "thousand",
        "1,000 rooms of 4, a publisher each, 1 in flight",
        "deliveries",
        {"rooms": 1000, "members": 4, "sampled": 100},
        ALL,
    ),
    Load(
        "hot",
        "1 room of 1,000, 20 publishers, 5 in flight each",
        "deliveries",
        {"members": 1000, "publishers": 20, "in_flight": 5, "sampled": 50},
        ALL,
    ),
    Load(
        "hot-open",
        "1 room of 1,000, 50 posts/s, 50,000 deliveries/s",
        "deliveries",
        {"posting": "open", "members": 1000, "publishers": 20, "rate": 50, "sampled": 50,
         "window_s": 5.0},
        ALL,
    ),
    Load(
        "pairs",
        "1,000 clients in 500 rooms, 1 post in flight each",
        "posts",
        {"rooms": 500, "members": 2, "publishers": 2, "sampled": 100},
        ALL,
    ),
    Load(
        "writers",
        "1 room of 20, all of them write, 10 posts in flight each",
        "posts",
        {"members": 20, "publishers": 20, "in_flight": 10, "sampled": 20},
        (FILE, ONE, TWO_WRITERS, FOUR),
    ),
    Load(
        "two-writers",
        "1 room of 4, 2 of them write, 1 post in flight each",
        "posts",
        {"members": 4, "publishers": 2, "sampled": 4},
        (ONE, ONE_WRITER, TWO_WRITERS),
    ),
    Load(
        "idle-few",
        "200 members in 50 rooms, idle for 20 s",
        "deliveries",
        {"posting": "idle", "rooms": 50, "members": 4, "window_s": 20.0},
        (ONE, FOUR),
    ),
    Load(
        "idle",
        "2,000 members in 50 rooms, idle for 20 s",
        "deliveries",
        {"posting": "idle", "rooms": 50, "members": 40, "window_s": 20.0},
        (ONE, FOUR),
    ),
)  # fmt: skip

SHORT: dict[str, Any] = {"warm_s": 0.3, "window_s": 1.0}
QUICK = (
    Load(
        "rooms",
        "30 rooms of 10, a publisher each, 10 in flight",
        "deliveries",
        {"rooms": 30, "members": 10, "in_flight": 10, **SHORT},
        (FILE, ONE, TWO),
    ),
    Load(
        "writers",
        "1 room of 4, all of them write, 5 posts in flight each",
        "posts",
        {"members": 4, "publishers": 4, "in_flight": 5, **SHORT},
        (ONE_WRITER, TWO_WRITERS),
    ),
)
