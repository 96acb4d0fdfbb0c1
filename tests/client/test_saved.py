"""What clients keep between runs."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from hubbub.client.address import Address, parse_address
from hubbub.client.saved import (
    SESSIONS,
    Preferences,
    Saved,
    Server,
    Session,
    change,
    find_server,
    load,
    session_for,
    with_server,
    with_session,
    without_session,
)
from hubbub.errors import ConfigError

HERE = Address("127.0.0.1", 8080)


def test_nothing_is_kept_before_anything_was(tmp_path: Path) -> None:
    assert load(tmp_path / "client.json") == Saved()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hubbub" / "client.json"
    change(lambda kept: with_session(kept, HERE, Session("secret", "ann")), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    change(lambda kept: kept, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    kept = with_server(Saved(), "work", Server("https://chat.example", "ann", ("ops",)))
    kept = msgspec.structs.replace(kept, preferences=Preferences(theme="nord", bell=False))

    assert change(lambda _: kept, path) == load(path) == kept
    assert find_server("work", load(path)).rooms == ("ops",)


def test_an_address_needs_no_name() -> None:
    assert find_server("chat.example:9000", Saved()).url == "http://chat.example:9000"
    assert find_server(None, Saved()).url == "http://127.0.0.1:8080"


def test_a_name_that_is_an_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="letters"):
        with_server(Saved(), "chat.example", Server("https://chat.example"))


def test_sessions_are_found_by_name_and_the_last_one_without() -> None:
    kept = with_session(Saved(), HERE, Session("one", "ann"))
    kept = with_session(kept, HERE, Session("two", "bob"))

    assert session_for(kept, HERE, None) == Session("two", "bob")
    assert session_for(kept, HERE, "ANN") == Session("one", "ann")
    assert session_for(kept, HERE, "cara") is None
    assert session_for(kept, parse_address("other:1"), None) is None
    assert session_for(without_session(kept, HERE, "two"), HERE, None) == Session("one", "ann")


def test_sessions_are_bounded_and_one_name_has_one() -> None:
    kept = Saved()
    for number in range(20):
        kept = with_session(kept, HERE, Session(f"s{number}", f"name{number}"))
        kept = with_session(kept, HERE, Session(f"t{number}", f"Name{number}"))

    sessions = kept.sessions[HERE.http_url]
    assert len(sessions) == SESSIONS
    assert len({known.name.casefold() for known in sessions}) == SESSIONS


def test_two_clients_do_not_undo_each_others_changes(tmp_path: Path) -> None:
    path = tmp_path / "client.json"

    def keep(number: int) -> None:
        server = Server(f"http://127.0.0.1:{number}")
        change(lambda kept: with_server(kept, f"server{number}", server), path)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keep, range(24)))

    assert len(load(path).servers) == 24


def test_a_broken_file_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    path.write_text('{"servers": 3}')

    with pytest.raises(ConfigError, match=r"client\.json"):
        change(lambda kept: kept, path)
    assert path.read_text() == '{"servers": 3}'


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be"):
        change(lambda kept: kept, tmp_path / "file" / "client.json")


def test_what_is_being_written_is_bounded_and_the_newest_stays() -> None:
    drafts = {f"room{n}": f"{n}" * 100_000 for n in range(5)}
    recall = tuple(f"{n} \ud800" + "x" * 30_000 for n in range(5))
    session = Session("t", "ann", drafts=drafts, recall=recall)
    (kept,) = with_session(Saved(), HERE, session).sessions[HERE.http_url]

    assert list(kept.drafts) == ["room3", "room4"]
    assert [text[:3] for text in kept.recall] == ["3 ?", "4 ?"]
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Session) == kept
