"""The port before the nodes of a trial cluster, before nodes that do as they are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hubbub.errors import StartError
from hubbub.trial.front import HOST, NOBODY, WAITING_BYTES, Front, Node
from tests.conftest import free_port

pytestmark = pytest.mark.real

ONE_READ_BYTES = 256 * 1024
MUCH_BYTES = 64 * 1024 * 1024

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def names_itself(name: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name)
        writer.close()

    return serve


@asynccontextmanager
async def fronted(*nodes: Serve) -> AsyncIterator[tuple[Front, int, list[Node]]]:
    servers = [await asyncio.start_server(serve, HOST, 0) for serve in nodes]
    known = [Node(server.sockets[0].getsockname()[1]) for server in servers]
    front = Front(known)
    port = await front.open(0)
    try:
        yield front, port, known
    finally:
        await front.close()
        for server in servers:
            server.close()


async def read_all(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    found = await reader.read()
    writer.close()
    return found


async def test_each_new_connection_gets_the_next_node() -> None:
    async with fronted(names_itself(b"a"), names_itself(b"b")) as (_, port, _nodes):
        found = [await read_all(port) for _ in range(4)]

    assert sorted(found[:2]) == [b"a", b"b"]
    assert found[2:] == found[:2]


async def test_a_node_that_does_not_answer_is_passed_over_until_it_is_well_again() -> None:
    async with fronted(names_itself(b"a"), names_itself(b"b")) as (_, port, nodes):
        here, nodes[0].port = nodes[0].port, free_port()
        assert {await read_all(port) for _ in range(4)} == {b"b"}
        assert not nodes[0].well

        nodes[0].port, nodes[0].well = here, True
        assert {await read_all(port) for _ in range(2)} == {b"a", b"b"}


async def test_where_no_node_is_well_one_is_told_so() -> None:
    async with fronted(names_itself(b"a")) as (_, port, nodes):
        nodes[0].well = False
        assert await read_all(port) == NOBODY


async def test_one_who_has_said_all_still_hears_the_answer() -> None:
    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read()
        writer.write(f"{len(said)} bytes".encode())
        writer.close()

    async with fronted(counts) as (_, port, _nodes):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"x" * 1000)
        writer.write_eof()
        assert await reader.read() == b"1000 bytes"
        writer.close()


async def test_what_is_not_read_is_not_taken_and_nothing_of_it_is_lost() -> None:
    may_read = asyncio.Event()
    total: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        size = 0
        while part := await reader.read(1 << 20):
            size += len(part)
        total.set_result(size)
        writer.close()

    async with fronted(slow) as (front, port, _nodes):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"x" * MUCH_BYTES)
        writer.write_eof()
        before = -1
        # Until the system's own buffers are full, too.
        while (left := writer.transport.get_write_buffer_size()) != before:
            before = left
            await asyncio.sleep(0.2)
        assert left > MUCH_BYTES / 2
        (client,) = front.clients
        upstream = client.get_protocol().other  # type: ignore[attr-defined]
        waiting = upstream.transport.get_write_buffer_size()
        assert 0 < waiting <= WAITING_BYTES + ONE_READ_BYTES

        may_read.set()
        assert await total == MUCH_BYTES
        writer.close()


async def test_when_a_node_is_gone_its_client_is_let_go() -> None:
    async def greets_and_dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.transport.abort()

    async with fronted(greets_and_dies) as (front, port, _nodes):
        reader, writer = await asyncio.open_connection(HOST, port)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()
        while front.clients:  # noqa: ASYNC110 (a few turns of the loop)
            await asyncio.sleep(0)


async def test_a_port_in_use_is_said_with_what_to_do() -> None:
    async with fronted(names_itself(b"a")) as (_, port, _nodes):
        with pytest.raises(StartError, match=f"{port}: the port is in use. Choose another"):
            await Front([]).open(port)
