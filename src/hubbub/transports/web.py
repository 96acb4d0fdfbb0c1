"""The page: the browser client's files, or, where it was not built, how to join without it.

`make` and the wheel's build put the client into src/hubbub/web/. Everything is read once, at the
start; the names under /assets/ carry a hash of what is in them, so browsers keep those for good.
"""

import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from aiohttp import web

from hubbub.hub.rules.registration import Policy

BUILT = files("hubbub") / "web"
OWN = files("hubbub.transports")

_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
_ENCODINGS = {"br": ".br", "gzip": ".gz"}
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served, with its compressed forms by their `Content-Encoding`."""

    body: bytes
    compressed: Mapping[str, bytes]
    content_type: str
    cache: str
    etag: str

    def answer(self, request: web.Request) -> web.Response:
        """The best form that the browser takes; 304 where it has this already."""
        accepted = request.headers.get("Accept-Encoding", "")
        encoding = next((name for name in self.compressed if _takes(accepted, name)), None)
        body = self.body if encoding is None else self.compressed[encoding]
        response = _response(request, body, self.content_type, self.etag, self.cache)
        if encoding is not None and response.status == 200:
            response.headers["Content-Encoding"] = encoding
        if self.compressed:
            response.headers["Vary"] = "Accept-Encoding"
        return response


class Page:
    """Handlers for the page and its files."""

    def __init__(
        self,
        server_name: str,
        default_room: str,
        policy: Policy | None = None,
        *,
        built: Traversable = BUILT,
    ) -> None:
        policy = policy or Policy()
        self._names = {
            "server": html.escape(server_name),
            "room": html.escape(default_room),
            "guests": "on" if policy.guests else "off",
            "registration": policy.registration.value,
        }
        self._how_to_join = _template(OWN / "join.html")
        index = built / "index.html"
        self._is_built = index.is_file()
        self._index = _template(index if self._is_built else OWN / "page.html")
        self._assets = {"page.css": _asset("page.css", OWN, ())}
        if self._is_built:
            self._assets |= _assets_in(built)

    def routes(self) -> list[web.RouteDef]:
        """Where each is served."""
        served = [web.get(f"/{path}", self.asset) for path in self._assets]
        return [web.get("/", self.index), *served]

    async def index(self, request: web.Request) -> web.Response:
        """The client, which tells those without scripts how to join."""
        secure = request.scheme == "https"
        facts = self._names | {
            "host": html.escape(request.host),
            "http": "https" if secure else "http",
            "ws": "wss" if secure else "ws",
        }
        how_to_join = self._how_to_join.substitute(facts)
        body = self._index.substitute(facts, how_to_join=how_to_join).encode()
        response = _response(request, body, _TYPES["html"], _etag(body), ASK_AGAIN)
        if response.status == 200:
            response.enable_compression()
        return response

    async def asset(self, request: web.Request) -> web.Response:
        """One of the files."""
        return self._assets[request.path.removeprefix("/")].answer(request)


def _response(
    request: web.Request, body: bytes, content_type: str, etag: str, cache: str
) -> web.Response:
    headers = {"ETag": f'"{etag}"', "Cache-Control": cache}
    known = request.if_none_match or ()
    if any(each.value in (etag, "*") for each in known):
        return web.Response(status=304, headers=headers)
    charset = None if content_type.startswith("image/") else "utf-8"
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _template(file: Traversable) -> Template:
    return Template(file.read_text("utf-8"))


def _assets_in(folder: Traversable, path: str = "") -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    names = {each.name for each in folder.iterdir()}
    for each in folder.iterdir():
        if each.is_dir():
            found |= _assets_in(each, f"{path}{each.name}/")
        elif not path and each.name == "index.html":
            continue
        elif each.name.rpartition(".")[2] in _TYPES:
            encodings = [name for name, end in _ENCODINGS.items() if each.name + end in names]
            found[path + each.name] = _asset(path + each.name, folder, encodings)
    return found


def _asset(path: str, folder: Traversable, encodings: Iterable[str]) -> Asset:
    name = path.rpartition("/")[2]
    body = (folder / name).read_bytes()
    return Asset(
        body,
        {each: (folder / (name + _ENCODINGS[each])).read_bytes() for each in encodings},
        _TYPES[name.rpartition(".")[2]],
        FOR_GOOD if path.startswith("assets/") else ASK_AGAIN,
        _etag(body),
    )


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]


def _takes(accepted: str, encoding: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";")
        if name.strip() == encoding:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
