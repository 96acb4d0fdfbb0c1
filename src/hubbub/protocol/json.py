"""The `hubbub.v1` dialect: bytes to requests on a server, to replies and events on a client.

The names of types and fields are those of `requests.py` and `events.py`; docs/protocol.md has them.
"""

import difflib
import json
import re
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec

from hubbub.errors import BadRequest, Refusal, UnknownType
from hubbub.protocol import events, requests

_REQUEST_DECODER: msgspec.json.Decoder[requests.AnyRequest] = msgspec.json.Decoder(
    requests.AnyRequest
)
_ENCODER = msgspec.json.Encoder()
_ID_DECODER: msgspec.json.Decoder[requests.RequestId] = msgspec.json.Decoder(requests.RequestId)
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_OBJECT_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Rejected(NamedTuple):
    """A frame that is no request; `id` is the frame's own where it has a valid one."""

    id: str | None
    refusal: Refusal


def decode_request(frame: str | bytes) -> requests.AnyRequest | Rejected:
    """The request that a text frame holds, or why it holds none."""
    try:
        return _REQUEST_DECODER.decode(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        return _reject(frame, error)


def _reject(frame: str | bytes, error: Exception) -> Rejected:
    try:
        fields = _OBJECT_DECODER.decode(frame)
    except (msgspec.DecodeError, RecursionError):
        if (half := _half_of_a_pair(frame)) is not None:
            return half
        message = "The frame is not a JSON object; send one object with a `type` in each frame."
        return Rejected(None, BadRequest(message))
    try:
        request_id = _ID_DECODER.decode(fields["id"]) if "id" in fields else None
    except msgspec.DecodeError:
        return Rejected(None, BadRequest("`id` must be a string of 1 to 64 characters."))
    try:
        kind = msgspec.json.decode(fields["type"], type=str)
    except (KeyError, msgspec.DecodeError):
        return Rejected(
            request_id, BadRequest("The object needs a `type`, the name of a request, as a string.")
        )
    if kind not in requests.TYPES:
        near = difflib.get_close_matches(kind[:64], requests.TYPES, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        return Rejected(
            request_id, UnknownType(f"There is no request of type {kind[:64]!r}.{hint}")
        )
    return Rejected(request_id, BadRequest(f"`{kind}`: {str(error).replace('$.', '')}."))


def _half_of_a_pair(frame: str | bytes) -> Rejected | None:
    """Refuses, with its id, an object that has half of a surrogate pair in some string."""
    if not _ESCAPED_HALF.search(frame if isinstance(frame, bytes) else frame.encode()):
        return None
    try:
        # The one decoder that takes halves.
        fields = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    try:
        request_id = _ID_DECODER.decode(json.dumps(fields.get("id")))
    except msgspec.DecodeError:
        request_id = None
    half = "A string has half of a surrogate pair; it is not Unicode."
    return Rejected(request_id, BadRequest(half))


def encode(frame: events.ServerFrame | events.Unknown | requests.AnyRequest) -> bytes:
    """One frame's JSON, always the same bytes for the same value."""
    return _ENCODER.encode(frame)


# --- a client's side

Pushed = events.Event | events.Unknown | events.Welcome | events.Error
_PUSHED_DECODER: msgspec.json.Decoder[Pushed] = msgspec.json.Decoder(Pushed)
_PUSHED_TYPES = frozenset(str(frame.__struct_config__.tag) for frame in get_args(Pushed))


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None


_ENVELOPE_DECODER = msgspec.json.Decoder(_Envelope)
ReplyT = TypeVar("ReplyT", bound=events.Reply)


class OkFrame(NamedTuple):
    """A frame of type `ok`; which fields it has depends on the request that `id` answers."""

    id: str | None
    frame: bytes


def decode_frame(frame: str | bytes) -> Pushed | OkFrame | None:
    """What a server sent; None for an event of a later release that is no entry of a log.

    Raises msgspec.DecodeError.
    """
    envelope = _ENVELOPE_DECODER.decode(frame)
    if envelope.type == "ok":
        return OkFrame(envelope.id, frame if isinstance(frame, bytes) else frame.encode())
    if envelope.type not in _PUSHED_TYPES:
        return _unknown(msgspec.json.decode(frame))
    try:
        return _PUSHED_DECODER.decode(frame)
    except msgspec.ValidationError:
        fields = _with_unknown(frame)
        if envelope.type == "replay":
            return msgspec.convert(fields, events.Replay)
        if (entry := _unknown(fields)) is not None:
            return entry
        raise


def decode_reply(frame: OkFrame, reply: type[ReplyT]) -> ReplyT:
    """An `ok` as the reply that its request asks for. Raises msgspec.DecodeError."""
    try:
        return msgspec.json.decode(frame.frame, type=reply)
    except msgspec.ValidationError:
        return msgspec.convert(_with_unknown(frame.frame), reply)


def _with_unknown(frame: str | bytes) -> dict[str, Any]:
    """A frame with those of its entries that later releases have as what they are here.

    Without them it could not be read at all, and the client would ask for it over and over.
    """
    fields: dict[str, Any] = msgspec.json.decode(frame)
    entries = fields.get("events")
    if isinstance(entries, list):
        fields["events"] = [_known(entry) for entry in entries]
    return fields


def _known(entry: Any) -> Any:
    try:
        return msgspec.convert(entry, events.LogEvent)
    except msgspec.ValidationError:
        return (isinstance(entry, dict) and _unknown(entry)) or entry


def _unknown(fields: dict[str, Any]) -> events.Unknown | None:
    """What has a place in a log, of whatever kind it may be; None for anything else."""
    try:
        return msgspec.convert(
            {**fields, "kind": fields.get("type"), "type": "unknown"}, events.Unknown
        )
    except msgspec.ValidationError:
        return None
