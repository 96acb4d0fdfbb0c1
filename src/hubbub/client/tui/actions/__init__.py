"""What keys, menus and clicks do: one class for each thing that they are about.

`keys.py` names an action as `rooms.step(-1)`: the method `step` of `Actions.rooms`.
"""

from collections.abc import Callable
from functools import partial

from textual.actions import parse

from hubbub.client.tui.actions.general import GeneralActions
from hubbub.client.tui.actions.house import HouseActions
from hubbub.client.tui.actions.messages import MessageActions
from hubbub.client.tui.actions.people import PeopleActions
from hubbub.client.tui.actions.rooms import RoomActions
from hubbub.client.tui.actions.search import SearchActions
from hubbub.client.tui.stage import Stage


class Actions:
    """All of them."""

    def __init__(self, stage: Stage) -> None:
        self.general = GeneralActions(stage)
        self.house = HouseActions(stage)
        self.rooms = RoomActions(stage, self.house)
        self.people = PeopleActions(stage)
        self.search = SearchActions(stage)
        self.messages = MessageActions(stage, self.people, self.search)

    def find(self, action: str) -> Callable[[], None]:
        """The method that an action of `keys.py` names, with its arguments."""
        group, name, arguments = parse(action)
        return partial(getattr(getattr(self, group), name), *arguments)
