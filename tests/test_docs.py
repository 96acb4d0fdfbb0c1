"""What docs/ says of tests, settings and files is there."""

import re
import shlex
from pathlib import Path

import pytest

from hubbub import care
from hubbub.cli import cli
from hubbub.protocol import requests
from hubbub.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
BUILT = {"src/hubbub/web/"}
"""What a fresh clone has not, and `make page` builds."""
TESTS = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def quoted(pattern: str, doc: Path) -> set[str]:
    return set(re.findall(rf"`({pattern})`", doc.read_text("utf-8")))


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_the_tests_that_a_doc_names_are_there(doc: Path) -> None:
    named = quoted(r"test_\w+", doc) - set(requests.TYPES)
    assert {name for name in named if f"def {name}(" not in TESTS} == set()


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_the_files_that_a_doc_names_are_there(doc: Path) -> None:
    named = quoted(r"(?:src|tests|docs|tools)/[\w/.]+", doc)
    links = set(re.findall(r"\]\((?!https?:|#)([^)#]+)", doc.read_text("utf-8")))
    missing = {name for name in named if not (ROOT / name).exists()} - BUILT
    assert missing | {link for link in links if not (doc.parent / link).exists()} == set()


def test_the_files_that_the_architecture_names_are_there() -> None:
    tops = (ROOT / "src" / "hubbub", ROOT / "web" / "src")
    named = quoted(
        r"(?:hub|storage|bus|protocol|transports|client|store|text|line|view|chat)/[\w/.]+",
        ROOT / "docs" / "architecture.md",
    )
    assert {name for name in named if not any((top / name).exists() for top in tops)} == set()


def test_the_settings_that_the_threat_model_names_are_there() -> None:
    named = quoted(r"[a-z]+(?:_[a-z]+)+", ROOT / "docs" / "security.md")
    named = {name for name in named if not name.startswith("test_")} - {"retry_after"}
    assert named <= set(Settings.model_fields)


def commands() -> list[str]:
    """The lines of docs/data.md that a person would type, without what is said beside them."""
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [
        part for block in blocks for part in re.split(r"\n|\s{2,}# (?:or|after)[^:]*: ", block)
    ]
    return [line.partition("|")[0].strip() for line in lines if line.startswith("hubbub ")]


@pytest.mark.parametrize("line", commands())
def test_the_commands_of_the_data_page_are_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").touch()
    _, name, *arguments = shlex.split(line)
    command = cli.commands[name]

    with command.make_context(name, arguments) as context:
        assert context.args == []


def test_the_data_page_shows_every_command_that_cares_for_the_log() -> None:
    shown = {line.split()[1] for line in commands()}
    assert {command.name for command in care.COMMANDS} <= shown
