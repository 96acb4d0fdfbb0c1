"""What completes after each command; the page's tests read the same golden file."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubbub.client.completion import Sources, needs_room, wanted
from hubbub.hub.commands import COMMANDS
from hubbub.hub.commands.table import told
from hubbub.protocol.events import CommandInfo

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden" / "completion.json").read_text("utf-8")
)
TABLE = msgspec.convert(GOLDEN["commands"], list[CommandInfo])
SOURCES = Sources(GOLDEN["people"], GOLDEN["rooms"], GOLDEN["names"])


def test_the_golden_file_has_the_commands_as_the_server_tells_them() -> None:
    assert [told(COMMANDS[info.name]) for info in TABLE] == TABLE


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=[each["before"] for each in GOLDEN["cases"]])
def test_a_word_completes_as_in_the_page(case: dict[str, Any]) -> None:
    found = wanted(case["before"], TABLE)
    if found is None:
        assert case["wanted"] is None
    else:
        choices = list(found.choices(SOURCES))
        assert case["wanted"] == {
            "word": found.word,
            "choices": choices,
            "in_text": found.in_text,
        }


@pytest.mark.parametrize(("line", "needs"), GOLDEN["needs_room"].items())
def test_a_command_needs_a_room_as_the_table_says(line: str, needs: bool) -> None:
    assert needs_room(line, TABLE) == needs
