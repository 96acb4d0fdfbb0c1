"""What an installation asks for, by the whole Chromium, which installs pages."""

import json
import struct
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from tests.conftest import Server
from tests.web.conftest import People

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def browser(whole_browser: Browser) -> Browser:
    """The whole Chromium."""
    return whole_browser


def test_the_manifest_has_what_an_installation_asks_for(shared: Server, people: People) -> None:
    ann = people("installer", service_workers="allow").join(shared.url)
    with urlopen(f"{shared.url}/manifest.webmanifest") as answer:
        manifest = json.load(answer)

    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == "/"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
    for icon in manifest["icons"]:
        with urlopen(shared.url + icon["src"]) as answer:
            body = answer.read()
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", body[16:24])
            assert f"{width}x{height}" == icon["sizes"]
    session = ann.context.new_cdp_session(ann.page)
    assert session.send("Page.getAppManifest")["errors"] == []
    ann.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    said = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Every page of a test is in private mode, where nothing is installed.
    assert [each["errorId"] for each in said] == ["in-incognito"]
