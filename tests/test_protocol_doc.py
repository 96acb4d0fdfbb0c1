"""docs/protocol.md names what the code has, and nothing else."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from hubbub.errors import REFUSALS
from hubbub.protocol import events, requests

DOC = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text("utf-8")


def section(title: str) -> str:
    found = re.search(rf"^### {title}\n(.*?)(?=^##)", DOC, re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/protocol.md has no section {title}"
    return found[1]


def rows(title: str) -> dict[str, str]:
    """The tables of a section: the first cell without backticks, and the rest of its row."""
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", section(title), re.MULTILINE)
    return dict(found)


def test_every_request_is_in_the_doc_and_no_other() -> None:
    assert set(rows("Requests")) == set(requests.TYPES)


@pytest.mark.parametrize("request_type", get_args(requests.AnyRequest))
def test_every_field_of_a_request_is_in_its_row(request_type: type[msgspec.Struct]) -> None:
    row = rows("Requests")[str(request_type.__struct_config__.tag)]

    for field in set(request_type.__struct_encode_fields__) - {"id"}:
        assert f"`{field}" in row


def test_every_event_is_in_the_doc_and_no_other() -> None:
    pushed = {*get_args(events.Event), events.Welcome}
    assert set(rows("Events")) == {str(event.__struct_config__.tag) for event in pushed}


@pytest.mark.parametrize("event", [*get_args(events.Event), events.Welcome])
def test_every_field_of_an_event_is_in_its_row(event: type[msgspec.Struct]) -> None:
    row = rows("Events")[str(event.__struct_config__.tag)]

    for field in set(event.__struct_encode_fields__) - {"id"}:
        assert f"`{field}" in row


def test_every_code_is_in_the_doc() -> None:
    assert set(rows("Replies")) == set(REFUSALS)
