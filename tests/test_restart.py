"""What a client finds when the server was stopped, or killed, and started again."""

import sqlite3
from contextlib import closing, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import JsonClient, Server, hello, line, plain
from tests.wire import left_alone, said_nothing_wrong

pytestmark = pytest.mark.real


async def say(client: JsonClient, room: str, *texts: str) -> list[int]:
    """Posts texts, each with itself as its nonce; their seqs."""
    replies = [
        await client.ask(type="post", room=room, text=text, nonce=text, id=text) for text in texts
    ]
    assert [reply["type"] for reply in replies] == ["ok"] * len(texts)
    return [reply["seq"] for reply in replies]


def texts(frame: dict[str, Any]) -> list[str]:
    return [event["text"] for event in frame["events"]]


def restart(server: Server, *, kill: bool = False) -> None:
    if kill:
        server.kill()
    else:
        assert server.terminate() == 0
    server.start()


@pytest.mark.parametrize("kill", [False, True])
async def test_history_survives_a_restart_and_a_kill(server: Server, kill: bool) -> None:
    async with hello(server, name="ann") as ann:
        await say(ann, "lobby", "one", "two", "three")
        await ann.ask(type="command", room="lobby", line="/topic cheese")
        restart(server, kill=kill)

    async with plain(server) as bob:
        await line(bob)
        await bob.send("/history")
        shown = (await line(bob)).split("\n")
        assert [each.partition("[ann]: ")[2] for each in shown[:3]] == ["one", "two", "three"]
        await bob.send("/topic")
        assert await line(bob) == "* -- Topic of lobby: cheese"
    async with hello(server, name="cara") as cara:
        page = await cara.ask(type="history", room="lobby")
        assert [event["seq"] for event in page["events"]] == [1, 2, 3, 4]


async def test_a_client_that_was_away_resumes_with_exactly_what_it_missed(server: Server) -> None:
    async with hello(server, name="bob") as bob:
        welcome = await bob.until("welcome")
        async with hello(server, name="ann") as ann:
            seqs = await say(ann, "lobby", "seen 1", "seen 2")
            await bob.until("message", seq=seqs[-1])
    async with hello(server, name="cara") as cara:
        await say(cara, "lobby", *(f"missed {n}" for n in range(100)))
        restart(server)
    async with hello(server, name="dan") as dan:
        await say(dan, "lobby", "missed too")

        back = {"token": welcome["session"], "epoch": welcome["epoch"]}
        async with hello(server, **back, rooms={"lobby": seqs[-1]}) as again:
            assert (await again.until("welcome"))["user"] == welcome["user"]
            replay = await again.until("replay")
            await say(dan, "lobby", "live")
            live = await again.until("message")

    assert texts(replay) == [*(f"missed {n}" for n in range(100)), "missed too"]
    assert replay["more"] is False
    assert [event["seq"] for event in replay["events"]] == list(range(3, 104))
    assert (live["text"], live["seq"]) == ("live", 104)


async def test_the_epoch_stays_over_a_kill_and_another_one_gets_a_gap(server: Server) -> None:
    async with hello(server, name="ann") as ann:
        welcome = await ann.until("welcome")
        await say(ann, "lobby", "one", "two")
        restart(server, kill=True)
    token = welcome["session"]
    async with hello(server, token=token, epoch=welcome["epoch"], rooms={"lobby": 2}) as same:
        assert (await same.until("welcome"))["epoch"] == welcome["epoch"]
        assert (await same.until("replay"))["events"] == []
    async with hello(server, token=token, epoch="another", rooms={"lobby": 2}) as stranger:
        gap = await stranger.until("gap")
    async with hello(server, token=token, epoch=welcome["epoch"], rooms={"lobby": 9}) as ahead:
        past = await ahead.until("gap")

    assert [gap[key] for key in ("have", "next", "last")] == [2, 1, 2]
    assert [past[key] for key in ("have", "next", "last")] == [9, 1, 2]
    left_alone(server)
    said_nothing_wrong(server)


async def test_a_retry_after_a_kill_makes_no_second_message(server: Server) -> None:
    async with hello(server, name="ann") as ann:
        token = (await ann.until("welcome"))["session"]
        first = await ann.ask(type="post", room="lobby", text="once", nonce="n1", id="a")
        restart(server, kill=True)
    async with hello(server, token=token) as again:
        second = await again.ask(type="post", room="lobby", text="once", nonce="n1", id="b")
        other = await again.ask(type="post", room="lobby", text="twice", nonce="n1", id="c")
        page = await again.ask(type="history", room="lobby")
    async with hello(server, name="eve") as eve:
        of_eve = await eve.ask(type="post", room="lobby", text="once", nonce="n1", id="d")

    assert (second["seq"], second["at"], second["dup"]) == (first["seq"], first["at"], True)
    assert other["code"] == "conflict"
    assert texts(page) == ["once"]
    assert (of_eve["type"], of_eve["seq"]) == ("ok", 2)


