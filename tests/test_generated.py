"""The generated parts of the docs are what the code says, and a drift is noticed."""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from hubbub import config

ROOT = Path(__file__).resolve().parent.parent
DOC = "docs/configuration.md"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("tools.generate")


@pytest.fixture
def copy(tool: ModuleType, tmp_path: Path) -> Path:
    """A root whose docs are up to date."""
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / DOC, tmp_path / DOC)
    assert tool.main([], tmp_path, settings()) == 0
    return tmp_path


def settings(text: Callable[[], str] = config.reference) -> dict[tuple[str, str], object]:
    return {(DOC, "settings"): text}


def test_the_settings_of_the_docs_are_those_of_the_code(tool: ModuleType) -> None:
    assert tool.REGISTRY[DOC, "settings"] is config.reference
    assert tool.generate(ROOT, settings(), check=True) == []


def test_a_drift_fails_the_check_and_names_the_file_and_the_command(
    tool: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted = (copy / DOC).read_text().replace("| `8080` |", "| `8081` |")
    (copy / DOC).write_text(drifted)
    assert tool.main(["--check"], copy, settings()) == 1
    assert capsys.readouterr().err == (
        "docs/configuration.md: its generated part is out of date; run `make format`\n"
    )
    assert (copy / DOC).read_text() == drifted


def test_generating_mends_a_drift_and_leaves_the_rest_alone(tool: ModuleType, copy: Path) -> None:
    before = (copy / DOC).read_text()
    (copy / DOC).write_text(before.replace("| `8080` |", "| `8081` |"))
    assert tool.main([], copy, settings()) == 0
    assert (copy / DOC).read_text() == before
    assert tool.main(["--check"], copy, settings()) == 0


def test_backslashes_in_a_generated_text_stay_as_they_are(tool: ModuleType, copy: Path) -> None:
    assert tool.main([], copy, settings(lambda: r"a\1\n|")) == 0
    assert "\na\\1\\n|\n" in (copy / DOC).read_text()


def test_a_missing_file_fails_and_is_named(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in ([], ["--check"]):
        assert tool.main(arguments, tmp_path, settings()) == 1
        assert "docs/configuration.md: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("marker", ["<!-- generated: settings -->", "<!-- end generated -->"])
def test_a_missing_marker_fails_and_is_named(
    marker: str, tool: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / DOC).write_text((copy / DOC).read_text().replace(marker, ""))
    for arguments in ([], ["--check"]):
        assert tool.main(arguments, copy, settings()) == 1
        assert "a block `settings` for it that stands there 0 times" in capsys.readouterr().err


def test_a_block_that_nothing_writes_fails_and_is_named(
    tool: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (copy / DOC).open("a") as file:
        file.write("<!-- generated: other -->\n<!-- end generated -->\n")
    assert tool.main(["--check"], copy, settings()) == 1
    assert "nothing writes its block `other`" in capsys.readouterr().err


def test_the_types_of_the_page_name_every_request_reply_and_event(tool: ModuleType) -> None:
    from hubbub.protocol import events, requests

    text = tool.REGISTRY["web/src/protocol.ts", "types"]()
    for request in get_args(requests.AnyRequest):
        assert f"export interface {request.__name__}Request {{" in text
    for frame in get_args(events.ServerFrame):
        assert f"export interface {frame.__name__} {{" in text
    assert "  from: Person;\n  text: string;\n  me?: boolean;\n  to?: Person[];" in text
    assert '"renamed"' in text.partition("export interface Presence {")[2].partition("}")[0]
