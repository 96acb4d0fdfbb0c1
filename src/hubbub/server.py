"""Assembly: settings in, a running server out, and its orderly end."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web
from aiohttp.log import server_logger
from structlog import get_logger

from hubbub.bus import open_bus
from hubbub.config import without_secrets
from hubbub.errors import StartError
from hubbub.hub.cluster.node import Node
from hubbub.hub.hub import Hub, Options
from hubbub.hub.rules.rates import Rates
from hubbub.settings import Settings
from hubbub.storage import open_storage, sqlite_url
from hubbub.storage.interface import Storage
from hubbub.storage.shared import SharedStorage
from hubbub.transports.admission import Admission
from hubbub.transports.cookie import SessionCookie
from hubbub.transports.guard import Guard
from hubbub.transports.http import PEERS_FAULTS, Pages
from hubbub.transports.listener import CLOSE_S, Listener, tls_context
from hubbub.transports.web import Page
from hubbub.transports.webpush import WebPush, new_keys, read_keys
from hubbub.transports.websocket import WebSockets
from hubbub.version import __version__

log = get_logger(__name__)

GOING_AWAY = 1001
# At Python's 700 a batch of a thousand posts meant twenty collections, all of them in vain: 10 to
# 15 % of an acknowledged post.
YOUNG_OBJECTS = 10_000
COLLECTIONS_A_GENERATION = 5


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections: where, and where its log is."""

    host: str
    port: int
    secure: bool
    log_url: str
    guests: bool
    set_up: str | None
    """The one-time link by which the operator becomes the owner, where nobody owns the server."""


def run(settings: Settings, announce: Callable[[Running], None]) -> None:
    """Serves until SIGTERM or SIGINT. Raises StartError, StorageError.

    `announce` is called once, when the server accepts connections.
    """
    uvloop.run(serve(settings, announce))


async def serve(settings: Settings, announce: Callable[[Running], None]) -> None:
    """The same, on a running loop."""
    tls = tls_context(settings.tls_cert, settings.tls_key)
    _raise_file_limit(settings.max_connections + settings.handshakes)
    url, storage = _open_log(settings)
    hub, pusher = _hub(settings, storage)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    started = asyncio.Event()
    serving, waiting = asyncio.create_task(hub.run(started)), asyncio.create_task(started.wait())
    guard = _guard(settings, hub.parts.rates)
    admission = Admission(hub, guard)
    sockets = WebSockets(hub, admission)
    pages = Pages(hub)
    page = Page(settings.server_name, hub.parts.default_room, settings.policy)
    cookie = SessionCookie(hub, guard)
    listener = Listener(
        _application(sockets, pages, page, cookie, guard), settings, hub.parts.stats
    )
    try:
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        code = None if settings.for_this_machine else await hub.parts.invitations.set_up_code()
        host, port = await listener.open(settings.host, settings.port, tls)
    except BaseException:
        waiting.cancel()
        hub.stop()
        await asyncio.gather(serving, return_exceptions=True)
        hub.parts.log.close()
        raise
    _calm_collector()
    hub.parts.invitations.url = settings.public_url or _own_url(host, port, secure=tls is not None)
    set_up = code and hub.parts.invitations.link(code)
    announce(Running(host, port, tls is not None, url, settings.policy.guests, set_up))
    log.info("listening", host=host, port=port, log=url, durability=settings.durability)
    pinging = asyncio.create_task(sockets.keep_alive())
    asking = asyncio.create_task(stopping.wait())
    # The hub's own task never ends by itself: if it does, there is no server any more.
    await asyncio.wait((asking, serving), return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", connections=len(sockets))
    pages.draining = admission.draining = True
    listener.stop()
    await _drain(hub, sockets, serving, settings.drain_s)
    for task in (pinging, asking, serving):
        task.cancel()
    await asyncio.gather(pinging, asking, serving, return_exceptions=True)
    await listener.close()
    if pusher is not None:
        await pusher.close()
    hub.parts.log.close()
    log.info("stopped")
    if serving.done() and not serving.cancelled() and (fault := serving.exception()) is not None:
        raise fault


async def _drain(
    hub: Hub, sockets: WebSockets, serving: "asyncio.Task[None]", drain_s: float
) -> None:
    """Half of the time is for what waits to be stored, the other half for good-byes."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + drain_s
    hub.stop()
    await asyncio.wait((serving,), timeout=drain_s / 2)
    within_s = end_s - loop.time() - 2 * CLOSE_S
    await sockets.close_all(GOING_AWAY, "the server is going away", within_s)


def _open_log(settings: Settings) -> tuple[str, Storage]:
    if settings.database is not None:
        os.umask(0o077)
        return without_secrets(settings.database), open_storage(
            settings.database, require_synchronous=settings.require_synchronous
        )
    folder = settings.data
    # What everyone said is for the owner's eyes alone, also in a folder that was there before.
    os.umask(0o077)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"The data folder {folder} cannot be made: {error.strerror}. "
            "Choose another with --data DIR."
        ) from error
    url = sqlite_url(folder)
    return url, open_storage(url, settings.durability)


def _node(settings: Settings, storage: Storage) -> Node | None:
    """What makes this server one of several, where the log may have others."""
    if settings.database is None:
        return None
    # All of one log hear each other, and nobody else on that bus; also while its epoch changes,
    # which they do not learn at the same moment.
    prefix = f"hubbub.{storage.care.secret('bus', lambda: storage.epoch)}"
    bus = open_bus(settings.bus, prefix=prefix, name=settings.server_name)
    return Node(cast(SharedStorage, storage), bus, lease_s=settings.node_lease_s)


def _hub(settings: Settings, storage: Storage) -> tuple[Hub, WebPush | None]:
    pusher = push_key = None
    if settings.push:
        keys = read_keys(storage.care.secret("vapid", new_keys))
        pusher = WebPush(keys, settings.push_contact, private=settings.push_private)
        push_key = keys.public
    options = Options(
        server_name=settings.server_name,
        version=__version__,
        default_room=settings.default_room,
        rate_limits=settings.rate_limits,
        pusher=pusher,
        push_key=push_key,
        policy=settings.policy,
    )
    return Hub(storage, settings, options, node=_node(settings, storage)), pusher


def _own_url(host: str, port: int, *, secure: bool) -> str:
    # Nobody can dial "any address".
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    shown = f"[{near}]" if ":" in near else near
    return f"{'https' if secure else 'http'}://{shown}:{port}"


def _guard(settings: Settings, rates: Rates) -> Guard:
    # No stranger's page can make a browser believe that this machine's name is its own.
    own = socket.gethostname().lower()
    return Guard(
        hosts=(settings.host, own, f"{own}.local", *settings.allowed_hosts),
        origins=settings.allowed_origins,
        proxies=settings.trusted_proxies,
        rates=rates,
    )


def _application(
    sockets: WebSockets, pages: Pages, page: Page, cookie: SessionCookie, guard: Guard
) -> web.Application:
    app = web.Application(middlewares=[guard.middleware])
    app.on_response_prepare.append(guard.dress)
    chat, echo = web.get("/chat", sockets.chat), web.get("/echo", sockets.echo)
    app.add_routes([*page.routes(), *pages.routes(), *cookie.routes(), chat, echo])
    server_logger.addFilter(PEERS_FAULTS)
    return app


def _calm_collector() -> None:
    """Collects cycles less often, and never again looks at what was there from the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, COLLECTIONS_A_GENERATION, COLLECTIONS_A_GENERATION)


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
