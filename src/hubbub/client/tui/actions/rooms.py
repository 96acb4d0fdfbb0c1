"""Keys about rooms: going from one to another, and what is beside the messages."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from hubbub.client.tui import store
from hubbub.client.tui.items import Item, narrowed
from hubbub.client.tui.sidebar import People, RoomList
from hubbub.client.typed import read_typed

if TYPE_CHECKING:
    from hubbub.client.tui.app import HubbubApp
    from hubbub.client.tui.composer import Composer
    from hubbub.client.tui.conversation import Conversation
    from hubbub.client.tui.view import View


class RoomActs(Screen[None]):
    """The part of the chat screen that is about rooms."""

    conversation: "Conversation | None"
    composer: "Composer"
    rooms_wanted: bool | None
    people_wanted: bool | None
    _rooms: RoomList
    _people: People

    @property
    def hubbub(self) -> "HubbubApp":
        """The program."""
        return cast("HubbubApp", self.app)

    @property
    def view(self) -> "View | None":
        """What there is to show."""
        return self.conversation.view if self.conversation is not None else None

    def fit_sides(self) -> None:
        """Shows what there is width for."""
        raise NotImplementedError

    def draw_soon(self) -> None:
        """Follows the view."""
        raise NotImplementedError

    def choose(
        self,
        title: str,
        items: Callable[[str], list[Item]],
        then: Callable[[str | None], None] | Callable[[str | None], Awaitable[None]],
    ) -> None:
        """Opens a list; `then` gets what was taken from it, or None."""
        from hubbub.client.tui.dialogs import Picker

        self.app.push_screen(Picker(title, items), then)

    def action_switch(self) -> None:
        """Lets somebody choose a room, also one that is not entered yet."""
        conversation = self.conversation
        if conversation is not None:
            self.choose("Go to a room", self._room_items, self._switched)

    def _room_items(self, wanted: str) -> list[Item]:
        conversation = self.conversation
        assert conversation is not None, "there is a list of rooms because there is one"
        view, wanted = conversation.view, wanted.strip().removeprefix("#")
        items = [
            Item(name, _room_label(view, name), view.chat.rooms[name].topic) for name in view.order
        ]
        others = sorted(conversation.known_rooms - set(view.order))
        items += [Item(name, name, "not entered yet") for name in others]
        fitting = narrowed(items, wanted)
        if wanted and all(item.value != wanted.casefold() for item in fitting):
            fitting.append(Item(wanted, wanted, "enter or make this room"))
        return fitting

    def _switched(self, room: str | None) -> None:
        conversation = self.conversation
        if room is None or conversation is None:
            return
        if room in conversation.view.chat.rooms:
            conversation.go_to(room)
        else:
            typed = read_typed(f"/join {room}")
            assert typed is not None, "a command is not blank"
            conversation.do(typed, conversation.view.room)

    def _go_to(self, room: str | None) -> None:
        if self.conversation is not None and room is not None:
            self.conversation.go_to(room)

    def action_room_step(self, step: int) -> None:
        """The next room or the one before."""
        if self.view is not None:
            self._go_to(store.next_room(self.view, step))

    def action_room_number(self, number: int) -> None:
        """A room by its place in the list."""
        if self.view is not None and number <= len(self.view.order):
            self._go_to(self.view.order[number - 1])

    def action_room_unread(self) -> None:
        """The next room in which something is new."""
        if self.view is not None:
            self._go_to(store.next_room(self.view, 1, unread=True))

    def action_toggle_rooms(self) -> None:
        """Shows or hides the rooms."""
        self.rooms_wanted = not self._rooms.display
        self.fit_sides()
        self.draw_soon()

    def action_toggle_people(self) -> None:
        """Shows or hides the people."""
        self.people_wanted = not self._people.display
        self.hubbub.prefer_people(shown=self.people_wanted)
        self.fit_sides()
        self.draw_soon()


def _room_label(view: "View", name: str) -> str:
    room = view.chat.rooms[name]
    counts = f"  @{room.mentions}" if room.mentions else f"  {room.unread}" if room.unread else ""
    return f"{room.label}{counts}"
