"""Figures: percentiles, what a process holds, and the table that the long forms print."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.torture.sizes import SEED

ROWS: list[tuple[str, str, str]] = []
"""Attack, what, how much: printed at the end of a long form."""


def note(attack: str, what: str, figure: object) -> None:
    """Puts one figure into the table."""
    ROWS.append((attack, what, str(figure)))


def print_table(reporter: pytest.TerminalReporter) -> None:
    """Prints what was noted, once."""
    if not ROWS:
        return
    reporter.section(f"figures (TORTURE_SEED={SEED})")
    widths = [max(len(row[column]) for row in ROWS) for column in (0, 1)]
    for attack, what, figure in ROWS:
        reporter.line(f"{attack:{widths[0]}}  {what:{widths[1]}}  {figure}")
    ROWS.clear()


def percentile(samples: Sequence[float], share: float) -> float:
    """The value that `share` of the samples do not pass."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(samples_s: Sequence[float]) -> str:
    """The middle, the 99th percentile and the worst, in milliseconds."""
    if not samples_s:
        return "nothing was measured"
    at = [percentile(samples_s, share) * 1000 for share in (0.5, 0.99, 1.0)]
    return f"p50 {at[0]:.1f} ms, p99 {at[1]:.1f} ms, max {at[2]:.0f} ms, of {len(samples_s)}"


def resident_mib(pid: int) -> float:
    """What a process holds in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(pid: int) -> int:
    """How many files and connections a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
