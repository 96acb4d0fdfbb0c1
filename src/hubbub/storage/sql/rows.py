"""Rows of the tables as the values that the rest of hubbub knows, and the other way round."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hubbub.model import Name, NotifyLevel, Role, RoomKind, UserKind
from hubbub.storage.records import (
    Against,
    Invitation,
    Membership,
    Present,
    RoomRecord,
    Sanction,
    SanctionKind,
    UserRecord,
)

_strings = msgspec.json.Decoder(tuple[str, ...])
_json = msgspec.json.Encoder()


def room_record(row: Sequence[Any]) -> RoomRecord:
    """The room of a row of queries' `_room` columns."""
    name, kind, topic, first, last, read_only, archived = row
    return RoomRecord(name, RoomKind(kind), topic, first, last, bool(read_only), bool(archived))


def membership_record(row: Sequence[Any]) -> Membership:
    """The membership of a row of queries' `_room` columns, a read marker, a level and a role."""
    *room, read, notify, role = row
    return Membership(room_record(room), read, NotifyLevel(notify), Role(role))


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


def user_record(row: Sequence[Any]) -> UserRecord:
    """The user of a row of queries' `_user` columns."""
    user_id, name, key, kind, role = row
    return UserRecord(user_id, name, key, UserKind(kind), Role(role))


def invitation(row: Sequence[Any]) -> Invitation:
    """The invitation of a row of its table."""
    code_hash, role, uses, expires_ms, maker_id = row
    return Invitation(code_hash, Role(role), uses, expires_ms, maker_id)


def search_forms(text: str) -> dict[str, str | None]:
    """What a search is for, as Contains takes it, in the cases in which people write.

    A form that is the same as one before it is None, which nothing contains.
    """
    forms = {"typed": text, "lower": text.lower(), "upper": text.upper(), "title": text.title()}
    found: dict[str, str | None] = {}
    for name, form in forms.items():
        # Of bytes, `lower` knows ASCII alone.
        small = form.encode().lower().decode()
        found[name] = None if small in found.values() else small
    return found


def json_list(items: Sequence[str] | Sequence[tuple[str, ...]] | Sequence[dict[str, Any]]) -> str:
    """The form in which queries take a list."""
    return _json.encode(items).decode()


def automatic(key: str) -> bool:
    """Whether a user's key is one of the names that are given automatically."""
    return Name(key, key).reserved


def present_row(
    node: str, user: UserRecord, addresses: Sequence[str], away: str | None
) -> dict[str, Any]:
    """The row that somebody who is on a node becomes."""
    return {
        "node_id": node,
        "user_id": user.id,
        "name": user.name,
        "name_key": user.key,
        "kind": user.kind.value,
        "role": user.role.value,
        "away": away,
        "addresses": json_list(list(addresses)),
    }


def present_record(row: Sequence[Any]) -> Present:
    """Somebody who is on a node, of a row of node_queries' `_present` columns."""
    node, *user, away, addresses = row
    return Present(node, user_record(user), _strings.decode(addresses), away)