async def test_a_group_whisper_reaches_exactly_its_people_also_when_they_come_back(
    server: Server,
) -> None:
    async with (
        hello(server, name="ann") as ann,
        hello(server, name="bob") as bob,
        hello(server, name="cara") as cara,
        hello(server, name="eve") as eve,
    ):
        secrets = {
            name: (await client.until("welcome"))["session"]
            for name, client in {"ann": ann, "bob": bob, "cara": cara, "eve": eve}.items()
        }
        sent = await ann.ask(type="whisper", to=["bob", "CARA"], text="psst", nonce="1")
        for client in (ann, bob, cara):
            event = await client.until("message")
            assert (event["room"], event["text"]) == (sent["room"], "psst")
            assert {each["name"] for each in event["to"]} == {"bob", "cara"}
        await say(ann, "lobby", "aloud")
        assert (await eve.until("message"))["text"] == "aloud"
    restart(server)
    room = sent["room"]

    async with (
        hello(server, token=secrets["ann"]) as ann,
        hello(server, token=secrets["cara"], rooms={room: 0}) as cara,
        hello(server, token=secrets["eve"], rooms={room: 0}) as eve,
    ):
        assert texts(await cara.until("replay", room=room)) == ["psst"]
        assert (await eve.until("error"))["code"] == "no_such_room"
        await ann.until("replay")
        again = await ann.ask(type="whisper", to=["cara", "bob"], text="and now", nonce="2")
        assert (again["room"], again["seq"]) == (room, 2), "the same people, the same room"
        assert (await cara.until("message"))["text"] == "and now"
        assert (await eve.ask(type="ping", id="p"))["type"] == "ok"
        assert not [frame for frame in eve.backlog if frame["type"] == "message"]

        async with hello(server, token=secrets["bob"], rooms={room: 1}) as bob:
            states = (await bob.until("welcome"))["rooms"]
            assert texts(await bob.until("replay", room=room)) == ["and now"]
        assert {state["room"]: state["kind"] for state in states}[room] == "direct"


async def test_automatic_names_that_sessions_hold_are_skipped_after_a_restart(
    server: Server,
) -> None:
    async with hello(server) as held, plain(server) as passing:
        welcome = await held.until("welcome")
        assert welcome["user"]["name"] == "user0"
        await line(passing)
        restart(server)

    async with plain(server, "?name=user0") as first:
        await line(first)
        assert (await line(first)).startswith("! ")
        await first.send("who am I")
        # Numbers that nodes give out go on.
        number = 1 if len(server.nodes) == 1 else 2
        assert await line(first) == f"[user{number}]: who am I"
    async with hello(server, token=welcome["session"]) as again:
        assert (await again.until("welcome"))["user"] == welcome["user"]


async def test_a_session_ends_with_quit_and_its_name_is_free(server: Server) -> None:
    async with hello(server, name="ann") as ann:
        token = (await ann.until("welcome"))["session"]
        await ann.ask(type="command", room="lobby", line="/quit")
    restart(server)
    async with hello(server, token=token) as gone:
        assert (await gone.until("error"))["code"] == "bad_token"
    async with hello(server, name="Ann") as other:
        assert (await other.until("welcome"))["user"]["name"] == "Ann"


async def test_the_read_marker_and_the_membership_survive(server: Server) -> None:
    async with hello(server, name="ann", rooms={"dev": None}) as ann:
        token = (await ann.until("welcome"))["session"]
        await say(ann, "dev", "1", "2", "3")
        await ann.ask(type="read", room="dev", seq=2)
        restart(server)
    async with hello(server, token=token, rooms={}) as again:
        rooms = (await again.until("welcome"))["rooms"]

    assert [(r["room"], r["last"], r["read"], r["unread"]) for r in rooms] == [("dev", 3, 2, 1)]


async def test_what_was_acknowledged_before_a_kill_is_in_the_log_without_a_hole(
    server: Server,
) -> None:
    """The log is read by SQLite itself: what the file says, not what the server says."""
    acknowledged: list[int] = []
    async with hello(server, name="ann") as ann:
        for number in range(200):
            await ann.send(
                type="post", room="lobby", text=str(number), nonce=str(number), id=str(number)
            )
        while len(acknowledged) < 50:
            acknowledged.append((await ann.until("ok"))["seq"])
        server.kill()
        with suppress(ConnectionClosed):
            while True:
                acknowledged.append((await ann.until("ok"))["seq"])
    server.start()
    async with hello(server, name="bob") as bob:
        page = await bob.ask(type="history", room="lobby", after=0, limit=200)

    assert [event["seq"] for event in page["events"]] == list(range(1, len(page["events"]) + 1))
    assert texts(page) == [str(number) for number in range(len(page["events"]))]
    assert set(acknowledged) <= {event["seq"] for event in page["events"]}
    server.kill()
    if len(server.nodes) > 1:
        return
    with closing(sqlite3.connect(server.data / "hubbub.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
