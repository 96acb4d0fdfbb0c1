"""Going from room to room, and what a room is and may become."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hubbub.client.tui import menus, reports, store
from hubbub.client.tui.actions import acts
from hubbub.client.tui.actions.house import HouseActions
from hubbub.client.tui.items import Field, Item, narrowed
from hubbub.client.tui.shown import one_line
from hubbub.client.tui.stage import Stage
from hubbub.model import Role, RoomKind

if TYPE_CHECKING:
    from hubbub.client.tui.conversation import Conversation
    from hubbub.client.tui.view import View

NEW_ROOMS = (
    ("", "Public", "everybody finds and enters it"),
    ("private", "Private", "by invitation"),
    ("read-only", "Public, read-only", "moderators write"),
    ("private read-only", "Private, read-only", "by invitation"),
)


class RoomActions:
    """What is about rooms."""

    def __init__(self, stage: Stage, house: HouseActions) -> None:
        self._stage = stage
        self._popups = stage.popups
        self._house = house

    def switch(self) -> None:
        """Lets somebody choose a room, also one that is not entered yet."""
        conversation = self._stage.conversation
        if conversation is not None:
            items = partial(self._room_items, conversation)
            self._popups.choose("Go to a room", items, self._switched)

    def _room_items(self, conversation: "Conversation", wanted: str) -> list[Item]:
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
        conversation = self._stage.conversation
        if room is None or conversation is None:
            return
        if room in conversation.view.chat.rooms:
            conversation.go_to(room)
        else:
            acts.enter(self._stage, room)

    def go_to(self, room: str | None) -> None:
        """Brings a room into view."""
        if self._stage.conversation is not None and room is not None:
            self._stage.conversation.go_to(room)

    def step(self, step: int) -> None:
        """The next room or the one before."""
        if self._stage.view is not None:
            self.go_to(store.next_room(self._stage.view, step))

    def number(self, number: int) -> None:
        """A room by its place in the list."""
        if self._stage.view is not None and number <= len(self._stage.view.order):
            self.go_to(self._stage.view.order[number - 1])

    def next_unread(self) -> None:
        """The next room in which something is new."""
        if self._stage.view is not None:
            self.go_to(store.next_room(self._stage.view, 1, unread=True))

    def toggle_list(self) -> None:
        """Shows or hides the rooms."""
        self._stage.toggle_rooms()

    # --- the room in view

    def settings(self) -> None:
        """Shows what this room is, and what of it may be changed."""
        view = self._stage.view
        room = view.in_view if view is not None else None
        if room is None or room.kind == "direct":
            why = "There is nothing to set in a direct conversation, or in no room."
            self._stage.put_status(why)
            return
        items = menus.about_room(room)
        what = reports.room_line(room)
        self._popups.choose(what, partial(narrowed, items), partial(self._with_room, room.name))

    def _with_room(self, room: str, chosen: str | None) -> None:
        stage, view = self._stage, self._stage.view
        # It may have another name by now, or be gone.
        known = view.chat.rooms.get(view.current(room)) if view is not None else None
        title, topic = (known.title, known.topic) if known is not None else (room, "")
        match chosen:
            case "rename":
                rename = partial(acts.rename_room, stage, room)
                field = Field("Its new name", needed=True)
                self._ask_line(f"Rename {title}", "Rename", field, rename)
            case "invite_here":
                invite = partial(acts.invite, stage, room)
                field = Field("A name", needed=True)
                self._ask_line(f"Invite into {title}", "Invite", field, invite)
            case "topic":
                set_topic = partial(acts.set_topic, stage, room)
                field = Field("The topic", one_line(topic))
                self._ask_line(f"Topic of {title}", "Set it", field, set_topic)
            case "archive":
                question = f"Archive {title}? It can be read then, and nothing is added to it."
                archive = partial(acts.archive, stage, room, on=True)
                self._popups.ask(question, "Archive", lambda _: archive())
            case "unarchive":
                acts.archive(stage, room, on=False)
            case "public" | "private":
                acts.set_kind(stage, room, RoomKind(chosen))
            case "writable" | "read-only":
                acts.set_read_only(stage, room, on=chosen == "read-only")
            case "roles":
                self._choose_member(room)
            case "audit":
                self._house.audit_of(room)
            case "bans":
                self._house.bans_of(room)
            case "leave":
                acts.leave(stage, room)
            case _:
                assert chosen is None, f"{chosen} is in the menu"

    def _ask_line(self, title: str, does: str, field: Field, then: Callable[[str], None]) -> None:
        self._popups.ask(title, does, lambda lines: then(*lines), field)

    def _choose_member(self, room: str) -> None:
        view = self._stage.view
        if view is not None:
            people = partial(narrowed, menus.people_of(view))
            then = partial(self._choose_role, room)
            self._popups.choose("Whose role in this room", people, then)

    def _choose_role(self, room: str, name: str | None) -> None:
        if name is None:
            return
        items = [Item(role, role) for role in menus.ROOM_ROLES]

        def give(role: str | None) -> None:
            if role is not None:
                acts.set_room_role(self._stage, room, name, Role(role))

        self._popups.choose(f"{one_line(name)} in this room", partial(narrowed, items), give)

    def make(self) -> None:
        """Makes a room."""
        private = menus.has_right(self._stage.view, "create_private")
        items = [
            Item(settings, label, hint)
            for settings, label, hint in NEW_ROOMS
            if private or "private" not in settings
        ]

        def named(lines: tuple[str, ...]) -> None:
            def make(settings: str | None) -> None:
                if settings is not None:
                    marks = settings.split()
                    private, read_only = "private" in marks, "read-only" in marks
                    acts.make_room(self._stage, lines[0], private=private, read_only=read_only)

            self._popups.choose(f"What {lines[0]} is", partial(narrowed, items), make)

        self._popups.ask("Make a room", "Go on", named, Field("Its name", needed=True))


def _room_label(view: "View", name: str) -> str:
    room = view.chat.rooms[name]
    counts = f"  @{room.mentions}" if room.mentions else f"  {room.unread}" if room.unread else ""
    return f"{room.label}{counts}"
