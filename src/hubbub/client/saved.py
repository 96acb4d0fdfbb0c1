"""What clients keep between runs: servers under names, sessions, and a few preferences.

One file, `client.json` in the platform's config folder, readable by its owner alone: a session
is a secret that lets whoever has it be this guest. It is read again before every change, under a
lock, so that two clients do not undo each other's.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from platformdirs import user_config_path

from hubbub.client.address import Address, parse_address
from hubbub.errors import BadName, ConfigError
from hubbub.model import user_name
from hubbub.protocol.events import RoomState

KeyT = TypeVar("KeyT")

SESSIONS = 8
"""Sessions kept for one server, the last used first."""
DRAFTS_CHARS, RECALL_CHARS = 256 * 1024, 64 * 1024
"""Characters kept of what one user was writing and has said; the newest is kept."""


class Server(msgspec.Struct, frozen=True, omit_defaults=True):
    """A server under a name, as `hubbub join NAME` goes there."""

    url: str
    name: str | None = None
    rooms: tuple[str, ...] = ()


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody that a server knows: the secret, where this user was, what was being written.

    `drafts` has the newest last, and so has `recall`, which is what Up brings back.
    """

    token: str
    name: str
    rooms: tuple[str, ...] = ()
    room: str | None = None
    drafts: dict[str, str] = {}
    recall: tuple[str, ...] = ()


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the full-screen client looks and sounds; `theme` None fits the terminal."""

    theme: str | None = None
    bell: bool = True
    mouse: bool = True
    people: bool | None = None


class Saved(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything in the file."""

    servers: dict[str, Server] = {}
    sessions: dict[str, tuple[Session, ...]] = {}
    preferences: Preferences = Preferences()


def saved_path() -> Path:
    """Where the file is."""
    return user_config_path("hubbub", appauthor=False) / "client.json"


def load(path: Path | None = None) -> Saved:
    """What was kept; nothing where there is no file. Raises ConfigError for one that is broken."""
    path = path or saved_path()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        return Saved()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not as it was written ({error}); mend or remove it."
        ) from None


def change(how: Callable[[Saved], Saved], path: Path | None = None) -> Saved:
    """Changes the file and gives what it has then. Raises ConfigError where that is impossible."""
    path = path or saved_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path):
            changed = how(load(path))
            _write(path, msgspec.json.format(msgspec.json.encode(changed), indent=2))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    return changed


def find_server(typed: str | None, kept: Saved) -> Server:
    """The server that a person means: one of the saved, or an address. Raises ConfigError."""
    if typed is not None and typed in kept.servers:
        return kept.servers[typed]
    try:
        address = parse_address(typed)
    except ConfigError:
        if kept.servers and typed:
            known = ", ".join(sorted(kept.servers))
            raise ConfigError(f"{typed!r} is neither an address nor one of: {known}.") from None
        raise
    return Server(address.http_url)


def with_server(kept: Saved, name: str, server: Server) -> Saved:
    """With a server under a name. Raises ConfigError for a name that looks like an address."""
    if not name.isidentifier():
        raise ConfigError(f"A server cannot be called {name!r}: take letters, digits and _.")
    return msgspec.structs.replace(kept, servers={**kept.servers, name: server})


def session_for(kept: Saved, address: Address, name: str | None) -> Session | None:
    """The session to come back with: of that name, or the last one."""
    sessions = kept.sessions.get(address.http_url, ())
    if name is None:
        return next(iter(sessions), None)
    return next((known for known in sessions if _same(known.name, name)), None)


def with_session(kept: Saved, address: Address, session: Session) -> Saved:
    """With a session as the last used of its server."""
    others = [
        known
        for known in kept.sessions.get(address.http_url, ())
        if known.token != session.token and not _same(known.name, session.name)
    ]
    drafts = dict(_newest(session.drafts.items(), DRAFTS_CHARS))
    recall = tuple(text for _, text in _newest(enumerate(session.recall), RECALL_CHARS))
    session = msgspec.structs.replace(session, drafts=drafts, recall=recall)
    sessions = (session, *others)[:SESSIONS]
    return msgspec.structs.replace(kept, sessions={**kept.sessions, address.http_url: sessions})


def grown(former: Session, now: Session) -> Session:
    """A session with what was written and said since, over what was kept of it.

    An empty draft is none any more.
    """
    drafts = {room: draft for room, draft in former.drafts.items() if room not in now.drafts}
    drafts |= {room: draft for room, draft in now.drafts.items() if draft}
    recall = (*former.recall, *now.recall)
    return msgspec.structs.replace(now, drafts=drafts, recall=recall)


def renamed(session: Session, rooms: Iterable[RoomState]) -> Session:
    """A session with its rooms and drafts under the names that the rooms have now."""
    names = {state.was: state.room for state in rooms if state.was is not None}
    if not names:
        return session
    return msgspec.structs.replace(
        session,
        rooms=tuple(names.get(room, room) for room in session.rooms),
        room=names.get(session.room or "", session.room),
        drafts={names.get(room, room): draft for room, draft in session.drafts.items()},
    )


def without_session(kept: Saved, address: Address, token: str) -> Saved:
    """Without a session that the server no longer knows."""
    left = tuple(s for s in kept.sessions.get(address.http_url, ()) if s.token != token)
    sessions = {k: v for k, v in kept.sessions.items() if k != address.http_url}
    if left:
        sessions[address.http_url] = left
    return msgspec.structs.replace(kept, sessions=sessions)


def _newest(texts: Iterable[tuple[KeyT, str]], chars: int) -> list[tuple[KeyT, str]]:
    """The last of them that fit, as JSON can have them."""
    kept: list[tuple[KeyT, str]] = []
    for key, text in reversed(list(texts)):
        chars -= len(text)
        if chars < 0:
            break
        kept.append((key, text.encode("utf-8", "replace").decode()))
    return kept[::-1]


def _same(one: str, other: str) -> bool:
    try:
        return user_name(one).key == user_name(other).key
    except BadName:
        return one == other


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Beside the file, which each change replaces.
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, data: bytes) -> None:
    name = path.with_name(f".client-{secrets.token_hex(8)}")
    # Nobody else's from the first moment; `tempfile` would take long to load.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
