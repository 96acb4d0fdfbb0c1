"""What was deleted is not on the disk, and what the log holds of one person goes with them."""

import json
from pathlib import Path

import pytest

from hubbub.model import DELETED_USER, Role, RoomKind, UserKind
from hubbub.protocol.events import Message, Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import (
    AppendAudit,
    AppendMessage,
    SaveIgnored,
    SaveMember,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveUser,
)
from hubbub.storage.files.check import check
from hubbub.storage.files.export import export
from hubbub.storage.files.importing import import_log
from hubbub.storage.files.personal import export_user
from hubbub.storage.interface import Storage
from hubbub.storage.records import Against, Sanction, SanctionKind, UserRecord
from hubbub.storage.sql.forgetting import STEP_SEQS
from tests.storage.acts import deletion, settled, topic

NOW, FAR = 1_700_000_000_000, 9_999_999_999_999
ANN, BOB = Person("id-of-ann", "ann"), Person("id-of-bob", "bob")
SECRET = "Zauberwort"


def written(folder: Path) -> bytes:
    """Everything that stands in the log's files."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def account(person: Person) -> SaveUser:
    return SaveUser(UserRecord(person.id, person.name, person.name, UserKind.MEMBER, Role.MEMBER))


def live(storage: Storage, folder: Path) -> None:
    """Ann and Bob talk, in public and in private."""
    storage.commit(
        [
            account(ANN),
            account(BOB),
            SavePassword(ANN.id, "$hash-of-ann"),
            SaveSession(b"token", ANN.id, FAR, "ann's phone"),
            SaveMember("lobby", ANN.id),
            AppendMessage("lobby", ANN, f"{SECRET} one", nonce="n1"),
            AppendMessage("lobby", BOB, "hello ann", nonce="n1"),
            topic("lobby", ANN, "tea"),
            AppendMessage("@d", BOB, "psst", to=(ANN,)),
            AppendMessage("@d", ANN, f"{SECRET} two", to=(BOB,)),
            settled("+x-abcdef", ANN, RoomKind.PRIVATE),
            SaveMember("+x-abcdef", ANN.id, Role.OWNER),
            SaveIgnored(BOB.id, ANN.id),
            SaveSanction(
                Sanction(SanctionKind.MUTE, "", Against.USER, ANN.id, "ann", "bob", NOW, None)
            ),
            AppendAudit("mute", "bob", "ann", by_id=BOB.id, whom_id=ANN.id),
        ],
        NOW,
    )


def test_of_a_deleted_message_nothing_is_on_the_disk_after_the_purge(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    long = SECRET + "x" * 20_000
    storage.commit([AppendMessage("lobby", ANN, SECRET), AppendMessage("lobby", ANN, long)], NOW)
    storage.commit([AppendMessage("lobby", ANN, f"number {n}") for n in range(50)], NOW)
    assert SECRET.encode() in written(tmp_path)
    storage.commit([deletion("lobby", BOB, 1), deletion("lobby", BOB, 2)], NOW)
    page = storage.log.page("lobby", limit=3, before=4, limit_bytes=99)
    storage.care.purge(NOW, 0)

    assert SECRET.encode() not in written(tmp_path)
    assert [(e.text, e.deleted) for e in page.events if isinstance(e, Message)] == [
        ("", True),
        ("", True),
        ("number 0", False),
    ]
    storage.close()
    assert check(log_file(tmp_path))[1] == []


def test_a_reader_in_the_way_only_puts_it_off(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    storage.commit([AppendMessage("lobby", ANN, SECRET)], NOW)
    from contextlib import closing
    from sqlite3 import connect

    with closing(connect(log_file(tmp_path))) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT text FROM events").fetchall() == [(SECRET,)]
        storage.commit([deletion("lobby", BOB, 1)], NOW)
        storage.care.purge(NOW, 0)
        assert SECRET.encode() in written(tmp_path)
        reader.execute("ROLLBACK")
    storage.care.purge(NOW, 0)
    assert SECRET.encode() not in written(tmp_path)
    storage.close()


def test_a_person_gets_all_that_the_log_holds_of_them_and_no_secret(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    live(storage, tmp_path)
    lines: list[bytes] = []
    count = export_user(log_file(tmp_path), ANN.id, lines.append)
    found = [json.loads(line) for line in lines]

    assert count == 4
    assert [line["type"] for line in found] == [
        "account", "session", "room", "room", "room", "mute", "audit",
        "settings", "message", "message", "topic",
    ]  # fmt: skip
    assert [line["room"] for line in found if line["type"] == "room"] == [
        "+x-abcdef", "@d", "lobby",
    ]  # fmt: skip
    assert found[1]["device"] == "ann's phone"
    assert b"token" not in b"".join(lines)
    assert b"hash" not in b"".join(lines)
    assert b"psst" not in b"".join(lines), "what others said is theirs"
    storage.close()


@pytest.mark.parametrize("purge", [False, True])
def test_whoever_is_deleted_is_in_no_file_and_the_logs_have_no_hole(
    tmp_path: Path, purge: bool
) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    live(storage, tmp_path)
    assert storage.care.forget_user(ANN.id, purge=purge) == 4

    log = storage.log.page("lobby", limit=9, limit_bytes=9_999).events
    assert [e.sender.name for e in log] == [DELETED_USER, "bob", DELETED_USER]
    assert getattr(log[0], "text", None) == ("" if purge else f"{SECRET} one")
    direct = storage.log.page("@d", limit=9, limit_bytes=9_999).events
    assert [e.to for e in direct if isinstance(e, Message)] == [
        (Person(ANN.id, DELETED_USER),),
        (BOB,),
    ]
    assert storage.members.of_direct_room("@d") == (BOB,)
    assert storage.people.account("ann") is None
    assert storage.people.name_holder("ann", NOW) is None
    assert storage.people.session_user(b"token", NOW) is None
    assert storage.order.sanctions(NOW) == []
    assert storage.order.ignored(BOB.id) == []
    assert [(a.by, a.whom) for a in storage.order.audit(room=None, before=None, limit=9)] == [
        ("bob", DELETED_USER)
    ]
    assert storage.care.forget_user(ANN.id, purge=purge) == 4, "once more changes nothing"
    storage.close()
    assert check(log_file(tmp_path))[1] == []
    for word in (b"hash-of-ann", b"ann's phone", *([SECRET.encode()] if purge else [])):
        assert word not in written(tmp_path)


def test_a_log_without_somebody_is_exported_and_imported(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path / "a"))
    live(storage, tmp_path / "a")
    storage.care.forget_user(ANN.id, purge=False)
    storage.close()
    lines: list[bytes] = []
    export(log_file(tmp_path / "a"), lines.append, NOW)
    (tmp_path / "b").mkdir()
    out = tmp_path / "exported"
    out.write_bytes(b"".join(lines))
    with out.open("rb") as source:
        import_log(log_file(tmp_path / "b"), source)
    again = open_storage(sqlite_url(tmp_path / "b"))
    log = again.log.page("lobby", limit=9, limit_bytes=9_999).events
    assert [e.sender.name for e in log] == [DELETED_USER, "bob", DELETED_USER]
    assert again.members.of_room("+x-abcdef") == {}
    again.close()


def test_a_long_log_is_gone_through_in_steps(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    storage.commit([account(ANN)], NOW)
    count = STEP_SEQS + 10
    storage.commit([AppendMessage("lobby", ANN, "x", nonce=f"n{n}") for n in range(count)], NOW)
    assert storage.care.forget_user(ANN.id, purge=True) == count
    page = storage.log.page("lobby", limit=200, limit_bytes=9_999)
    assert all(isinstance(e, Message) and e.deleted for e in page.events)
    storage.close()
