"""A log goes out as lines and comes in again as the same log, or not at all."""

import io
import json
import os
import sqlite3
import stat
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hubbub
from hubbub.errors import NewerDatabase, StorageError
from hubbub.model import Role
from hubbub.protocol.events import Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage, Change, SaveMember
from hubbub.storage.files import lines
from hubbub.storage.files.check import check
from hubbub.storage.files.export import export
from hubbub.storage.files.importing import import_log
from tests.conftest import Serve, Server, hello
from tests.storage.acts import topic
from tests.storage.conftest import Run
from tests.storage.freeze import ANN, BOB, MIA, NOW, write
from tests.storage.test_contract import CHANGES, user
from tests.torture.sizes import sized


def exported(folder: Path) -> bytes:
    out = io.BytesIO()
    export(log_file(folder), out.write, NOW)
    return out.getvalue()


def imported(folder: Path, data: bytes) -> Path:
    import_log(log_file(folder), io.BytesIO(data))
    return folder


def rows(folder: Path) -> dict[str, list[Any]]:
    """What a log says, in words that do not depend on the file: no epoch, no sessions."""
    room = "JOIN rooms ON rooms.id = room_id"
    queries = {
        "users": "SELECT * FROM users",
        "rooms": "SELECT name, kind, topic, first_seq, last_seq FROM rooms",
        "members": f"SELECT name, user_id, read_seq FROM members {room}",
        "events": "SELECT rooms.name, seq, events.kind, at_ms, user_id, user_name, text, me, "
        f"others, nonce FROM events {room}",
    }
    with closing(sqlite3.connect(log_file(folder))) as database:
        return {name: sorted(database.execute(query), key=str) for name, query in queries.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write(folder)
    return log_file(folder)


@pytest.fixture(scope="module")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    open_storage(sqlite_url(folder)).close()
    return log_file(folder)


@pytest.fixture
def log(tmp_path: Path, written: Path) -> Path:
    """A data folder with something of every kind."""
    folder = tmp_path / "log"
    folder.mkdir()
    copyfile(written, log_file(folder))
    return folder


def test_a_round_trip_gives_the_same_log(log: Path, tmp_path: Path) -> None:
    again = imported(tmp_path / "again", exported(log))

    assert rows(again) == rows(log)
    assert exported(again).split(b"\n")[1:] == exported(log).split(b"\n")[1:]
    assert check(log_file(again))[1] == []
    storage = open_storage(sqlite_url(again))
    assert storage.commit([AppendMessage("lobby", BOB, "x"), topic("@direct", ANN, "y")], NOW)
    assert storage.log.page("lobby", limit=1, limit_bytes=1).last == 7
    storage.close()


def test_a_round_trip_keeps_what_moderators_did(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write(log, moderated=True)
    again = imported(tmp_path / "again", exported(log))

    assert exported(again).split(b"\n")[1:] == exported(log).split(b"\n")[1:]
    kinds = {json.loads(line)["type"] for line in exported(log).splitlines()}
    assert kinds >= {"sanction", "audit", "ignored", "deleted", "settings"}
    assert check(log_file(again))[1] == []
    storage = open_storage(sqlite_url(again))
    board = storage.rooms.find("board")
    assert board is not None
    assert (board.name, board.read_only) == ("+board-abcdef", True)
    assert storage.members.of_room(board.name) == {MIA.id: Role.OWNER}
    storage.close()


# Ann, Bob and Cara are there; texts of all kinds, and instants that are not the same.
TEXTS = st.builds(
    AppendMessage,
    room=st.sampled_from(["lobby", "ä"]),
    sender=st.builds(Person, st.sampled_from(["a", "b"]), st.sampled_from(["Änn", "bob", "ß"])),
    text=st.text(max_size=40),
    me=st.booleans(),
    nonce=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64),
)


@pytest.mark.long
@given(st.lists(st.lists(CHANGES | TEXTS, max_size=12), max_size=5), st.integers(0, 5))
@settings(max_examples=sized(15, 80))
def test_a_round_trip_gives_the_same_log_whatever_it_holds(
    empty_log: Path, batches: list[list[Change]], expired: int
) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        for folder in (first, second):
            copyfile(empty_log, log_file(Path(folder)))
        storage = open_storage(sqlite_url(Path(first)))
        storage.commit([user(Person(i, n)) for i, n in (("a", "ann"), ("b", "bob"), ("c", "c"))], 0)
        for number, batch in enumerate(batches):
            storage.commit(batch, NOW + number * 997)
        storage.care.expire(["lobby", "dev", "@d"], NOW + 998, limit=expired)
        storage.close()

        data = exported(Path(first))
        imported(Path(second), data)

        assert rows(Path(second)) == rows(Path(first))
        assert exported(Path(second)).split(b"\n")[1:] == data.split(b"\n")[1:]
        assert check(log_file(Path(second)))[1] == []


def test_an_imported_log_is_for_its_owner_alone_also_in_a_folder_that_was_there(
    log: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    former = os.umask(0o022)
    try:
        imported(folder, exported(log))
        with_wal = open_storage(sqlite_url(folder))
        modes = {each.name: each.stat().st_mode & 0o077 for each in folder.iterdir()}
        with_wal.close()
    finally:
        os.umask(former)
    assert "hubbub.db" in modes
    assert set(modes.values()) == {0}


def test_sessions_and_the_epoch_stay_behind(log: Path, tmp_path: Path) -> None:
    data = exported(log)
    assert b"token" not in data
    assert b"session" not in data
    assert b"argon2" not in data

    storage = open_storage(sqlite_url(imported(tmp_path / "again", data)))
    assert storage.people.session_user(b"token of Ann", NOW) is None
    assert storage.epoch != json.loads(data.splitlines()[0])["epoch"]
    storage.close()


def test_an_import_into_a_log_that_was_never_used_begins_a_new_epoch(
    log: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "unused"
    storage = open_storage(sqlite_url(folder))
    epoch = storage.epoch
    storage.close()

    imported(folder, exported(log))

    storage = open_storage(sqlite_url(folder))
    assert storage.epoch != epoch
    assert storage.log.page("lobby", limit=1, limit_bytes=1).last == 6
    storage.close()


def test_a_log_with_something_in_it_is_left_alone(log: Path, tmp_path: Path) -> None:
    data, before = exported(log), rows(log)
    with pytest.raises(StorageError, match="has something in it"):
        imported(log, data)
    assert rows(log) == before

    storage = open_storage(sqlite_url(tmp_path / "used"))
    with pytest.raises(StorageError, match="in use by another hubbub"):
        imported(tmp_path / "used", data)
    storage.close()


def test_a_log_in_use_is_exported_as_it_is_at_this_moment(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    storage.commit([AppendMessage("lobby", ANN, str(number)) for number in range(50)], NOW)
    out: list[bytes] = []

    def post_meanwhile(line: bytes) -> None:
        out.append(line)
        storage.commit([AppendMessage("lobby", ANN, "new")], NOW)

    end = export(log_file(tmp_path), post_meanwhile, NOW)
    storage.close()

    assert (end.events, end.rooms, len(out)) == (50, 1, 53)
    imported(tmp_path / "again", b"".join(out))


# --- what is refused

Edit = Callable[[list[dict[str, Any]]], object]


def edited(log: Path, edit: Edit) -> bytes:
    """The export with its lines changed; the lines are: 0 head, 1 to 3 users, 4 to 6 rooms
    (lobby, empty, @direct), 7 to 11 members, 12 to 16 entries (four of lobby, one of @direct), end.
    """
    found = [json.loads(line) for line in exported(log).splitlines()]
    assert len(found) == 18
    edit(found)
    return b"".join(json.dumps(line).encode() + b"\n" for line in found)


@pytest.mark.parametrize(
    ("edit", "line", "said"),
    [
        (lambda x: x[0].update(format=2, more=1), 1, "reads up to 1"),
        (lambda x: x.pop(0), 1, "comes first"),
        (lambda x: x.insert(5, x[0]), 6, "comes first, once"),
        (lambda x: x[0].update(type="log"), 1, "no line of an exported log"),
        (lambda x: x[1].update(kind="king"), 2, "no line of an exported log: .*kind"),
        (lambda x: x[1].update(colour="red"), 2, "unknown field `colour`"),
        (lambda x: x[1].update(name="a\x1b[2J"), 2, "cannot be used"),
        (lambda x: x[1].update(name="Eve"), 2, "the key of the name 'Eve' is not 'ann'"),
        (lambda x: x.insert(2, x[1]), 3, "the user 'id-ann' is there twice"),
        (lambda x: x[1].update(saved="yesterday"), 2, "is no instant"),
        (lambda x: x[1].update(saved="2026-01-01T00:00:00.000+01:00"), 2, "is no instant"),
        (lambda x: x[4].update(name="@lobby"), 5, "no public room can have the name"),
        (lambda x: x[4].update(name="Lobby"), 5, "no public room can have the name"),
        (lambda x: x[6].update(name="direct"), 7, "no direct room can have the name"),
        (lambda x: x.insert(5, x[4]), 6, "the room lobby is there twice"),
        (lambda x: x[4].update(first=8), 5, "is past the last"),
        (lambda x: x[4].update(first=0), 5, "no line of an exported log"),
        (lambda x: x[4].update(last=2**64), 5, "no line of an exported log"),
        (lambda x: x[4].update(last=5), 16, "the last seq of lobby was said to be 5"),
        (lambda x: x[4].update(last=7), 18, "the room lobby lacks its seqs 7 to 7"),
        (lambda x: x[7].update(room="x"), 8, "no room 'x' on an earlier line"),
        (lambda x: x[7].update(user="x"), 8, "no user 'x' on an earlier line"),
        (lambda x: x[7].update(read=7), 8, "nobody can have read 7 of 6"),
        (lambda x: x.insert(9, x[7]), 10, "in that room twice"),
        (lambda x: x.pop(13), 14, "the next seq of lobby is 4 and not 5"),
        (lambda x: x.insert(13, x[12]), 14, "the next seq of lobby is 4 and not 3"),
        (lambda x: x[12].update(room="x"), 13, "no room 'x'"),
        (lambda x: x[12].update(at="2026-13-01T00:00:00.000Z"), 13, "is no instant"),
        (lambda x: x[12].update(to=[]), 13, "`to` stands in messages of direct rooms"),
        (lambda x: x[16].pop("to"), 17, "`to` stands in messages of direct rooms"),
        (lambda x: x[12]["from"].update(name="\u202e"), 13, "cannot be used"),
        (lambda x: x[12]["from"].update(id=""), 13, "a user's id"),
        (lambda x: x[12].update(nonce="n" * 65), 13, "no line of an exported log"),
        (lambda x: x[13].update(nonce="o2"), 14, "has used that nonce"),
        (lambda x: x.pop(), 18, "it was cut off"),
        (lambda x: x[17].update(events=6), 18, "counts .*6 entries, and .*5 entries came"),
        (lambda x: x.append(x[1]), 19, "something follows the `end`"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_left(
    log: Path, tmp_path: Path, empty_log: Path, edit: Edit, line: int, said: str
) -> None:
    copyfile(empty_log, log_file(tmp_path))
    with pytest.raises(StorageError, match=rf"^Line {line}: .*{said}.*Nothing was imported\.$"):
        imported(tmp_path, edited(log, edit))

    assert log_file(tmp_path).read_bytes() == empty_log.read_bytes()


def test_where_there_was_no_log_a_wrong_line_leaves_none(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    with pytest.raises(StorageError, match=r"^Line 18: .*it was cut off"):
        imported(folder, edited(log, lambda x: x.pop()))

    assert [path.name for path in folder.iterdir()] == ["hubbub.db.lock"]
    assert imported(folder, exported(log))


@pytest.mark.parametrize(
    "line", [b"\n", b"hello\n", b"[]\n", b"\xff\n", b'{"type":"end"', b'{"a":"\\ud800"}\n']
)
def test_what_is_no_line_is_named(log: Path, tmp_path: Path, line: bytes) -> None:
    data = exported(log).split(b"\n", 3)

    with pytest.raises(StorageError, match=r"^Line 3: it is no line of an exported log"):
        imported(tmp_path / "again", b"\n".join([*data[:2], line]))


def test_half_a_character_is_refused(log: Path, tmp_path: Path) -> None:
    data = exported(log).replace(b'"text":"waves"', b'"text":"\\ud800"')

    with pytest.raises(StorageError, match=r"^Line 15: it is no line of an exported log"):
        imported(tmp_path / "again", data)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_was_cut_off_is_refused(log: Path, tmp_path: Path, share: float) -> None:
    data = exported(log)

    with pytest.raises(StorageError, match=r"^Line \d+: .*Nothing was imported"):
        imported(tmp_path / "again", data[: int(len(data) * share)])


def test_a_line_that_is_too_long_is_refused_before_it_is_read_whole(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.storage.files.importing.LINE_BYTES", 1_000)

    with pytest.raises(StorageError, match=r"^Line 1: it is longer than 1000 bytes"):
        imported(tmp_path / "again", b"{" * 5_000)


def test_the_longest_text_that_can_be_set_is_a_line() -> None:
    text = "\x01" * (1024 * 1024)
    line = lines.MessageLine(
        room="r" * 64, seq=1, at="2026-01-31T12:00:00.000Z", sender=ANN, text=text, nonce="n" * 64
    )

    assert len(lines.encoder.encode(line)) < lines.LINE_BYTES / 2


def test_a_nonce_that_is_there_twice_is_found_far_into_the_file(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path / "log"))
    said = [AppendMessage("lobby", ANN, "x", nonce=f"n{number}") for number in range(3_000)]
    storage.commit(said, NOW)
    storage.close()
    data = exported(tmp_path / "log").replace(b'"n2500"', b'"n2"')

    with pytest.raises(StorageError, match=r"^Line 2503: that sender has used that nonce"):
        imported(tmp_path / "again", data)


def test_a_damaged_or_a_newer_log_is_not_exported(log: Path) -> None:
    with closing(sqlite3.connect(log_file(log))) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    with pytest.raises(NewerDatabase):
        exported(log)
    with pytest.raises(StorageError, match="There is no log"):
        exported(log / "gone")


@pytest.mark.long
def test_what_is_kept_in_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    peaks = []
    for count in (1_500, 6_000):
        folder = tmp_path / f"{count}"
        storage = open_storage(sqlite_url(folder))
        storage.commit([AppendMessage("lobby", ANN, "x" * 100) for _ in range(count)], NOW)
        storage.close()
        path = tmp_path / f"{count}.jsonl"
        tracemalloc.start()
        with path.open("wb") as out:
            export(log_file(folder), out.write, NOW)
        with path.open("rb") as source:
            import_log(log_file(tmp_path / f"again{count}"), source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 500_000, peaks


# --- the commands


def test_the_commands_write_a_new_file_and_read_it(log: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "log.jsonl"
    again = tmp_path / "again"

    wrote = run("export", str(out), "--data", str(log))
    refused = run("export", str(out), "--data", str(log))
    read = run("import", str(out), "--data", str(again))
    twice = run("import", str(out), "--data", str(again))
    printed = run("export", "--data", str(again))

    assert (wrote.code, wrote.out) == (0, f"{out}: 5 entries, 3 rooms, 3 users\n")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "left alone" in refused.err
    assert (read.code, read.out) == (0, f"{log_file(again)}: 5 entries, 3 rooms, 3 users\n")
    assert (twice.code, "has something in it" in twice.err) == (1, True)
    assert printed.out.splitlines()[1:] == out.read_text().splitlines()[1:]
    assert run("import", str(tmp_path / "gone"), "--data", str(tmp_path / "x")).code == 2
    assert run("export", "--data", str(tmp_path / "x")).code == 2


@pytest.mark.real
async def test_a_running_server_is_exported_and_another_one_has_the_same_history(
    serve: Serve, tmp_path: Path, run: Run
) -> None:
    server = serve("--rate-limits", "off")
    async with hello(server, name="ann") as ann, hello(server, name="bob") as bob:
        epoch = (await ann.until("welcome"))["epoch"]
        for number in range(5):
            await ann.ask(type="post", room="lobby", text=f"t{number}", nonce=f"n{number}")
        await bob.ask(type="whisper", to=["ann"], text="psst", nonce="1")
        page = await ann.ask(type="history", room="lobby", id="p")
        assert run("export", str(tmp_path / "out"), "--data", str(server.data)).code == 0
    again = Server(tmp_path / "again", ("--rate-limits", "off"), {})
    (tmp_path / "again").mkdir()
    assert run("import", str(tmp_path / "out"), "--data", str(again.data)).code == 0
    again.start()
    try:
        async with hubbub.connect(again.url, name="cara") as chat:
            assert chat.epoch != epoch
        async with hello(again, name="ann", epoch=epoch, rooms={"lobby": 3}) as ann:
            gap = await ann.until("gap")
            assert (gap["have"], gap["next"], gap["last"]) == (3, 1, 5)
            assert await ann.ask(type="history", room="lobby", id="p") == page
    finally:
        again.kill()
    assert {row[6] for row in rows(again.data)["events"]} == {*(f"t{n}" for n in range(5)), "psst"}


def test_a_member_of_an_empty_room_goes_along(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path / "log"))
    storage.commit([user(BOB), SaveMember("empty", BOB.id)], NOW)
    storage.close()

    again = imported(tmp_path / "again", exported(tmp_path / "log"))

    assert rows(again)["members"] == [("empty", BOB.id, 0)]


GOLDEN = Path(__file__).parents[1] / "golden" / "export.jsonl"
"""What the release wrote that was the first to have all these kinds of entries."""


def test_a_file_of_an_earlier_release_comes_in_and_goes_out_byte_for_byte(tmp_path: Path) -> None:
    data = GOLDEN.read_bytes()
    again = exported(imported(tmp_path / "again", data))

    assert again.split(b"\n")[1:] == data.split(b"\n")[1:]


def test_the_file_of_an_earlier_release_has_entries_of_every_kind() -> None:
    types = {json.loads(line)["type"] for line in GOLDEN.read_bytes().splitlines()}

    assert types >= {"message", "topic", "deleted", "settings"}


@pytest.mark.parametrize("kind", ["message", "topic", "deleted", "settings"])
def test_an_entry_with_a_field_that_is_not_known_is_refused(kind: str, tmp_path: Path) -> None:
    found = f'"type":"{kind}",'.encode()
    data = GOLDEN.read_bytes().replace(found, found + b'"mood":"good",', 1)

    with pytest.raises(StorageError, match=r"unknown field `mood`.*Nothing was imported"):
        imported(tmp_path / "again", data)


def test_settings_of_no_kind_of_room_are_refused(tmp_path: Path) -> None:
    data = GOLDEN.read_bytes()
    settings = data[data.index(b'{"type":"settings"') :]
    bad = data.replace(settings, settings.replace(b'"kind":"private"', b'"kind":"open"', 1))

    with pytest.raises(StorageError, match="no room can be 'open'"):
        imported(tmp_path / "again", bad)
