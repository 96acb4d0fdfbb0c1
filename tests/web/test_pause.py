"""A browser that stood still, as on a laptop whose lid was closed."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.client.line.screen import JOIN
from tests.conftest import Serve
from tests.parts import need
from tests.web.conftest import FLAGS, SHELL, Person

pytestmark = pytest.mark.real


def group_of(mark: str) -> int:
    """The process group of the program that was started with that word."""
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in words.read_bytes().split(b"\0"):
                return os.getpgid(int(words.parent.name))
        except OSError:
            continue
    raise AssertionError(f"nothing was started with {mark}")


def test_a_browser_that_is_stopped_and_continued_misses_and_repeats_nothing(
    playwright: Playwright, serve: Serve, tmp_path: Path
) -> None:
    need(SHELL)
    server = serve("--rate-limits", "off", env={"HUBBUB_PING_S": "0.3"})
    mark = f"--mark={tmp_path}"
    browser = playwright.chromium.launch(executable_path=shutil.which(SHELL), args=[*FLAGS, mark])
    try:
        group = group_of(mark)
        assert group != os.getpgid(0), "the browser has a group of its own"
        context = browser.new_context(service_workers="block")
        ann = Person(context, context.new_page(), "ann").join(server.url)
        ann.say("before")
        ann.sees("before")
        os.killpg(group, signal.SIGSTOP)
        try:
            server.await_metric("hubbub_connections", 0)
            say = [*JOIN, server.url, "--name", "bob"]
            subprocess.run(say, input=b"meanwhile\n", check=True, capture_output=True, timeout=50)
        finally:
            os.killpg(group, signal.SIGCONT)
        ann.say("after")
        ann.heard("meanwhile")
        ann.heard("after")
        expect(ann.page.locator("article .said")).to_have_count(3)
    finally:
        browser.close()
