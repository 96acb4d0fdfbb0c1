"""What people type as an address."""

import pytest

from hubbub.client.address import parse_address
from hubbub.errors import ConfigError


@pytest.mark.parametrize(
    ("typed", "chat", "http"),
    [
        (None, "ws://127.0.0.1:8080/chat", "http://127.0.0.1:8080"),
        ("  ", "ws://127.0.0.1:8080/chat", "http://127.0.0.1:8080"),
        ("chat.example.org", "ws://chat.example.org:8080/chat", "http://chat.example.org:8080"),
        ("localhost:9000", "ws://localhost:9000/chat", "http://localhost:9000"),
        ("http://localhost:9000/", "ws://localhost:9000/chat", "http://localhost:9000"),
        ("http://example.org", "ws://example.org:80/chat", "http://example.org:80"),
        ("https://example.org", "wss://example.org:443/chat", "https://example.org:443"),
        ("HTTPS://Example.org", "wss://example.org:443/chat", "https://example.org:443"),
        ("wss://example.org/chat", "wss://example.org:443/chat", "https://example.org:443"),
        (
            "ws://example.org/talk/chat/",
            "ws://example.org:80/talk/chat",
            "http://example.org:80/talk",
        ),
        (
            "https://example.org/talk",
            "wss://example.org:443/talk/chat",
            "https://example.org:443/talk",
        ),
        ("[::1]:8081", "ws://[::1]:8081/chat", "http://[::1]:8081"),
        ("::1", "ws://[::1]:8080/chat", "http://[::1]:8080"),
        ("ws://[::1]:8081/chat", "ws://[::1]:8081/chat", "http://[::1]:8081"),
    ],
)
def test_every_form_of_an_address_is_understood(typed: str | None, chat: str, http: str) -> None:
    address = parse_address(typed)

    assert (address.chat_url, address.http_url) == (chat, http)


def test_the_echo_stands_beside_the_chat() -> None:
    assert parse_address("https://example.org/talk").echo_url == "wss://example.org:443/talk/echo"


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://example.org",
        "example.org:port",
        "example.org:99999",
        "example.org:0",
        "http://",
        "two words",
        "a\x1b[2Jb",
        "http://ann:secret@example.org",
        "ws://example.org/chat?name=ann",
        "[::1",
    ],
)
def test_nonsense_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ConfigError, match=r"The address .*[:;] .*\."):
        parse_address(typed)
