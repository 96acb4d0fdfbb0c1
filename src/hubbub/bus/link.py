"""One connection to a NATS server on nats-py, from its greeting to its end.

It is never mended: nats-py's own reconnecting gives up for ever on some errors, and hangs on a
connection that is half open while there is something to send. `NatsBus` makes another one.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nats.aio.client import Client, RawCredentials
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error
from structlog import get_logger

from hubbub.bus.address import Address, Server
from hubbub.bus.credentials import TlsContext, creds_text, nkey_seed
from hubbub.bus.interface import LARGEST
from hubbub.errors import ConnectionFailed, HubbubError, StartError

log = get_logger(__name__)

CONNECT_S = 5.0
STEP_S = 2
PING_S = 2
# A connection counts as dead after three pings that nobody answers.
UNANSWERED_PINGS = 2
SEND_BYTES = 2 * 1024 * 1024
"""What nats-py holds before a publication waits for the socket."""
LOOK_S = 1.0
FLUSH_S = 3600
CLOSE_S = 1.0


class _Ear(asyncio.Future[Msg]):
    """Hands over each message as it is parsed.

    nats-py sets the result of a subscription's future with each of its messages. Callbacks would
    have a task each, take twice the time, and hear what is said on two subjects in another order
    than it was published. A subscription costs 3.9 KB so, 5.0 KB with a callback.
    """

    def __init__(self, hear: Callable[[str, bytes], None]) -> None:
        super().__init__()
        self._call_soon = self.get_loop().call_soon
        self._hear = hear

    def set_result(self, result: Msg) -> None:
        """Hears of it once the parser is done; what goes wrong there is not the parser's."""
        self._call_soon(self._hear, result.subject, result.data)


