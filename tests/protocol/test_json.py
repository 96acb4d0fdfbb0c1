"""The JSON dialect: frames to requests, or to a refusal that says what is wrong."""

import json as stdlib_json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hubbub.errors import BadRequest, UnknownType
from hubbub.protocol import events, requests
from hubbub.protocol.json import (
    OkFrame,
    Rejected,
    decode_frame,
    decode_reply,
    decode_request,
    encode,
)


def rejected(frame: str | bytes) -> Rejected:
    result = decode_request(frame)
    assert isinstance(result, Rejected)
    return result


def test_a_request_is_decoded_by_its_type() -> None:
    frame = '{"type":"post","id":"7","room":"lobby","text":"hi","nonce":"n","later":[1]}'

    assert decode_request(frame) == requests.Post(id="7", room="lobby", text="hi", nonce="n")


@pytest.mark.parametrize("frame", ["", "hi", "[1]", "7", "null", '{"type":', "{", "[" * 100_000])
def test_what_is_no_object_is_refused_without_an_id(frame: str) -> None:
    assert rejected(frame).id is None
    assert isinstance(rejected(frame).refusal, BadRequest)


def test_a_malformed_request_is_refused_with_its_id_and_the_field() -> None:
    answer = rejected('{"type":"post","id":"7","room":"lobby","text":5,"nonce":"n"}')

    assert answer.id == "7"
    assert "text" in answer.refusal.message


