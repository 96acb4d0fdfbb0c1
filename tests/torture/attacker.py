"""Somebody rude, in a process of its own: `python -m tests.torture.attacker KIND PORT SECONDS N`.

It comes from 127.0.0.2, so that the server tells it from the others, and prints what it did.
"""

import asyncio
import json
import resource
import socket
import sys
import time
from collections import Counter
from contextlib import suppress

from tests.torture.wire import Wire, decode, dial
from tests.wire import TEXT, masked, upgrade_request

ADDRESS = "127.0.0.2"
OUT_OF_HANDSHAKE_S = 0.05


async def full_speed(port: int, for_s: float, _: int) -> Counter[str]:
    """Posts as fast as it can, reads nothing of what it is told, and comes back when cut."""
    done: Counter[str] = Counter()
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        try:
            await _flood(port, end_s, done)
        except (OSError, TimeoutError):
            done["refused or cut"] += 1
            await asyncio.sleep(OUT_OF_HANDSHAKE_S)
    return done


async def _flood(port: int, end_s: float, done: Counter[str]) -> None:
    def take(data: bytes) -> None:
        frame = decode(data)
        done[f"told {frame.code}" if frame.type == "error" else f"got {frame.type}"] += 1

    wire = await dial(port, take, source=ADDRESS)
    wire.send(type="hello", id="hello", rooms={"flooded": None})
    done["connects"] += 1
    number = 0
    while time.monotonic() < end_s and not wire.lost.done():
        frames = []
        for _ in range(100):
            number += 1
            nonce = f"{time.monotonic_ns()}-{number}"
            request = {"type": "post", "room": "flooded", "text": "x" * 100, "nonce": nonce}
            frames.append(masked(TEXT, json.dumps(request).encode()))
        wire.write(b"".join(frames))
        done["sent"] += len(frames)
        await wire.drained()
    done[f"closed with {wire.lost.result()}" if wire.lost.done() else "stayed"] += 1
    wire.cut()


async def connects(port: int, for_s: float, count: int) -> Counter[str]:
    """Opens so many WebSockets in the time, evenly, each with a hello, and keeps them."""
    done: Counter[str] = Counter()
    wires: list[Wire] = []
    begin_s = time.monotonic()

    async def one() -> None:
        try:
            wire = await dial(port, lambda _: done.update(["answers"]), source=ADDRESS)
        except (OSError, TimeoutError):
            done["refused"] += 1
            return
        wires.append(wire)
        wire.send(type="hello", id="hello", rooms={})
        done["connected"] += 1

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(begin_s + number * for_s / count - time.monotonic())
            group.create_task(one())
    done["seconds"] = round(time.monotonic() - begin_s)
    for wire in wires:
        wire.cut()
    return done


async def half_open(port: int, for_s: float, count: int) -> Counter[str]:
    """Opens so many connections, sends half a request on each, and waits."""
    done: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    plugs: list[socket.socket] = []
    head = upgrade_request("/chat")[:-2]
    begin_s = time.monotonic()
    for number in range(count):
        plug = socket.socket()
        plug.setblocking(False)
        plug.bind((ADDRESS, 0))
        plugs.append(plug)
        try:
            async with asyncio.timeout(5.0):
                await loop.sock_connect(plug, ("127.0.0.1", port))
                await loop.sock_sendall(plug, head)
            done["opened"] += 1
        except (OSError, TimeoutError):
            done["refused"] += 1
        await asyncio.sleep(begin_s + number * for_s / count * 0.8 - time.monotonic())
    await asyncio.sleep(begin_s + for_s - time.monotonic())
    for plug in plugs:
        with suppress(OSError):
            done["cut by the server"] += plug.recv(1) == b""
        plug.close()
    return done


KINDS = {"full_speed": full_speed, "connects": connects, "half_open": half_open}


def main(kind: str, port: str, for_s: str, count: str) -> None:
    """One attack."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    done = asyncio.run(KINDS[kind](int(port), float(for_s), int(count)))
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
