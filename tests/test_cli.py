"""The command line: what `hubbub serve` prints, and how each start that cannot be ends."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from hubbub import __version__
from tests.conftest import WAIT_S, Serve, Server
from tests.deadline import PROGRAM_S

pytestmark = pytest.mark.real


def hubbub(
    *arguments: str, cwd: Path, stdin: str = "", **env: str
) -> "subprocess.CompletedProcess[str]":
    """Runs `hubbub` to its end, with no settings but these; never may it show a traceback."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HUBBUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "hubbub", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        cwd=cwd,
        env=clean | {"XDG_CONFIG_HOME": str(cwd), "XDG_DATA_HOME": str(cwd)} | env,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


def refusal(*arguments: str, cwd: Path, code: int = 1) -> str:
    """The one line on stderr of a `hubbub serve` that cannot start."""
    done = hubbub("serve", *arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("hubbub: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server to look at."""
    server = Server(tmp_path_factory.mktemp("running"), (), {})
    server.start()
    yield server
    server.kill()


# --- a start that cannot be


def test_a_port_in_use_is_named_with_the_flag_that_chooses_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("--port", str(port), "--data", str(tmp_path / "d"), cwd=tmp_path)

    assert f"127.0.0.1:{port}" in said
    assert "in use" in said
    assert "--port" in said


def test_a_host_that_is_not_this_machine_is_named_with_its_flag(tmp_path: Path) -> None:
    host = "203.0.113.7"  # RFC 5737: nobody has it
    said = refusal("--host", host, "--port", "0", "--data", str(tmp_path / "d"), cwd=tmp_path)

    assert host in said
    assert "--host" in said


def test_a_data_folder_that_cannot_be_made_is_named_with_its_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    for folder in (tmp_path / "file" / "data", tmp_path / "file"):
        said = refusal("--port", "0", "--data", str(folder), cwd=tmp_path)

        assert str(folder) in said
        assert "--data" in said


def test_a_database_that_is_none_is_named_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "hubbub.db"
    for content in (b"These are my notes.\n" * 100, b"SQLite format 3\x00" + b"\xff" * 5000):
        database.write_bytes(content)
        said = refusal("--port", "0", "--data", str(tmp_path), cwd=tmp_path)

        assert str(database) in said
        assert "another" in said
        assert database.read_bytes() == content


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "hubbub.db")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
        other.commit()
    before = (tmp_path / "hubbub.db").read_bytes()

    assert "not a log of hubbub's" in refusal("--port", "0", "--data", str(tmp_path), cwd=tmp_path)
    assert (tmp_path / "hubbub.db").read_bytes() == before


@pytest.mark.one_node("its file is made a newer one's")
def test_a_database_of_a_newer_hubbub_is_refused(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    assert server.terminate() == 0
    with closing(sqlite3.connect(server.data / "hubbub.db")) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    said = refusal("--port", "0", "--data", str(server.data), cwd=tmp_path)

    assert "9999" in said
    assert "newer hubbub" in said


def test_a_second_server_on_the_same_data_is_refused(running: Server, tmp_path: Path) -> None:
    said = refusal("--port", "0", "--data", str(running.data), cwd=tmp_path)

    assert str(running.pid) in said
    assert "another data folder" in said


# --- wrong settings


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["--port", "http"], {}, ["port = http", "--port", "0 to 65535"]),
        (["--port", "65536"], {}, ["port = 65536", "--port", "0 to 65535"]),
        (["--log-level", "loud"], {}, ["log_level = loud", "debug, info, warning or error"]),
        ([], {"HUBBUB_PORT": "-1"}, ["port = -1", "HUBBUB_PORT", "0 to 65535"]),
        ([], {"HUBBUB_PING_S": "soon"}, ["ping_s = soon", "HUBBUB_PING_S", "above 0"]),
        ([], {"HUBBUB_PROT": "80"}, ["prot = 80", "HUBBUB_PROT", "did you mean port?"]),
        ([], {"HUBBUB_CONFIG": "gone.toml"}, ["gone.toml", "no such file"]),
    ],
)
def test_a_wrong_setting_ends_with_2_and_its_name_its_value_and_what_is_allowed(
    tmp_path: Path, arguments: list[str], env: dict[str, str], said: list[str]
) -> None:
    done = hubbub("serve", *arguments, cwd=tmp_path, **env)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hubbub: ")
    for part in said:
        assert part in done.stderr


