"""To which session a subscription belongs that a release before this one saved."""

import sqlite3
from contextlib import closing
from pathlib import Path

from hubbub.storage import log_file, open_storage, sqlite_url
from tests.storage.test_migrations import thaw


def test_an_old_subscription_is_of_the_only_session_of_its_user_or_goes(tmp_path: Path) -> None:
    thaw("0007", tmp_path)
    with closing(sqlite3.connect(log_file(tmp_path))) as old, old:
        old.execute("DELETE FROM sessions")
        sessions = [(b"1", "one"), (b"2", "two"), (b"3", "two")]
        old.executemany(
            "INSERT INTO sessions (token_hash, user_id, expires_ms) VALUES (?, ?, 9)", sessions
        )
        old.executemany(
            "INSERT INTO subscriptions VALUES (?, ?, 'p', 'a', 1)",
            [(f"https://push.example/{user}", user) for user in ("none", "one", "two")],
        )
    storage = open_storage(sqlite_url(tmp_path))
    found = {user: storage.push.subscriptions(user) for user in ("none", "one", "two")}
    storage.close()
    assert {user: [each.token_hash for each in of] for user, of in found.items()} == {
        "none": [],
        "one": [b"1"],
        "two": [],
    }
