"""What can be done with a person: by a key, by a click on a name, from a message."""

from collections.abc import Callable
from functools import partial

from hubbub.client.tui import menus
from hubbub.client.tui.actions import commands
from hubbub.client.tui.items import Field, Item, narrowed
from hubbub.client.tui.shown import one_line
from hubbub.client.tui.stage import Stage

DURATION = "How long: 10m, 2h, 7d; empty until it is lifted"
REASON = "Why (the person and the audit log are told)"


class PeopleActions:
    """What is about people."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._popups = stage.popups

    def choose(self) -> None:
        """Lists the people of the room; of the one chosen, opens the menu."""
        view = self._stage.view
        if view is not None:
            people = menus.people_of(view)
            self._popups.choose(
                "Somebody in this room", partial(narrowed, people), self.about_person
            )

    def about_person(self, name: str | None) -> None:
        """Opens the menu of a person."""
        view = self._stage.view
        if name is not None and view is not None:
            items = menus.about_person(view, name)
            self._popups.choose(
                one_line(name), partial(narrowed, items), partial(self._with_person, name)
            )

    def toggle_list(self) -> None:
        """Shows or hides the people."""
        self._stage.toggle_people()

    def _with_person(self, name: str, chosen: str | None) -> None:
        """Does what was chosen in the menu, after asking for what it needs."""
        stage = self._stage
        room = stage.view.room if stage.view is not None else None
        match chosen:
            case "whisper":
                stage.composer.fill(f"/whisper {one_line(name)} ")
                stage.composer.focus()
            case "mention":
                stage.composer.fill(f"{stage.composer.text}@{one_line(name)} ")
                stage.composer.focus()
            case "whois":
                commands.look_up_person(stage, name)
            case "ignore":
                commands.ignore(stage, name)
            case "unignore":
                commands.unignore(stage, name)
            case "mute":
                mute = partial(commands.mute, stage, room, name)
                self._ask_duration(f"Mute {name} in this room", "Mute", mute)
            case "unmute":
                commands.unmute(stage, room, name)
            case "mute_everywhere":
                mute = partial(commands.mute_everywhere, stage, room, name)
                self._ask_duration(f"Mute {name} in all rooms", "Mute", mute)
            case "unmute_everywhere":
                commands.unmute_everywhere(stage, name)
            case "ban":
                ban = partial(commands.ban, stage, room, name)
                self._ask_duration(f"Ban {name} from the server", "Ban", ban)
            case "kick":
                kick = partial(commands.kick, stage, room, name)
                question = f"Remove {name} from this room"
                self._popups.ask(question, "Remove", lambda lines: kick(*lines), Field(REASON))
            case "role_here":
                give = partial(commands.set_room_role, stage, room, name)
                self._ask_role(f"{one_line(name)} in this room", menus.ROOM_ROLES, give)
            case "role":
                give = partial(commands.set_role, stage, room, name)
                self._ask_role(f"{one_line(name)} on the server", menus.SERVER_ROLES, give)
            case _:
                assert chosen is None, f"{chosen} is in the menu"

    def _ask_duration(self, title: str, does: str, then: Callable[[str, str], None]) -> None:
        self._popups.ask(title, does, lambda lines: then(*lines), Field(DURATION), Field(REASON))

    def _ask_role(self, whose: str, roles: tuple[str, ...], give: Callable[[str], None]) -> None:
        items = [Item(role, role) for role in roles]

        def chosen(role: str | None) -> None:
            if role is not None:
                give(role)

        self._popups.choose(f"Role of {whose}", partial(narrowed, items), chosen)
