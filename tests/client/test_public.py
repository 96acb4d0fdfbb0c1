"""What `import hubbub` offers."""

import ast
from pathlib import Path
from typing import get_args

import pytest

import hubbub
from hubbub.client.changes import ChatEvent
from hubbub.protocol import requests
from tests.sources import nodes

PACKAGE = Path(hubbub.__file__).parent
SDK = (
    "calls.py",
    "chat.py",
    "connect.py",
    "connection.py",
    "hello.py",
    "moderation.py",
    "pulse.py",
)
BROWSERS_ASK = {requests.Notify, requests.Push, requests.Unpush, requests.TestPush}


@pytest.mark.parametrize("name", hubbub.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(hubbub, name)

    assert isinstance(value, str) or value.__doc__
    assert name in dir(hubbub)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'conect'"):
        _ = hubbub.conect  # type: ignore[attr-defined]


@pytest.mark.parametrize("event", get_args(ChatEvent), ids=lambda event: event.__name__)
def test_every_event_that_a_program_may_read_is_public(event: type) -> None:
    assert getattr(hubbub, event.__name__) is event


@pytest.mark.parametrize("asked", get_args(requests.AnyRequest), ids=lambda each: each.__name__)
def test_every_request_is_made_by_the_sdk(asked: type) -> None:
    made = {
        node.func.id
        for file in SDK
        for node in nodes(PACKAGE / "client" / file)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert (asked.__name__ in made) == (asked not in BROWSERS_ASK)


def test_type_checkers_are_told_the_names_that_are_loaded() -> None:
    tree = nodes(PACKAGE / "__init__.py")[0]
    assert isinstance(tree, ast.Module)
    checked = {
        name.name
        for block in tree.body
        if isinstance(block, ast.If)
        for imported in block.body
        if isinstance(imported, ast.ImportFrom)
        for name in imported.names
    }

    assert checked | {"__version__"} == set(hubbub.__all__)
