"""The plots of docs/benchmarks.md, each for a light and a dark page."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.figures import core_per_s, cost_us, find, middle
from benchmarks.load.spec import Found
from benchmarks.runner import Row
from benchmarks.servers import ALL

THEMES = {
    "light": {"text": "#1f2328", "grid": "#d1d9e0", "ours": "#0969da", "theirs": "#8c959f"},
    "dark": {"text": "#f0f6fc", "grid": "#3d444d", "ours": "#4493f8", "theirs": "#656c76"},
}
# Text stays text and nothing depends on the moment, so that a file changes only with its figures.
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hubbub",
    "font.family": ["sans-serif"],
    "font.size": 10,
}

Plot = tuple[str, str, str, Callable[[Row], Callable[[Found], float]]]
PLOTS: tuple[Plot, ...] = (
    ("closed", "deliveries", "Deliveries per second of server CPU, 1,000 members", core_per_s),
    ("rooms-1", "rooms", "CPU µs per delivery, 200 rooms of 10", cost_us),
    ("open-20k", "quiet", "CPU µs per delivery, 20,000 deliveries/s to 1,000", cost_us),
    ("idle", "memory", "KiB per idle connection, 10,000 of them",
     lambda row: lambda found: found.connection_kib),
)  # fmt: skip


def draw(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Draws what was measured into a folder; the Markdown that shows each plot."""
    folder.mkdir(exist_ok=True)
    shown = []
    for key, name, title, figure in PLOTS:
        found = [row for server in ALL if (row := find(rows, key, server.name)) is not None]
        if not found:
            continue
        for theme in THEMES:
            path = folder / f"bench-{name}-{theme}.svg"
            _bars(path, title, [(r.server.name, middle(r, figure(r))) for r in found], theme)
        shown.append(
            f'<picture><source media="(prefers-color-scheme: dark)" '
            f'srcset="pictures/bench-{name}-dark.svg">'
            f'<img alt="{title}" src="pictures/bench-{name}-light.svg"></picture>'
        )
    return shown


def _bars(path: Path, title: str, bars: Sequence[tuple[str, float]], theme: str) -> None:
    colours = THEMES[theme]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 0.42 * len(bars) + 0.8))
        axes = figure.add_subplot()
        names = [name for name, _ in bars]
        values = [value for _, value in bars]
        fill = [colours["ours" if name.startswith("hubbub") else "theirs"] for name in names]
        drawn = axes.barh(names, values, color=fill, height=0.62)
        labels = [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values]
        axes.bar_label(drawn, labels, padding=4, color=colours["text"])
        axes.set_title(title, loc="left", color=colours["text"], fontsize=11)
        axes.invert_yaxis()
        axes.margins(x=0.16)
        axes.xaxis.set_visible(False)
        axes.tick_params(axis="y", length=0, labelcolor=colours["text"])
        for side in axes.spines.values():
            side.set_visible(False)
        axes.axvline(0, color=colours["grid"], linewidth=1)
        figure.tight_layout()
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
