"""A bus's URL: what it may be, and what is said of one that is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from hubbub.bus import open_bus
from hubbub.bus.address import Server, parse
from hubbub.bus.credentials import creds_text, nkey_seed, tls_context
from hubbub.errors import ConfigError


def test_a_host_alone_has_the_port_of_nats_and_no_secret() -> None:
    address = parse("nats://bus.example")

    assert address.servers == (Server("bus.example", 4222),)
    assert not address.tls


def test_servers_after_a_comma_may_leave_out_what_the_first_has() -> None:
    address = parse("tls://us%40er:p%2Cw@a,b:4333, tls://[::1]:5,tls://other:x@d")

    assert address.servers == (
        Server("a", 4222, "us@er", "p,w"),
        Server("b", 4333, "us@er", "p,w"),
        Server("::1", 5, "us@er", "p,w"),
        Server("d", 4222, "other", "x"),
    )
    assert [each.where for each in address.servers] == ["a:4222", "b:4333", "[::1]:5", "d:4222"]
    assert address.tls


def test_a_user_without_a_password_is_a_token() -> None:
    assert parse("nats://s3cr3t@a").servers == (Server("a", 4222, "s3cr3t", None),)


@pytest.mark.parametrize("query", ["tls_ca=/ca.pem", "tls_cert=/c.pem&tls_key=/k.pem"])
def test_a_file_for_tls_asks_for_tls(query: str) -> None:
    assert parse(f"nats://a?{query}").tls


def test_files_follow_the_question_mark() -> None:
    address = parse("tls://a,b?tls_ca=/ca.pem&tls_cert=/c.pem&tls_key=/k.pem&creds=~/n.creds")

    assert address.tls_ca == Path("/ca.pem")
    assert (address.tls_cert, address.tls_key) == (Path("/c.pem"), Path("/k.pem"))
    assert address.creds == Path.home() / "n.creds"
    assert address.nkey_seed is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bus:4222", "must be nats://"),
        ("http://hunter2@a", "must be nats://"),
        ("", "must be nats://"),
        ("nats://", "cannot be read"),
        ("nats://user:hunter2@", "cannot be read"),
        ("nats://user:hunter2@a:port", "cannot be read"),
        ("nats://user:hunter2@a:99999", "cannot be read"),
        ("nats://user:hunter2/x@a", "cannot be read"),
        ("nats://user:hunter2#x@a", "cannot be read"),
        ("nats://a,,b", "cannot be read"),
        ("nats://[::1", "cannot be read"),
        ("nats://user:hunter2@a,tls://b", "mixes"),
        ("nats://user:hunter2@a?tls=yes", "tls_ca, tls_cert"),
        ("nats://user:hunter2?x@a", "cannot be read"),
        ("nats://a?tls_ca=", "tls_ca, tls_cert"),
        ("nats://a?tls_key=/k", "tls_key needs tls_cert"),
        ("nats://a?creds=/c&nkey_seed=/s", "exclude each other"),
    ],
)
def test_a_wrong_url_is_refused_and_its_password_not_repeated(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        parse(url)

    assert "hunter2" not in str(refused.value)


def test_an_address_that_is_shown_hides_its_secrets() -> None:
    assert "hunter2" not in repr(parse("nats://hunter2:hunter2@a,hunter2@b"))


@pytest.mark.parametrize("name", ["tls_ca", "tls_cert"])
def test_a_file_for_tls_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem.*cannot be used"):
        tls_context(parse(f"tls://a?{name}={tmp_path}/none.pem"))


def test_credentials_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.creds: cannot be read"):
        creds_text(tmp_path / "none.creds")


@pytest.mark.parametrize(
    "text", ["", "S3CR3T", "-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n"]
)
def test_credentials_without_both_parts_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "node.creds"
    file.write_text(text)

    with pytest.raises(ConfigError, match="nsc generate creds"):
        creds_text(file)


def test_a_seed_of_something_else_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "seed"
    file.write_text("SA" + "S3CR3T" * 9 + "AA")

    with pytest.raises(ConfigError, match="user's seed") as refused:
        nkey_seed(file)
    assert "S3CR3T" not in str(refused.value)


@pytest.mark.real
def test_without_a_url_a_bus_is_alone_and_loads_no_nats() -> None:
    assert not open_bus(None).connected
    code = "import sys, hubbub.bus as b; b.open_bus(None); print('nats' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.strip() == b"False"


def test_without_nats_py_a_url_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hubbub.bus.nats", None)

    with pytest.raises(ConfigError, match=r"pip install 'hubbub\[cluster\]'"):
        open_bus("nats://a")
