"""The files of docs/deploy/ as their programs take them, but for addresses and folders."""

import asyncio
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from sysconfig import get_path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from hubbub.bus import open_bus
from hubbub.config import load_settings
from tests.conftest import START_S, WAIT_S, Serve, free_port, line
from tests.deadline import PROGRAM_S, Deadline, within
from tests.nats import PROGRAM as NATS
from tests.nats import need_nats

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
NAME = "chat.example.org"
# What one machine's file says, and who may come in, which is not this test's matter.
SERVER = ("--config", str(DEPLOY / "hubbub.toml"), "--registration", "open", "--guests", "on")


def optional(program: str) -> str:
    """Leaves the test out where a program is missing: none of these is hubbub's own matter."""
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"left out: there is no {program} here (Debian: apt-get install {program})")
    return found


def documented(name: str, changes: dict[str, str]) -> str:
    """A file with each of these patterns, which it must have, changed."""
    text = (DEPLOY / name).read_text("utf-8")
    for pattern, new in changes.items():
        text, count = re.subn(pattern, lambda _, new=new: new, text, flags=re.MULTILINE)  # type: ignore[misc]
        assert count, f"{name} has no {pattern}"
    return text


class Certificates:
    """An authority of our own, and a certificate by it."""

    def __init__(self, folder: Path, *names: str) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert(*names)
        self.authority, self.cert, self.key = folder / "ca.pem", folder / "c.pem", folder / "k.pem"
        self.both = folder / "both.pem"
        authority.cert_pem.write_to_path(self.authority)
        issued.cert_chain_pems[0].write_to_path(self.cert)
        issued.private_key_pem.write_to_path(self.key)
        issued.private_key_and_cert_chain_pem.write_to_path(self.both)


