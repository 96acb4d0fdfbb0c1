"""The port: the web application behind the gate, with TLS where there is a certificate."""

import asyncio
import errno
import ssl
from pathlib import Path

from aiohttp import web

from hubbub.errors import ConfigError, StartError
from hubbub.hub.rules.limits import Limits
from hubbub.hub.state.stats import Stats
from hubbub.transports.gate import Gate, Unupgraded

BACKLOG = 4096
# A browser that shows a page asks again within this time, or makes a new connection.
KEEP_ALIVE_S = 15.0
CLOSE_S = 0.2


class Listener:
    """Accepts connections."""

    def __init__(self, app: web.Application, limits: Limits, stats: Stats) -> None:
        self._limits = limits
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEP_ALIVE_S,
            shutdown_timeout=CLOSE_S,
        )
        self._pages = Unupgraded(limits.handshakes, stats)
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None) -> tuple[str, int]:
        """Begins to listen: on which address and port. Raises StartError."""
        limits = self._limits
        await self._runner.setup()
        library = self._runner.server
        assert library is not None, "the runner is set up"
        pages = self._pages

        def gate() -> Gate:
            return Gate(library, limits.handshake_timeout_s, pages)

        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                gate,
                host,
                port,
                ssl=tls,
                ssl_handshake_timeout=limits.handshake_timeout_s if tls else None,
                backlog=BACKLOG,
            )
        except OSError as error:
            await self._runner.cleanup()
            raise StartError(f"Cannot listen on {host}:{port}: {_why_not(error)}") from error
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    def stop(self) -> None:
        """Takes no new connections."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Ends those that are there; WebSockets have ended by now."""
        self._pages.abort_all()
        await self._runner.cleanup()


def tls_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What `tls_cert` and `tls_key` make; None without them. Raises ConfigError."""
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise ConfigError("tls_cert and tls_key: one needs the other; give both, or neither.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # A password would be asked for on the terminal, where nobody may be.
        context.load_cert_chain(cert, key, password="")
    except OSError as error:
        raise ConfigError(
            f"tls_cert = {cert}, tls_key = {key}: cannot be used ({error.strerror or error}); they "
            "must be a certificate and its key without a password, both PEM files that the server "
            "may read."
        ) from error
    return context


def _why_not(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use. Choose another with --port N (0 takes any free one)."
        case errno.EACCES:
            return "that port is the system's own. Choose one above 1023 with --port N."
        case _:
            why = error.strerror or str(error)
            return f"{why}. Choose an address of this machine with --host H."
