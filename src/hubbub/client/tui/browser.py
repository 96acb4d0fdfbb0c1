"""Links, opened outside this terminal."""

import subprocess
import sys
from collections.abc import Mapping
from threading import Thread


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a link can be opened in a window; a browser for terminals would take this one."""
    windows = {"DISPLAY", "WAYLAND_DISPLAY"}
    return platform == "darwin" or any(environ.get(name) for name in windows)


def open_in_window(link: str) -> None:
    """Opens a link in this person's browser, whatever that is, without this terminal."""
    nothing = subprocess.DEVNULL
    browser = subprocess.Popen(  # noqa: S603 - an argument, never a shell
        [sys.executable, "-m", "webbrowser", link],
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )
    # Some browsers stay in the foreground for as long as they are open.
    Thread(target=browser.wait, daemon=True).start()
