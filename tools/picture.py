"""Makes docs/pictures/session.svg: a real server, and three clients in one conversation.

`make picture`; needs tmux, and npx for wscat.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "session.svg"
HUBBUB = f"{sys.executable} -m hubbub"
WIDTH, HEIGHT, WAIT_S = 56, 9, 30.0

# As rich's own, without the fonts that it would fetch from elsewhere.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img"
 aria-label="Two terminals: hubbub join and wscat in one room, and a Python program's message">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
 font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<rect width="100%" height="100%" rx="8" fill="#1b1d22"/>
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Terminal:
    """A tmux session with one program in it."""

    def __init__(self, socket: str, name: str, command: str) -> None:
        self._tmux = ["tmux", "-L", socket, "-f", "/dev/null"]
        self._name = name
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        self._run("new-session", "-d", "-s", name, *size, command)

    def _run(self, *arguments: str) -> str:
        command = [*self._tmux, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603

    def type(self, text: str, *, enter: bool = True) -> None:
        """Types a line."""
        self._run("send-keys", "-t", self._name, "-l", text)
        if enter:
            self._run("send-keys", "-t", self._name, "Enter")

    def screen(self) -> str:
        """What it shows, with its colours."""
        return self._run("capture-pane", "-e", "-p", "-t", self._name)

    def wait_for(self, text: str) -> None:
        """Returns when it shows that."""
        end = time.monotonic() + WAIT_S
        while text not in self.screen():
            if time.monotonic() > end:
                raise SystemExit(f"{self._name} never showed {text!r}:\n{self.screen()}")
            time.sleep(0.05)


def converse(folder: Path) -> tuple[str, str]:
    """Plays the session; what the two terminals show at its end."""
    socket = f"hubbub-picture-{folder.name}"
    serve = [*HUBBUB.split(), "serve", "--data", str(folder / "data")]
    server = subprocess.Popen(  # noqa: S603
        serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        server.stdout.readline()
        ann = Terminal(socket, "ann", f"env HOME={folder} {HUBBUB} join --plain --name ann")
        ann.wait_for("lobby>")
        wscat = Terminal(socket, "wscat", "npx --yes wscat -c ws://127.0.0.1:8080/chat 2>/dev/null")
        wscat.wait_for("2 users here")
        wscat.type("Hello from wscat")
        ann.wait_for("Hello from wscat")
        robot = (
            "import asyncio, hubbub\nasync def main():\n"
            ' async with hubbub.connect(name="robot") as chat:\n'
            '  await chat.post("Hello from five lines of Python")\nasyncio.run(main())'
        )
        subprocess.run([sys.executable, "-c", robot], check=True)  # noqa: S603
        ann.wait_for("five lines of Python")
        ann.type("/whisper user0 lunch?")
        wscat.wait_for("lunch?")
        wscat.type("/reply at twelve")
        ann.wait_for("at twelve")
        ann.type("what arrives stays out of this li", enter=False)
        ann.wait_for("of this li")
        return ann.screen(), wscat.screen()
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False)  # noqa: S603, S607
        server.terminate()
        server.wait(10)


def main() -> None:
    """Plays, draws, writes."""
    with tempfile.TemporaryDirectory() as folder:
        screens = converse(Path(folder))
    console = Console(record=True, width=2 * WIDTH + 10, force_terminal=True, file=sys.stderr)
    titles = ("$ hubbub join", "$ npx wscat -c ws://127.0.0.1:8080/chat")
    panels = [
        Panel(
            Text.from_ansi(screen.rstrip("\n")),
            title=f"[bold]{title}",
            title_align="left",
            width=WIDTH + 4,
            height=HEIGHT + 2,
            border_style="grey50",
        )
        for title, screen in zip(titles, screens, strict=True)
    ]
    console.print(Columns(panels))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    drawn = console.export_svg(code_format=SVG, theme=MONOKAI, unique_id="hubbub")
    PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
