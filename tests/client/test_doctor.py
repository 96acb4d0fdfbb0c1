"""The doctor's findings on patients of several kinds."""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hubbub.client.doctor import diagnose
from hubbub.errors import ConfigError
from tests.client.fake import fake_server
from tests.conftest import Server, free_port

pytestmark = pytest.mark.real


async def test_a_healthy_server_passes_every_check(server: Server) -> None:
    checks = await diagnose(server.url)

    assert [(check.name, check.ok) for check in checks] == [
        (name, True) for name in ("name", "port", "echo", "ready", "chat")
    ]


async def test_nothing_there_is_said_at_the_port_and_no_further() -> None:
    checks = await diagnose(f"127.0.0.1:{free_port()}")

    assert [(check.name, check.ok) for check in checks] == [("name", True), ("port", False)]
    assert "is the server running" in checks[-1].detail


async def test_an_unknown_host_is_said_at_the_name() -> None:
    (check,) = await diagnose("nowhere.invalid")

    assert not check.ok
    assert "no host called 'nowhere.invalid'" in check.detail


async def test_tls_that_is_not_there_is_told_plainly(server: Server) -> None:
    checks = await diagnose(f"https://127.0.0.1:{server.port}")

    assert (checks[-1].name, checks[-1].ok) == ("tls", False)
    assert "take http://" in checks[-1].detail


async def test_a_server_without_our_subprotocol_is_named_as_older(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hubbub.client.doctor.STEP_S", 0.5)
    async with fake_server(json_dialect=False) as tutorial:
        checks = {check.name: check for check in await diagnose(tutorial.url)}

    assert not checks["ready"].ok
    assert "does not know hubbub.v1" in checks["chat"].detail


async def test_what_a_server_says_drives_no_terminal() -> None:
    async def evil(_: web.Request) -> web.Response:
        return web.Response(status=503, text="full\n\x1b]0;owned\x07\x9b2J")

    site = web.Application()
    site.router.add_get("/{any:.*}", evil)
    async with TestServer(site) as server:
        checks = {check.name: check for check in await diagnose(str(server.make_url("")))}

    assert "(HTTP 503): full \ufffd]0;owned" in checks["ready"].detail
    assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", each.detail) for each in checks.values())


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError):
        await diagnose("ftp://x")
