"""Rows of the tables as the values that the rest of hubbub knows, and the other way round."""

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from hubbub.model import Name, NotifyLevel, Role, RoomKind, UserKind, format_instant
from hubbub.protocol.events import Deleted, LogEvent, Message, Person, Settings, Topic
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
from hubbub.storage.sql.schema import DELETED, DELETED_MESSAGE, MESSAGE, SETTINGS, TOPIC

_people = msgspec.json.Decoder(tuple[Person, ...])
_strings = msgspec.json.Decoder(tuple[str, ...])
_json = msgspec.json.Encoder()


class _Kept(msgspec.Struct, omit_defaults=True):
    """What stands in the text of an entry that says what the room is."""

    kind: RoomKind
    read_only: bool = False
    archived: bool = False
    was: str | None = None


_kept = msgspec.json.Decoder(_Kept)


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


def log_event(room: str, row: Sequence[Any]) -> LogEvent:
    """The entry of a row of queries' `_entry` columns."""
    seq, kind, at_ms, user_id, user_name, text, me, others = row
    at = format_instant(at_ms)
    sender = Person(user_id, user_name)
    if kind == TOPIC:
        return Topic(room=room, seq=seq, at=at, sender=sender, text=text)
    if kind == DELETED:
        return Deleted(room=room, seq=seq, at=at, sender=sender, target=int(text))
    if kind == SETTINGS:
        kept = _kept.decode(text)
        return Settings(
            room=room,
            seq=seq,
            at=at,
            sender=sender,
            kind=kept.kind,
            read_only=kept.read_only,
            archived=kept.archived,
            was=kept.was,
        )
    return Message(
        room=room,
        seq=seq,
        at=at,
        sender=sender,
        text=text,
        me=bool(me),
        to=None if others is None else _people.decode(others),
        deleted=kind == DELETED_MESSAGE,
    )


def event_row(room_id: int, event: LogEvent, at_ms: int, nonce: str) -> tuple[Any, ...]:
    """The row that an entry becomes, its values in the order of the table's columns."""
    me, others = 0, None
    match event:
        case Message():
            kind, text = DELETED_MESSAGE if event.deleted else MESSAGE, event.text
            me = 1 if event.me else 0
            others = None if event.to is None else _json.encode(event.to).decode()
        case Topic():
            kind, text = TOPIC, event.text
        case Deleted():
            kind, text = DELETED, str(event.target)
        case Settings():
            found = _Kept(RoomKind(event.kind), event.read_only, event.archived, event.was)
            kind, text = SETTINGS, _json.encode(found).decode()
        case _:
            assert_never(event)
    sender = event.sender
    return (
        room_id,
        event.seq,
        kind,
        at_ms,
        sender.id,
        sender.name,
        text,
        me,
        others,
        nonce or None,
    )


def text_bytes(event: LogEvent) -> int:
    """How much of a page an entry's text takes, in UTF-8."""
    return len(event.text.encode()) if isinstance(event, Message | Topic) else 0


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
