"""What is loaded by whom."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["hubbub", "hubbub.protocol.json", "hubbub.protocol.text", "hubbub.hub.hub"]
)
def test_importing_a_lower_floor_loads_no_web_library_and_no_database(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "heavy = {'aiohttp', 'sqlalchemy', 'alembic', 'textual', 'prompt_toolkit'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert answer.stdout == "[]\n"


def test_the_line_client_and_the_server_wait_for_no_full_screen_library() -> None:
    code = (
        "import sys, hubbub.cli, hubbub.client.join, hubbub.client.line, hubbub.server\n"
        "print(sorted({'textual', 'prompt_toolkit'} & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert answer.stdout == "[]\n"


def test_the_full_screen_client_is_on_the_screen_before_the_web_library_is_loaded() -> None:
    code = (
        "import sys, hubbub.client.tui\n"
        "print(sorted({'aiohttp', 'sqlalchemy', 'prompt_toolkit'} & set(sys.modules)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert answer.stdout == "[]\n"
