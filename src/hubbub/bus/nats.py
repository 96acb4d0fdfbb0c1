"""A bus on a NATS server or a cluster of them (https://docs.nats.io), by nats-py."""

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from structlog import get_logger

from hubbub.bus.address import Address, Server
from hubbub.bus.credentials import TlsContext, creds_text, nkey_seed, tls_context
from hubbub.bus.interface import LARGEST, Heard
from hubbub.bus.link import Link, end
from hubbub.bus.subjects import is_subject
from hubbub.errors import ConfigError, ConnectionFailed, HubbubError, StartError

log = get_logger(__name__)

START_S = 3.0
SETTLE_S = 1.0
"""Whoever comes in waits no longer for a bus that stands still: the log has what is missed."""
RESUBSCRIBE_S = 5.0
RESTORE_S = 15.0
LAST_S = 1.0
AGAIN_S = (0.1, 0.7)
"""Between two attempts, drawn anew so that nodes do not come all at once."""
OUTBOX_BYTES = 8 * 1024 * 1024
ITEM_BYTES = 128
AT_ONCE = 200


class NatsBus:
    """One node's end; see `hubbub.bus.interface.Bus`.

    `dropped` counts the publications that reached nobody, `losses` the lost connections.
    """

    def __init__(
        self,
        address: Address,
        prefix: str,
        name: str = "hubbub",
        *,
        start_s: float = START_S,
        outbox_bytes: int = OUTBOX_BYTES,
    ) -> None:
        assert is_subject(prefix), prefix
        self.dropped = 0
        self.losses = 0
        self._address = address
        self._prefix = prefix + "."
        self._name = name
        self._start_s = start_s
        self._outbox_limit = outbox_bytes
        self._heard: Heard | None = None
        self._back: Callable[[], None] | None = None
        self._begun = False
        self._link: Link | None = None
        self._running: asyncio.Task[None] | None = None
        self._subjects: dict[str, None] = {}
        self._changed: dict[str, None] = {}  # those whose subscription is to be made or ended
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._outbox_bytes = 0
        self._outbox_was_full = False
        self._work = asyncio.Event()
        self._written = asyncio.Event()  # nothing is left of `_changed`
        self._outage = _Outage()

    @property
    def connected(self) -> bool:
        """Whether what is published now can reach others."""
        return self._link is not None and self._link.alive

    async def start(self, heard: Heard, back: Callable[[], None]) -> None:
        """Connects, or goes on trying in the background after `start_s`. Raises ConfigError,
        StartError.
        """
        self._heard, self._back = heard, back
        context = tls_context(self._address)
        creds_text(self._address.creds)
        nkey_seed(self._address.nkey_seed)
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(context, first))
        await asyncio.wait((first,), timeout=self._start_s)
        self._begun = True
        if first.done():
            first.result()

    def publish(self, subject: str, data: bytes) -> None:
        """Puts it into the outbox: 1 µs. It is lost where the bus is away or the outbox full."""
        assert is_subject(subject), subject
        size = len(data) + ITEM_BYTES
        if self._link is None or not self._link.alive:
            self.dropped += 1
        elif len(data) > LARGEST:
            self.dropped += 1
            log.error("too large for the bus", subject=subject, bytes=len(data), largest=LARGEST)
        elif self._outbox_bytes + size > self._outbox_limit:
            self.dropped += 1
            if not self._outbox_was_full:
                self._outbox_was_full = True
                log.warning("the bus takes too little", waiting_bytes=self._outbox_bytes)
        else:
            self._outbox.append((subject, data))
            self._outbox_bytes += size
            self._work.set()

    async def push(self) -> None:
        """See Bus. The writer below has its turns, and one more is nats-py's, which gives it to the
        socket.
        """
        waiting = len(self._outbox) + 1
        while len(self._outbox) < waiting:
            waiting = len(self._outbox)
            await asyncio.sleep(0)

    def subscribe(self, subject: str) -> None:
        """Hears that subject, also after a reconnection."""
        assert is_subject(subject), subject
        if subject not in self._subjects:
            self._subjects[subject] = None
            self._change(subject)

    def unsubscribe(self, subject: str) -> None:
        """Hears it no longer."""
        if subject in self._subjects:
            del self._subjects[subject]
            self._change(subject)

    def _change(self, subject: str) -> None:
        self._changed[subject] = None
        self._written.clear()
        self._work.set()

    async def settle(self) -> None:
        """Returns when the server has made the subscriptions, or after twice `SETTLE_S`."""
        link = self._link
        if link is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._written.wait(), SETTLE_S)
            await link.flush(SETTLE_S)

    async def close(self) -> None:
        """Ends it; what is in the outbox is sent within `LAST_S`."""
        if self._running is None:
            return
        link = self._link
        if link is not None and link.alive:
            last = asyncio.create_task(self._send_last(link))
            await asyncio.wait((last,), timeout=LAST_S)
            last.cancel()
        self._running.cancel()
        await asyncio.wait((self._running,))
        self._heard = self._back = None

    async def _send_last(self, link: Link) -> None:
        await self._write_outbox(link)
        await link.flush(LAST_S)

    async def _run(self, context: TlsContext, first: asyncio.Future[None]) -> None:
        """Connects, serves the connection, and begins again; ends when it is cancelled."""
        servers = list(self._address.servers)
        random.shuffle(servers)  # so that the nodes spread over the servers
        for server in itertools.cycle(servers):
            link = Link(server, self._address, self._name)
            try:
                await self._connect(link, context)
                self._tell_connected(server, first)
                await self._serve(link)
                self._outage.lost(link.why, server)
                self.losses += 1
            except ConnectionFailed as error:
                self._outage.failed(error)
            except (ConfigError, StartError) as error:
                if not self._begun:
                    first.set_exception(error)
                    return
                self._outage.refused(error)
            except Exception as error:
                log.exception("the bus failed", fault=type(error).__name__, server=server.where)
            finally:
                await link.close()
            await asyncio.sleep(random.uniform(*AGAIN_S))  # noqa: S311

    async def _connect(self, link: Link, context: TlsContext) -> None:
        await link.open(context, self._hear)
        restoring = asyncio.create_task(self._restore(link))
        try:
            await asyncio.wait((restoring,), timeout=RESTORE_S)
        finally:
            in_time = restoring.done()
            await end(restoring)
        if not in_time or not restoring.result():
            raise ConnectionFailed(f"The bus was lost at once ({link.why}).")

    async def _restore(self, link: Link) -> bool:
        """Makes all subscriptions on a new connection; False where it is lost meanwhile."""
        self._changed.clear()
        for number, subject in enumerate(list(self._subjects), 1):
            await link.listen(self._prefix + subject)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return await link.flush(RESUBSCRIBE_S)

    def _tell_connected(self, server: Server, first: asyncio.Future[None]) -> None:
        self._outage.over(server)
        if not self._begun:
            self._begun = True
            first.set_result(None)
        elif self._back is not None:
            asyncio.get_running_loop().call_soon(self._back)

    async def _serve(self, link: Link) -> None:
        """Sends what is to be sent until the connection is lost."""
        self._link = link
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(self._write(link))
                await link.wait_ended()
                writing.cancel()
        finally:
            self._link = None
            self._written.set()
            self.dropped += len(self._outbox)
            self._outbox.clear()
            self._outbox_bytes = 0

    async def _write(self, link: Link) -> None:
        self._work.set()
        while not link.ended.is_set():
            await self._work.wait()
            self._work.clear()
            await self._write_changes(link)
            await self._write_outbox(link)

    async def _write_changes(self, link: Link) -> None:
        while self._changed and not link.ended.is_set():
            subject, _ = self._changed.popitem()
            if subject in self._subjects:
                await link.listen(self._prefix + subject)
            else:
                await link.unlisten(self._prefix + subject)
        self._written.set()

    async def _write_outbox(self, link: Link) -> None:
        sent = 0
        while self._outbox and not link.ended.is_set():
            subject, data = self._outbox.popleft()
            self._outbox_bytes -= len(data) + ITEM_BYTES
            if not await link.publish(self._prefix + subject, data):
                self.dropped += 1
            sent += 1
            if sent % AT_ONCE == 0:
                await asyncio.sleep(0)  # nats-py's own writer is a task too
        self._outbox_was_full = False

    def _hear(self, subject: str, data: bytes) -> None:
        subject = subject[len(self._prefix) :]
        if self._heard is not None and subject in self._subjects:
            self._heard(subject, data)


class _Outage:
    """Tells the log once of each: the bus is away, it refuses this node, it is there again."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._refused = False

    def lost(self, why: str, server: Server) -> None:
        """A connection has ended."""
        self._since = time.monotonic()
        log.warning("lost the bus", server=server.where, why=why)

    def failed(self, error: ConnectionFailed) -> None:
        """No connection came about."""
        if self._since is None:
            self._since = time.monotonic()
            log.warning("the bus is away", error=str(error))

    def refused(self, error: HubbubError) -> None:
        """Somebody has to do something."""
        self._since = self._since or time.monotonic()
        if not self._refused:
            self._refused = True
            log.error("the bus refuses this node", error=str(error))

    def over(self, server: Server) -> None:
        """There is a connection."""
        if self._since is None:
            log.info("on the bus", server=server.where)
        else:
            away_s = round(time.monotonic() - self._since, 1)
            log.info("on the bus again", server=server.where, away_s=away_s)
        self._since, self._refused = None, False
