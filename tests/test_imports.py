"""What is loaded by whom."""

import subprocess
import sys

import pytest

from tests.deadline import PROGRAM_S

pytestmark = pytest.mark.real

WEB = {"aiohttp"}
DATABASE = {"sqlalchemy", "alembic"}
FULL_SCREEN = {"textual", "prompt_toolkit"}
PUSH = {"pywebpush", "requests", "py_vapid", "http_ece"}


def loaded(libraries: set[str], *by: str) -> str:
    """Those of the libraries that are loaded once these modules are."""
    code = f"import sys, {', '.join(by)}\nprint(*sorted({libraries!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PROGRAM_S
    )
    return answer.stdout.strip()


def test_a_library_that_is_loaded_is_seen() -> None:
    assert loaded(WEB, "hubbub.server") == "aiohttp"


@pytest.mark.parametrize(
    "module", ["hubbub", "hubbub.protocol.json", "hubbub.protocol.plain", "hubbub.hub.hub"]
)
def test_importing_a_lower_floor_loads_no_web_library_and_no_database(module: str) -> None:
    assert loaded(WEB | DATABASE | FULL_SCREEN, module) == ""


def test_the_line_client_and_the_server_wait_for_no_full_screen_library() -> None:
    by = ["hubbub.cli", "hubbub.client.join", "hubbub.client.line", "hubbub.server"]
    assert loaded(FULL_SCREEN, *by) == ""


def test_the_full_screen_client_is_on_the_screen_before_the_web_library_is_loaded() -> None:
    assert loaded({*WEB, "sqlalchemy", "prompt_toolkit"}, "hubbub.client.tui") == ""


def test_a_start_loads_nothing_of_push_but_to_make_the_key_once() -> None:
    assert loaded(PUSH, "hubbub.server") == ""
