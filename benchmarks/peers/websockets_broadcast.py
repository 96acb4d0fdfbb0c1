"""The `websockets` library as its documentation has it: `broadcast` to all members of a room.

On uvloop, without compression: `python -m benchmarks.peers.websockets_broadcast PORT`.
"""

import asyncio
import sys
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def member(connection: ServerConnection) -> None:
    """Gives everything that one connection says to its room."""
    assert connection.request is not None, "the handshake is over"
    room = rooms[connection.request.path]
    room.add(connection)
    try:
        async for message in connection:
            broadcast(room, message)
    finally:
        room.discard(connection)


async def run(port: int) -> None:
    """Serves until it is killed."""
    listening = serve(member, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096)
    async with listening:
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
