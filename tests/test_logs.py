"""Log lines are readable, parseable, harmless to a terminal, and hold no message and no secret."""

import io
import json
import logging
import os
import pty
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest
import structlog

from hubbub import logs
from hubbub.protocol.requests import Post
from hubbub.settings import LogFormat

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVIL = "a\x1b[2J\x9b\x7f\r\n\t\u202eb\u2028\ud800"


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def entry_of(stream: io.StringIO) -> dict[str, object]:
    entry = json.loads(stream.getvalue())
    assert isinstance(entry, dict)
    return entry


@pytest.fixture
def as_json() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    return stream


@pytest.fixture
def as_text() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    return stream


@dataclass
class Terminal:
    """A real one: what is written to `stream` comes out of `read`."""

    stream: TextIO
    reader: int

    def read(self) -> str:
        return os.read(self.reader, 65536).decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield Terminal(stream, reader)
    os.close(reader)


# The two forms, and which is chosen.


def test_auto_is_json_on_a_pipe() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        logs.configure("info", "auto", stream)
        structlog.get_logger().info("listening", port=8080)
    with os.fdopen(reader, encoding="utf-8") as stream:
        entry = json.loads(stream.read())
    assert list(entry) == ["timestamp", "level", "event", "port"]
    assert (entry["level"], entry["event"], entry["port"]) == ("info", "listening", 8080)


def test_auto_is_coloured_text_on_a_terminal(terminal: Terminal) -> None:
    logs.configure("info", "auto", terminal.stream)
    structlog.get_logger().info("listening", port=8080)
    line = terminal.read()
    assert "\x1b[" in line
    assert re.sub(r"\x1b\[\d*m", "", line).endswith("[info     ] listening port=8080\r\n")


def test_no_color_takes_the_colours_away(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    logs.configure("info", "auto", terminal.stream)
    structlog.get_logger().info("listening", port=8080)
    line = terminal.read()
    assert "listening port=8080" in line
    assert "\x1b" not in line


def test_text_is_key_value_without_colours_off_a_terminal(as_text: io.StringIO) -> None:
    structlog.get_logger().info("client gone", code=4008, why="too slow", room="lobby")
    (line,) = lines_of(as_text)
    assert INSTANT.match(line)
    assert line.endswith('[info     ] client gone code=4008 why="too slow" room=lobby')


def test_json_may_be_asked_for_on_a_terminal(terminal: Terminal) -> None:
    logs.configure("info", "json", terminal.stream)
    structlog.get_logger().info("listening")
    assert json.loads(terminal.read())["event"] == "listening"


def test_without_a_stream_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "auto")
    structlog.get_logger().info("listening")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "listening"


def test_timestamps_are_rfc_3339_in_utc_with_milliseconds(as_json: io.StringIO) -> None:
    structlog.get_logger().info("listening", timestamp="forged", level="forged")
    entry = entry_of(as_json)
    assert INSTANT.fullmatch(str(entry["timestamp"]))
    assert entry["level"] == "info"


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    logs.configure("warning", "json", stream)
    log = structlog.get_logger()
    log.debug("no")
    log.info("no")
    log.warning("yes")
    log.error("yes")
    assert [json.loads(line)["level"] for line in lines_of(stream)] == ["warning", "error"]


def test_a_filtered_line_does_not_even_format_its_values(as_json: io.StringIO) -> None:
    class Costly:
        def __str__(self) -> str:
            raise AssertionError("formatted")

    structlog.get_logger().debug("batch %s", Costly(), size=Costly())
    assert lines_of(as_json) == []


# What must never be in a log.


