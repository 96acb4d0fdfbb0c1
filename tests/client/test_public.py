"""What `import hubbub` offers."""

from typing import get_args

import pytest

import hubbub
from hubbub.client.changes import ChatEvent


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
