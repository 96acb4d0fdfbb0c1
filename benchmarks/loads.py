"""Every load, in the order of the table: what it asks and of which servers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks import servers
from benchmarks.servers import FLOOR, JSON, NATS, NODE, PLAIN, Server

HUBBUB = (JSON, PLAIN)


@dataclass(frozen=True, eq=False)
class Load:
    """One load: `key` names it on the command line, `spec` is what it asks of `load.spec.Spec`."""

    key: str
    title: str
    unit: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    servers: tuple[Server, ...] = servers.ALL
    events: int = 0


def _open_loop(key: str, rate: int, **more: Any) -> Load:
    title = f"open loop, {rate * 1000:,} deliveries/s to 1,000"
    asked = {"posting": "open", "members": 1000, "publishers": 10, "rate": rate}
    return Load(key, title, "deliveries", {**asked, "sampled": 50, **more})


MILLION = 1_000_000
ROOMS_OF_10: dict[str, Any] = {"rooms": 200, "members": 10}
PAIRS: dict[str, Any] = {"rooms": 500, "members": 2, "publishers": 2, "window_s": 5.0}

FULL = (
    Load(
        "closed",
        "closed loop, 1,000 members, 10 publishers, 10 in flight each",
        "deliveries",
        {"members": 1000, "publishers": 10, "in_flight": 10},
    ),
    _open_loop("open-20k", 20, window_s=6.0),
    _open_loop("open-200k", 200),
    _open_loop("open-500k", 500),
    Load(
        "rooms",
        "200 rooms of 10, a publisher each, 10 in flight",
        "deliveries",
        {**ROOMS_OF_10, "in_flight": 10, "sampled": 100},
    ),
    Load(
        "rooms-1",
        "200 rooms of 10, a publisher each, 1 in flight",
        "deliveries",
        {**ROOMS_OF_10, "in_flight": 1, "sampled": 100},
    ),
    Load(
        "big",
        "1 room of 10,000, 10 publishers, 10 in flight each",
        "deliveries",
        {"members": 10_000, "publishers": 10, "in_flight": 10, "sampled": 20, "warm_s": 2.0},
        (JSON, PLAIN, FLOOR, NATS, NODE),
    ),
    Load(
        "idle",
        "10,000 connections in 200 rooms, idle",
        "deliveries",
        {"posting": "idle", "rooms": 200, "members": 50},
    ),
    Load(
        "posts",
        "1,000 clients in 500 rooms, 1 post in flight each, on an empty log",
        "posts",
        PAIRS,
        HUBBUB,
    ),
    Load(
        "posts-1m",
        "1,000 clients in 500 rooms, 1 post in flight each, on a log of a million",
        "posts",
        PAIRS,
        HUBBUB,
        events=MILLION,
    ),
    Load(
        "lone",
        "one client, empty server, send to acknowledged",
        "posts",
        {"kind": "lone", "members": 1},
        (JSON, PLAIN, FLOOR, NATS),
    ),
    Load(
        "pages",
        "history, 20 clients, pages of 50, on a log of a million",
        "pages",
        {"kind": "pages", "rooms": 20, "members": 1},
        (JSON,),
        events=MILLION,
    ),
    Load(
        "restart",
        "restart under 5,000 clients in 50 rooms",
        "",
        {"kind": "restart", "rooms": 50, "members": 100},
        (JSON,),
    ),
    Load("start", "start, empty log", "", servers=(JSON,)),
    Load("start-1m", "start, on a log of a million", "", servers=(JSON,), events=MILLION),
)

QUICK = (
    Load(
        "closed",
        "closed loop, 300 members, 10 publishers, 10 in flight each",
        "deliveries",
        {"members": 300, "publishers": 10, "in_flight": 10, "warm_s": 0.3, "window_s": 1.0},
    ),
    Load(
        "open",
        "open loop, 20,000 deliveries/s to 200",
        "deliveries",
        {
            "posting": "open",
            "members": 200,
            "publishers": 10,
            "rate": 100,
            "sampled": 20,
            "warm_s": 0.3,
            "window_s": 1.0,
        },
    ),
    Load(
        "rooms",
        "30 rooms of 10, a publisher each, 10 in flight",
        "deliveries",
        {"rooms": 30, "members": 10, "in_flight": 10, "warm_s": 0.3, "window_s": 1.0},
    ),
    Load(
        "posts",
        "200 clients in 100 rooms, 1 post in flight each, on a log of 20,000",
        "posts",
        {"rooms": 100, "members": 2, "publishers": 2, "warm_s": 0.3, "window_s": 1.0},
        HUBBUB,
        events=20_000,
    ),
    Load(
        "lone",
        "one client, empty server, send to acknowledged",
        "posts",
        {"kind": "lone", "members": 1, "warm_s": 0.2, "window_s": 0.8},
        (JSON, FLOOR),
    ),
    Load(
        "idle",
        "1,000 connections in 20 rooms, idle",
        "deliveries",
        {"posting": "idle", "rooms": 20, "members": 50, "window_s": 0.5},
        HUBBUB,
    ),
    Load(
        "restart",
        "restart under 300 clients in 10 rooms",
        "",
        {"kind": "restart", "rooms": 10, "members": 30},
        (JSON,),
    ),
)