@pytest.mark.parametrize(
    ("fields", "echoed"),
    [
        (r'"type":"post","id":"7","room":"r","text":"half \ud83d","nonce":"n"', "7"),
        (
            r'"type":"post","room":"r","text":"\uDE00 \\u0041","nonce":"n","id":"\ud83d\ude00"',
            "😀",
        ),
        (r'"id":"7","type":"\ud83d"', "7"),
        (r'"id":"7","type":"ping","\udc00":1', "7"),
        (r'"id":"7\ud83d","type":"ping"', None),
        (r'"id":7,"type":"ping","x":"\ud83d"', None),
        (r'"type":"ping","x":"\ud83d"', None),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_with_the_requests_id(
    fields: str, echoed: str | None
) -> None:
    for frame in ("{" + fields + "}", ("{" + fields + "}").encode()):
        answer = decode_request(frame)

        assert isinstance(answer, Rejected)
        assert isinstance(answer.refusal, BadRequest)
        assert "surrogate" in answer.refusal.message
        assert answer.id == echoed


def test_an_unknown_type_suggests_the_nearest() -> None:
    answer = rejected('{"type":"pots","id":"7"}')

    assert isinstance(answer.refusal, UnknownType)
    assert "`post`" in answer.refusal.message


@pytest.mark.parametrize("bad_id", ['""', "7", "null", "[]", '"' + "x" * 65 + '"'])
def test_an_id_that_is_not_valid_is_not_echoed(bad_id: str) -> None:
    result = decode_request(f'{{"type":"nope","id":{bad_id}}}')

    assert isinstance(result, Rejected)
    assert result.id is None


@pytest.mark.parametrize(
    "fields",
    [
        '"type":"read","room":"r","seq":-1',
        '"type":"read","room":"r","seq":9007199254740992',
        '"type":"read","room":"r","seq":1.5',
        '"type":"history","room":"r","limit":0',
        '"type":"history","room":"r","limit":201',
        '"type":"whisper","to":[],"text":"x","nonce":"n"',
        '"type":"post","room":"r","text":"x","nonce":""',
        '"type":"post","room":"r","text":"x","nonce":"a\\u0000"',
        '"type":"post","room":"r","text":"\\ud800","nonce":"a"',
        '"type":7',
        '"nothing":1',
    ],
)
def test_values_out_of_range_are_bad_requests(fields: str) -> None:
    assert isinstance(rejected("{" + fields + "}").refusal, BadRequest)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_frame_is_a_request_or_a_refusal(frame: bytes | str) -> None:
    assert decode_request(frame) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(st.sampled_from(requests.TYPES), st.dictionaries(st.text(max_size=8), JSON), JSON)
def test_any_object_is_a_request_or_a_refusal(
    kind: str, fields: dict[str, object], value: object
) -> None:
    extra = dict.fromkeys(["room", "text", "nonce", "to", "line", "seq", "limit", "rooms"], value)
    frame = stdlib_json.dumps({**extra, **fields, "type": kind})

    assert decode_request(frame) is not None


PERSON = events.Person("u1", "ann")


def test_an_event_has_the_fields_of_the_contract_and_no_empty_ones() -> None:
    message = events.Message(room="lobby", seq=1, at="now", sender=PERSON, text="hi")

    assert encode(message) == (
        b'{"type":"message","room":"lobby","seq":1,"at":"now",'
        b'"from":{"id":"u1","name":"ann"},"text":"hi"}'
    )


@pytest.mark.parametrize(
    "frame",
    [
        events.Message(room="r", seq=1, at="t", sender=PERSON, text="x", me=True, to=(PERSON,)),
        events.Topic(room="r", seq=2, at="t", sender=PERSON, text="x"),
        events.Presence(room="r", user=PERSON, state="renamed", was="bob"),
        events.Gap(room="r", have=1, next=5, last=9),
        events.Count(room="r", users=300),
        events.Error(id="1", code="bad_name", message="m", temporary=False),
    ],
)
def test_what_a_server_encodes_a_client_decodes(frame: events.Event | events.Error) -> None:
    assert decode_frame(encode(frame)) == frame


def test_a_reply_is_decoded_as_its_request_asks() -> None:
    posted = events.Posted(id="1", room="r", seq=3, at="t", dup=True)

    frame = decode_frame(encode(posted))

    assert isinstance(frame, OkFrame)
    assert frame.id == "1"
    assert decode_reply(frame, events.Posted) == posted


def test_an_event_of_a_later_release_is_skipped() -> None:
    assert decode_frame('{"type":"reaction","room":"r","seq":3}') is None


def test_a_frame_that_is_no_object_is_an_error_to_a_client() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_frame("[]")


LATER = (
    '{"type":"engraved","room":"lobby","seq":3,"at":"2026-01-31T12:00:00.000Z",'
    '"from":{"id":"u1","name":"ann"},"target":2}'
)
UNKNOWN = events.Unknown(
    room="lobby",
    seq=3,
    at="2026-01-31T12:00:00.000Z",
    sender=events.Person("u1", "ann"),
    kind="engraved",
)


def test_an_entry_of_a_later_release_keeps_its_place() -> None:
    assert decode_frame(LATER) == UNKNOWN
    assert decode_frame(LATER.replace("engraved", "settings")) == structs.replace(
        UNKNOWN, kind="settings"
    )


def test_an_entry_of_a_later_release_keeps_its_place_in_a_replay() -> None:
    topic = events.Topic(room="lobby", seq=4, at="t", sender=PERSON, text="x")
    known = encode(topic).decode()

    replay = decode_frame(
        f'{{"type":"replay","room":"lobby","events":[{LATER},{known}],"more":false}}'
    )

    assert replay == events.Replay(room="lobby", events=(UNKNOWN, topic), more=False)


def test_an_entry_of_a_later_release_keeps_its_place_in_a_page() -> None:
    frame = decode_frame(
        f'{{"type":"ok","id":"1","events":[{LATER}],"more":false,"first":1,"last":3}}'
    )

    assert isinstance(frame, OkFrame)
    page = decode_reply(frame, events.Page)
    assert page == events.Page(id="1", events=(UNKNOWN,), more=False, first=1, last=3)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"replay","room":"lobby","events":[7],"more":false}',
        '{"type":"replay","room":"lobby","events":[{"type":"engraved"}],"more":false}',
        '{"type":"replay","room":"lobby","events":7,"more":false}',
        '{"type":"message","room":"lobby"}',
    ],
)
def test_what_has_no_place_in_a_log_is_an_error_to_a_client(frame: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_frame(frame)
