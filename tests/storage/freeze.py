"""Writes frozen/REVISION.sql, the log that tests upgrade: `python -m tests.storage.freeze`.

Once for each revision, with the release that has it as its newest; what is frozen never changes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hubbub.model import Role, RoomKind, UserKind
from hubbub.protocol.events import Person
from hubbub.storage import log_file, open_storage, sqlite_url
from hubbub.storage.changes import (
    AppendAudit,
    AppendMessage,
    MoveRead,
    SaveIgnored,
    SaveInvitation,
    SaveMember,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveUser,
)
from hubbub.storage.interface import Storage
from hubbub.storage.records import Against, Invitation, Sanction, SanctionKind, UserRecord
from hubbub.storage.sql import migrate
from tests.storage.acts import deletion, settled, topic

FROZEN = Path(__file__).parent / "frozen"
ANN, BOB, MIA = Person("id-ann", "Ann"), Person("id-bob", "bob"), Person("id-mia", "Mia")
KINDS = {ANN: UserKind.GUEST, BOB: UserKind.GUEST, MIA: UserKind.MEMBER}
NOW = 1_767_225_600_000


def write(folder: Path, *, moderated: bool = False) -> None:
    """A log with something of every kind, and where asked of moderation too."""
    storage = open_storage(sqlite_url(folder))
    for person, kind in KINDS.items():
        role = Role.GUEST if kind is UserKind.GUEST else Role.MEMBER
        record = UserRecord(person.id, person.name, person.name.lower(), kind, role)
        session = SaveSession(f"token of {person.name}".encode(), person.id, NOW + 1_000)
        storage.commit([SaveUser(record), session], NOW)
    storage.commit(
        [
            SavePassword(MIA.id, "$argon2id$of-mia"),
            SaveInvitation(Invitation(b"code", Role.MEMBER, 2, NOW + 1_000, MIA.id)),
        ],
        NOW,
    )
    storage.commit([SaveMember("lobby", ANN.id), SaveMember("empty", MIA.id)], NOW)
    storage.commit([AppendMessage("lobby", ANN, f"old {n}", nonce=f"o{n}") for n in range(3)], NOW)
    storage.commit(
        [
            AppendMessage("lobby", ANN, "häłło 👋\n'quoted'", nonce="n1"),
            AppendMessage("lobby", BOB, "waves", me=True),
            topic("lobby", MIA, "cake"),
            AppendMessage("@direct", BOB, "psst", to=(ANN, MIA), nonce="n1"),
            MoveRead("lobby", ANN.id, 4),
        ],
        NOW + 10,
    )
    if moderated:
        _moderate(storage)
    storage.care.expire(["lobby"], NOW + 5, limit=2)
    storage.close()


def _moderate(storage: Storage) -> None:
    mute = Sanction(
        SanctionKind.MUTE, "board", Against.USER, BOB.id, "bob", "Mia", NOW, NOW + 1_000, "loud"
    )
    storage.commit(
        [
            SaveMember("board", MIA.id, Role.OWNER),
            AppendMessage("board", MIA, "a secret"),
            deletion("board", MIA, 1),
            SaveSanction(mute),
            AppendAudit("mute", "Mia", "bob", "board", "loud"),
            settled("board", MIA, RoomKind.PRIVATE, read_only=True, name="+board-abcdef"),
            SaveIgnored(MIA.id, BOB.id),
        ],
        NOW + 20,
    )


def main() -> None:
    """Writes the newest revision's file, unless it is there."""
    path = FROZEN / f"{migrate.REVISIONS[-1]}.sql"
    with TemporaryDirectory() as folder, path.open("x", encoding="utf-8") as file:
        write(Path(folder), moderated=True)
        with closing(sqlite3.connect(log_file(Path(folder)))) as database:
            file.writelines(f"{line}\n" for line in database.iterdump())


if __name__ == "__main__":
    main()