@pytest.mark.parametrize(
    "key", ["text", "token", "session_token", "password", "Password", "new_password", "full_text"]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_texts_and_secrets_are_hidden(key: str, form: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure("info", form, stream)
    structlog.get_logger().bind(**{key: "bound-XYZ"}).info("a")
    structlog.get_logger().info("b", **{key: "plain-XYZ"})
    structlog.get_logger().info("c", **{key: ["listed-XYZ"]})
    structlog.get_logger().info("d", inner={"deeper": [{key: "nested-XYZ"}]})
    assert "XYZ" not in stream.getvalue()
    assert stream.getvalue().count("(hidden)") == 4


def test_a_name_that_only_resembles_a_secret_is_shown(as_json: io.StringIO) -> None:
    structlog.get_logger().info("refused", text_bytes=5, context="c", tokens=2)
    entry = entry_of(as_json)
    assert (entry["text_bytes"], entry["context"], entry["tokens"]) == (5, "c", 2)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_request_is_shown_by_its_type_only(form: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure("info", form, stream)
    post = Post(room="lobby", text="my secret", nonce="1")
    structlog.get_logger().info("got", request=post, several=[post], raw=b"my secret")
    assert "my secret" not in stream.getvalue()
    assert stream.getvalue().count("<Post>") == 2


def test_plain_values_are_kept(as_json: io.StringIO) -> None:
    structlog.get_logger().info(
        "kept", n=1, f=0.5, no=None, yes=True, p=Path("/srv"), e=OSError("full"), s={1}, t=(1, "é")
    )
    entry = entry_of(as_json)
    assert [entry[key] for key in ("n", "f", "no", "yes")] == [1, 0.5, None, True]
    assert [entry[key] for key in ("p", "e", "s", "t")] == ["/srv", "full", [1], [1, "é"]]


def test_a_value_that_contains_itself_is_cut_off(as_json: io.StringIO) -> None:
    loop: list[object] = []
    loop.append(loop)
    structlog.get_logger().info("loop", loop=loop)
    assert "<list>" in as_json.getvalue()


def test_numbers_that_json_cannot_write_are_strings(as_json: io.StringIO) -> None:
    structlog.get_logger().info("measured", rate=float("inf"))
    assert entry_of(as_json)["rate"] == "inf"


@pytest.mark.parametrize("form", ["text", "json"])
def test_control_characters_never_reach_the_terminal(form: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure("info", form, stream)
    log = structlog.get_logger()
    log.info(EVIL)
    log.info("value", name=EVIL, inner={EVIL: [EVIL]}, **{EVIL: 1})
    log.info("bare", name="\u202eab")
    logging.getLogger("aiohttp").error(EVIL)
    lines = stream.getvalue().split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    stream.getvalue().encode()


def test_an_escaped_value_is_the_same_value_in_json(as_json: io.StringIO) -> None:
    structlog.get_logger().info("value", name=EVIL)
    assert entry_of(as_json)["name"] == EVIL


def test_a_value_cannot_look_like_another_key(as_text: io.StringIO) -> None:
    structlog.get_logger().info("joined", name='x admin=yes "', empty="")
    assert r'name="x admin=yes \"" empty=""' in as_text.getvalue()


# Exceptions.


def fail(message: str) -> None:
    try:
        raise RuntimeError(message)
    except RuntimeError:
        structlog.get_logger().exception("broke", room="lobby")


def test_an_exception_is_a_string_field_in_json(as_json: io.StringIO) -> None:
    fail("boom")
    entry = entry_of(as_json)
    assert entry["level"] == "error"
    assert str(entry["exception"]).startswith("Traceback (most recent call last):\n")
    assert str(entry["exception"]).endswith("RuntimeError: boom")


def test_an_exception_follows_its_line_in_text(as_text: io.StringIO) -> None:
    fail("boom")
    first, second, *_, last = lines_of(as_text)
    assert first.endswith("broke room=lobby")
    assert second == "    Traceback (most recent call last):"
    assert last == "    RuntimeError: boom"


def test_an_exception_cannot_forge_a_line_or_drive_the_terminal(as_text: io.StringIO) -> None:
    fail("boom\n2026-01-31T12:00:00.000Z [info     ] all is well\r\x1b[2J")
    first, *rest = as_text.getvalue().removesuffix("\n").split("\n")
    assert INSTANT.match(first)
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


# Libraries.


@pytest.mark.parametrize("name", ["aiohttp.server", "asyncio", "alembic", "sqlalchemy.engine"])
def test_libraries_are_heard_from_warning_on(name: str, as_json: io.StringIO) -> None:
    library = logging.getLogger(name)
    library.info("not this")
    library.warning("slow %s", "query")
    entry = entry_of(as_json)
    assert entry["event"] == "slow query"
    assert (entry["level"], entry["logger"]) == ("warning", name)
    assert INSTANT.fullmatch(str(entry["timestamp"]))


def test_libraries_follow_a_stricter_level() -> None:
    stream = io.StringIO()
    logs.configure("error", "json", stream)
    logging.getLogger("asyncio").warning("not this")
    logging.getLogger("asyncio").critical("this")
    assert entry_of(stream)["level"] == "critical"


def test_a_librarys_exception_keeps_its_traceback(as_json: io.StringIO) -> None:
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("asyncio").exception("never retrieved")
    assert "RuntimeError: boom" in str(entry_of(as_json)["exception"])


def test_a_librarys_odd_calls_are_written_too() -> None:
    logging.getLogger().handlers.clear()  # pytest's own would raise
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    logging.getLogger("asyncio").error("%d of %d", "one")
    logging.getLogger("asyncio").log(35, "between the levels")
    first, second = (json.loads(line) for line in lines_of(stream))
    assert first["event"] == "%d of %d"
    assert (second["event"], second["level"]) == ("between the levels", "warning")


def test_configuring_twice_writes_each_line_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", "json", first)
    logs.configure("info", "json", second)
    logging.getLogger("asyncio").warning("once")
    assert lines_of(first) == []
    assert len(lines_of(second)) == 1


# Faults.


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_costs_the_line_and_not_the_server() -> None:
    logs.configure("info", "json", FullDisk())
    structlog.get_logger().info("lost")
    logging.getLogger("asyncio").error("lost")


def test_a_closed_stream_costs_the_line_and_not_the_server() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    stream.close()
    structlog.get_logger().error("lost")
