"""The page's files: names that hold for good, compression, and the page that needs no scripts."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hubbub.transports.web import Page

pytestmark = pytest.mark.real

Browser = TestClient[web.Request, web.Application]
PLAIN = {"Accept-Encoding": "identity"}
SCRIPT = b"console.log('hubbub')\n" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build leaves, in small."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        "<title>$server</title><noscript>$how_to_join</noscript><script src=/assets/a-1.js>"
    )
    (tmp_path / "assets" / "a-1.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "manifest.webmanifest").write_text("{}")
    return tmp_path


@asynccontextmanager
async def browse(folder: Path) -> AsyncIterator[Browser]:
    app = web.Application()
    app.add_routes(Page("Ann's <chat>", "lobby", built=folder).routes())
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_the_page_names_the_server_and_tells_how_to_join_without_scripts(
    built: Path,
) -> None:
    async with browse(built) as browser:
        answer = await browser.get("/", headers={"Host": "chat.test", **PLAIN})
        body = await answer.text()

    assert "<title>Ann&#x27;s &lt;chat&gt;</title>" in body
    assert "hubbub join chat.test" in body
    assert "<script src=/assets/a-1.js>" in body
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_without_a_built_page_the_page_without_scripts_is_served(tmp_path: Path) -> None:
    async with browse(tmp_path) as browser:
        answer = await browser.get("/", headers=PLAIN)
        body = await answer.text()
        style = await browser.get("/page.css")

    assert (answer.status, style.status) == (200, 200)
    assert "hubbub join" in body
    assert "<script" not in body


async def test_a_browser_that_has_the_page_gets_304(built: Path) -> None:
    async with browse(built) as browser:
        for path in ("/", "/assets/a-1.js", "/manifest.webmanifest"):
            first = await browser.get(path)
            again = await browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
            other = await browser.get(path, headers={"If-None-Match": '"other"'})

            assert (first.status, again.status, other.status) == (200, 304, 200)
            assert await again.read() == b""


async def test_hashed_files_are_kept_for_good_and_others_asked_for_again(built: Path) -> None:
    async with browse(built) as browser:
        script = await browser.get("/assets/a-1.js")
        manifest = await browser.get("/manifest.webmanifest")

    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert manifest.headers["Cache-Control"] == "no-cache"
    assert manifest.headers["Content-Type"].startswith("application/manifest+json")


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [("gzip, br", "gzip"), ("identity", None), ("gzip;q=0", None), ("br, GZIP;q=0.5", "gzip")],
)
async def test_a_file_comes_in_the_best_form_that_the_browser_takes(
    built: Path, accepts: str, encoding: str | None
) -> None:
    async with browse(built) as browser:
        answer = await browser.get("/assets/a-1.js", headers={"Accept-Encoding": accepts})
        body = await answer.read()

    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(body) if encoding else body) == SCRIPT


async def test_nothing_beside_the_page_s_files_is_served(built: Path) -> None:
    (built / "assets" / "notes.txt").write_text("secret")
    async with browse(built) as browser:
        for path in ("/index.html", "/assets/notes.txt", "/assets/../index.html", "/assets/"):
            assert (await browser.get(path)).status == 404, path
