"""The pages beside the chat: the front page, health, readiness, metrics."""

import http.client
import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import WAIT_S, Server, line, plain
from tests.wire import Wire, metrics

pytestmark = pytest.mark.real


def get(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def test_the_front_page_says_how_to_join_without_scripts(shared: Server) -> None:
    answer, body = get(shared, "/")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"hubbub join 127.0.0.1:{shared.port}" in body
    assert f"ws://127.0.0.1:{shared.port}/chat" in body


def test_the_front_page_may_load_what_is_its_own_and_nothing_else(shared: Server) -> None:
    answer, body = get(shared, "/")
    style, _ = get(shared, "/page.css")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert 'href="/page.css"' in body
    assert " style=" not in body
    assert "<script>" not in body
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")


def test_the_front_page_shows_a_hostile_host_as_text(shared: Server) -> None:
    _, body = get(shared, "/", Host='[::1]:8080"><b>')

    assert "[::1]:8080&quot;&gt;&lt;b&gt;" in body
    assert "<b>" not in body.replace("<b>lobby</b>", "")


def test_healthz_and_readyz_say_yes(shared: Server) -> None:
    health, ok = get(shared, "/healthz")
    ready, body = get(shared, "/readyz")

    assert (health.status, ok) == (200, "ok\n")
    assert ready.status == 200
    assert json.loads(body) == {"ready": True, "missing": None}


def test_an_unknown_page_is_404_and_a_wrong_method_405(shared: Server) -> None:
    assert get(shared, "/nothing")[0].status == 404
    assert get(shared, "/chat/more")[0].status == 404
    assert get(shared, "/healthz", "POST")[0].status == 405


@pytest.mark.parametrize("path", ["/chat", "/echo"])
def test_a_browser_that_opens_the_endpoint_is_told_what_it_is(shared: Server, path: str) -> None:
    answer, body = get(shared, path)

    assert answer.status == 426
    assert answer.headers["Upgrade"] == "websocket"
    assert "WebSocket" in body


@pytest.mark.parametrize("missing", ["Sec-WebSocket-Key", "Connection: Upgrade"])
def test_half_a_handshake_is_refused_with_400(shared: Server, missing: str) -> None:
    head = [
        "GET /chat HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    with Wire(shared) as wire:
        kept = [each for each in head if not each.startswith(missing)]
        wire.socket.sendall("\r\n".join([*kept, "", ""]).encode())

        assert wire.head().startswith("HTTP/1.1 400 ")


async def test_metrics_are_in_the_format_of_prometheus_and_count(shared: Server, room: str) -> None:
    before = metrics(shared)
    async with plain(shared, f"?room={room}") as one, plain(shared, f"?room={room}") as two:
        await line(one)
        await one.send("counted")
        await line(one)
        await line(two)
        await line(two)
        during = metrics(shared)

    def grew(name: str) -> float:
        return during[name] - before[name]

    assert grew("hubbub_connections") == 2
    assert grew("hubbub_users") == 2
    # Each node counts its own; here the two are on two nodes, if there are several.
    assert grew("hubbub_rooms_occupied") == min(2, len(shared.nodes))
    assert grew("hubbub_connected_total") == 2
    assert grew("hubbub_events_appended_total") == 1
    assert grew("hubbub_deliveries_total") == 2
    assert during["process_resident_memory_bytes"] > 1_000_000


def test_each_metric_says_what_it_is(shared: Server) -> None:
    answer, body = get(shared, "/metrics")
    families = list(text_string_to_metric_families(body))

    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert len(families) > 10
    assert all(family.documentation and family.type != "unknown" for family in families)
