"""`hubbub.v1` as docs/protocol.md has it, through a client library that is not ours."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import (
    WAIT_S,
    JsonClient,
    Serve,
    Server,
    closed,
    hello,
    known_to_all,
    line,
    nobody,
    plain,
)
from tests.deadline import within
from tests.wire import CLOSE, PING, PONG, TEXT, Wire, eventually, metrics

pytestmark = pytest.mark.real


# --- the upgrade


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["hubbub.v1"], "hubbub.v1"),
        (["hubbub.text"], "hubbub.text"),
        (["hubbub.text", "hubbub.v1"], "hubbub.text"),
        (["hubbub.v1", "hubbub.text"], "hubbub.v1"),
        (["hubbub.v9", "chat", "hubbub.v1"], "hubbub.v1"),
    ],
)
async def test_the_first_known_protocol_in_the_clients_order_is_chosen(
    shared: Server, offered: list[Any], chosen: str
) -> None:
    async with connect(shared.ws_url, subprotocols=offered) as socket:
        assert socket.subprotocol == chosen


async def test_an_upgrade_that_offers_only_unknown_protocols_is_refused_with_400(
    shared: Server,
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(shared.ws_url, subprotocols=["hubbub.v9", "mqtt"])  # type: ignore[list-item]

    assert refused.value.response.status_code == 400
    assert b"hubbub.v1" in refused.value.response.body


async def test_no_compression_is_agreed_on(shared: Server) -> None:
    async with connect(shared.ws_url, compression="deflate") as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_a_full_server_answers_503_and_has_a_place_again_later(serve: Serve) -> None:
    server = serve(env={"HUBBUB_MAX_CONNECTIONS": "1"})
    async with AsyncExitStack() as stack:
        for _ in server.nodes:
            await line(await stack.enter_async_context(plain(server)))
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.ws_url)
    response = refused.value.response
    assert response.status_code == 503
    assert json.loads(response.body or b"")["code"] == "server_full"
    assert int(response.headers["Retry-After"]) > 0

    eventually(lambda: metrics(server)["hubbub_connections"] == 0, "the first one is gone")
    await known_to_all(server)
    eventually(lambda: metrics(server)["hubbub_connections"] == 0, "there is a place")
    async with plain(server) as second:
        assert await line(second) == "You are connected! There are 1 users here."


async def test_the_connections_of_one_address_are_limited_where_rates_are_on(serve: Serve) -> None:
    server = serve(env={"HUBBUB_CONNECTIONS_PER_ADDRESS": "1"})
    async with AsyncExitStack() as stack:
        for _ in server.nodes:
            await line(await stack.enter_async_context(plain(server)))
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.ws_url)

    assert refused.value.response.status_code == 503


# --- hello


async def test_hello_is_answered_by_welcome_and_then_a_replay_for_each_room(
    shared: Server, room: str
) -> None:
    rooms = [f"{room}-a", f"{room}-b"]
    async with hello(shared, id="h", name=room, rooms=dict.fromkeys(rooms)) as client:
        welcome = await client.receive()
        replays = [await client.receive(), await client.receive()]

    assert (welcome["type"], welcome["id"]) == ("welcome", "h")
    assert welcome["user"]["name"] == room
    assert welcome["user"]["kind"] == "guest"
    assert {each["room"] for each in welcome["rooms"]} == set(rooms)
    assert {"help", "whisper"} < {each["name"] for each in welcome["commands"]}
    assert welcome["limits"]["text_bytes"] == 16 * 1024
    assert [(r["type"], r["room"], r["events"]) for r in replays] == [
        ("replay", each, []) for each in rooms
    ]


async def test_hello_without_rooms_joins_the_lobby_and_with_none_no_room(shared: Server) -> None:
    async with hello(shared) as client:
        welcome, replay = await client.receive(), await client.receive()
        assert [each["room"] for each in welcome["rooms"]] == ["lobby"]
        assert (replay["type"], replay["room"]) == ("replay", "lobby")
    async with hello(shared, rooms={}) as client:
        assert (await client.receive())["rooms"] == []
        assert (await client.ask(type="ping"))["type"] == "ok"
        assert client.backlog == []


async def test_a_refused_room_gives_an_error_and_the_rest_go_on(shared: Server, room: str) -> None:
    async with hello(shared, rooms={"not a room": None, room: 0}) as client:
        frames = [await client.receive() for _ in range(3)]

    assert [frame["type"] for frame in frames] == ["welcome", "error", "replay"]
    assert (frames[1]["code"], frames[1]["room"]) == ("bad_name", "not a room")
    assert frames[2]["room"] == room


async def test_after_a_refused_name_or_token_another_hello_may_follow(
    shared: Server, room: str
) -> None:
    async with hello(shared, name=room, rooms={}), nobody(shared) as client:
        taken = await client.ask(type="hello", name=room.upper())
        unknown = await client.ask(type="hello", token="no such secret")
        welcome = await client.ask(type="hello", name=f"{room}-2", rooms={})

    assert (taken["code"], unknown["code"]) == ("name_taken", "bad_token")
    assert welcome["type"] == "welcome"


async def test_a_second_hello_is_refused(shared: Server) -> None:
    async with hello(shared, rooms={}) as client:
        assert (await client.ask(type="hello"))["code"] == "bad_request"


async def test_who_says_no_hello_in_time_is_closed_with_4000(serve: Serve) -> None:
    server = serve(env={"HUBBUB_HELLO_TIMEOUT_S": "0.3"})
    async with nobody(server) as silent, hello(server) as other:
        assert await closed(silent.socket) == (4000, "no hello in time")
        assert (await other.ask(type="ping"))["type"] == "ok"


# --- requests, replies and events


async def test_every_reply_echoes_its_id_and_a_request_without_one_gets_none(
    shared: Server, room: str
) -> None:
    requests: list[dict[str, Any]] = [
        {"type": "post", "room": room, "text": "hi", "nonce": "1"},
        {"type": "whisper", "to": [room], "text": "hi", "nonce": "2"},
        {"type": "command", "room": room, "line": "/who"},
        {"type": "history", "room": room},
        {"type": "members", "room": room},
        {"type": "rooms"},
        {"type": "typing", "room": room},
        {"type": "read", "room": room, "seq": 1},
        {"type": "join", "room": f"{room}-2"},
        {"type": "leave", "room": f"{room}-2"},
        {"type": "ping"},
    ]
    async with hello(shared, name=room, rooms={room: None}) as client:
        for number, request in enumerate(requests):
            reply = await client.ask(id=f"id {number}", **request)
            assert reply["type"] == "ok", reply
        await client.send(type="ping")
        assert (await client.until("ok")).get("id") is None


async def test_an_event_is_the_very_same_bytes_to_two_members(shared: Server, room: str) -> None:
    async with hello(shared, rooms={room: None}) as ann, hello(shared, rooms={room: None}) as bob:
        for client in (ann, bob):
            await client.until("replay")
        await ann.send(type="post", id="p", room=room, text="ünï 🦊", nonce="n")

        async def message(client: JsonClient) -> bytes:
            while True:
                frame = await client.socket.recv(decode=False)
                assert isinstance(frame, bytes)
                if b'"message"' in frame:
                    return frame

        first, second = await message(ann), await message(bob)

    assert first == second
    assert json.loads(first)["text"] == "ünï 🦊"
    assert json.loads(first)["seq"] == 1


async def test_both_dialects_are_in_one_conversation(shared: Server, room: str) -> None:
    async with (
        plain(shared, f"?room={room}&name=ann-{room}") as ann,
        hello(shared, name=f"bob-{room}", rooms={room: None}) as bob,
    ):
        await line(ann)
        await bob.until("replay")
        await ann.send("from plain")
        event = await bob.until("message")
        assert (event["from"]["name"], event["text"]) == (f"ann-{room}", "from plain")
        assert await line(ann) == f"[ann-{room}]: from plain"

        posted = await bob.ask(type="post", room=room, text="from json", nonce="1")
        assert (posted["room"], posted["seq"]) == (room, 2)
        assert await line(ann) == f"[bob-{room}]: from json"


async def test_a_whisper_reaches_all_connections_of_a_person_and_nobody_else(
    shared: Server, room: str
) -> None:
    cast = {who: f"{who}-{room}" for who in ("ann", "bob", "eve")}
    async with (
        hello(shared, name=cast["ann"], rooms={room: None}) as ann,
        hello(shared, name=cast["bob"], rooms={room: None}) as bob,
        hello(shared, name=cast["eve"], rooms={room: None}) as eve,
    ):
        token = (await bob.until("welcome"))["session"]
        async with hello(shared, token=token, rooms={}) as bob_again:
            await bob_again.until("welcome")
            sent = await ann.ask(type="whisper", to=[cast["bob"]], text="psst", nonce="1")
            for client in (bob, bob_again, ann):
                event = await client.until("message")
                assert (event["room"], event["text"]) == (sent["room"], "psst")
                assert [each["name"] for each in event["to"]] == [cast["bob"]]

            await ann.ask(type="post", room=room, text="aloud", nonce="2")
            assert (await eve.until("message"))["text"] == "aloud"
        refused = await eve.ask(type="history", room=sent["room"])
        assert refused["code"] == "no_such_room"


async def test_a_person_with_two_connections_is_one_member_until_the_last_one_closes(
    shared: Server, room: str
) -> None:
    async with hello(shared, rooms={room: None}) as watcher:
        await watcher.until("replay")
        async with hello(shared, name=room, rooms={room: None}) as first:
            token = (await first.until("welcome"))["session"]
            async with hello(shared, token=token, rooms={room: None}) as second:
                await second.until("replay")
                page = await watcher.ask(type="members", room=room)
                assert len(page["members"]) == 2
            assert len((await watcher.ask(type="members", room=room))["members"]) == 2
        assert (await watcher.until("presence", state="left"))["user"]["name"] == room
        states = [f["state"] for f in watcher.backlog if f["type"] == "presence"]
        assert states == ["joined"]


# --- silence, slowness and the end


async def test_a_ping_is_answered_in_both_dialects_and_in_json(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}") as ann, hello(shared, rooms={}) as bob:
        for client in (ann, bob.socket):
            async with within(WAIT_S):
                await (await client.ping(b"payload"))
        assert (await bob.ask(type="ping"))["type"] == "ok"


async def test_a_silent_peer_is_dropped_after_two_missed_pings_and_one_that_answers_stays(
    serve: Serve,
) -> None:
    server = serve(env={"HUBBUB_PING_S": "0.4"})

    def listen() -> bytes:
        with Wire(server) as silent, Wire(server) as answers:
            before_greeting = 0
            silent.upgrade()
            while silent.frame() == (PING, b""):
                before_greeting += 1
            answers.upgrade()
            answers.text()
            for _ in range(6):
                assert answers.frame() == (PING, b"")
                answers.send(PONG)
            answers.send(TEXT, b"here")
            assert answers.text() == "[user2]: here"
            return b"\x89\x00" * before_greeting + silent.rest()

    async with hello(server) as stays:
        heard = await asyncio.to_thread(listen)
        assert heard == b"\x89\x00" * 2, "two pings and then the end"
        assert (await stays.ask(type="ping"))["type"] == "ok"
    eventually(lambda: metrics(server)["hubbub_users"] == 0, "the silent one is forgotten")


async def test_a_slow_reader_is_closed_with_4008_while_the_others_go_on(serve: Serve) -> None:
    env = {"HUBBUB_OUTBOX_BYTES": "65536", "HUBBUB_CLOSE_TIMEOUT_S": "20"}
    server = serve("--rate-limits", "off", env=env)
    async with hello(server) as ann, hello(server) as bob:
        await bob.until("replay")
        with Wire(server, receive_bytes=8192) as slow:
            slow.upgrade(protocols="hubbub.v1")
            slow.send(TEXT, b'{"type": "hello", "name": "slow"}')
            await bob.until("presence", state="joined")
            said = 0
            while metrics(server)["hubbub_too_slow_total"] == 0:
                said += 1
                assert said < 5_000, "20 times the largest buffer of a socket"
                reply = await ann.ask(type="post", room="lobby", text="x" * 16_000, nonce=str(said))
                assert reply["type"] == "ok"
                assert (await bob.until("message", seq=said))["seq"] == said
            left = await bob.until("presence", state="left")
            assert left["user"]["name"] == "slow"
            assert slow.close_code() == 4008
            slow.send(CLOSE, (4008).to_bytes(2, "big"))
            assert slow.rest() == b""
        reply = await ann.ask(type="post", room="lobby", text="after", nonce="after")
        assert (await bob.until("message", seq=reply["seq"]))["text"] == "after"
