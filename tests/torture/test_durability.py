"""A trace of system calls: the log is synced before anyone is told that a message is stored."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.parts import need
from tests.torture.conftest import Launch
from tests.torture.figures import note
from tests.torture.sizes import at_most_s, sized
from tests.torture.survivor import Survivor, living, until_all

pytestmark = [pytest.mark.real, at_most_s(120)]

CLIENTS, MESSAGES = 4, sized(10, 200)
CALLS = "fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg"
LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)")


def trace(file: Path) -> list[str]:
    """The command that notes a program's writes and syncs, each line whole when it is over.

    What is written is noted in full. The tracer is the program's child, not its parent.
    """
    return [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-y",
        "-s",
        "65536",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(file),
    ]


def whole_calls(lines: list[str]) -> list[str]:
    """Each call where it ended, with its arguments, which stand where it began."""
    begun: dict[str, str] = {}
    calls = []
    for line in lines:
        thread, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.strip()
        elif " resumed>" in call:
            calls.append(begun.pop(thread, "") + call)
        else:
            calls.append(call.strip())
    return calls


async def test_a_sync_of_the_log_stands_before_each_acknowledgement(
    launch: Launch, tmp_path: Path
) -> None:
    need("strace")
    file = tmp_path / "trace"
    server = launch("--rate-limits", "off")
    server.program = [*trace(file), sys.executable, "-m", "hubbub"]
    await asyncio.to_thread(server.start)
    clients = [Survivor(server.port, f"client{n}", ["room"]) for n in range(CLIENTS)]
    async with living(clients):
        await until_all(clients, "at the beginning")
        for number in range(MESSAGES):
            for client in clients:
                await client.say("room", f"text-{client.name}-{number}-end")
            await asyncio.sleep(0.005)
        await until_all(clients, "everything is answered")
    server.terminate()

    calls = whole_calls(file.read_text(errors="replace").splitlines())
    waits = [synced_before(calls, nonce) for c in clients for nonce in c.promises.kept]
    assert len(waits) == CLIENTS * MESSAGES
    syncs = sum(call.startswith(("fsync(", "fdatasync(")) for call in calls)
    note("durability", "acknowledgements, each behind a sync of the log", len(waits))
    note("durability", "syncs", syncs)


def synced_before(calls: list[str], nonce: str) -> int:
    """Claims that the page with a message was written, then synced, then acknowledged."""
    client, _, number = nonce.rpartition("-")
    text = f"text-{client}-{number}-end"
    written = next(
        place
        for place, call in enumerate(calls)
        if call.startswith("pwrite64(") and "hubbub.db-wal>" in call and text in call
    )
    answer = f'\\"id\\":\\"{nonce}\\"'
    told = next(place for place, call in enumerate(calls) if "socket:[" in call and answer in call)
    synced = [
        place
        for place in range(written, told)
        if re.match(r"f(data)?sync\(\d+<.*hubbub\.db-wal>.*= 0$", calls[place])
    ]
    assert synced, (nonce, written, told)
    return told - written
