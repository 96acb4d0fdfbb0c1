"""Entries of rooms' logs as rows, and back: the one place that knows how each kind is kept.

Messages and topics, which is nearly all of a log, have columns. Any other kind is in `text` as
the JSON of those of its fields that not every entry has; where that is a single number, as the
number alone. So a new kind needs its number in `events.KINDS` and nothing here.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hubbub.errors import StorageError
from hubbub.model import format_instant
from hubbub.protocol.events import KINDS, Entry, LogEvent, Message, Person, Topic
from hubbub.storage.sql.schema import DELETED_MESSAGE, MESSAGE, TOPIC

_people = msgspec.json.Decoder(tuple[Person, ...])
_json = msgspec.json.Encoder()
_NUMBERS = {kind.__struct_config__.tag: number for number, kind in KINDS.items()}
_OWN = {
    number: kind.__struct_encode_fields__[len(Entry.__struct_fields__) :]
    for number, kind in KINDS.items()
}


def log_event(room: str, row: Sequence[Any]) -> LogEvent:
    """The entry of a row of queries' `_entry` columns. Raises StorageError."""
    seq, number, at_ms, user_id, user_name, text, me, others = row
    at, sender = format_instant(at_ms), Person(user_id, user_name)
    if number in (MESSAGE, DELETED_MESSAGE):
        return Message(
            room=room,
            seq=seq,
            at=at,
            sender=sender,
            text=text,
            me=bool(me),
            to=None if others is None else _people.decode(others),
            deleted=number == DELETED_MESSAGE,
        )
    if number == TOPIC:
        return Topic(room=room, seq=seq, at=at, sender=sender, text=text)
    kind = KINDS.get(number)
    if kind is None:
        raise StorageError(
            f"The entry {seq} of {room} is of kind {number}, which this release of hubbub does not "
            "know: a newer one wrote it. Use that release or a later one."
        )
    try:
        kept = msgspec.json.decode(text)
        own = kept if isinstance(kept, dict) else {_OWN[number][0]: kept}
        entry = {**own, "room": room, "seq": seq, "at": at, "from": sender}
        return msgspec.convert(entry, kind)
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"The entry {seq} of {room} cannot be read: {error}. `hubbub check` tells more."
        ) from error


def event_row(room_id: int, event: LogEvent, at_ms: int, nonce: str) -> tuple[Any, ...]:
    """The row that an entry becomes, its values in the order of the table's columns."""
    me, others = 0, None
    if isinstance(event, Message):
        number, text = DELETED_MESSAGE if event.deleted else MESSAGE, event.text
        me = 1 if event.me else 0
        others = None if event.to is None else _json.encode(event.to).decode()
    elif isinstance(event, Topic):
        number, text = TOPIC, event.text
    else:
        number = _NUMBERS[event.__struct_config__.tag]
        text = _own_text(number, event)
    sender = event.sender
    return (
        room_id,
        event.seq,
        number,
        at_ms,
        sender.id,
        sender.name,
        text,
        me,
        others,
        nonce or None,
    )


def _own_text(number: int, event: LogEvent) -> str:
    fields = msgspec.to_builtins(event)
    own = {name: fields[name] for name in _OWN[number] if name in fields}
    [first, *more] = [own.get(name) for name in _OWN[number]]
    return _json.encode(first if isinstance(first, int) and not more else own).decode()


def text_bytes(event: LogEvent) -> int:
    """How much of a page an entry's text takes, in UTF-8."""
    return len(event.text.encode()) if isinstance(event, Message | Topic) else 0