class Proxy:
    """A program before hubbub, on a port for http and one for https."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.https = free_port(), free_port()
        self.certificates = Certificates(folder, NAME, "127.0.0.1")
        self.tls = ssl.create_default_context(cafile=str(self.certificates.authority))
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, nodes: list[int]) -> list[str]:
        """How to run it for nodes on these ports; writes its file."""
        raise NotImplementedError

    def check(self, command: list[str]) -> list[str]:
        """How it only looks at its file."""
        raise NotImplementedError

    def start(self, nodes: list[int]) -> None:
        """Starts it and waits until it answers; its file must please it."""
        command = self.command(nodes)
        checked = subprocess.run(
            self.check(command), capture_output=True, text=True, check=False, timeout=PROGRAM_S
        )
        assert checked.returncode == 0, checked.stderr
        assert not re.search("warn|deprecated", checked.stderr, re.IGNORECASE), checked.stderr
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        deadline = Deadline(START_S)
        while not deadline.over:
            assert self._process.poll() is None
            try:
                self.get("/")
            except HTTPError:
                return
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the proxy does not answer")

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PROGRAM_S)

    def get(self, path: str) -> str:
        """A page by https, as if the name led here. Raises OSError; HTTPError is one."""
        # The certificate is for the name, and the name leads nowhere.
        tls = ssl.create_default_context(cafile=str(self.certificates.authority))
        tls.check_hostname = False
        request = Request(f"https://127.0.0.1:{self.https}{path}", headers={"Host": NAME})
        with urlopen(request, timeout=WAIT_S, context=tls) as answer:
            found: str = answer.read().decode()
            return found

    def socket(self, source: str = "127.0.0.1", **headers: str) -> connect:
        """A WebSocket of a browser at this address of the machine."""
        return connect(
            f"wss://{NAME}:{self.https}/chat",
            host="127.0.0.1",
            port=self.https,
            local_addr=(source, 0),
            ssl=self.tls,
            origin=f"https://{NAME}:{self.https}",  # type: ignore[arg-type]
            additional_headers={key.replace("_", "-"): value for key, value in headers.items()},
            compression=None,
        )


class Nginx(Proxy):
    """docs/deploy/nginx-site.conf, within the least that nginx wants around it."""

    def command(self, nodes: list[int]) -> list[str]:
        program = optional("nginx")
        servers = "".join(
            f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=5s;\n" for port in nodes
        )
        site = documented(
            "nginx-site.conf",
            {
                r"^    server 127\.0\.0\.1:8080.*\n": servers,
                r"^    listen \[::\].*\n": "",
                r"listen 80;": f"listen 127.0.0.1:{self.http};",
                r"listen 443 ": f"listen 127.0.0.1:{self.https} ",
                r"/etc/letsencrypt/\S+fullchain\.pem": str(self.certificates.cert),
                r"/etc/letsencrypt/\S+privkey\.pem": str(self.certificates.key),
            },
        )
        temporary = "".join(
            f"{kind}_temp_path {self.folder / kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config = self.folder / "nginx.conf"
        config.write_text(
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"daemon off;\npid {self.folder / 'pid'};\nerror_log {self.folder / 'error.log'};\n"
            "worker_rlimit_nofile 2048;\nevents { worker_connections 1024; }\n"
            f"http {{\naccess_log off;\n{temporary}{site}}}\n"
        )
        return [program, "-p", str(self.folder), "-e", str(self.folder / "e"), "-c", str(config)]

    def check(self, command: list[str]) -> list[str]:
        return [*command, "-t"]


class Haproxy(Proxy):
    """docs/deploy/haproxy.cfg."""

    def command(self, nodes: list[int]) -> list[str]:
        program = optional("haproxy")
        servers = "".join(f"    server n{port} 127.0.0.1:{port}\n" for port in nodes)
        config = self.folder / "haproxy.cfg"
        config.write_text(
            documented(
                "haproxy.cfg",
                {
                    r"(^    server .*\n)+": servers,
                    r"^    (user|group) .*\n": "",
                    r"log /dev/log": f"log 127.0.0.1:{free_port()}",
                    r"maxconn 40000": "maxconn 500",
                    r"bind :80$": f"bind 127.0.0.1:{self.http}",
                    r"bind :443 ": f"bind 127.0.0.1:{self.https} ",
                    r"/etc/haproxy/\S+\.pem": str(self.certificates.both),
                },
            )
        )
        return [program, "-db", "-f", str(config)]

    def check(self, command: list[str]) -> list[str]:
        return [*command, "-c"]


@pytest.fixture(params=[Nginx, Haproxy])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxy]:
    """Each of the documented proxies, not started."""
    made: Callable[[Path], Proxy] = request.param
    proxy = made(tmp_path)
    yield proxy
    proxy.stop()


class Stay(HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_: Any) -> None:
        return None


async def test_pages_and_sockets_come_in_by_tls(proxy: Proxy, serve: Serve) -> None:
    proxy.start([serve(*SERVER).port])

    assert "<title>" in proxy.get("/")
    with pytest.raises(HTTPError, match="301") as moved:
        build_opener(Stay).open(Request(f"http://127.0.0.1:{proxy.http}/x", headers={"Host": NAME}))
    assert moved.value.headers["Location"] == f"https://{NAME}/x"
    moved.value.close()
    async with proxy.socket() as ann, proxy.socket() as bob:
        assert "connected" in await line(ann)
        await ann.send("hello through the proxy")
        await heard(bob, "hello through the proxy")


async def test_what_is_for_those_who_watch_stays_inside(proxy: Proxy, serve: Serve) -> None:
    proxy.start([serve(*SERVER).port])

    for path in ("/metrics", "/healthz", "/readyz", "/%6detrics"):
        with pytest.raises(HTTPError, match="404") as hidden:
            proxy.get(path)
        hidden.value.close()


async def test_the_server_sees_whose_a_connection_is_and_believes_no_client(
    proxy: Proxy, serve: Serve
) -> None:
    proxy.start([serve(*SERVER, env={"HUBBUB_CONNECTIONS_PER_ADDRESS": "1"}).port])

    async with proxy.socket("127.0.0.2"), proxy.socket("127.0.0.3"):
        with pytest.raises(InvalidStatus, match="503"):
            async with proxy.socket("127.0.0.2"):
                pass
        with pytest.raises(InvalidStatus, match="503"):
            async with proxy.socket("127.0.0.3", X_Forwarded_For="198.51.100.7"):
                pass
        async with proxy.socket("127.0.0.4") as other:
            assert "connected" in await line(other)


async def test_a_node_that_is_gone_is_passed_over(proxy: Proxy, serve: Serve) -> None:
    nodes = [serve(*SERVER), serve(*SERVER)]
    proxy.start([node.port for node in nodes])
    nodes[0].kill()

    for _ in range(4):
        async with proxy.socket() as ann:
            assert "connected" in await line(ann)


@pytest.mark.parametrize("name", ["hubbub.toml", "hubbub-node.toml"])
def test_the_settings_are_settings(name: str) -> None:
    settings = load_settings({}, DEPLOY / name, {}).settings

    assert settings.public_url == f"https://{NAME}"
    assert not settings.for_this_machine


def test_systemd_takes_the_units_and_finds_little_to_attack(tmp_path: Path) -> None:
    program = optional("systemd-analyze")
    here = str(Path(get_path("scripts")) / "hubbub")
    units = []
    for unit in sorted(DEPLOY.glob("hubbub*.service")) + sorted(DEPLOY.glob("*.timer")):
        units.append(tmp_path / unit.name)
        units[-1].write_text(unit.read_text().replace("/opt/hubbub/bin/hubbub", here))
    assert len(units) == 3

    verified = run(program, "verify", "--man=no", *map(str, units))
    assert verified.stderr == ""
    for service in units[:2]:
        # Of 100; "OK" begins at 20 and below.
        run(program, "security", "--offline=true", "--threshold=20", "--no-pager", str(service))


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PROGRAM_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


async def heard(socket: ClientConnection, text: str) -> None:
    while text not in await line(socket):
        pass


@pytest.fixture
def three_servers(tmp_path: Path) -> Iterator[list[int]]:
    """The ports of the three servers of docs/deploy/nats.conf, which are a cluster."""
    need_nats()
    certificates = Certificates(tmp_path, "127.0.0.1")
    ports, routes = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
    processes = []
    for number, (port, route) in enumerate(zip(ports, routes, strict=True), 1):
        config = tmp_path / f"nats-{number}.conf"
        config.write_text(
            documented(
                "nats.conf",
                {
                    r"server_name: nats-1": f"server_name: nats-{number}",
                    r'listen: "10\.0\.0\.21:4222"': f'listen: "127.0.0.1:{port}"',
                    r'listen: "10\.0\.0\.21:6222"': f'listen: "127.0.0.1:{route}"',
                    r'(^    "nats-route://\S+"\n)+': "".join(
                        f'    "nats-route://127.0.0.1:{each}"\n' for each in routes
                    ),
                    r"/etc/nats/server\.pem": str(certificates.cert),
                    r"/etc/nats/server-key\.pem": str(certificates.key),
                    r"/etc/nats/ca\.pem": str(certificates.authority),
                },
            )
        )
        words = {"NATS_PASSWORD": "a-password"}
        with (tmp_path / f"nats-{number}.log").open("wb") as log:
            processes.append(
                subprocess.Popen(
                    [str(NATS), "-c", str(config)], env={**os.environ, **words}, stderr=log
                )
            )
    yield ports
    for process in processes:
        process.terminate()
        process.wait(timeout=PROGRAM_S)


async def test_the_servers_of_the_bus_are_one_and_take_who_has_the_password(
    three_servers: list[int], tmp_path: Path
) -> None:
    def url(port: int) -> str:
        return f"tls://hubbub:a-password@127.0.0.1:{port}?tls_ca={tmp_path / 'ca.pem'}"

    hears: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    near, far = (
        open_bus(url(port), "hubbub.test") for port in (three_servers[0], three_servers[2])
    )
    await far.start(lambda subject, data: hears.put_nowait((subject, data)), lambda: None)
    far.subscribe("room.1")
    await far.settle()
    await near.start(lambda subject, data: None, lambda: None)
    try:
        async with within(WAIT_S):
            while hears.empty():  # the routes may still be coming about
                near.publish("room.1", b"word")
                await asyncio.sleep(0.05)
        assert hears.get_nowait() == ("room.1", b"word")
    finally:
        await near.close()
        await far.close()