class Link:
    """A connection to one server; `ended` is set when it is lost. Not to be opened twice."""

    def __init__(self, server: Server, address: Address, name: str) -> None:
        self.ended = asyncio.Event()
        self.subscriptions: dict[str, Subscription] = {}
        self._server = server
        self._address = address
        self._name = name
        self._client = Client()
        self._fault: BaseException | None = None
        self._faulty = asyncio.Event()
        self._ear: _Ear | None = None
        self._flushes: set[asyncio.Task[None]] = set()

    @property
    def alive(self) -> bool:
        """Whether it can be sent on, as far as is known."""
        return self._client.is_connected

    @property
    def why(self) -> str:
        """Why it ended."""
        fault = self._fault or self._client.last_error
        return "no answer" if fault is None else _plain(fault)

    async def open(self, context: TlsContext, hear: Callable[[str, bytes], None]) -> None:
        """Connects within `CONNECT_S`. Raises ConnectionFailed where the server is away, StartError
        where it refuses this node, ConfigError where a file cannot be used.
        """
        self._ear = _Ear(hear)
        connecting = asyncio.create_task(self._connect(context))
        faulty = asyncio.create_task(self._faulty.wait())
        try:
            # nats-py would go on trying by itself after an error.
            await asyncio.wait(
                (connecting, faulty), timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            faulty.cancel()
            in_time = connecting.done()
            await end(connecting)
        fault = self._fault
        if fault is None and not connecting.cancelled():
            fault = connecting.exception()
        if fault is None and not self.alive:
            fault = ConnectionResetError("it closed the connection") if in_time else TimeoutError()
        if fault is not None:
            raise self._explained(fault) from fault
        self._check_tls(context)
        if self._client.max_payload < LARGEST:
            raise StartError(
                f"The bus at {self._server.where} takes {self._client.max_payload} bytes at most; "
                f"set max_payload to {LARGEST} or more there."
            )

    async def _connect(self, context: TlsContext) -> None:
        context.used = False
        server = self._server
        user, token = (None, server.user) if server.password is None else (server.user, None)
        creds = creds_text(self._address.creds)

        def guarded(secret: str | None) -> Callable[[], str] | None:
            def told() -> str:
                self._check_tls(context)
                return secret or ""

            return None if secret is None else told

        await self._client.connect(
            f"nats://{server.where}",
            name=self._name,
            no_echo=True,
            user=guarded(user),
            password=guarded(server.password),
            token=guarded(token),
            user_credentials=None if creds is None else RawCredentials(creds),
            nkeys_seed_str=nkey_seed(self._address.nkey_seed),
            tls=context,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            closed_cb=self._on_closed,
            connect_timeout=STEP_S,
            ping_interval=PING_S,
            max_outstanding_pings=UNANSWERED_PINGS,
            pending_size=SEND_BYTES,
        )

    def _check_tls(self, context: TlsContext) -> None:
        if self._address.tls and not context.used:
            raise StartError(
                f"The bus at {self._server.where} speaks no TLS. Configure it there, or write "
                "nats:// without tls_ca and tls_cert in the bus's URL."
            )

    def _explained(self, fault: BaseException) -> HubbubError:
        at = f"The bus at {self._server.where}"
        match fault:
            case HubbubError():
                return fault
            case ssl.SSLCertVerificationError():
                return StartError(
                    f"{at} has a certificate that is not trusted ({fault.verify_message}); name "
                    "its authority with ?tls_ca=FILE in the bus's URL."
                )
            case ssl.SSLError() if "CERTIFICATE" in (fault.reason or "").upper():
                return StartError(
                    f"{at} wants another certificate of this node ({fault.reason}); name it with "
                    "?tls_cert=FILE&tls_key=FILE in the bus's URL."
                )
            case Error() if "auth" in str(fault).lower():
                return StartError(
                    f"{at} refuses this node ({_plain(fault)}); check the user and the password, "
                    "the token, creds or nkey_seed in the bus's URL."
                )
            case TimeoutError():
                return ConnectionFailed(f"{at} does not answer.")
            case OSError():
                return ConnectionFailed(f"{at} is away: {fault.strerror or fault}.")
            case _:
                return ConnectionFailed(f"{at} is away: {_plain(fault)}.")

    async def listen(self, subject: str) -> None:
        """Subscribes, once."""
        if subject not in self.subscriptions:
            with suppress(Error, OSError):  # it is lost, then
                subscribing = self._client.subscribe(subject, future=self._ear)
                self.subscriptions[subject] = await subscribing

    async def unlisten(self, subject: str) -> None:
        """Ends a subscription, where there is one."""
        subscription = self.subscriptions.pop(subject, None)
        if subscription is not None:
            with suppress(Error, OSError):
                await subscription.unsubscribe()

    async def publish(self, subject: str, data: bytes) -> bool:
        """Hands it to nats-py, and waits while that holds too much; False where it is lost."""
        try:
            await self._client.publish(subject, data)
        except (Error, OSError):
            return False
        return True

    async def flush(self, timeout: float) -> bool:
        """Whether the server has taken what was sent before, within so many seconds."""
        flushing = asyncio.create_task(self._flush())
        self._flushes.add(flushing)
        flushing.add_done_callback(self._flushes.discard)
        ended = asyncio.create_task(self.ended.wait())
        try:
            # Not cancelled: a PONG for one that nobody waits for any more ends nats-py's reading.
            await asyncio.wait(
                (flushing, ended), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ended.cancel()
        return flushing.done() and self.alive

    async def _flush(self) -> None:
        # Twice: nats-py's PING overtakes the commands that it has not yet written.
        with suppress(Error, OSError):
            await self._client.flush(FLUSH_S)
            await self._client.flush(FLUSH_S)

    async def wait_ended(self) -> None:
        """Returns when it is lost."""
        while self.alive and not self.ended.is_set():
            # Looks too: nats-py may tell of an end late, or not at all.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), LOOK_S)
        self.ended.set()

    async def close(self) -> None:
        """Ends it, within `CLOSE_S`."""
        self.ended.set()
        await asyncio.gather(*map(end, self._flushes))
        closing = asyncio.create_task(self._close())
        await asyncio.wait((closing,), timeout=CLOSE_S)
        closing.cancel()

    async def _close(self) -> None:
        with suppress(Error, OSError):
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            log.error("the bus does not allow that", error=_plain(error), server=self._server.where)
            return
        self._fault = error
        self._faulty.set()

    async def _on_disconnected(self) -> None:
        self.ended.set()
        if not self._client.is_closed:
            # Where this returns, nats-py connects again.
            await asyncio.get_running_loop().create_future()

    async def _on_closed(self) -> None:
        self.ended.set()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels until it ends: nats-py and `wait_for` sometimes swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=CLOSE_S)


def _plain(error: BaseException) -> str:
    return str(error).removeprefix("nats: ").strip("' ") or type(error).__name__
