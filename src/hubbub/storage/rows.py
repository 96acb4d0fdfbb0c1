"""Rows of the tables as the values that the rest of hubbub knows, and the other way round."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hubbub.model import Name, NotifyLevel, Role, RoomKind, UserKind, format_instant
from hubbub.protocol.events import LogEvent, Message, Person, Topic
from hubbub.storage.interface import Membership, RoomRecord, UserRecord
from hubbub.storage.schema import MESSAGE, TOPIC

_people = msgspec.json.Decoder(tuple[Person, ...])
_json = msgspec.json.Encoder()


def room_record(row: Sequence[Any]) -> RoomRecord:
    """The room of a row of queries' `_room` columns."""
    name, kind, topic, first, last = row
    return RoomRecord(name, RoomKind(kind), topic, first, last)


def membership_record(row: Sequence[Any]) -> Membership:
    """The membership of a row of queries' `_room` columns, a read marker and a level."""
    *room, read, notify = row
    return Membership(room_record(room), read, NotifyLevel(notify))


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
    return Message(
        room=room,
        seq=seq,
        at=at,
        sender=sender,
        text=text,
        me=bool(me),
        to=None if others is None else _people.decode(others),
    )


def event_row(room_id: int, event: LogEvent, at_ms: int, nonce: str) -> tuple[Any, ...]:
    """The row that an entry becomes, its values in the order of the table's columns."""
    if isinstance(event, Message):
        kind, me, to = MESSAGE, 1 if event.me else 0, event.to
    else:
        kind, me, to = TOPIC, 0, None
    others = None if to is None else _json.encode(to).decode()
    sender = event.sender
    return (
        room_id,
        event.seq,
        kind,
        at_ms,
        sender.id,
        sender.name,
        event.text,
        me,
        others,
        nonce or None,
    )


def json_list(strings: Sequence[str] | Sequence[tuple[str, ...]]) -> str:
    """The form in which queries take a list."""
    return _json.encode(strings).decode()


def automatic(key: str) -> bool:
    """Whether a user's key is one of the names that are given automatically."""
    return Name(key, key).reserved
