"""Settings come from four places, say where from, and refuse what is wrong in plain words."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hubbub import config
from hubbub.config import Loaded, load_settings
from hubbub.errors import ConfigError
from hubbub.hub.rules.limits import Limits
from hubbub.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and an empty home."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def load(
    flags: dict[str, object] | None = None, file: Path | None = None, **environ: str
) -> Loaded:
    return load_settings(flags or {}, file, environ)


def refusal(
    flags: dict[str, object] | None = None, file: Path | None = None, **environ: str
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(flags, file, **environ)
    return str(caught.value)


def written(text: str) -> Path:
    path = Path("chat.toml")
    path.write_text(text, encoding="utf-8")
    return path


# Where values come from.


def test_nothing_needs_to_be_set(folder: Path) -> None:
    loaded = load()
    assert loaded.settings.port == 8080
    assert loaded.settings.host == "127.0.0.1"
    assert loaded.settings.durability == "full"
    assert loaded.settings.data == folder.parent / "xdg_data_home" / "hubbub"
    assert set(loaded.sources) == set(Settings.model_fields)
    assert set(loaded.sources.values()) == {"default"}


def test_the_file_wins_over_the_default() -> None:
    loaded = load(file=written("port = 1"))
    assert (loaded.settings.port, loaded.sources["port"]) == (1, "chat.toml")


def test_the_environment_wins_over_the_file() -> None:
    loaded = load(file=written("port = 1"), HUBBUB_PORT="2")
    assert (loaded.settings.port, loaded.sources["port"]) == (2, "HUBBUB_PORT")


def test_a_typed_flag_wins_over_everything() -> None:
    loaded = load({"port": 3}, written("port = 1"), HUBBUB_PORT="2")
    assert (loaded.settings.port, loaded.sources["port"]) == (3, "--port")


def test_a_flag_that_was_not_typed_decides_nothing() -> None:
    assert load({"port": None}, HUBBUB_PORT="2").sources["port"] == "HUBBUB_PORT"


def test_each_setting_has_its_own_source() -> None:
    loaded = load({"text_bytes": "5"}, written("port = 1"), HUBBUB_RATE_LIMITS="off")
    assert loaded.sources["port"] == "chat.toml"
    assert loaded.sources["rate_limits"] == "HUBBUB_RATE_LIMITS"
    assert loaded.sources["text_bytes"] == "--text-bytes"
    assert loaded.sources["host"] == "default"


def test_an_empty_variable_counts_as_unset() -> None:
    loaded = load(HUBBUB_PORT="", HUBBUB_PROT="", HUBBUB_CONFIG="")
    assert (loaded.settings.port, loaded.sources["port"]) == (8080, "default")


def test_variables_that_are_not_settings_are_left_alone() -> None:
    assert load(HUBBUB_TOKEN="t", HUBBUB_URL="u", PORT="1", PATH="/bin").settings.port == 8080


def test_every_limit_is_a_setting() -> None:
    for name, field in Limits.model_fields.items():
        value = field.default + 1
        given = {f"HUBBUB_{name.upper()}": str(value)}
        assert getattr(load_settings({}, None, given).settings, name) == value


def test_settings_made_directly_do_not_look_at_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUBBUB_PORT", "1")
    monkeypatch.setenv("PORT", "2")
    assert Settings().port == 8080


# Which file.


def test_the_file_of_the_flag_is_the_only_one_that_is_read() -> None:
    Path("hubbub.toml").write_text("port = 1")
    Path("other.toml").write_text("port = 2")
    loaded = load(file=written("host = '::1'"), HUBBUB_CONFIG="other.toml")
    assert loaded.settings.host == "::1"
    assert loaded.sources["port"] == "default"


def test_the_file_of_the_variable_comes_before_the_one_that_lies_here() -> None:
    Path("hubbub.toml").write_text("port = 1")
    Path("other.toml").write_text("port = 2")
    loaded = load(HUBBUB_CONFIG="other.toml")
    assert (loaded.settings.port, loaded.sources["port"]) == (2, "other.toml")


def test_the_file_that_lies_here_comes_before_the_one_in_the_home_folder(folder: Path) -> None:
    home = folder.parent / "xdg_config_home" / "hubbub" / "hubbub.toml"
    home.parent.mkdir(parents=True)
    home.write_text("port = 1")
    assert load().sources["port"] == str(home)
    Path("hubbub.toml").write_text("port = 2")
    loaded = load()
    assert (loaded.settings.port, loaded.sources["port"]) == (2, "hubbub.toml")


# What values may be.


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("off", False), ("true", True), ("false", False)]
)
def test_rate_limits_are_on_or_off_everywhere(text: str, value: bool) -> None:
    assert load(HUBBUB_RATE_LIMITS=text).settings.rate_limits is value
    assert load({"rate_limits": text}).settings.rate_limits is value
    assert load(file=written(f'rate_limits = "{text}"')).settings.rate_limits is value


def test_rate_limits_may_be_a_toml_boolean() -> None:
    assert load(file=written("rate_limits = false")).settings.rate_limits is False


def test_a_tilde_in_data_is_the_home_folder(folder: Path) -> None:
    home = folder.parent / "home" / "chat"
    assert load(file=written('data = "~/chat"')).settings.data == home
    assert load({"data": Path("~/chat")}).settings.data == home


def test_a_relative_data_folder_stays_relative() -> None:
    path = Path("sub/chat.toml")
    path.parent.mkdir()
    path.write_text('data = "here"')
    assert load(file=path).settings.data == Path("here")


@pytest.mark.parametrize("name", ["lobby", "a", "café", "room-1.2_b", "ห้องไทย", "x" * 64])
def test_a_default_room_may_be_any_room_name(name: str) -> None:
    assert load(HUBBUB_DEFAULT_ROOM=name).settings.default_room == name


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().settings.port = 1


def test_a_file_with_a_byte_order_mark_and_crlf_is_read() -> None:
    Path("chat.toml").write_bytes(b"\xef\xbb\xbfport = 1\r\nhost = 'a'\r\n")
    assert load(file=Path("chat.toml")).settings.port == 1


# What is refused, and how.


@pytest.mark.parametrize("value", ["99999", "-1", "eighty", "1.5", "9" * 40])
def test_a_wrong_value_is_named_with_its_source_and_what_is_allowed(value: str) -> None:
    assert refusal(HUBBUB_PORT=value) == (
        f"port = {value} (from HUBBUB_PORT): must be a whole number from 0 to 65535"
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('port = "x"', 'port = "x" (from chat.toml): must be a whole number from 0 to 65535'),
        ("port = true", "port = true (from chat.toml): must be a whole number from 0 to 65535"),
        ("ping_s = true", "ping_s = true (from chat.toml): must be a number above 0"),
        ("ping_s = inf", "ping_s = inf (from chat.toml): must be a number above 0"),
        ("ping_s = nan", "ping_s = nan (from chat.toml): must be a number above 0"),
        ("ping_s = 0", "ping_s = 0 (from chat.toml): must be a number above 0"),
        ("posts_burst = 0", "posts_burst = 0 (from chat.toml): must be a whole number, 1 or more"),
        ("host = ''", 'host = "" (from chat.toml): must be an address or a host name'),
        ("host = true", "host = true (from chat.toml): must be an address or a host name"),
        ("data = ''", 'data = "" (from chat.toml): must be a folder; ~ is your home folder'),
        ("data = 1", "data = 1 (from chat.toml): must be a folder; ~ is your home folder"),
        (
            'data = "~nobody-of-that-name/x"',
            'data = "~nobody-of-that-name/x" (from chat.toml): '
            "must be a folder; ~ is your home folder",
        ),
        (
            "durability = 'some'",
            'durability = "some" (from chat.toml): must be full or normal',
        ),
        (
            "log_level = 'all'",
            'log_level = "all" (from chat.toml): must be debug, info, warning or error',
        ),
        ("log_format = 1", "log_format = 1 (from chat.toml): must be auto, text or json"),
        ("rate_limits = 'no limits'", "must be on or off"),
        ("server_name = ''", "must be 1 to 64 characters, no control characters"),
        (r'server_name = "a\u001b[2J"', r'server_name = "a\u001b[2J" (from chat.toml): must be 1'),
        (r'server_name = "a\u009b\u202eb"', r'server_name = "a\u009b\u202eb" (from chat.toml)'),
        ("default_room = 'a b'", "must be 1 to 64 letters and digits, with _ . or - inside"),
        ("default_room = '-a'", 'default_room = "-a" (from chat.toml): must be 1 to 64 letters'),
        ("[port]\na = 1", 'port = {"a": 1} (from chat.toml): must be a whole number'),
    ],
)
def test_each_kind_of_setting_is_refused_in_its_own_words(line: str, complaint: str) -> None:
    assert complaint in refusal(file=written(line))


def test_a_wrong_flag_is_named_as_it_was_typed() -> None:
    assert refusal({"text_bytes": "0"}) == (
        "text_bytes = 0 (from --text-bytes): must be a whole number from 1 to 1048576"
    )


def test_all_wrong_settings_are_listed_one_a_line() -> None:
    file = written('port = -1\nhots = "a"\n')
    lines = refusal({"ping_s": "x"}, file, HUBBUB_DURABILITY="half").splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["hots", "ping_s", "port", "durability"]


def test_a_wrong_value_that_is_overridden_stops_nothing() -> None:
    assert load(file=written("port = -1"), HUBBUB_PORT="1").settings.port == 1


def test_an_unknown_key_of_the_file_gets_the_nearest_setting() -> None:
    assert refusal(file=written("prot = 80")) == (
        "prot = 80 (from chat.toml): there is no such setting; did you mean port?"
    )


def test_an_unknown_variable_gets_the_nearest_setting() -> None:
    assert refusal(HUBBUB_RATE_LIMIT="off") == (
        "rate_limit = off (from HUBBUB_RATE_LIMIT): "
        "there is no such setting; did you mean rate_limits?"
    )


def test_an_unknown_setting_without_a_near_one_is_sent_to_the_list() -> None:
    assert refusal(HUBBUB_ZZZZ="1") == (
        "zzzz = 1 (from HUBBUB_ZZZZ): there is no such setting; "
        "`hubbub config --example` lists them all"
    )


def test_settings_in_a_table_are_told_where_to_go() -> None:
    assert refusal(file=written("[server]\nport = 80")) == (
        "[server] (from chat.toml): there are no tables; write its settings at the top of the file"
    )


def test_a_wrong_value_reaches_the_terminal_without_control_characters_and_cut() -> None:
    shown = refusal(HUBBUB_PORT="\x1b[2J\n" + "9" * 500)
    assert shown.isprintable()
    assert r"port = " + r'"\u001b[2J\n999' in shown
    assert len(shown) < 200


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a home")
def test_a_user_without_a_home_folder_is_told_to_set_data() -> None:
    script = """
