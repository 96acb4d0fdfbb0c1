"""What a commit changes about moderation: bans and mutes, the audit log, who ignores whom."""

from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from hubbub.storage.changes import AppendAudit, EndSanction, SaveIgnored, SaveSanction
from hubbub.storage.records import Sanction, SanctionKey
from hubbub.storage.sql import people_queries
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.rows import sanction_row


@dataclass(slots=True)
class Moderation:
    """These changes of one commit."""

    sanctions: dict[SanctionKey, Sanction | None] = field(default_factory=dict)
    """None stands for one that ends."""
    audit: list[dict[str, Any]] = field(default_factory=list)
    ignored: dict[tuple[str, str], bool] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Rooms that have another name, former and new, in order."""
    names: dict[str, str] = field(default_factory=dict)
    """What a room that was renamed is called at the end, for changes that name it as it was."""

    def rename(self, was: str, name: str) -> None:
        """Takes note of a room's new name."""
        self.moved.append((was, name))
        for former, later in self.names.items():
            self.names[former] = name if later == was else later
        self.names[was] = name
        self.names.pop(name, None)
        moved: dict[SanctionKey, Sanction | None] = {}
        for (kind, room, against, subject), each in self.sanctions.items():
            if room == name:
                continue
            place = name if room == was else room
            kept = None if each is None else replace(each, room=place)
            moved[kind, place, against, subject] = kept
        self.sanctions = moved
        for entry in self.audit:
            entry["room"] = name if entry["room"] == was else entry["room"]

    def take(
        self, change: SaveSanction | EndSanction | AppendAudit | SaveIgnored, now_ms: int
    ) -> None:
        """Works out what a change comes to after those before it."""
        match change:
            case SaveSanction(sanction):
                named = replace(sanction, room=self._name(sanction.room))
                self.sanctions[named.key] = named
            case EndSanction((kind, room, against, subject)):
                self.sanctions[kind, self._name(room), against, subject] = None
            case AppendAudit(act, by, whom, room, reason, by_id, whom_id):
                entry = {"act": act, "made_by": by, "whom": whom, "reason": reason}
                ids = {"by_id": by_id, "whom_id": whom_id}
                self.audit.append({"at_ms": now_ms, "room": self._name(room), **entry, **ids})
            case SaveIgnored(user_id, ignored_id, ignored):
                self.ignored[user_id, ignored_id] = ignored
            case _:
                assert_never(change)

    def _name(self, room: str) -> str:
        return self.names.get(room, room)

    def write(self, driver: Driver) -> None:
        """Executes what the changes came to."""
        if not (self.sanctions or self.audit or self.ignored or self.moved):
            return
        for former, name in self.moved:
            # No room was called so: what is there is of one that has long gone.
            driver.write(people_queries.DELETE_SANCTIONS_IN, [{"of_room": name}])
            moved = [{"of_room": former, "to_room": name}]
            driver.write(people_queries.MOVE_SANCTIONS, moved)
            driver.write(people_queries.MOVE_AUDIT, moved)
        if self.audit:
            driver.write(people_queries.INSERT_AUDIT, self.audit)
        self._write_sanctions(driver)
        self._write_ignored(driver)

    def _write_sanctions(self, driver: Driver) -> None:
        saved = [sanction_row(entry) for entry in self.sanctions.values() if entry is not None]
        ended = [
            {"of_kind": kind, "of_room": room, "of_against": against, "of_subject": subject}
            for (kind, room, against, subject), entry in self.sanctions.items()
            if entry is None
        ]
        if ended:
            driver.write(people_queries.DELETE_SANCTIONS, ended)
        if saved:
            driver.write(people_queries.SAVE_SANCTIONS, saved)

    def _write_ignored(self, driver: Driver) -> None:
        pairs = self.ignored.items()
        added = [{"user_id": user, "ignored_id": other} for (user, other), yes in pairs if yes]
        ended = [{"of_user": user, "of_other": other} for (user, other), yes in pairs if not yes]
        if ended:
            driver.write(people_queries.DELETE_IGNORED, ended)
        if added:
            driver.write(people_queries.SAVE_IGNORED, added)
