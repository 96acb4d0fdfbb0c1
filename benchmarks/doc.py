"""A page with figures: what it says of the machine, and how they are put into it."""

import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil


def machine() -> str:
    """What it was measured on, and when."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {psutil.cpu_count()} cores, "
        f"{memory:.0f} GiB, {system}, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def replace(doc: Path, body: str, what: str = "measured") -> None:
    """Replaces what stands between the marks in a document."""
    begin, end = f"<!-- {what} -->", f"<!-- end {what} -->"
    text = doc.read_text("utf-8")
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    doc.write_text(f"{head}{begin}\n\n{body}\n\n{end}{tail}", "utf-8")


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """In Markdown, with columns of numbers but for the first."""
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))
