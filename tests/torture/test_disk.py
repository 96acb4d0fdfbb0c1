"""A disk that is full in mid-load: refusals, reads that go on, and recovery by itself."""

import asyncio
import contextlib
import os
import random
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import Server
from tests.torture.checker import check_finds_nothing, read_log, verify
from tests.torture.conftest import Launch
from tests.torture.figures import latency, note
from tests.torture.sizes import SEED, at_most_s, sized
from tests.torture.survivor import Survivor, living, until_all
from tests.torture.waiting import until
from tests.torture.wire import decode, dial
from tests.wire import metrics

pytestmark = [pytest.mark.real, at_most_s(240)]

ROUNDS, CLIENTS, FULL_S, FREE_S = sized((1, 4, 0.4, 0.2), (10, 10, 2.0, 2.0))
ROOMS = ["room0", "room1"]
TEXT_BYTES = 2000
# The server's own output stays below it.
LIMIT_BYTES = 256 * 1024
DISK_MIB = 600
SETTLE_S = 20.0


class Disk(Protocol):
    """Something that can be full for a while."""

    def fill(self) -> None:
        """Leaves no space for the log."""

    def free(self) -> None:
        """Gives it back."""


class Limit:
    """The limit of file sizes of a running process, which the kernel answers with EFBIG."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def fill(self) -> None:
        """Nothing may be written past this size any more."""
        self._set(LIMIT_BYTES)

    def free(self) -> None:
        """Any size is right."""
        self._set(resource.RLIM_INFINITY)

    def _set(self, size: int) -> None:
        hard = resource.RLIM_INFINITY
        resource.prlimit(self._server.pid, resource.RLIMIT_FSIZE, (size, hard))


class Tmpfs:
    """A small file system, which says ENOSPC; something else fills it and goes again."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Writes until nothing more goes in."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Deletes that."""
        self._ballast.unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A tmpfs; the test is left out where it may not be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("left out: a tmpfs may not be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def disk_of(kind: str, server: Server, folder: Path) -> Iterator[Disk]:
    """The disk under the server's log."""
    if kind == "limit":
        yield Limit(server)
        return
    with mounted(folder) as disk:
        server.data = disk / "data"
        yield Tmpfs(disk)
        server.kill()


async def talk(client: Survivor, chance: random.Random) -> None:
    """Says long things without end."""
    while True:
        number = len(client.promises.said)
        text = f"{client.name} {number} ".ljust(TEXT_BYTES, "x")
        await client.say(chance.choice(ROOMS), text)
        await asyncio.sleep(0.005)


async def look(port: int, waits_s: list[float]) -> None:
    """Reads a room's history again and again, without posting. Fails where that is refused."""
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[str] = asyncio.Queue()

    def take(data: bytes) -> None:
        frame = decode(data)
        if frame.id is not None:
            answers.put_nowait(frame.type)

    wire = await dial(port, take)
    wire.send(type="hello", id="hello", rooms={"room0": None})
    assert await answers.get() == "welcome"
    try:
        while True:
            began_s = loop.time()
            wire.send(type="history", id="page", room="room0", after=0, limit=50)
            assert await answers.get() == "ok"
            waits_s.append(loop.time() - began_s)
            await asyncio.sleep(0.02)
    finally:
        wire.cut()


@pytest.mark.parametrize("kind", sized(["limit"], ["limit", "tmpfs"]))
async def test_a_full_disk_refuses_posts_and_nothing_else(
    launch: Launch, tmp_path: Path, kind: str
) -> None:
    server = launch("--rate-limits", "off")
    with disk_of(kind, server, tmp_path / "disk") as disk:
        await asyncio.to_thread(server.start)
        pid = server.pid
        clients = [Survivor(server.port, f"client{n}", ROOMS) for n in range(CLIENTS)]
        waits_s: list[float] = []
        async with living(clients) as group:
            await until_all(clients, "at the beginning")
            chance = random.Random(SEED)
            talks = [group.create_task(talk(client, chance)) for client in clients]
            looking = group.create_task(look(server.port, waits_s))
            refused, recoveries_s = await fill_and_free(disk, clients, waits_s)
            for each in talks:
                each.cancel()
            await until_all(clients, "after the last time")
            looking.cancel()
        assert server.pid == pid
        failures = metrics(server)["hubbub_commit_failures_total"]
        server.kill()
        log = read_log(server.data)
        check_finds_nothing(server.data)
    verify(log, [c.witness for c in clients], {c.user_id: c.promises for c in clients})
    assert set().union(*(client.refusals for client in clients)) == {"unavailable"}
    assert "Traceback" not in server.log_text()
    name = f"disk, {kind}"
    note(name, "times full, messages stored", f"{ROUNDS}, {sum(map(len, log.values()))}")
    note(name, "commits that failed, requests refused", f"{failures:.0f}, {refused}")
    note(name, "from space to the next answer", latency(recoveries_s))
    note(name, "pages of history meanwhile, none refused", latency(waits_s))
    note(name, "lost, doubled, holes; hubbub check", "0, 0, 0; ok")


async def fill_and_free(
    disk: Disk, clients: list[Survivor], waits_s: list[float]
) -> tuple[int, list[float]]:
    """The rounds: how many requests were refused, and how long each recovery took."""
    loop = asyncio.get_running_loop()

    def refused() -> int:
        return sum(client.refusals.total() for client in clients)

    def kept() -> int:
        return sum(len(client.promises.kept) for client in clients)

    recoveries_s = []
    for _ in range(ROUNDS):
        await asyncio.sleep(FREE_S)
        before = refused()
        disk.fill()
        await until(lambda b=before: refused() > b, lambda: "nothing is refused", SETTLE_S)
        await asyncio.sleep(FULL_S)
        stored, pages = kept(), len(waits_s)
        await asyncio.sleep(FULL_S)
        assert len(waits_s) > pages, "history is not answered"
        disk.free()
        freed_s = loop.time()
        await until(lambda s=stored: kept() > s, lambda: "nothing is stored", SETTLE_S)
        recoveries_s.append(loop.time() - freed_s)
    return refused(), recoveries_s
