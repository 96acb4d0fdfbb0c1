"""https and wss with a certificate of one's own."""

import asyncio
import ssl
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.conftest import Server, line
from tests.test_cli import hubbub, refusal
from tests.wire import Wire, said_nothing_wrong

pytestmark = pytest.mark.real


class Certificates:
    """An authority of our own and what it signed for this machine."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        self.authority, self.cert, self.key = folder / "ca.pem", folder / "c.pem", folder / "k.pem"
        authority.cert_pem.write_to_path(self.authority)
        issued.cert_chain_pems[0].write_to_path(self.cert)
        issued.private_key_pem.write_to_path(self.key)

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


class TlsServer(Server):
    """A server with a certificate."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.trusted = certificates.trusted()
        flags = ("--tls-cert", str(certificates.cert), "--tls-key", str(certificates.key))
        super().__init__(folder, flags, {})

    def ready(self) -> bool:
        with urlopen(self.url + "/readyz", timeout=2, context=self.trusted) as answer:
            return bool(answer.status == 200)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"wss://127.0.0.1:{self.port}/chat"


@pytest.mark.one_node("it has the certificate")
async def test_pages_sockets_and_the_client_come_in_by_tls(
    tmp_path: Path, certificates: Certificates
) -> None:
    server = TlsServer(tmp_path, certificates)
    server.start()
    try:
        async with connect(server.ws_url, ssl=server.trusted) as socket:
            await line(socket)
            joined = await asyncio.to_thread(
                hubbub,
                *("join", server.url, "--plain", "--name", "ann"),
                cwd=tmp_path,
                stdin="over TLS\n",
                SSL_CERT_FILE=str(certificates.authority),
            )
            assert joined.returncode == 0, joined.stderr
            assert await line(socket) == "[ann]: over TLS"
        assert server.terminate() == 0
        assert "https://127.0.0.1" in server.log_text()
        said_nothing_wrong(server)
    finally:
        server.kill()


@pytest.mark.one_node("it has the certificate")
def test_http_on_the_tls_port_is_cut_off(tmp_path: Path, certificates: Certificates) -> None:
    server = TlsServer(tmp_path, certificates)
    server.start()
    try:
        with Wire(server) as wire:
            wire.socket.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert not wire.rest().startswith(b"HTTP")
        assert server.terminate() == 0
        said_nothing_wrong(server)
    finally:
        server.kill()


def test_a_certificate_needs_its_key(tmp_path: Path, certificates: Certificates) -> None:
    said = refusal("--tls-cert", str(certificates.cert), cwd=tmp_path, code=2)
    assert "tls_key" in said


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_named(
    tmp_path: Path, certificates: Certificates, content: str | None
) -> None:
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_text(content)
    flags = ("--tls-cert", str(bad), "--tls-key", str(certificates.key), "--data", str(tmp_path))
    said = refusal(*flags, cwd=tmp_path, code=2)

    assert str(bad) in said
    assert "PEM" in said


@pytest.mark.one_node("it has the certificate")
async def test_a_page_that_came_without_tls_opens_no_socket_of_a_server_that_has_it(
    tmp_path: Path, certificates: Certificates
) -> None:
    server = TlsServer(tmp_path, certificates)
    server.start()
    try:
        there = f"127.0.0.1:{server.port}"
        own, foreign = Origin(f"https://{there}"), Origin(f"http://{there}")
        async with connect(server.ws_url, ssl=server.trusted, origin=own) as socket:
            await line(socket)
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.ws_url, ssl=server.trusted, origin=foreign)
        assert refused.value.response.status_code == 403
    finally:
        server.kill()
