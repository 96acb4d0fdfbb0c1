"""Nodes behind the documented proxy are stopped and started one at a time, while people talk."""

import asyncio
import ssl
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import hubbub
from tests.cluster.conftest import MakeNodes
from tests.conftest import Server
from tests.test_deploy import DEPLOY, Haproxy

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

CLIENTS = 6
POSTS_AFTER_EACH = 20
LAST = "that is all"
FLAGS = ("--config", str(DEPLOY / "hubbub.toml"), "--registration", "open", "--guests", "on")


class Talker:
    """One who posts without pause, and what was acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.said: list[str] = []
        self.heard: list[str] = []
        self._more = asyncio.Condition()

    async def talk(self, chat: hubbub.Chat, enough: asyncio.Event) -> None:
        while not enough.is_set():
            text = f"{self.name} {len(self.said)}"
            await chat.post(text)
            async with self._more:
                self.said.append(text)
                self._more.notify_all()

    async def has_said(self, count: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.said) >= count)

    async def listen(self, chat: hubbub.Chat) -> None:
        async for event in chat:
            if isinstance(event, hubbub.Message):
                if event.text == LAST:
                    return
                self.heard.append(event.text)


async def test_a_rolling_restart_loses_nothing_and_says_nothing_twice(
    make_nodes: MakeNodes, tmp_path: Path
) -> None:
    nodes = make_nodes(3, *FLAGS)
    (tmp_path / "proxy").mkdir()
    proxy = Haproxy(tmp_path / "proxy")
    proxy.start([node.port for node in nodes.servers])
    tls = ssl.create_default_context(cafile=str(proxy.certificates.authority))
    talkers = [Talker(f"talker{number}") for number in range(CLIENTS)]

    async def restart(node: Server) -> None:
        before = [len(talker.said) for talker in talkers]
        assert await asyncio.to_thread(node.terminate) == 0
        await asyncio.to_thread(node.start)
        for talker, count in zip(talkers, before, strict=True):
            await talker.has_said(count + POSTS_AFTER_EACH)

    async def everybody_talks(stack: AsyncExitStack) -> None:
        url = f"https://127.0.0.1:{proxy.https}"
        chats = [
            await stack.enter_async_context(hubbub.connect(url, name=talker.name, tls=tls))
            for talker in talkers
        ]
        pairs = list(zip(talkers, chats, strict=True))
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for talker, chat in pairs:
                tasks.create_task(talker.listen(chat))
            talking = [tasks.create_task(talker.talk(chat, enough)) for talker, chat in pairs]
            for node in nodes.servers:
                await restart(node)
            enough.set()
            await asyncio.gather(*talking)
            await chats[0].post(LAST)

    try:
        async with AsyncExitStack() as stack:
            await everybody_talks(stack)
    finally:
        proxy.stop()

    said = Counter(text for talker in talkers for text in talker.said)
    for talker in talkers:
        assert Counter(talker.heard) == said
        assert talker.heard == talkers[0].heard, "one order for everybody"