import os
from hubbub import config
os.setuid(54321)
assert "your data folder" in config.reference()
print(config.load_settings({"data": "here"}, None, {}).settings.data)
try:
    config.load_settings({}, None, {})
except config.ConfigError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "here",
        "data: has no default, because this user has no home folder; "
        "set it with --data or HUBBUB_DATA",
    ]


def test_a_malformed_file_is_named_with_its_line_and_what_to_do() -> None:
    shown = refusal(file=written("port = 1\nrate_limits = off\n"))
    assert shown.startswith("chat.toml: this is not TOML: ")
    assert "at line 2" in shown
    assert '"off"' in shown
    assert "hubbub config --example" in shown


def test_a_file_that_is_not_utf8_is_named_with_its_line() -> None:
    Path("chat.toml").write_bytes(b"port = 1\n\nserver_name = '\xff'\n")
    assert refusal(file=Path("chat.toml")) == (
        "chat.toml, line 3: this is not UTF-8; save the file as UTF-8 text."
    )


@pytest.mark.parametrize("by", ["flag", "variable"])
def test_a_named_file_must_exist(by: str) -> None:
    Path("hubbub.toml").write_text("port = 1")
    missing = "gone.toml"
    shown = refusal(file=Path(missing)) if by == "flag" else refusal(HUBBUB_CONFIG=missing)
    assert shown == (
        "gone.toml: there is no such file; name one that exists, "
        "or begin one with `hubbub config --example > gone.toml`."
    )


