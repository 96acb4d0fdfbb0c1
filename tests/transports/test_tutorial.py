"""The tutorial's own sequence, word for word, through a client library that is not ours."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from tests.conftest import Server, known_to_all, line, plain
from tests.wire import Wire, eventually, metrics

pytestmark = pytest.mark.real


async def test_the_echo_greets_and_says_back_what_it_hears(shared: Server) -> None:
    async with connect(shared.ws_url.replace("/chat", "/echo")) as socket:
        assert await line(socket) == "You are connected!"

        await socket.send("Hello")
        assert await line(socket) == "You said: Hello"
        await socket.send("ἀλώπηξ 🦊\nand a second line")
        assert await line(socket) == "You said: ἀλώπηξ 🦊\nand a second line"


async def test_the_echo_ignores_frames_that_are_not_text(shared: Server) -> None:
    async with connect(shared.ws_url.replace("/chat", "/echo")) as socket:
        await line(socket)
        await socket.send(b"\x00\x01")
        await (await socket.ping())
        await socket.send("next")

        assert await line(socket) == "You said: next"


async def test_the_greeting_counts_who_is_here_and_a_post_goes_to_all(server: Server) -> None:
    async with plain(server) as first:
        assert await line(first) == "You are connected! There are 1 users here."
        async with plain(server) as second:
            assert await line(second) == "You are connected! There are 2 users here."

            await first.send("hello")
            assert [await line(first), await line(second)] == ["[user0]: hello"] * 2
            await second.send("hello back")
            assert [await line(first), await line(second)] == ["[user1]: hello back"] * 2


async def test_one_of_three_is_killed_and_the_others_go_on(server: Server) -> None:
    async with plain(server) as first:
        await line(first)
        async with plain(server) as second:
            await line(second)
            with Wire(server) as third:
                third.upgrade()
                assert third.text() == "You are connected! There are 3 users here."
                third.reset()

            await known_to_all(server)
            async with plain(server) as fourth:
                assert await line(fourth) == "You are connected! There are 3 users here."
                await first.send("still here")
                for socket in (first, second, fourth):
                    assert await line(socket) == "[user0]: still here"


async def test_who_leaves_by_a_close_frame_is_gone_at_once(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}"):
        pass
    await known_to_all(shared)
    async with plain(shared, f"?room={room}") as socket:
        assert await line(socket) == "You are connected! There are 1 users here."


async def test_500_simultaneous_connects_get_500_names(server: Server) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        sockets = await asyncio.gather(*(enter(plain(server)) for _ in range(500)))
        greetings = {await line(socket) for socket in sockets}
        counts = {f"You are connected! There are {n} users here." for n in range(1, 501)}
        # Who comes in on two nodes at one moment may be greeted with one number.
        assert greetings == counts if len(server.nodes) == 1 else greetings <= counts

        await known_to_all(server)
        await sockets[0].send("/who")
        count, _, names = (await line(sockets[0])).partition(": ")
        assert count == "* -- 500 in lobby"
        assert set(names.split(", ")) == {f"user{n}" for n in range(500)}

        posted = sockets[::50]
        for number, socket in enumerate(posted):
            await socket.send(str(number))
        lines = [await line(sockets[1]) for _ in posted]
        assert len({each.partition("]")[0] for each in lines}) == len(posted)
    eventually(lambda: metrics(server)["hubbub_users"] == 0, "all 500 are gone")


async def test_blank_lines_are_ignored(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        for blank in ("", " ", "\n", "\t \r\n", "\u3000"):
            await ann.send(blank)
        await ann.send("a line")

        assert await line(ann) == f"[ann-{room}]: a line"


async def test_a_text_in_fragments_is_one_message(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        await ann.send(["in ", "three ", "parts"])
        await ann.send("in one")

        assert await line(ann) == f"[ann-{room}]: in three parts"
        assert await line(ann) == f"[ann-{room}]: in one"


async def test_who_did_not_ask_sees_nobody_come_or_go(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        async with plain(shared, f"?room={room}") as other:
            await line(other)
            await other.send("/topic cheese")
            await line(other)
        await ann.send("the only line")

        assert await line(ann) == f"[ann-{room}]: the only line"


async def test_a_name_and_a_room_are_chosen_in_the_url(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}&name=Ann-{room}") as ann:
        assert await line(ann) == "You are connected! There are 1 users here."
        async with plain(shared, f"?room={room}&name=ANN-{room}") as other:
            assert await line(other) == "You are connected! There are 2 users here."
            assert await line(other) == f"! The name ANN-{room} is taken; take another."

            await other.send("hi")
            assert (await line(ann)).startswith("[user")


async def test_a_plain_client_asks_for_its_dialect_or_for_none(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}", subprotocols=["hubbub.text"]) as socket:
        assert socket.subprotocol == "hubbub.text"
        assert await line(socket) == "You are connected! There are 1 users here."
    async with plain(shared, f"?room={room}") as socket:
        assert socket.subprotocol is None


async def test_two_slashes_post_one(shared: Server, room: str) -> None:
    async with plain(shared, f"?room={room}&name=ann-{room}") as ann:
        await line(ann)
        await ann.send("//etc/passwd")

        assert await line(ann) == f"[ann-{room}]: /etc/passwd"


async def test_quit_says_bye_and_closes_with_1000(shared: Server, room: str) -> None:
    with Wire(shared) as wire:
        wire.upgrade(f"/chat?room={room}")
        wire.text()
        wire.send(0x1, b"/quit")
        assert wire.text() == "* -- Bye."
        assert wire.close_code() == 1000
        wire.send(0x9, b"anybody?")
        wire.send(0x8, b"\x03\xe8")

        assert wire.rest() == b"", "nothing follows a close frame"
