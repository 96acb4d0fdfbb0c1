"""A million frames and requests that make no sense: no crash, no hang, no growth."""

import asyncio
import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.deadline import within
from tests.torture.conftest import Launch
from tests.torture.crowd import Member
from tests.torture.figures import latency, note, open_files, resident_mib
from tests.torture.nonsense import Nonsense
from tests.torture.sizes import SEED, at_most_s, sized
from tests.torture.waiting import until
from tests.wire import PING, eventually, masked, metrics, said_nothing_wrong, upgrade_request

pytestmark = [pytest.mark.real, at_most_s(600)]

WARM_UP, EXAMPLES, FUZZERS = sized((1_000, 4_000, 24), (150_000, 1_000_000, 64))
HANG_S = 20.0
# 40 bytes kept for each example of the long form would be more.
GROWTH_MIB = 32
# Readers of the log that were not needed before, each with its files.
MORE = 12
# Of the connections; a request is one example, a WebSocket has dozens.
HTTP_SHARE = 0.5
BATCH = 40
ENV = {
    "HUBBUB_FRAME_BYTES": "4096",
    "HUBBUB_TEXT_BYTES": "512",
    "HUBBUB_PAGE_BYTES": "16384",
    "HUBBUB_RESUME_EVENTS": "50",
    "HUBBUB_EMPTY_ROOMS": "10",
}


@dataclass
class Fuzzer:
    """Throws examples at a server, a connection after the other."""

    port: int
    nonsense: Nonsense
    thrown: Counter[str]

    async def throw(self, wanted: int) -> None:
        """Goes on until so many were thrown in all."""
        while self.thrown.total() < wanted:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                async with within(HANG_S):
                    if self.nonsense.chance.random() < HTTP_SHARE:
                        await self._request(reader, writer)
                    else:
                        await self._frames(reader, writer, wanted)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            except TimeoutError:
                raise AssertionError("the server has left this connection hanging") from None
            finally:
                writer.transport.abort()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.thrown["HTTP requests"] += 1
        head = self.nonsense.head()
        writer.write(head)
        answer = await hear_out(reader, writer)
        assert answer == b"" or answer.startswith((b"HTTP/1.", b"\x15")), answer[:80]
        assert b" 500 " not in answer[:16], head

    async def _frames(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: int
    ) -> None:
        json_dialect = self.nonsense.chance.random() < 0.7
        kind = "JSON frames" if json_dialect else "plain frames"
        writer.write(upgrade_request("/chat", "hubbub.v1" if json_dialect else None))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        if json_dialect and self.nonsense.chance.random() < 0.9:
            writer.write(masked(1, b'{"type": "hello", "rooms": {"lobby": null}}'))
        while self.thrown.total() < wanted:
            lives = True
            for _ in range(BATCH):
                frame, lives = self.nonsense.frame(json_dialect=json_dialect)
                writer.write(frame)
                self.thrown[kind] += 1
                if not lives:
                    break
            if not lives:
                await hear_out(reader, writer)
                return
            if not await in_step(reader, writer, self.thrown.total()):
                return


async def hear_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Sends nothing more, and reads up to the end; what came first."""
    if writer.can_write_eof():
        writer.write_eof()
    first = await reader.read(1 << 16)
    while await reader.read(1 << 16):
        pass
    return first


async def in_step(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
    """Waits until everything sent was handled; False where the server ended the connection."""
    mark = b"in step %d." % number
    writer.write(masked(PING, mark))
    tail = b""
    while data := await reader.read(1 << 16):
        tail += data
        if mark in tail:
            return True
        tail = tail[-len(mark) :]
    return False


async def stand_by(member: Member) -> None:
    """Says something ten times a second, all the time."""
    while True:
        member.say()
        await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Holdings:
    """What a server has in hand."""

    resident_mib: float
    tasks: int
    files: int
    connections: int


async def holdings(server: Server, tasks: Path) -> Holdings:
    """What it has when nobody but the bystander is there."""

    def alone() -> bool:
        counted = metrics(server)
        return counted["hubbub_connections"] == 1 and counted["hubbub_handshakes"] <= 1

    await until(alone, lambda: metrics(server)["hubbub_connections"], 20.0)
    resident, files = resident_mib(server.pid), open_files(server.pid)
    return Holdings(resident, await asyncio.to_thread(count_tasks, server, tasks), files, 1)


def count_tasks(server: Server, file: Path) -> int:
    """Asks the launcher how many tasks the server has."""
    file.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    eventually(file.exists, "the launcher has counted the tasks")
    return int(file.read_text())


async def test_nonsense_leaves_the_server_as_it_was(launch: Launch, tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    server = launch("--rate-limits", "off", env={**ENV, "TORTURE_TASKS": str(tasks)})
    await asyncio.to_thread(server.start)
    pid = server.pid
    bystander = Member("bystander", "calm")
    await bystander.enter(server.port)
    standing_by = asyncio.create_task(stand_by(bystander))
    thrown: Counter[str] = Counter()
    fuzzers = [Fuzzer(server.port, Nonsense(SEED + n), thrown) for n in range(FUZZERS)]

    loop = asyncio.get_running_loop()
    await asyncio.gather(*(fuzzer.throw(WARM_UP) for fuzzer in fuzzers))
    before = await holdings(server, tasks)
    began_s = loop.time()
    await asyncio.gather(*(fuzzer.throw(EXAMPLES) for fuzzer in fuzzers))
    took_s = loop.time() - began_s
    after = await holdings(server, tasks)

    standing_by.cancel()
    await until(lambda: heard(bystander), lambda: "the bystander waits", HANG_S)
    assert bystander.wire is not None
    bystander.wire.cut()
    assert server.pid == pid
    assert after.resident_mib - before.resident_mib < GROWTH_MIB
    assert after.tasks <= before.tasks + MORE
    assert after.files <= before.files + MORE
    assert bystander.refused == 0
    assert max(bystander.latencies_s) < HANG_S
    assert faults(server) == {}
    note("fuzz", f"thrown (TORTURE_SEED={SEED})", dict(thrown))
    note("fuzz", "a second", f"{(EXAMPLES - WARM_UP) / took_s:.0f}")
    note("fuzz", f"held after {WARM_UP}", before)
    note("fuzz", f"held after {thrown.total()}", after)
    note("fuzz", "a bystander's messages, all delivered", latency(bystander.latencies_s))


def faults(server: Server) -> dict[str, str]:
    """What the server's log tells of faults of its own: the last line and the end of each kind."""
    lines = [line for line in server.log_text().splitlines() if '"error"' in line]
    exceptions = [json.loads(line).get("exception", line).strip() for line in lines]
    kinds = {each.rpartition("\n")[2]: each[-3000:] for each in exceptions}
    if not kinds:
        said_nothing_wrong(server)
    return kinds


def heard(member: Member) -> bool:
    """Whether all that the member said came back."""
    return len(member.latencies_s) == member.said