def test_a_wrong_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "hubbub.toml").write_text("port = 8080\nrate_limits = off\n")

    done = hubbub("serve", cwd=tmp_path)

    assert done.returncode == 2
    assert "hubbub.toml" in done.stderr
    assert "line 2" in done.stderr


@pytest.mark.parametrize("arguments", [["swim"], ["serve", "--prot", "1"], ["serve", "here"]])
def test_a_wrong_word_on_the_command_line_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    assert hubbub(*arguments, cwd=tmp_path).returncode == 2


# --- what it prints


def test_config_prints_each_setting_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "hubbub.toml").write_text('server_name = "den"\nport = 1\n')

    done = hubbub("config", cwd=tmp_path, HUBBUB_PORT="7000")

    rows = {row.split()[0]: row.split()[1:] for row in done.stdout.splitlines()}
    assert (done.returncode, done.stderr) == (0, "")
    assert rows["port"] == ["7000", "HUBBUB_PORT"]
    assert rows["server_name"] == ["den", "hubbub.toml"]
    assert rows["host"] == ["127.0.0.1", "default"]
    assert rows["rate_limits"] == ["on", "default"]


def test_config_refuses_what_serve_refuses(tmp_path: Path) -> None:
    assert hubbub("config", cwd=tmp_path, HUBBUB_PORT="x").returncode == 2


def test_the_example_is_a_file_of_comments_that_holds_without_them(tmp_path: Path) -> None:
    done = hubbub("config", "--example", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert tomllib.loads(done.stdout) == {}
    bare = re.sub(r"(?m)^#(?=\w+ = )", "", done.stdout)
    assert tomllib.loads(bare)["port"] == 8080
    (tmp_path / "hubbub.toml").write_text(bare)
    assert hubbub("config", cwd=tmp_path).returncode == 0


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = hubbub("--version", cwd=tmp_path)

    assert done.returncode == 0
    assert __version__ in done.stdout


def test_help_lists_the_commands(tmp_path: Path) -> None:
    done = hubbub("--help", cwd=tmp_path)

    assert done.returncode == 0
    listed = set(re.findall(r"(?m)^  (\w+)", done.stdout))
    assert {"serve", "join", "doctor", "config", "backup", "check", "export", "import"} <= listed


def test_the_banner_says_where_it_listens_where_the_log_is_and_how_to_join(running: Server) -> None:
    banner = running.log_text()

    assert f"hubbub {__version__} listens on {running.url}" in banner
    assert str(running.data / "hubbub.db") in banner
    assert f"hubbub join 127.0.0.1:{running.port}" in banner
    assert f"npx wscat -c {running.ws_url}" in banner


@pytest.mark.one_node("its banner names its own port")
def test_the_banner_warns_of_an_open_door_beyond_the_loopback(
    serve: Serve, running: Server
) -> None:
    invited = serve("--host", "0.0.0.0")
    assert f"hubbub join 127.0.0.1:{invited.port}" in invited.log_text()
    assert "Warning: everything travels unencrypted, passwords too." in invited.log_text()

    banner = serve("--host", "0.0.0.0", "--registration", "open").log_text()
    assert "Warning: whoever can reach this address may join" in banner
    assert "--tls-cert" in banner
    assert "Warning" not in running.log_text()


def test_port_0_takes_a_free_port_and_says_which(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hubbub", "serve", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        with urlopen(found[0] + "/healthz", timeout=WAIT_S) as answer:
            assert answer.read() == b"ok\n"
        process.terminate()
        assert process.wait(timeout=PROGRAM_S) == 0


def test_the_data_folder_is_for_its_owner_alone(running: Server) -> None:
    assert running.data.stat().st_mode & 0o077 == 0


@pytest.mark.one_node("its log is a file")
def test_the_log_is_for_its_owner_alone_also_in_a_folder_that_was_there(
    serve: Serve, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    serve("--data", str(folder))

    files = list(folder.iterdir())
    assert files
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []


def test_logs_are_json_lines_where_no_terminal_is(running: Server) -> None:
    logged = [each for each in running.log_text().splitlines() if each.startswith("{")]

    assert any('"event": "listening"' in each for each in logged)