def test_a_file_that_cannot_be_read_is_named_with_the_reason() -> None:
    Path("folder.toml").mkdir()
    shown = refusal(file=Path("folder.toml"))
    assert shown.startswith("folder.toml: cannot be read (Is a directory); ")
    assert "--config" in shown


# What is written about the settings.


def test_the_example_sets_nothing_as_it_stands() -> None:
    assert tomllib.loads(config.example()) == {}


def test_the_example_without_its_comment_signs_sets_every_setting_to_its_default() -> None:
    text = re.sub(r"^#(?=\w)", "", config.example(), flags=re.MULTILINE)
    loaded = load(file=written(text))
    assert loaded.settings == load().settings
    assert set(loaded.sources.values()) == {"chat.toml"}


def test_the_example_explains_every_setting() -> None:
    text = config.example()
    for name, field in Settings.model_fields.items():
        assert f"# {field.description}\n# Allowed: {config.allowed(name)}.\n#{name} = " in text


def test_the_reference_has_a_row_for_every_setting_the_servers_own_first() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*$", config.reference(), re.MULTILINE)
    assert sorted(rows) == sorted(Settings.model_fields)
    assert rows[0] == "host"
    assert rows[-len(Limits.model_fields) :] == list(Limits.model_fields)


def test_every_row_of_the_reference_has_four_filled_cells() -> None:
    for row in re.findall(r"^\| `.*$", config.reference(), re.MULTILINE):
        cells = row.strip("|").split("|")
        assert len(cells) == 4
        assert all(cell.strip() for cell in cells)


def test_the_reference_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = config.reference()
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert config.reference() == here


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_in_one_sentence(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith(".")
    assert ". " not in description


@pytest.mark.parametrize("name", Settings.model_fields)
def test_what_is_allowed_names_every_bound_and_choice(name: str) -> None:
    schema = Settings.model_json_schema()["properties"][name]
    words = config.allowed(name)
    bounds = (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "maxLength",
        "multipleOf",
    )
    for bound in bounds:
        assert str(schema.get(bound, "")) in words
    for choice in schema.get("enum", []):
        assert choice in words
    assert "pattern" not in schema or "allowed" in schema


@pytest.mark.parametrize(
    "known_elsewhere",
    [
        {"public_url": "https://chat.example.org"},
        {"trusted_proxies": ("127.0.0.1",)},
        {"allowed_hosts": ("chat.example.org",)},
        {"host": "0.0.0.0"},
    ],
)
def test_a_server_that_others_know_of_is_no_open_table(known_elsewhere: dict[str, Any]) -> None:
    policy = Settings(**known_elsewhere).policy
    assert (policy.registration, policy.guests, policy.first_is_owner) == ("invite", False, False)
    own = Settings().policy
    assert (own.registration, own.guests, own.first_is_owner) == ("open", True, True)
