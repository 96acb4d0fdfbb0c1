"""A copy of the log that is whole, and is another log."""

import asyncio
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest

import hubbub
from hubbub.errors import NewerDatabase, StorageError
from hubbub.protocol.events import Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import AppendMessage, SaveSession
from hubbub.storage.files.backup import backup
from hubbub.storage.files.check import check
from tests.conftest import JsonClient, Serve, Server, hello
from tests.deadline import within
from tests.storage.conftest import Run

ANN = Person("a", "ann")


def said(number: int) -> AppendMessage:
    return AppendMessage("lobby", ANN, f"{number} {'x' * 2000}", nonce=str(number))


def restored(copy: Path, folder: Path) -> Path:
    """A data folder that begins with the copy."""
    folder.mkdir()
    copyfile(copy, log_file(folder))
    return folder


def test_a_backup_shows_one_moment_however_much_is_posted_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.storage.files.backup.STEP_PAGES", 16)
    storage = open_storage(sqlite_url(tmp_path / "data"))
    storage.commit([said(number) for number in range(100)], 0)
    steps: list[tuple[int, int]] = []

    def post(done: int, total: int) -> None:
        steps.append((done, total))
        storage.commit([said(100 + len(steps))], 0)

    backup(log_file(tmp_path / "data"), tmp_path / "copy", post)
    assert len(steps) > 3, "commits went on between the steps"
    assert steps == sorted(steps), "and none of them made the copying begin anew"
    assert storage.log.page("lobby", limit=1, limit_bytes=1).last == 100 + len(steps)
    epoch = storage.epoch
    storage.close()

    copy = open_storage(sqlite_url(restored(tmp_path / "copy", tmp_path / "other")))
    page = copy.log.page("lobby", after=0, limit=200, limit_bytes=1 << 20)
    assert [event.seq for event in page.events] == list(range(1, 101))
    assert copy.epoch != epoch
    copy.close()


def test_each_restore_is_an_epoch_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path)).close()
    backup(log_file(tmp_path), tmp_path / "copy")
    epochs = []
    for name in ("one", "two"):
        folder = restored(tmp_path / "copy", tmp_path / name)
        for _ in range(2):
            storage = open_storage(sqlite_url(folder))
            epochs.append(storage.epoch)
            storage.close()

    assert epochs[0] == epochs[1] != epochs[2] == epochs[3]


def test_a_backup_is_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path / "data")).close()
    (tmp_path / "out").mkdir()

    size_bytes = backup(log_file(tmp_path / "data"), tmp_path / "out" / "copy")

    (copy,) = (tmp_path / "out").iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.stat().st_size == size_bytes
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["hubbub.db", "hubbub.db.lock"]


def test_what_a_killed_server_left_beside_the_file_is_copied_too(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path / "data"))
    storage.commit([said(1), SaveSession(b"1", "a", 10)], 0)
    (tmp_path / "killed").mkdir()
    for end in ("", "-wal"):
        name = f"hubbub.db{end}"
        copyfile(tmp_path / "data" / name, tmp_path / "killed" / name)
    storage.close()

    backup(log_file(tmp_path / "killed"), tmp_path / "copy")

    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT count(*) FROM events").fetchone() == (1,)
        assert copy.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path)).close()
    (tmp_path / "copy").write_text("mine")

    with pytest.raises(StorageError, match="left alone"):
        backup(log_file(tmp_path), tmp_path / "copy")

    assert (tmp_path / "copy").read_text() == "mine"


def test_a_backup_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path / "data")).close()
    log = log_file(tmp_path / "data")
    with pytest.raises(StorageError, match="folder that is there"):
        backup(log, tmp_path / "gone" / "copy")
    with pytest.raises(StorageError, match="There is no log"):
        backup(tmp_path / "hubbub.db", tmp_path / "copy")

    def full(_done: int, _total: int) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StorageError, match="room for the whole log"):
        backup(log, tmp_path / "copy", full)

    assert [found.name for found in tmp_path.iterdir()] == ["data"]


def test_a_damaged_log_is_not_passed_off_as_a_backup(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path / "data"))
    storage.commit([said(number) for number in range(100)], 0)
    storage.close()
    log = log_file(tmp_path / "data")
    with log.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(StorageError, match="damaged"):
        backup(log, tmp_path / "copy")

    assert not (tmp_path / "copy").exists()


def test_a_newer_log_is_refused(tmp_path: Path) -> None:
    open_storage(sqlite_url(tmp_path)).close()
    with closing(sqlite3.connect(log_file(tmp_path))) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    with pytest.raises(NewerDatabase):
        backup(log_file(tmp_path), tmp_path / "copy")


async def post(
    client: JsonClient, acknowledged: list[int], begun: asyncio.Event, enough: asyncio.Event
) -> None:
    """Posts, eight at a time, until it is told to end; tells when there are a hundred."""
    number = 0
    while not enough.is_set():
        for _ in range(8):
            await client.send(
                type="post", room="lobby", text=f"t{number}", nonce=f"n{number}", id=f"p{number}"
            )
            number += 1
        for _ in range(8):
            acknowledged.append((await client.until("ok"))["seq"])
            await client.until("message")
        if number > 100:
            begun.set()


@pytest.mark.real
async def test_a_server_on_a_backup_has_all_from_before_and_tells_clients_to_start_afresh(
    serve: Serve, tmp_path: Path, run: Run
) -> None:
    server = serve("--rate-limits", "off")
    acknowledged: list[int] = []
    begun, enough = asyncio.Event(), asyncio.Event()
    async with hello(server, name="ann") as ann:
        welcome = await ann.until("welcome")
        posting = asyncio.create_task(post(ann, acknowledged, begun, enough))
        await begun.wait()
        before = len(acknowledged)
        ended = await asyncio.to_thread(
            run, "backup", str(tmp_path / "copy"), "--data", str(server.data)
        )
        enough.set()
        await posting
    assert re.fullmatch(r".*/copy: [\d,]+ bytes\n", ended.out)
    assert len(acknowledged) > before, "posting went on"
    assert check(log_file(server.data))[1] == []
    server.kill()

    (tmp_path / "again").mkdir()
    again = Server(tmp_path / "again", ("--rate-limits", "off"), {})
    restored(tmp_path / "copy", again.data)
    assert check(log_file(again.data))[1] == []
    again.start()
    try:
        await reload_after_restore(again, welcome, acknowledged[-1], before)
    finally:
        again.kill()


async def reload_after_restore(
    server: Server, welcome: dict[str, str], last: int, before: int
) -> None:
    """A client that had everything up to `last` comes to the restored server."""
    back = {"token": welcome["session"], "epoch": welcome["epoch"]}
    async with hello(server, **back, rooms={"lobby": last}) as client:
        assert (await client.until("welcome"))["epoch"] != welcome["epoch"]
        gap = await client.until("gap")
        assert (gap["have"], gap["next"]) == (last, 1)
        assert before <= gap["last"] <= last
        texts = []
        while len(texts) < gap["last"]:
            page = await client.ask(type="history", room="lobby", after=len(texts), limit=200)
            texts += [event["text"] for event in page["events"]]
    assert texts == [f"t{number}" for number in range(gap["last"])]

    # The SDK does the same by itself.
    async with hubbub.connect(
        server.url, token=back["token"], epoch=back["epoch"], rooms={"lobby": last}
    ) as chat:
        events = aiter(chat)
        async with within(10):
            first = await anext(events)
            seqs = [(await anext(events)).seq for _ in range(gap["last"])]  # type: ignore[union-attr]
    assert isinstance(first, hubbub.Restarted)
    assert seqs == list(range(1, gap["last"] + 1))
