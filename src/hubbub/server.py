"""Assembly: settings in, a running server out, and its orderly end."""

import asyncio
import contextlib
import errno
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import web
from aiohttp.log import server_logger
from structlog import get_logger

from hubbub import __version__
from hubbub.config import Settings
from hubbub.errors import StartError
from hubbub.hub.hub import Hub
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.interface import Storage
from hubbub.transports.http import PEERS_FAULTS, Pages
from hubbub.transports.websocket import WebSockets, echo

log = get_logger(__name__)

GOING_AWAY = 1001


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections: where, and where its log is."""

    host: str
    port: int
    log_url: str
    settings: Settings


def run(settings: Settings, announce: Callable[[Running], None]) -> None:
    """Serves until SIGTERM or SIGINT. Raises StartError, StorageError.

    `announce` is called once, when the server accepts connections.
    """
    uvloop.run(serve(settings, announce))


async def serve(settings: Settings, announce: Callable[[Running], None]) -> None:
    """The same, on a running loop."""
    _raise_file_limit(settings.max_connections)
    url, storage = _open_log(settings)
    hub = Hub(
        storage,
        settings,
        server_name=settings.server_name,
        version=__version__,
        default_room=settings.default_room,
        rate_limits=settings.rate_limits,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    started = asyncio.Event()
    serving = asyncio.create_task(hub.run(started))
    waiting = asyncio.create_task(started.wait())
    sockets = WebSockets(hub, rate_limits=settings.rate_limits)
    pages = Pages(hub, settings.server_name)
    try:
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        runner = await _listen(settings, sockets, pages)
    except BaseException:
        waiting.cancel()
        hub.stop()
        await asyncio.gather(serving, return_exceptions=True)
        hub.log.close()
        raise
    host, port = runner.addresses[0][:2]
    announce(Running(host, port, url, settings))
    log.info("listening", host=host, port=port, log=url, durability=settings.durability)
    pinging = asyncio.create_task(sockets.keep_alive())
    asking = asyncio.create_task(stopping.wait())
    # The hub's own task never ends by itself: if it does, there is no server any more.
    await asyncio.wait((asking, serving), return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", connections=len(sockets))
    pages.draining = True
    for site in list(runner.sites):
        await site.stop()
    hub.stop()
    await asyncio.gather(serving, return_exceptions=True)
    await sockets.close_all(GOING_AWAY, "the server is going away", settings.drain_s)
    for task in (pinging, asking):
        task.cancel()
    await asyncio.gather(pinging, asking, return_exceptions=True)
    await runner.cleanup()
    hub.log.close()
    log.info("stopped")
    if serving.done() and not serving.cancelled() and (fault := serving.exception()) is not None:
        raise fault


def _open_log(settings: Settings) -> tuple[str, Storage]:
    folder = settings.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"The data folder {folder} cannot be made: {error.strerror}. "
            "Choose another with --data DIR."
        ) from error
    url = sqlite_url(folder)
    return url, open_storage(url, settings.durability)


async def _listen(settings: Settings, sockets: WebSockets, pages: Pages) -> web.AppRunner:
    app = web.Application()
    app.add_routes([*pages.routes(), web.get("/chat", sockets.chat), web.get("/echo", echo)])
    server_logger.addFilter(PEERS_FAULTS)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port, backlog=4096)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        where = f"{settings.host}:{settings.port}"
        raise StartError(f"Cannot listen on {where}: {_why_not(error)}") from error
    return runner


def _why_not(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use. Choose another with --port N (0 takes any free one)."
        case errno.EACCES:
            return "that port is the system's own. Choose one above 1023 with --port N."
        case _:
            why = error.strerror or str(error)
            return f"{why}. Choose an address of this machine with --host H."


def _raise_file_limit(connections: int) -> None:
    """Each connection is an open file: asks the system for as many as the limits allow."""
    wanted = connections + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            log.warning(
                "the system's limit of open files is below max_connections",
                open_files=most,
                max_connections=connections,
            )


def log_path(url: str) -> Path:
    """Where the file of an embedded log is."""
    return Path(url.removeprefix("sqlite:///"))
