"""The output of `hubbub join --json` is what docs/clients.md promises."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from hubbub.client.changes import ServerEvent
from hubbub.client.line.filter import Filter
from hubbub.client.line.manner import manner
from hubbub.client.options import JoinOptions
from hubbub.protocol.events import Self, You

DOC = Path(__file__).parents[3] / "docs" / "clients.md"
EXAMPLES = re.findall(r"^\{.*\}$", DOC.read_text("utf-8"), re.MULTILINE)
EVENTS: msgspec.json.Decoder[ServerEvent] = msgspec.json.Decoder(ServerEvent)


def printed(event: ServerEvent) -> list[str]:
    filtering = Filter(manner(JoinOptions(json=True), "nothing", "pipe"))
    return filtering._shown([event], "u1")


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_event_is_printed_as_the_example_has_it(line: str) -> None:
    assert printed(EVENTS.decode(line)) == [line]


def test_every_event_and_every_field_has_an_example() -> None:
    shown: dict[str, set[str]] = {}
    for line in EXAMPLES:
        fields: dict[str, Any] = json.loads(line)
        shown.setdefault(fields.pop("type"), set()).update(fields)

    known = {
        str(event.__struct_config__.tag): {f.encode_name for f in msgspec.structs.fields(event)}
        for event in get_args(ServerEvent)
    }
    # It is a secret, and printed to nobody.
    known["you"].remove("session")
    assert shown == known


def test_the_secret_of_a_new_member_is_not_printed() -> None:
    you = You(user=Self("u1", "ann", "member", "member"), session="secret")

    assert "secret" not in printed(you)[0]
