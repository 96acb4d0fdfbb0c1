"""The table of keys, and the actions that it names."""

import inspect
from collections import Counter

import pytest

from hubbub.client.options import JoinOptions
from hubbub.client.saved import Saved, Server
from hubbub.client.tui import keys
from hubbub.client.tui.actions import Actions
from hubbub.client.tui.app import HubbubApp
from hubbub.client.tui.keys import Key

KEYS = [key for _, section in keys.SECTIONS for key in section]


@pytest.fixture(scope="module")
def actions() -> Actions:
    url = "ws://127.0.0.1:1"
    return HubbubApp(JoinOptions(url=url), Saved(), Server(url)).chat_screen.actions


@pytest.mark.parametrize("key", [*KEYS, *keys.SEARCHING], ids=lambda key: key.action)
def test_a_key_names_an_action_that_takes_its_arguments(key: Key, actions: Actions) -> None:
    inspect.signature(actions.find(key.action)).bind()


def test_no_key_has_two_meanings_on_the_screen() -> None:
    of_screen = (keys.ROOMS, keys.HOUSE, keys.READING, keys.GENERAL)
    names = [name for table in of_screen for key in table for name in key.keys.split(",") if name]

    assert [name for name, count in Counter(names).items() if count > 1] == []
