"""What hubbub must reach, as ratios within one run, and what it did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.figures import core_per_s, cost_us, find, middle, per_s
from benchmarks.load.spec import Found
from benchmarks.runner import Row

BOTH = ("hubbub JSON", "hubbub plain")
Rows = Sequence[Row]


@dataclass(frozen=True)
class Target:
    """One line of the table. `reached` says what was found, None where a part was not run."""

    load: str
    asked: str
    reached: Callable[[Rows], tuple[bool, str] | None]


def _ratio_to(
    key: str, peer: str, figure: Callable[[Row], Callable[[Found], float]], bound: float
) -> Callable[[Rows], tuple[bool, str] | None]:
    """At least `bound` times the peer's, or at most where `bound` is negative."""

    def reached(rows: Rows) -> tuple[bool, str] | None:
        other = find(rows, key, peer)
        ours = [row for name in BOTH if (row := find(rows, key, name)) is not None]
        if other is None or not ours:
            return None
        theirs = max(1e-9, middle(other, figure(other)))
        ratios = [middle(row, figure(row)) / theirs for row in ours]
        held = all(r >= bound if bound > 0 else r <= -bound for r in ratios)
        pairs = zip(ours, ratios, strict=True)
        return held, ", ".join(
            f"{ratio:.2g} ({row.server.name.split()[1]})" for row, ratio in pairs
        )

    return reached


def _own(
    key: str, value: Callable[[Row], float], most: float, unit: str
) -> Callable[[Rows], tuple[bool, str] | None]:
    """At most `most`, or at least where it is negative, in each dialect that was run."""

    def reached(rows: Rows) -> tuple[bool, str] | None:
        ours = [row for name in BOTH if (row := find(rows, key, name)) is not None]
        if not ours:
            return None
        values = [value(row) for row in ours]
        held = all(v <= most if most > 0 else v >= -most for v in values)
        pairs = zip(ours, values, strict=True)
        return held, ", ".join(
            f"{v:,.4g} {unit} ({row.server.name.split()[1]})" for row, v in pairs
        )

    return reached


def _latency(row: Row) -> Callable[[Found], float]:
    return lambda found: found.p99_ms


def _over_bare(row: Row) -> float:
    return middle(row, lambda found: found.p50_ms - found.more["bare_p50_ms"])


def _peak(row: Row) -> float:
    return middle(row, lambda found: found.more["peak_mib"] / found.more["steady_mib"])


def _json_posts(rows: Rows) -> tuple[bool, str] | None:
    row = find(rows, "posts-1m", "hubbub JSON")
    if row is None:
        return None
    wall, core = middle(row, per_s(row)), middle(row, core_per_s(row))
    said = f"{wall:,.0f}/s as it ran, {core:,.0f}/s for a core of its own"
    return core >= 15_000, said


TARGETS = (
    Target(
        "closed loop, 1,000 members",
        "at least 5 times nats-server's deliveries/s (goal 9)",
        _ratio_to("closed", "nats-server", core_per_s, 5),
    ),
    Target(
        "closed loop, 1,000 members",
        "at least 50 times Node ws's deliveries/s (goal 90)",
        _ratio_to("closed", "Node ws", core_per_s, 50),
    ),
    Target(
        "open loop 20,000/s",
        "CPU per delivery at most 1.5 times the floor's",
        _ratio_to("open-20k", "floor", cost_us, -1.5),
    ),
    Target(
        "open loop 20,000/s",
        "p99 at most 1.5 times the floor's",
        _ratio_to("open-20k", "floor", _latency, -1.5),
    ),
    Target(
        "open loop 500,000/s",
        "p99 under 25 ms",
        _own("open-500k", lambda row: middle(row, lambda f: f.p99_ms), 25.0, "ms"),
    ),
    Target(
        "200 rooms of 10",
        "at least websockets' deliveries/s",
        _ratio_to("rooms", "websockets", core_per_s, 1),
    ),
    Target(
        "200 rooms of 10",
        "at most 2 times the floor's CPU (10 in flight)",
        _ratio_to("rooms", "floor", cost_us, -2),
    ),
    Target(
        "200 rooms of 10",
        "at most 2 times the floor's CPU (1 in flight)",
        _ratio_to("rooms-1", "floor", cost_us, -2),
    ),
    Target(
        "durable posts on a log of a million",
        "JSON with nonces: at least 15,000/s on one core (goal 30,000)",
        _json_posts,
    ),
    Target(
        "one client, empty server",
        "p50 at most the bare fsync plus 0.3 ms",
        _own("lone", _over_bare, 0.3, "ms more"),
    ),
    Target(
        "idle, 10,000",
        "at most 20 KiB per connection (goal 16)",
        _own("idle", lambda row: middle(row, lambda f: f.connection_kib), 20.0, "KiB"),
    ),
    Target(
        "restart under 5,000",
        "all resumed in under 10 s",
        _own("restart", lambda row: middle(row, lambda f: f.window_s), 10.0, "s"),
    ),
    Target(
        "restart under 5,000",
        "memory peak at most 2 times steady",
        _own("restart", _peak, 2.0, "times"),
    ),
    Target(
        "start, empty log",
        "ready in under 1.5 s",
        _own("start", lambda row: middle(row, lambda f: f.window_s), 1.5, "s"),
    ),
    Target(
        "start, a million events",
        "ready in under 1.5 s",
        _own("start-1m", lambda row: middle(row, lambda f: f.window_s), 1.5, "s"),
    ),
)
