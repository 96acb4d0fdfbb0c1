"""Where the values of settings come from, and how settings are described.

Defaults give way to the file, the file to the environment, the environment to typed flags
(docs/configuration.md).
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_dir
from pydantic import ValidationError

from hubbub.errors import ConfigError
from hubbub.hub.rules.limits import Limits
from hubbub.settings import Settings

_PREFIX = "HUBBUB_"
# Read by others: which file to load, and a client's server and token.
_OTHER_VARIABLES = frozenset({"HUBBUB_CONFIG", "HUBBUB_TOKEN", "HUBBUB_URL"})
_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where each came from: `default`, the file, the variable or the flag."""

    settings: Settings
    sources: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    name: str
    value: object
    source: str
    shown: str


def load_settings(
    flags: Mapping[str, object], config_file: Path | None, environ: Mapping[str, str]
) -> Loaded:
    """The settings from the file, the environment and the flags, the later winning.

    `flags` holds those that were typed, by the setting's name (None counts as not typed);
    `config_file` is the one that `--config` names. Raises ConfigError, with a line for each
    setting that is wrong or unknown.
    """
    given = [
        *_from_file(_find_file(config_file, environ)),
        *_from_environment(environ),
        *_from_flags(flags),
    ]
    wrong = [_unknown(each) for each in given if each.name not in Settings.model_fields]
    chosen = {each.name: each for each in given if each.name in Settings.model_fields}
    sources = {name: "default" for names in _groups().values() for name in names}
    sources.update({name: each.source for name, each in chosen.items()})
    try:
        settings = Settings.model_validate({name: each.value for name, each in chosen.items()})
    except ValidationError as error:
        names = dict.fromkeys(str(each["loc"][0]) for each in error.errors())
        wrong += [_wrong(chosen[name]) for name in names]
        raise ConfigError("\n".join(wrong)) from None
    if wrong:
        raise ConfigError("\n".join(wrong))
    return Loaded(settings, sources)


def example() -> str:
    """A `hubbub.toml` with every setting and its default, all commented out."""
    lines = [
        "# hubbub.toml: the settings of a hubbub server. Each stands here with its default;",
        "# remove the # before one to change it. HUBBUB_PORT in the environment wins over `port`",
        "# in this file, and the flag --port wins over both.",
    ]
    for title, names in _groups().items():
        lines += ["", f"# {title}"]
        for name in names:
            lines += ["", f"# {_description(name)}", f"# Allowed: {allowed(name)}."]
            lines.append(f"#{name} = {_default(name)}")
    return "\n".join(lines) + "\n"


def reference() -> str:
    """The tables of docs/configuration.md; the same on every machine."""
    parts = []
    for title, names in _groups().items():
        rows = [
            f"| `{name}` | {_default_in_words(name)} | {allowed(name)} | {_description(name)} |"
            for name in names
        ]
        head = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def allowed(name: str) -> str:
    """What the setting of that name may be, in words that follow `must be`."""
    match _SCHEMA[name]:
        case {"allowed": str(words)}:
            return words
        case {"enum": [*choices, last]}:
            return f"{', '.join(map(str, choices))} or {last}"
        case {"type": "boolean"}:
            return "on or off"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"a whole number from {least} to {most}"
        case {"type": "integer", "minimum": least}:
            return f"a whole number, {least} or more"
        case {"type": "number", "minimum": least, "maximum": most}:
            return f"a number from {least} to {most}"
        case {"type": "number", "exclusiveMinimum": bound}:
            return f"a number above {bound}"
        case schema:
            # A test fails if this drops a bound: give the field "allowed" in words then.
            return {"integer": "a whole number", "number": "a number"}.get(
                str(schema["type"]), "text"
            )


_SCHEMA: Mapping[str, Mapping[str, object]] = Settings.model_json_schema()["properties"]


def _groups() -> dict[str, list[str]]:
    own = [name for name in Settings.model_fields if name not in Limits.model_fields]
    return {"The server": own, "Limits": list(Limits.model_fields)}


def _description(name: str) -> str:
    return str(_SCHEMA[name]["description"])


def _default(name: str) -> str:
    value = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    if isinstance(value, bool):
        return '"on"' if value else '"off"'
    return _as_toml("" if value is None else value)


def _default_in_words(name: str) -> str:
    words = _SCHEMA[name].get("default_in_words")
    return f"`{_default(name)}`" if words is None else str(words)


def _find_file(config_file: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config_file is not None:
        return config_file
    if named := environ.get("HUBBUB_CONFIG"):
        return Path(os.path.expanduser(named))
    folders = [Path()]
    with suppress(RuntimeError):  # a user without a home folder
        folders.append(Path(user_config_dir("hubbub", appauthor=False)))
    for folder in folders:
        # os.path.exists, not Path.exists: a folder that we may not enter holds no file for us.
        if os.path.exists(folder / "hubbub.toml"):
            return folder / "hubbub.toml"
    return None


def _from_file(path: Path | None) -> Iterator[_Given]:
    if path is None:
        return
    shown = _printable(str(path))
    for name, value in _read_toml(path, shown).items():
        yield _Given(name, value, shown, without_secrets(_as_toml(value)))


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for variable, value in environ.items():
        if value and variable.startswith(_PREFIX) and variable not in _OTHER_VARIABLES:
            name = variable.removeprefix(_PREFIX).lower()
            yield _Given(name, value, _printable(variable), _printable(without_secrets(value)))


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    for name, value in flags.items():
        if value is not None:
            shown = _printable(without_secrets(str(value)))
            yield _Given(name, value, "--" + name.replace("_", "-"), shown)


def _read_toml(path: Path, shown: str) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"{shown}: there is no such file; name one that exists, "
            f"or begin one with `hubbub config --example > {shown}`."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{shown}: cannot be read ({error.strerror}); let the user that runs hubbub read it, "
            "or name another file with --config."
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{shown}, line {line}: this is not UTF-8; save the file as UTF-8 text."
        ) from None
    except ValueError as error:
        # tomllib ends its message with "(at line 3, column 8)".
        raise ConfigError(
            f"{shown}: this is not TOML: {error}. Mend that line; words need quotes, as in "
            'rate_limits = "off". `hubbub config --example` prints a file that is right.'
        ) from None


def _wrong(given: _Given) -> str:
    return f"{_quote(given)}: must be {allowed(given.name)}"


def _unknown(given: _Given) -> str:
    if isinstance(given.value, dict):
        return (
            f"[{_printable(given.name)}] (from {given.source}): there are no tables; "
            "write its settings at the top of the file"
        )
    near = difflib.get_close_matches(given.name.lower(), Settings.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else "`hubbub config --example` lists them all"
    return f"{_quote(given)}: there is no such setting; {hint}"


def _quote(given: _Given) -> str:
    shown = given.shown
    if len(shown) > _SHOWN_CHARS:
        shown = shown[:_SHOWN_CHARS] + "…"
    return f"{_printable(given.name)} = {shown} (from {given.source})"


def without_secrets(text: str) -> str:
    """The same without the passwords, and tokens, of the URLs in it."""
    text = re.sub(r"(?<=://)([^\s/@:,]*):[^\s/@,]*@", r"\1:***@", text)
    text = re.sub(r"(?<=://)[^\s/@:,]+@", "***@", text) if "nats://" in text else text
    return re.sub(r"(?<=[?&]password=)[^&\s,\"]+", "***", text)


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def _as_toml(value: object) -> str:
    if isinstance(value, float):
        return repr(value)  # json would write inf as Infinity
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isprintable() else json.dumps(value, default=str)
