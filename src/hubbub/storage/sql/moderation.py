"""Bans and mutes, the audit log, and who ignores whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from sqlalchemy import BigInteger, bindparam, delete, insert, or_, select, update

from hubbub.model import PRIVATE
from hubbub.protocol.events import Person
from hubbub.storage.changes import AppendAudit, EndSanction, SaveIgnored, SaveSanction
from hubbub.storage.records import Against, AuditRecord, Sanction, SanctionKey, SanctionKind
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import json_list, listed, others, upsert
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.schema import audit, ignored, sanctions, users

AUDIT_MAX = 2**63 - 1

IGNORED = (
    select(users.c.id, users.c.name)
    .join_from(ignored, users, users.c.id == ignored.c.ignored_id)
    .where(ignored.c.user_id == bindparam("user_id"))
    .order_by(users.c.name_key, users.c.id)
)
SAVE_IGNORED = upsert(ignored)
DELETE_IGNORED = delete(ignored).where(
    ignored.c.user_id == bindparam("of_user"), ignored.c.ignored_id == bindparam("of_other")
)
SANCTIONS = (
    select(sanctions)
    .where(or_(sanctions.c.ends_ms.is_(None), sanctions.c.ends_ms > bindparam("now_ms")))
    .order_by(sanctions.c.at_ms)
)
SAVE_SANCTIONS = upsert(sanctions, others(sanctions))
DELETE_SANCTIONS = delete(sanctions).where(
    sanctions.c.kind == bindparam("of_kind"),
    sanctions.c.room == bindparam("of_room"),
    sanctions.c.against == bindparam("of_against"),
    sanctions.c.subject == bindparam("of_subject"),
)
DELETE_SANCTIONS_IN = delete(sanctions).where(sanctions.c.room == bindparam("of_room"))
MOVE_SANCTIONS = (
    update(sanctions)
    .where(sanctions.c.room == bindparam("of_room"))
    .values(room=bindparam("to_room"))
)
MOVE_AUDIT = (
    update(audit).where(audit.c.room == bindparam("of_room")).values(room=bindparam("to_room"))
)
INSERT_AUDIT = insert(audit).inline()
_own_rooms = listed("own")
AUDIT = (
    select(audit)
    .where(
        audit.c.id < bindparam("before", type_=BigInteger()),
        # What was done in a private room is for those who may see it.
        or_(
            audit.c.room.not_like(f"{PRIVATE}%"),
            audit.c.room.in_(select(_own_rooms.c.value)),
        ),
    )
    .order_by(audit.c.id.desc())
    .limit(bindparam("limit"))
)
AUDIT_OF_ROOM = AUDIT.where(audit.c.room == bindparam("room"))


class SqlOrder:
    """What keeps order, in a database; see `hubbub.storage.interface.OrderReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def sanctions(self, now_ms: int) -> list[Sanction]:
        """See OrderReads."""
        with self._connections.asking() as driver:
            return [sanction(row) for row in driver.rows(SANCTIONS, {"now_ms": now_ms})]

    def audit(
        self, *, room: str | None, before: int | None, limit: int, own: Sequence[str] = ()
    ) -> list[AuditRecord]:
        """See OrderReads."""
        values: dict[str, Any] = {"before": AUDIT_MAX if before is None else before, "limit": limit}
        values["own"] = json_list(list(own))
        query = AUDIT
        if room is not None:
            query, values["room"] = AUDIT_OF_ROOM, room
        with self._connections.asking() as driver:
            return [AuditRecord(*row) for row in driver.rows(query, values)]

    def ignored(self, user_id: str) -> list[Person]:
        """See OrderReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(IGNORED, {"user_id": user_id})
            return [Person(other, name) for other, name in rows]


@dataclass(slots=True)
class BatchModeration:
    """What one commit changes about them."""

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
            driver.write(DELETE_SANCTIONS_IN, [{"of_room": name}])
            moved = [{"of_room": former, "to_room": name}]
            driver.write(MOVE_SANCTIONS, moved)
            driver.write(MOVE_AUDIT, moved)
        if self.audit:
            driver.write(INSERT_AUDIT, self.audit)
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
            driver.write(DELETE_SANCTIONS, ended)
        if saved:
            driver.write(SAVE_SANCTIONS, saved)

    def _write_ignored(self, driver: Driver) -> None:
        pairs = self.ignored.items()
        added = [{"user_id": user, "ignored_id": other} for (user, other), yes in pairs if yes]
        ended = [{"of_user": user, "of_other": other} for (user, other), yes in pairs if not yes]
        if ended:
            driver.write(DELETE_IGNORED, ended)
        if added:
            driver.write(SAVE_IGNORED, added)


def sanction(row: Sequence[Any]) -> Sanction:
    """The sanction of a row of its table."""
    kind, room, against, subject, whom, by, at_ms, ends_ms, reason = row
    return Sanction(
        SanctionKind(kind), room, Against(against), subject, whom, by, at_ms, ends_ms, reason
    )


def sanction_row(entry: Sanction) -> dict[str, Any]:
    """The row that a sanction becomes."""
    return {
        "kind": entry.kind.value,
        "room": entry.room,
        "against": entry.against.value,
        "subject": entry.subject,
        "whom": entry.whom,
        "made_by": entry.by,
        "at_ms": entry.at_ms,
        "ends_ms": entry.ends_ms,
        "reason": entry.reason,
    }
