"""A bus on NATS while servers die, refuse, stall, and ask for who one is."""

import asyncio
import base64
import itertools
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import nkeys
import pytest
import trustme
from structlog.testing import capture_logs

from hubbub.bus import open_bus
from hubbub.bus.address import parse
from hubbub.bus.nats import NatsBus
from hubbub.errors import ConfigError, StartError
from tests.bus.conftest import MakeNode, StartNats
from tests.bus.node import Node, until_away
from tests.conftest import free_port
from tests.deadline import Deadline, within
from tests.nats import NatsServer
from tests.torture.proxy import Proxy

pytestmark = pytest.mark.real

SMALL = "max_pending: 1MB\nwrite_deadline: '1s'\n"


async def said(mouth: Node, ear: Node, text: bytes = b"7") -> None:
    """One node reaches the other."""
    mouth.bus.publish("room.1", text)
    assert await ear.next() == ("room.1", text)


async def until_heard(mouth: Node, ear: Node) -> None:
    """One node reaches the other in the end: a loss, and a route between servers, take a while."""
    heard = asyncio.create_task(ear.next())
    while not heard.done():
        mouth.bus.publish("room.1", b"7")
        await asyncio.wait((heard,), timeout=0.05)
    assert heard.result() == ("room.1", b"7")


async def test_a_server_that_is_killed_is_found_again_and_subscriptions_are_alive(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats()
    ear, mouth = on(server.url), on(server.url)
    await mouth.start()
    await ear.start("room.1", "room.2")

    with capture_logs() as logs:
        server.kill()
        await until_away(ear.bus)
        await until_away(mouth.bus)
        for n in range(1000):
            mouth.bus.publish("room.1", str(n).encode())
        ear.bus.subscribe("room.3")
        ear.bus.unsubscribe("room.2")
        await ear.bus.settle()
        server.start()
        await ear.next_back()
        await mouth.next_back()

    for subject in ("room.2", "room.3", "room.1"):
        mouth.bus.publish(subject, b"7")
    assert [await ear.next(), await ear.next()] == [("room.3", b"7"), ("room.1", b"7")]
    assert (ear.backs, mouth.backs) == (1, 1)
    assert isinstance(mouth.bus, NatsBus)
    assert (mouth.bus.dropped, mouth.bus.losses) == (1000, 1)
    events = sorted(entry["event"] for entry in logs)
    assert events == ["lost the bus"] * 2 + ["on the bus again"] * 2


async def test_a_server_that_is_absent_at_the_start_is_found_later(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats(spawn=False)
    ear, mouth = [on(NatsBus(parse(server.url), "hubbub.t", start_s=0.2)) for _ in range(2)]

    with capture_logs() as logs:
        await ear.start("room.1")
        await mouth.start()
        assert not ear.bus.connected
        mouth.bus.publish("room.1", b"lost")
        server.start()
        await ear.next_back()
        await mouth.next_back()

    await said(mouth, ear)
    assert [entry["event"] for entry in logs].count("the bus is away") == 2


async def test_a_bus_that_never_found_its_server_ends_at_once(start_nats: StartNats) -> None:
    bus = NatsBus(parse(start_nats(spawn=False).url), "hubbub.t", start_s=0.1)
    await bus.start(lambda _subject, _data: None, lambda: None)

    async with within(1):
        await bus.close()


async def test_where_one_server_of_a_cluster_is_killed_the_other_is_taken(
    start_nats: StartNats, on: MakeNode
) -> None:
    routes = [free_port(), free_port()]
    servers = [
        start_nats(
            f'cluster {{ name: c, listen: "127.0.0.1:{own}", pool_size: -1, '
            f'routes: ["nats://127.0.0.1:{other}"] }}'
        )
        for own, other in (routes, routes[::-1])
    ]
    url = ",".join(server.url for server in servers)
    ear, mouth = on(url), on(url)
    await mouth.start()
    await ear.start("room.1")

    for server in servers:
        server.kill()
        await until_heard(mouth, ear)
        server.start()
    assert ear.backs + mouth.backs >= 2


async def test_a_bus_hears_only_what_has_its_prefix(shared_nats: NatsServer, on: MakeNode) -> None:
    ear, mouth = on(shared_nats.url, "hubbub.one"), on(shared_nats.url, "hubbub.one")
    stranger = on(shared_nats.url, "hubbub.two")
    await mouth.start()
    await stranger.start()
    await ear.start("room.1")

    stranger.bus.publish("room.1", b"not this")
    await stranger.bus.settle()

    await said(mouth, ear)


# Who one is.


@pytest.mark.parametrize(
    ("config", "right", "wrong"),
    [
        ("user: node, password: 'p@ss,w/rd'", "node:p%40ss%2Cw%2Frd@", "node:S3CR3T@"),
        ("token: 't@ken'", "t%40ken@", "S3CR3T@"),
    ],
)
async def test_a_bus_gets_in_with_its_secret_and_says_what_to_check_without(
    start_nats: StartNats, on: MakeNode, config: str, right: str, wrong: str
) -> None:
    server = start_nats(f"authorization {{ {config} }}")
    ear, mouth = (
        on(server.url.replace("//", "//" + right)),
        on(server.url.replace("//", "//" + right)),
    )
    await mouth.start()
    await ear.start("room.1")
    await said(mouth, ear)

    for given in (wrong, ""):
        with (
            capture_logs() as logs,
            pytest.raises(StartError, match=r"refuses this node.*check") as no,
        ):
            await open_bus(server.url.replace("//", "//" + given)).start(ear.hear, ear.be_back)
        assert "S3CR3T" not in str(no.value) + str(logs)


async def test_a_bus_gets_in_with_a_seed(
    start_nats: StartNats, on: MakeNode, tmp_path: Path
) -> None:
    seed = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()
    server = start_nats(f"authorization {{ users: [{{ nkey: {public} }}] }}")
    file = tmp_path / "seed"
    file.write_bytes(bytes(seed) + b"\n")
    ear, mouth = on(f"{server.url}?nkey_seed={file}"), on(f"{server.url}?nkey_seed={file}")
    await mouth.start()
    await ear.start("room.1")

    await said(mouth, ear)


def token(kind: str, subject: bytes, issuer: nkeys.KeyPair, more: Mapping[str, object]) -> str:
    """A claim about a key, signed by another (https://docs.nats.io, "JSON Web Tokens")."""
    claims = {
        "jti": kind,
        "iat": 1,
        "iss": issuer.public_key.decode(),
        "sub": subject.decode(),
        "name": kind,
        "nats": {"type": kind, "version": 2, **more},
    }
    parts = [{"typ": "JWT", "alg": "ed25519-nkey"}, claims]
    text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_base64(issuer.sign(text.encode()))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def keys(prefix: int) -> tuple[str, nkeys.KeyPair]:
    """A seed, and the pair that it makes."""
    seed = bytearray(nkeys.encode_seed(os.urandom(32), prefix))
    return seed.decode(), nkeys.from_seed(seed)


async def test_a_bus_gets_in_with_a_file_of_credentials(
    start_nats: StartNats, on: MakeNode, tmp_path: Path
) -> None:
    (_, operator), (_, account), (seed, user) = [
        keys(prefix)
        for prefix in (
            nkeys.PREFIX_BYTE_OPERATOR,
            nkeys.PREFIX_BYTE_ACCOUNT,
            nkeys.PREFIX_BYTE_USER,
        )
    ]
    unlimited = {"subs": -1, "data": -1, "payload": -1}
    file = tmp_path / "node.creds"
    file.write_text(
        "-----BEGIN NATS USER JWT-----\n"
        f"{token('user', user.public_key, account, unlimited)}\n"
        "------END NATS USER JWT------\n\n"
        "-----BEGIN USER NKEY SEED-----\n"
        f"{seed}\n"
        "------END USER NKEY SEED------\n"
    )
    limits = {"limits": {**unlimited, "conn": -1, "leaf": -1, "imports": -1, "exports": -1}}
    server = start_nats(
        f"operator: {token('operator', operator.public_key, operator, {})}\n"
        "resolver: MEMORY\n"
        f"resolver_preload: {{ {account.public_key.decode()}: "
        f"{token('account', account.public_key, operator, limits)} }}"
    )
    ear, mouth = on(f"{server.url}?creds={file}"), on(f"{server.url}?creds={file}")
    await mouth.start()
    await ear.start("room.1")

    await said(mouth, ear)


async def test_a_file_of_credentials_that_is_wrong_is_an_error_of_the_configuration(
    shared_nats: NatsServer, on: MakeNode, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="creds"):
        await on(f"{shared_nats.url}?creds={tmp_path}/none.creds").start()


async def test_a_node_that_is_shut_out_for_a_while_comes_back(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats("authorization { user: node, password: right }")
    node = on(server.url.replace("//", "//node:right@"))
    await node.start()
    right = server.config

    with capture_logs() as logs:
        server.config = "authorization { user: node, password: other }"
        server.reload()
        await until_away(node.bus)
        while "the bus refuses this node" not in [each["event"] for each in logs]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        server.config = right
        server.reload()
        await node.next_back()

    events = [entry["event"] for entry in logs]
    assert events == ["lost the bus", "the bus refuses this node", "on the bus again"]


async def test_a_subject_that_is_not_allowed_is_told_to_the_log(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats(
        "authorization { users: [{ user: node, password: p, "
        'permissions: { subscribe: "hubbub.test.room.1", publish: ">" } }] }'
    )
    ear, mouth = [on(server.url.replace("//", "//node:p@")) for _ in range(2)]
    await mouth.start()

    with capture_logs() as logs:
        await ear.start("room.1", "room.2")

    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert entry["event"] == "the bus does not allow that"
    assert "room.2" in entry["error"]
    await said(mouth, ear)


async def test_a_server_with_too_small_messages_is_refused_with_what_to_set(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats("max_payload: 64KB")

    with pytest.raises(StartError, match="set max_payload to 524288"):
        await on(server.url).start()


# TLS.


class Certificates:
    """An authority, and what it signed for the server and for a node."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        for name in ("127.0.0.1", "node.example"):
            issued = authority.issue_cert(name)
            issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
        self.server, self.node = folder / "127.0.0.1.pem", folder / "node.example.pem"

    def config(self, more: str = "") -> str:
        return f'tls {{ cert_file: "{self.server}", key_file: "{self.server}" {more} }}'


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def test_tls_with_an_authority_of_ones_own(
    start_nats: StartNats, on: MakeNode, certificates: Certificates
) -> None:
    server = start_nats(certificates.config())
    url = f"{server.url}?tls_ca={certificates.ca}"
    ear, mouth = on(url), on(url.replace("nats://", "tls://"))
    await mouth.start()
    await ear.start("room.1")
    await said(mouth, ear)

    server.kill()
    await until_away(ear.bus)
    await until_away(mouth.bus)
    server.start()
    await ear.next_back()
    await mouth.next_back()
    await said(mouth, ear)


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_an_authority_that_is_not_known_is_refused_with_what_to_name(
    start_nats: StartNats, on: MakeNode, certificates: Certificates, scheme: str
) -> None:
    server = start_nats(certificates.config())

    with pytest.raises(StartError, match=r"not trusted.*tls_ca=FILE"):
        await on(server.url.replace("nats", scheme)).start()


async def test_a_node_shows_a_certificate_where_the_server_wants_one(
    start_nats: StartNats, on: MakeNode, certificates: Certificates
) -> None:
    more = f', ca_file: "{certificates.ca}", verify: true'
    server = start_nats(certificates.config(more))
    url = f"{server.url}?tls_ca={certificates.ca}"
    ear, mouth = [on(f"{url}&tls_cert={certificates.node}") for _ in range(2)]
    await mouth.start()
    await ear.start("room.1")
    await said(mouth, ear)

    with pytest.raises(StartError, match=r"certificate.*tls_cert=FILE"):
        await on(url).start()


@pytest.fixture
async def stripped() -> AsyncIterator[tuple[int, bytearray]]:
    """A server in the clear that keeps what it is told; its port."""
    told = bytearray()
    writers: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        info = {"version": "2.15.1", "max_payload": 1 << 20, "auth_required": True}
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        while data := await reader.read(1000):
            told.extend(data)
            if data.endswith(b"PING\r\n"):
                writer.write(b"PONG\r\n")

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], told
    for writer in writers:
        writer.close()
    server.close()


@pytest.mark.parametrize("secret", ["", "S3CR3T@", "node:S3CR3T@"])
async def test_where_tls_is_asked_for_nothing_is_told_in_the_clear(
    stripped: tuple[int, bytearray], on: MakeNode, secret: str
) -> None:
    port, told = stripped

    with pytest.raises(StartError, match="speaks no TLS"):
        await on(f"tls://{secret}127.0.0.1:{port}").start()

    assert b"S3CR3T" not in told


# A bad network, and nodes that are slow.


@pytest.fixture
async def proxied(shared_nats: NatsServer) -> AsyncIterator[Proxy]:
    proxy = Proxy(shared_nats.port, seed=7)
    await proxy.open()
    yield proxy
    await proxy.close()


async def test_a_connection_that_is_cut_is_made_again(
    shared_nats: NatsServer, proxied: Proxy, on: MakeNode
) -> None:
    ear, mouth = on(f"nats://127.0.0.1:{proxied.port}"), on(shared_nats.url)
    await mouth.start()
    await ear.start("room.1")

    for number in range(3):
        for tunnel in proxied.tunnels:
            tunnel.cut()
        await ear.next_back()
        await said(mouth, ear, str(number).encode())

    assert (ear.backs, mouth.backs) == (3, 0)


async def test_a_connection_that_is_half_open_is_given_up_also_while_much_is_to_be_sent(
    shared_nats: NatsServer, proxied: Proxy, on: MakeNode
) -> None:
    ear = on(shared_nats.url)
    mouth = on(NatsBus(parse(f"nats://127.0.0.1:{proxied.port}"), "hubbub.test"))
    await mouth.start("room.2")
    await ear.start("room.1")
    bus = mouth.bus
    assert isinstance(bus, NatsBus)

    for tunnel in proxied.tunnels:
        tunnel.flowing.clear()
    began = time.monotonic()
    await bus.settle()
    settling = asyncio.gather(*(asyncio.create_task(bus.settle()) for _ in range(10)))
    for number in itertools.count():
        for _ in range(20):
            bus.publish("room.9", b"x" * 100_000)
            bus.subscribe(f"room.2.{number}")
        await asyncio.sleep(0.02)
        if not bus.connected:
            break
    await mouth.next_back()
    await settling

    assert time.monotonic() - began < 12
    assert bus.dropped > 0
    await said(mouth, ear)
    await mouth.listen("room.3")
    ear.bus.publish("room.3", b"7")
    assert await mouth.next() == ("room.3", b"7")


async def test_a_node_that_was_too_slow_learns_that_it_missed_something(
    start_nats: StartNats, on: MakeNode
) -> None:
    server = start_nats(SMALL)
    ear, mouth = on(server.url), on(server.url)
    await mouth.start()
    await ear.start("room.1")

    flood(server)  # the loop stands still meanwhile
    await ear.next_back()
    await said_last(mouth, ear)


def flood(server: NatsServer) -> None:
    """Publishes until the server has given up whoever does not read."""
    data = b"PUB hubbub.test.room.1 100000\r\n" + b"x" * 100_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger:
        stranger.sendall(b"CONNECT {}\r\n" + data * 300 + b"PING\r\n")
        deadline = Deadline(10)
        while "Slow Consumer" not in server.log_text():
            assert not deadline.over
            time.sleep(0.02)


async def said_last(mouth: Node, ear: Node) -> None:
    """The same, after whatever was heard before."""
    mouth.bus.publish("room.1", b"last")
    while (await ear.next())[1] != b"last":
        pass


@pytest.mark.parametrize("rooms", [1, 199, 200, 201, 1000])
async def test_what_was_pushed_arrives_while_the_node_does_something_else(
    shared_nats: NatsServer, on: MakeNode, rooms: int
) -> None:
    mouth = on(shared_nats.url)
    await mouth.start()
    host, _, port = shared_nats.url.removeprefix("nats://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as ear, ear.makefile("rb") as lines:
        ear.sendall(b"CONNECT {}\r\nSUB hubbub.test.> 1\r\nPING\r\n")
        while lines.readline() != b"PONG\r\n":
            pass

        for n in range(rooms):
            mouth.bus.publish(f"room.{n}", b"7")
        await mouth.bus.push()

        # The loop stands still from here on.
        said = (line for line in lines if line != b"PING\r\n")
        heard = [(next(said), next(said)) for _ in range(rooms)]
    assert heard == [(f"MSG hubbub.test.room.{n} 1 1\r\n".encode(), b"7\r\n") for n in range(rooms)]


async def test_what_is_published_faster_than_the_bus_takes_it_is_bounded(
    shared_nats: NatsServer, on: MakeNode
) -> None:
    mouth = on(NatsBus(parse(shared_nats.url), "hubbub.test", outbox_bytes=1_000_000))
    await mouth.start()
    bus = mouth.bus
    assert isinstance(bus, NatsBus)

    with capture_logs() as logs:
        for _ in range(100):
            bus.publish("room.1", b"x" * 20_000)
        assert bus.dropped == 51
        await bus.settle()

    assert [entry["event"] for entry in logs] == ["the bus takes too little"]


async def test_a_bus_is_closed_while_it_says_much(shared_nats: NatsServer, on: MakeNode) -> None:
    mouth = on(shared_nats.url)
    await mouth.start("room.1")
    for n in range(5000):
        mouth.bus.publish(f"room.{n}", b"x" * 1000)

    async with within(5):
        await mouth.bus.close()

    mouth.bus.publish("room.1", b"late")
    assert not mouth.bus.connected
